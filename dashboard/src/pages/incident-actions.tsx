import { useState } from 'react';
import type { IncidentDetail } from '../../../src/api/contract/index.ts';
import { openIncidents, ProblemError, useApi } from '../api.ts';
import { useChange, useWhyOff } from '../incident-change.ts';
import { ProblemNotice } from '../parts/states.tsx';
import {
  AssignDialog,
  DismissDialog,
  MergeDialog,
  NoteDialog,
  OverrideDialog,
  SplitDialog,
} from './incident-dialogs.tsx';

/** What is done first in the night, under the title. */
export function FirstSteps({ incident }: { incident: IncidentDetail }) {
  const session = useApi('session', {}, { staleTime: 5 * 60_000 }).data;
  const change = useChange(incident);
  const off = useWhyOff(incident);
  const isMine = session !== undefined && incident.assignee === session.userId;
  if (incident.state !== 'open') return null;
  return (
    <div className="stack close">
      <div className="row">
        <button
          type="button"
          className={incident.acknowledgedAt === null ? 'button main' : 'button'}
          disabled={off !== null || change.isPending || incident.acknowledgedAt !== null}
          aria-describedby={off === null ? undefined : 'why-off'}
          onClick={() => change.mutate({ kind: 'acknowledge' })}
        >
          {incident.acknowledgedAt === null ? 'Acknowledge' : 'Acknowledged'}
        </button>
        <button
          type="button"
          className="button"
          disabled={off !== null || change.isPending || session === undefined || isMine}
          aria-describedby={off === null ? undefined : 'why-off'}
          onClick={() => change.mutate({ kind: 'assign', to: session?.userId ?? null })}
        >
          {isMine ? 'It is yours' : 'Assign to me'}
        </button>
      </div>
      {change.error !== null && <ProblemNotice problem={ProblemError.from(change.error).problem} />}
    </div>
  );
}

type Asked = 'note' | 'assign' | 'override' | 'merge' | 'split' | 'dismiss';

/** A person’s word; what each button does stands beside it, and what cannot be taken back asks first. */
export function Decide({ incident }: { incident: IncidentDetail }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = () => setAsked(null);
  const change = useChange(incident);
  const off = useWhyOff(incident);
  const others = useApi('incidents', openIncidents).data?.items ?? [];
  const mergeable = others.filter((one) => one.id !== incident.id);
  const isOpen = incident.state === 'open';
  const asks = (what: Asked, text: string, effect: string, lack: string | null = null, danger = false) => (
    <div className="judge">
      <button
        type="button"
        className={danger ? 'button danger' : 'button'}
        aria-pressed={what === 'dismiss' ? incident.verdict === 'dismissed' : undefined}
        disabled={off !== null || lack !== null}
        aria-describedby={off === null ? undefined : 'why-off'}
        onClick={() => setAsked(what)}
      >
        {text}
      </button>
      <span className="muted">{lack ?? effect}</span>
    </div>
  );
  return (
    <section className="card stack tight" aria-labelledby="decide">
      <h2 id="decide">Your word on it</h2>
      {off !== null && (
        <p className="small" id="why-off">
          {off}
        </p>
      )}
      <div className="judge">
        <button
          type="button"
          className="button"
          aria-pressed={incident.verdict === 'confirmed'}
          disabled={off !== null || change.isPending}
          aria-describedby={off === null ? undefined : 'why-off'}
          onClick={() => change.mutate({ kind: 'judge', verdict: 'confirmed' })}
        >
          Confirm
        </button>
        <span className="muted">It was trouble. Its findings count as right.</span>
      </div>
      {asks('note', 'Note …', 'What was found or done, for those who meet the like again.')}
      {asks('assign', 'Assign …', 'Says who has it.')}
      {asks('override', 'Set by hand …', 'Class or severity; nothing changes them afterwards.')}
      {change.error !== null && <ProblemNotice problem={ProblemError.from(change.error).problem} />}
      <div className="stack tight apart-above">
        {asks(
          'merge',
          'Merge …',
          'Into another that is open.',
          !isOpen ? 'Only what is open can be merged.' : mergeable.length === 0 ? 'No other incident is open.' : null,
        )}
        {asks(
          'split',
          'Split …',
          'Some of its signs are another trouble.',
          incident.signs.length < 2 ? 'It has one sign only.' : null,
        )}
        {asks('dismiss', 'Dismiss …', 'It was no trouble. Ends it, and its findings count as wrong.', null, true)}
      </div>
      {asked === 'note' && <NoteDialog incident={incident} onClose={close} />}
      {asked === 'assign' && <AssignDialog incident={incident} onClose={close} />}
      {asked === 'override' && <OverrideDialog incident={incident} onClose={close} />}
      {asked === 'merge' && <MergeDialog incident={incident} others={mergeable} onClose={close} />}
      {asked === 'split' && <SplitDialog incident={incident} onClose={close} />}
      {asked === 'dismiss' && <DismissDialog incident={incident} onClose={close} />}
    </section>
  );
}
