import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { OperationOutput } from '../../../src/api/contract/index.ts';
import { call, newSession, ProblemError, useApi } from '../api.ts';
import { Loaded, ProblemNotice } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { NewPassword, tooDifferent } from './new-password.tsx';

type Session = OperationOutput<'session'>;

export function Account() {
  const session = useApi('session', {}, { staleTime: 5 * 60_000 });
  return (
    <Loaded answer={session}>
      {(mine) => (
        <>
          <Self session={mine} />
          {mine.needs === 'account' ? <MakeAccount /> : mine.userId !== 'owner' && <ChangePassword />}
        </>
      )}
    </Loaded>
  );
}

function Self({ session }: { session: Session }) {
  const everywhere = useMutation({
    mutationFn: () => call('signOutEverywhere'),
    onSuccess: () => location.reload(),
  });
  return (
    <section className="card stack tight">
      <h2>{session.userId === 'owner' ? 'Here by a one-time link' : session.userId}</h2>
      <p>
        {session.userId === 'owner'
          ? 'Whoever can run commands on the machine of Auspex comes in like this, as an admin.'
          : `Your role is ${session.role ?? session.scope}.`}
        {session.expiresAt !== null && (
          <>
            {' '}
            This session lasts until <Time at={session.expiresAt} /> and longer as it is used.
          </>
        )}
      </p>
      {everywhere.error !== null && <ProblemNotice problem={ProblemError.from(everywhere.error).problem} />}
      <div>
        <button type="button" className="button" disabled={everywhere.isPending} onClick={() => everywhere.mutate()}>
          Sign out everywhere
        </button>
      </div>
      <p className="small muted">Ends all of your sessions, in this browser and others.</p>
    </section>
  );
}

/** The first account, made by who came by the link; later ones are added by admins. */
function MakeAccount() {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const claim = useMutation({
    mutationFn: () => call('claimAccount', { body: { name, password } }),
    onSuccess: newSession,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!tooDifferent(password, again)) claim.mutate();
  };
  return (
    <section className="card stack tight">
      <h2>Make your account</h2>
      <p>
        Nobody has an account yet. With one you sign in by name and password from any browser, and you can add others.
        You become an admin.
      </p>
      <form className="stack tight narrow" onSubmit={submit}>
        <label className="field">
          Name: letters, digits and . _ @ -
          <input
            className="input full"
            required
            maxLength={64}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            value={name}
            onChange={(e) => setName(e.target.value)}
          />
        </label>
        <NewPassword password={password} again={again} onPassword={setPassword} onAgain={setAgain} />
        {claim.error !== null && <ProblemNotice problem={ProblemError.from(claim.error).problem} />}
        <div>
          <button type="submit" className="button main" disabled={claim.isPending || tooDifferent(password, again)}>
            Make the account
          </button>
        </div>
      </form>
    </section>
  );
}

function ChangePassword() {
  const [currentPassword, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const change = useMutation({
    mutationFn: () => call('changePassword', { body: { currentPassword, password } }),
    onSuccess: () => {
      setCurrent('');
      setPassword('');
      setAgain('');
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!tooDifferent(password, again)) change.mutate();
  };
  return (
    <section className="card stack tight">
      <h2>Change the password</h2>
      <form className="stack tight narrow" onSubmit={submit}>
        <label className="field">
          Current password
          <input
            className="input full"
            type="password"
            required
            maxLength={1000}
            autoComplete="current-password"
            value={currentPassword}
            onChange={(e) => setCurrent(e.target.value)}
          />
        </label>
        <NewPassword password={password} again={again} onPassword={setPassword} onAgain={setAgain} />
        {change.error !== null && <ProblemNotice problem={ProblemError.from(change.error).problem} />}
        {change.isSuccess && <p role="status">The password is changed; your sessions in other browsers have ended.</p>}
        <div>
          <button type="submit" className="button main" disabled={change.isPending || tooDifferent(password, again)}>
            Change it
          </button>
        </div>
      </form>
    </section>
  );
}
