import { type ReactNode, useState } from 'react';
import type { Incident, IncidentChange, IncidentDetail } from '../../../src/api/contract/index.ts';
import { incidentClassWords } from '../../../src/api/contract/incident-words.ts';
import { useApi } from '../api.ts';
import { useChange } from '../incident-change.ts';
import { signText } from '../incident-words.ts';
import { AskForm } from '../parts/ask-form.tsx';

/* Each says what it touches and how it is taken back, then asks. */

interface DialogProps {
  readonly incident: IncidentDetail;
  readonly onClose: () => void;
}

function Ask({
  incident,
  onClose,
  title,
  button,
  change: body,
  danger = false,
  children,
}: DialogProps & {
  title: string;
  button: string;
  /** Null while something is still to be chosen. */
  change: IncidentChange | null;
  danger?: boolean;
  children: ReactNode;
}) {
  const change = useChange(incident, onClose);
  return (
    <AskForm
      title={title}
      button={button}
      danger={danger}
      ready={body !== null}
      sent={change}
      onSubmit={() => body !== null && change.mutate(body)}
      onClose={onClose}
    >
      {children}
    </AskForm>
  );
}

export function AssignDialog({ incident, onClose }: DialogProps) {
  const session = useApi('session', {}, { staleTime: 5 * 60_000 }).data;
  const users = useApi('users', {}, { enabled: session?.scope === 'admin' }).data?.items ?? [];
  const [name, setName] = useState(incident.assignee ?? '');
  const to = name.trim() === '' ? null : name.trim();
  return (
    <Ask
      incident={incident}
      onClose={onClose}
      title="Who has it"
      button={to === null ? 'Nobody has it' : 'Assign'}
      change={to === incident.assignee ? null : { kind: 'assign', to }}
    >
      <label className="field">
        Name (empty: nobody)
        <input
          className="input"
          list="assignees"
          maxLength={200}
          autoComplete="off"
          value={name}
          onChange={(e) => setName(e.target.value)}
        />
      </label>
      <datalist id="assignees">
        {users.map((user) => (
          <option key={user.id} value={user.id} />
        ))}
      </datalist>
      <p className="muted">Stands on the incident, for all to see. Nobody is written to.</p>
    </Ask>
  );
}

export function NoteDialog({ incident, onClose }: DialogProps) {
  const [text, setText] = useState('');
  const note = text.trim();
  return (
    <Ask
      incident={incident}
      onClose={onClose}
      title="Note"
      button="Keep the note"
      change={note === '' ? null : { kind: 'note', text: note }}
    >
      <label className="field">
        What was found or done
        <textarea className="input" rows={4} maxLength={2000} value={text} onChange={(e) => setText(e.target.value)} />
      </label>
      <p className="muted">
        Stands on the incident under your name, and beside it wherever the like is met again. It stays.
      </p>
    </Ask>
  );
}

const severities = ['critical', 'high', 'medium'] as const;

export function OverrideDialog({ incident, onClose }: DialogProps) {
  const [kind, setKind] = useState(incident.class);
  const [severity, setSeverity] = useState(incident.severity);
  const isNew = kind !== incident.class || severity !== incident.severity;
  return (
    <Ask
      incident={incident}
      onClose={onClose}
      title="Set by hand"
      button="Set"
      change={
        isNew
          ? {
              kind: 'override',
              ...(kind === incident.class ? {} : { class: kind }),
              ...(severity === incident.severity ? {} : { severity }),
            }
          : null
      }
    >
      <label className="field">
        Class
        <select className="input" value={kind} onChange={(e) => setKind(e.target.value as Incident['class'])}>
          {Object.entries(incidentClassWords).map(([value, word]) => (
            <option key={value} value={value}>
              {value === 'unknown' ? 'Not known' : word}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        Severity
        <select
          className="input"
          value={severity}
          onChange={(e) => setSeverity(e.target.value as Incident['severity'])}
        >
          {severities.map((value) => (
            <option key={value}>{value}</option>
          ))}
        </select>
      </label>
      <p>What you set stays: Auspex changes it no more, whatever it learns of this incident. You can set it again.</p>
    </Ask>
  );
}

export function MergeDialog({ incident, others, onClose }: DialogProps & { others: readonly Incident[] }) {
  const [into, setInto] = useState(others[0]?.id ?? '');
  const other = others.find((one) => one.id === into);
  return (
    <Ask
      incident={incident}
      onClose={onClose}
      title="Merge into another incident"
      button="Merge"
      danger
      change={other === undefined ? null : { kind: 'merge', into }}
    >
      <label className="field">
        Into
        <select className="input" value={into} onChange={(e) => setInto(e.target.value)}>
          {others.map((one) => (
            <option key={one.id} value={one.id}>
              {one.title}
            </option>
          ))}
        </select>
      </label>
      <p>
        “{incident.title}” ends, and its{' '}
        {incident.signs.length === 1 ? 'sign goes' : `${incident.signs.length} signs go`} over to “{other?.title}”,
        which is looked at anew. To take it back, split the signs off there.
      </p>
    </Ask>
  );
}

export function SplitDialog({ incident, onClose }: DialogProps) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const rest = incident.signs.length - chosen.length;
  const toggle = (id: string) =>
    setChosen((ids) => (ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id]));
  return (
    <Ask
      incident={incident}
      onClose={onClose}
      title="Split signs off"
      button={chosen.length === 0 ? 'Split' : `Split ${chosen.length} off`}
      danger
      change={chosen.length === 0 || rest === 0 ? null : { kind: 'split', signs: [...chosen] }}
    >
      <fieldset className="choices">
        <legend>Which are another trouble</legend>
        {incident.signs.map((sign) => (
          <label key={sign.id} className="choice">
            <input type="checkbox" checked={chosen.includes(sign.id)} onChange={() => toggle(sign.id)} />
            <span>{signText(sign)}</span>
          </label>
        ))}
      </fieldset>
      <p>
        {rest === 0
          ? 'One sign at least has to stay.'
          : 'They become an incident of their own, of which nobody has been told yet. The two are never made one again by Auspex; by hand you can merge them.'}
      </p>
    </Ask>
  );
}

export function DismissDialog({ incident, onClose }: DialogProps) {
  const findings = incident.signs.filter(({ kind }) => kind === 'finding').length;
  const [theirs, of] =
    findings === 1 ? ['Its finding counts', 'its detector'] : [`Its ${findings} findings count`, 'their detectors'];
  return (
    <Ask
      incident={incident}
      onClose={onClose}
      title="Dismiss this incident"
      button="Dismiss"
      danger
      change={{ kind: 'judge', verdict: 'dismissed' }}
    >
      <p>
        {incident.state === 'open'
          ? `“${incident.title}” ends now; what goes on of it opens no incident anew.`
          : `“${incident.title}” counts as no trouble from now on.`}
        {findings > 0 &&
          ` ${theirs} as dismissed: wrong in the track record of ${of}, from which the confidence of later findings is learnt.`}
      </p>
      <p>
        Within half an hour you can still say Confirm; an incident that was ended by this stays so. If it is how things
        should be here, open the finding instead and say “This is normal”: then the same is not shown again.
      </p>
    </Ask>
  );
}
