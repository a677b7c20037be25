import { useMutation } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { Problem } from '../../../src/api/contract/index.ts';
import { apiUrl, call, newSession, ProblemError, useApi } from '../api.ts';
import { CopyLine } from '../parts/copy-line.tsx';
import { Logo } from '../parts/icons.tsx';
import { ProblemNotice } from '../parts/states.tsx';
import { NewPassword, tooDifferent } from './new-password.tsx';

/** Nobody is signed in: name and password, or how to get the link. */
export function SignIn({ problem, retry }: { problem: Problem; retry: () => void }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const provider = useApi('signInWays').data?.provider ?? null;
  const signIn = useMutation({
    mutationFn: () => call('signIn', { body: { name, password } }),
    onSuccess: newSession,
    onError: () => setPassword(''),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <Alone title="Sign in">
      <form className="stack tight" onSubmit={submit}>
        <label className="field">
          Name
          <input
            className="input full"
            required
            maxLength={200}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            value={name}
            onChange={(e) => setName(e.target.value)}
          />
        </label>
        <label className="field">
          Password
          <input
            className="input full"
            type="password"
            required
            maxLength={1000}
            autoComplete="current-password"
            value={password}
            onChange={(e) => setPassword(e.target.value)}
          />
        </label>
        {signIn.error !== null && <ProblemNotice problem={ProblemError.from(signIn.error).problem} />}
        <div>
          <button type="submit" className="button main" disabled={signIn.isPending}>
            Sign in
          </button>
        </div>
      </form>
      {provider !== null && (
        <div>
          <a className="button" href={apiUrl('/sign-in/provider').href}>
            Sign in with {provider}
          </a>
        </div>
      )}
      <h2>Or by a one-time link</h2>
      <p>Without an account or password: on the machine that runs Auspex, print a link and open it here.</p>
      <CopyLine text="auspex dashboard --link" />
      <div className="row apart">
        <span className="small muted">
          <code>{problem.code}</code>
        </span>
        <button type="button" className="link" onClick={retry}>
          I have signed in: try again
        </button>
      </div>
    </Alone>
  );
}

/** A user who came by a link and has no password yet. */
export function SetPassword({ name }: { name: string }) {
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const set = useMutation({ mutationFn: () => call('changePassword', { body: { password } }), onSuccess: newSession });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!tooDifferent(password, again)) set.mutate();
  };
  return (
    <Alone title="Set your password">
      <p>The link you came by is used up: with name and password you get in from now on.</p>
      <form className="stack tight" onSubmit={submit}>
        <label className="field">
          Your name
          <input className="input full" readOnly autoComplete="username" value={name} />
        </label>
        <NewPassword password={password} again={again} onPassword={setPassword} onAgain={setAgain} />
        {set.error !== null && <ProblemNotice problem={ProblemError.from(set.error).problem} />}
        <div>
          <button type="submit" className="button main" disabled={set.isPending || tooDifferent(password, again)}>
            Set it
          </button>
        </div>
      </form>
    </Alone>
  );
}

function Alone({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="alone">
      <div className="card">
        <div className="brand">
          <Logo /> Auspex
        </div>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
