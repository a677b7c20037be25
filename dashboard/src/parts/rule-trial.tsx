import type { OperationOutput } from '../../../src/api/contract/index.ts';
import { labelText } from '../format.ts';
import { Time } from './time.tsx';

const SHOWN = 10;
const spans = [
  [1, '1 day'],
  [3, '3 days'],
  [7, '7 days'],
] as const;

/** How far back a rule is tried. */
export function TrialSpan({ days, onChange }: { days: number; onChange: (days: number) => void }) {
  return (
    <div role="group" aria-label="How far back" className="segments">
      {spans.map(([value, text]) => (
        <button key={value} type="button" aria-pressed={days === value} onClick={() => onChange(value)}>
          {text}
        </button>
      ))}
    </div>
  );
}

/** When a rule would have fired. */
export function TrialResult({ trial }: { trial: OperationOutput<'tryRule'> }) {
  const times = trial.fired === 1 ? 'once' : `${trial.fired} times`;
  return (
    <div role="status">
      <p className="strong">{trial.fired === 0 ? 'It would not have fired.' : `It would have fired ${times}.`}</p>
      <ul className="bullets">
        {trial.alerts.slice(-SHOWN).map((alert) => (
          <li key={`${alert.firedAt} ${labelText(alert.labels)}`} className="anywhere">
            <Time at={alert.firedAt} /> – {alert.resolvedAt === null ? 'now' : <Time at={alert.resolvedAt} />}{' '}
            {alert.labels['instance']} {labelText(alert.labels)}
          </li>
        ))}
      </ul>
      {trial.alerts.length > SHOWN && <p className="small muted">The last {SHOWN} are shown.</p>}
    </div>
  );
}
