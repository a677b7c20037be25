import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { OperationOutput } from '../../../src/api/contract/index.ts';
import { call, ProblemError, queries, useApi } from '../api.ts';
import { CopyLine } from '../parts/copy-line.tsx';
import { Modal } from '../parts/sheet.tsx';
import { Loaded, Nothing, ProblemNotice } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';

const scopes = [
  ['ingest', 'send data'],
  ['read', 'read everything'],
  ['operate', 'read, judge, silence, train'],
  ['approve', 'operate, and approve what others ask for'],
  ['admin', 'everything, users and tokens too'],
] as const;
const lives = [
  ['30', '30 days'],
  ['90', '90 days'],
  ['365', 'a year'],
  ['', 'until it is revoked'],
] as const;
/** An agent whose token ends falls silent; everything else is better forgotten than found. */
const usualLife = (scope: Token['scope']): string => (scope === 'ingest' ? '' : '90');
type Token = OperationOutput<'tokens'>['items'][number];

export function Tokens() {
  const tokens = useApi('tokens');
  const [revoking, setRevoking] = useState<Token | null>(null);
  const refresh = () => void queries.invalidateQueries({ queryKey: ['tokens'] });
  return (
    <>
      <NewToken onMade={refresh} />
      <Loaded answer={tokens}>
        {({ items }) => (
          <div className="card flush">
            {items.length === 0 ? (
              <Nothing title="No tokens">Programs and agents need one; people sign in.</Nothing>
            ) : (
              <ul className="rows">
                {items.map((t) => (
                  <li key={t.id} className="line channel">
                    <div>
                      <strong>{t.name}</strong> <span className="tag">{t.scope}</span>
                      <p className="small muted">
                        made <Time at={t.createdAt} />,{' '}
                        {t.lastUsedAt === null ? (
                          'never used'
                        ) : (
                          <>
                            last used <Time at={t.lastUsedAt} relative />
                          </>
                        )}
                        ,{' '}
                        {t.expiresAt === null ? (
                          'does not expire'
                        ) : (
                          <>
                            until <Time at={t.expiresAt} />
                          </>
                        )}
                      </p>
                    </div>
                    <button type="button" className="button danger" onClick={() => setRevoking(t)}>
                      Revoke …
                    </button>
                  </li>
                ))}
              </ul>
            )}
          </div>
        )}
      </Loaded>
      {revoking !== null && <Revoke token={revoking} onClose={() => setRevoking(null)} onDone={refresh} />}
    </>
  );
}

function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}

function NewToken({ onMade }: { onMade: () => void }) {
  const [name, setName] = useState('');
  const [scope, setScope] = useState<Token['scope']>('ingest');
  const [life, setLife] = useState('');
  const add = useMutation({
    mutationFn: () => call('addToken', { body: { name, scope, expiresAt: life === '' ? null : inDays(Number(life)) } }),
    onSuccess: () => {
      setName('');
      onMade();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  const secret = add.data?.secret;
  return (
    <section className="card stack tight">
      <h2>New token</h2>
      <form className="row form-row" onSubmit={submit}>
        <label className="field grow">
          Name
          <input
            className="input"
            required
            maxLength={100}
            placeholder="web-2 agent"
            value={name}
            onChange={(e) => setName(e.target.value)}
          />
        </label>
        <label className="field">
          It may
          <select
            className="input"
            value={scope}
            onChange={(e) => {
              const chosen = e.target.value as Token['scope'];
              setScope(chosen);
              setLife(usualLife(chosen));
            }}
          >
            {scopes.map(([value, text]) => (
              <option key={value} value={value}>
                {value}: {text}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          For
          <select className="input" value={life} onChange={(e) => setLife(e.target.value)}>
            {lives.map(([days, text]) => (
              <option key={days} value={days}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" className="button main" disabled={add.isPending}>
          Make it
        </button>
      </form>
      {add.error !== null && <ProblemNotice problem={ProblemError.from(add.error).problem} />}
      {secret !== undefined && (
        <div role="status">
          <p>
            The secret of <strong>{add.data?.name}</strong>, shown this once. It is kept nowhere: copy it now.
          </p>
          <CopyLine text={secret}>
            <button type="button" className="button quiet" onClick={() => add.reset()}>
              Hide
            </button>
          </CopyLine>
        </div>
      )}
    </section>
  );
}

function Revoke({ token, onClose, onDone }: { token: Token; onClose: () => void; onDone: () => void }) {
  const remove = useMutation({
    mutationFn: () => call('removeToken', { params: { id: token.id } }),
    onSuccess: () => {
      onDone();
      onClose();
    },
  });
  return (
    <Modal open onClose={onClose} title={`Revoke ${token.name}`}>
      <div className="form">
        <p>
          Everything that uses the token <strong>{token.name}</strong> (scope {token.scope}) is refused from now on.
          This cannot be undone; make a new token and give it to them instead.
        </p>
        {remove.error !== null && <ProblemNotice problem={ProblemError.from(remove.error).problem} />}
        <div className="row apart">
          <button type="button" className="button" onClick={onClose}>
            Keep it
          </button>
          <button type="button" className="button danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
            Revoke
          </button>
        </div>
      </div>
    </Modal>
  );
}
