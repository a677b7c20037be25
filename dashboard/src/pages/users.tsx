import { Link } from 'wouter';
import { useApi } from '../api.ts';
import { Account } from './users-account.tsx';
import { People, peopleSentence } from './users-people.tsx';
import { Tokens } from './users-tokens.tsx';

const account = ['account', 'Your account', Account] as const;
const sections = [['people', 'People', People], ['tokens', 'Tokens', Tokens], account] as const;

/** Who may come in: people and programs, for admins; one's own account, for everybody. */
export function UsersPage({ section }: { section: string | null }) {
  const session = useApi('session', {}, { staleTime: 5 * 60_000 });
  const isAdmin = session.data?.scope === 'admin';
  const users = useApi('users', {}, { enabled: isAdmin });
  const shown = isAdmin ? sections : [account];
  const [chosen, title, Section] = shown.find(([name]) => name === section) ?? shown[0] ?? account;
  return (
    <div className="stack">
      <div className="lede">
        <h1>{chosen === 'people' && users.data !== undefined ? peopleSentence(users.data.items) : title}</h1>
      </div>
      <div className="settings">
        <nav className="sections" aria-label="Users">
          {shown.map(([name, text]) => (
            <Link key={name} href={`/users/${name}`} aria-current={name === chosen ? 'page' : undefined}>
              {text}
            </Link>
          ))}
        </nav>
        <div className="stack">
          <Section />
        </div>
      </div>
    </div>
  );
}
