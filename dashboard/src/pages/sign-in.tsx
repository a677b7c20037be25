import { useState } from 'react';
import type { Problem } from '../../../src/api/contract/index.ts';
import { Logo } from '../parts/icons.tsx';

const command = 'auspex dashboard --link';

/** Nobody is signed in: how to get the link. */
export function SignIn({ problem, retry }: { problem: Problem; retry: () => void }) {
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard?.writeText(command).then(() => setCopied(true));
  return (
    <main className="alone">
      <div className="card">
        <div className="brand">
          <Logo /> Auspex
        </div>
        <h1>Sign-in needed</h1>
        <p>
          This page shows what your systems do, so it opens only to those who can reach the machine it runs on. There,
          run
        </p>
        <div className="command">
          <code>{command}</code>
          <button type="button" className="button" onClick={copy}>
            {copied ? 'Copied' : 'Copy'}
          </button>
        </div>
        <p>
          and open the link that it prints. The link works once and for a short time; the session stays in this browser.
        </p>
        <div className="row apart">
          <span className="small muted">
            <code>{problem.code}</code>
          </span>
          <button type="button" className="link" onClick={retry}>
            I have signed in: try again
          </button>
        </div>
      </div>
    </main>
  );
}
