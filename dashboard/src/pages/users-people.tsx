import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Link } from 'wouter';
import type { OperationOutput } from '../../../src/api/contract/index.ts';
import { call, ProblemError, queries, useApi } from '../api.ts';
import { count } from '../format.ts';
import { CopyLine } from '../parts/copy-line.tsx';
import { Modal } from '../parts/sheet.tsx';
import { Loaded, Nothing, ProblemNotice } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';

type User = OperationOutput<'users'>['items'][number];
type UserLink = OperationOutput<'resetUser'>;

const roles = [
  ['viewer', 'sees everything'],
  ['operator', 'sees, judges, silences, trains'],
  ['approver', 'what an operator may, and approves'],
  ['admin', 'everything, users and tokens too'],
] as const;

/** The answer of the page in words. */
export function peopleSentence(users: readonly User[]): string {
  const of = (state: User['state']) => users.filter((user) => user.state === state).length;
  const [active, invited, disabled] = [of('active'), of('invited'), of('disabled')];
  if (users.length === 0) return 'Nobody has an account';
  const more = [invited > 0 && `${count(invited)} invited`, disabled > 0 && `${count(disabled)} disabled`];
  return [active === 1 ? '1 person may sign in' : `${count(active)} people may sign in`, ...more.filter(Boolean)].join(
    ', ',
  );
}

const refresh = () => void queries.invalidateQueries({ queryKey: ['users'] });

export function People() {
  const users = useApi('users');
  const session = useApi('session', {}, { staleTime: 5 * 60_000 });
  const [managed, setManaged] = useState<string | null>(null);
  return (
    <>
      <NewUser />
      <Loaded answer={users}>
        {({ items }) => {
          const user = items.find((one) => one.id === managed);
          return (
            <div className="card flush">
              {items.length === 0 ? (
                <Nothing title="Nobody has an account">
                  Everybody comes by the one-time link of the machine itself.{' '}
                  <Link className="link" href="/users/account">
                    Make your own account
                  </Link>{' '}
                  first.
                </Nothing>
              ) : (
                <ul className="rows">
                  {items.map((one) => (
                    <li key={one.id} className="line channel">
                      <UserLine user={one} isSelf={one.id === session.data?.userId} />
                      <button type="button" className="button" onClick={() => setManaged(one.id)}>
                        Manage …<span className="hidden-text"> {one.id}</span>
                      </button>
                    </li>
                  ))}
                </ul>
              )}
              {user !== undefined && (
                <Manage user={user} isSelf={user.id === session.data?.userId} onClose={() => setManaged(null)} />
              )}
            </div>
          );
        }}
      </Loaded>
    </>
  );
}

function UserLine({ user, isSelf }: { user: User; isSelf: boolean }) {
  return (
    <div>
      <strong className="anywhere">{user.id}</strong> <span className="tag">{user.role}</span>
      {user.state !== 'active' && (
        <>
          {' '}
          <span className="tag">{user.state}</span>
        </>
      )}
      {isSelf && <span className="muted"> you</span>}
      <p className="small muted">
        {user.state === 'invited'
          ? 'has set no password yet'
          : `signed in with ${user.sessions === 1 ? '1 browser' : `${count(user.sessions)} browsers`}`}
        {user.lastSignInAt !== null && (
          <>
            , last sign-in <Time at={user.lastSignInAt} relative />
          </>
        )}
        , added <Time at={user.createdAt} />
      </p>
    </div>
  );
}

function NewUser() {
  const [name, setName] = useState('');
  const [role, setRole] = useState<User['role']>('viewer');
  const add = useMutation({
    mutationFn: () => call('addUser', { body: { name, role } }),
    onSuccess: () => {
      setName('');
      refresh();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <section className="card stack tight">
      <h2>New user</h2>
      <form className="row form-row" onSubmit={submit}>
        <label className="field grow">
          Name
          <input
            className="input"
            required
            maxLength={64}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={name}
            onChange={(e) => setName(e.target.value)}
          />
        </label>
        <RoleChoice role={role} onRole={setRole} />
        <button type="submit" className="button main" disabled={add.isPending}>
          Add
        </button>
      </form>
      {add.error !== null && <ProblemNotice problem={ProblemError.from(add.error).problem} />}
      {add.data !== undefined && <Handover name={add.data.id} link={add.data.link} />}
    </section>
  );
}

function RoleChoice({ role, onRole }: { role: User['role']; onRole: (role: User['role']) => void }) {
  return (
    <label className="field">
      Role
      <select className="input" value={role} onChange={(e) => onRole(e.target.value as User['role'])}>
        {roles.map(([value, text]) => (
          <option key={value} value={value}>
            {value}: {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A link is a key: shown once, to be handed over by a way that only the user reads. */
function Handover({ name, link }: { name: string; link: UserLink }) {
  return (
    <div role="status" className="stack tight">
      <p>
        Give this link to <strong className="anywhere">{name}</strong>, by a way that nobody else reads. It opens once,
        until <Time at={link.expiresAt} />, and asks for a password. It is shown this once.
      </p>
      <CopyLine text={link.url} />
    </div>
  );
}

function Manage({ user, isSelf, onClose }: { user: User; isSelf: boolean; onClose: () => void }) {
  const [role, setRole] = useState(user.role);
  const change = useMutation({
    mutationFn: (body: { role?: User['role']; disabled?: boolean }) =>
      call('changeUser', { params: { id: user.id }, body }),
    onSuccess: refresh,
  });
  const reset = useMutation({
    mutationFn: () => call('resetUser', { params: { id: user.id } }),
    onSuccess: refresh,
  });
  const isDisabled = user.state === 'disabled';
  const problem = change.error ?? reset.error;
  const busy = change.isPending || reset.isPending;
  return (
    <Modal open onClose={onClose} title={<span className="anywhere">{user.id}</span>}>
      <div className="form">
        {isSelf && <p>This is you. Your own role and account are for another admin to change.</p>}
        {!isSelf && !isDisabled && (
          <>
            <div className="row form-row">
              <RoleChoice role={role} onRole={setRole} />
              <button
                type="button"
                className="button"
                disabled={busy || role === user.role}
                onClick={() => change.mutate({ role })}
              >
                Give this role
              </button>
            </div>
            <p className="small muted">In force at once, in every browser they are signed in with.</p>
            {reset.data !== undefined ? (
              <Handover name={user.id} link={reset.data} />
            ) : (
              <div className="stack close">
                <div>
                  <button type="button" className="button danger" disabled={busy} onClick={() => reset.mutate()}>
                    Reset the password
                  </button>
                </div>
                <p className="small muted">
                  Their password and sessions end now; you get a one-time link with which they set a new one.
                </p>
              </div>
            )}
          </>
        )}
        {!isSelf && (
          <div className="stack close">
            <div>
              <button
                type="button"
                className={isDisabled ? 'button' : 'button danger'}
                disabled={busy}
                onClick={() => change.mutate({ disabled: !isDisabled })}
              >
                {isDisabled ? 'Enable the account' : 'Disable the account'}
              </button>
            </div>
            <p className="small muted">
              {isDisabled
                ? 'They can sign in again, with the role and password they had.'
                : 'They are signed out everywhere and cannot sign in until an admin enables them again.'}
            </p>
          </div>
        )}
        {problem !== null && <ProblemNotice problem={ProblemError.from(problem).problem} />}
        <div className="row apart">
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
        </div>
      </div>
    </Modal>
  );
}
