import { Link } from 'wouter';
import type { Chart, IncidentDetail } from '../../../src/api/contract/index.ts';
import { clock, word } from '../format.ts';
import { signText } from '../incident-words.ts';
import { withParams } from '../range.ts';
import { placeOn, type TimeAxis, timeAxis } from '../time-axis.ts';
import { SeverityMark } from './marks.tsx';
import { Lasting, Time } from './time.tsx';

type Sign = IncidentDetail['signs'][number];

/** Steps that are moments of their own; that a sign joined is where its bar begins. */
const marked: Readonly<Record<string, string>> = {
  told: 'people were told',
  class: 'class decided',
  severity: 'severity changed',
  cause: 'likely cause found',
  acknowledged: 'acknowledged',
  assigned: 'assigned',
  judged: 'judged',
  noted: 'noted',
  merged: 'made one with another',
  split: 'split',
  reopened: 'came back',
  escalated: 'told on',
};

const at = (share: number): string => `${(share * 100).toFixed(2)}%`;

/** The signs of an incident on one time axis: what each says, why it belongs, and a bar from its start to its end. */
export function SignTimeline({ incident, events }: { incident: IncidentDetail; events: Chart['marks'] }) {
  const now = Date.now();
  const end = incident.resolvedAt === null ? now : Date.parse(incident.resolvedAt);
  const signs = [...incident.signs].sort((a, b) => a.startedAt.localeCompare(b.startedAt));
  const from = Math.min(Date.parse(incident.startedAt), ...signs.map((sign) => Date.parse(sign.startedAt)));
  const ends = signs.map((sign) => (sign.endedAt === null ? end : Date.parse(sign.endedAt)));
  const axis = timeAxis(from, Math.max(end, ...ends));
  const told = incident.toldAt === null ? null : placeOn(axis, Date.parse(incident.toldAt));
  return (
    <div className="card flush signs">
      <AxisHead axis={axis} incident={incident} events={events} />
      <ol className="rows">
        {signs.map((sign) => (
          <li key={sign.id} className="sign">
            <SignText sign={sign} from={axis.fromMs} to={axis.toMs} />
            <div className="sign-bar">
              <svg data-severity={sign.severity} aria-hidden="true">
                <Grid axis={axis} told={told} />
                <Bar axis={axis} sign={sign} end={end} />
              </svg>
            </div>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Grid({ axis, told }: { axis: TimeAxis; told: number | null }) {
  return (
    <>
      {axis.ticks.map((tick) => (
        <line key={tick.at} x1={at(placeOn(axis, tick.at))} x2={at(placeOn(axis, tick.at))} y1="0" y2="100%" />
      ))}
      {told !== null && <line className="told" x1={at(told)} x2={at(told)} y1="0" y2="100%" />}
    </>
  );
}

/** Rounded where it ended, open to the right while it goes on. */
function Bar({ axis, sign, end }: { axis: TimeAxis; sign: Sign; end: number }) {
  const start = placeOn(axis, Date.parse(sign.startedAt));
  const stop = placeOn(axis, sign.endedAt === null ? end : Date.parse(sign.endedAt));
  const width = Math.max(0.008, stop - start);
  return <rect x={at(Math.min(start, 1 - width))} width={at(width)} y="50%" height="10" rx="3" />;
}

function AxisHead({ axis, incident, events }: { axis: TimeAxis; incident: IncidentDetail; events: Chart['marks'] }) {
  const now = Date.now();
  const moments = [
    ...incident.steps.flatMap(({ at: when, kind, by }) => {
      const text = marked[kind];
      return text === undefined ? [] : [{ when, text: by === null ? text : `${text} by ${by}`, isEvent: false }];
    }),
    ...events.map((event) => ({ when: event.at, text: event.text, isEvent: true })),
  ];
  const told = moments.map(({ when, text }) => `${clock(Date.parse(when), now)} ${text}`).join('; ');
  return (
    <div className="sign axis">
      <p className="small muted">
        <svg className="mark" viewBox="0 0 12 12" aria-hidden="true">
          <path d="M6 1 11 6 6 11 1 6Z" />
        </svg>{' '}
        what was decided
        {incident.toldAt !== null && (
          <>
            {' '}
            <svg className="mark" viewBox="0 0 12 12" aria-hidden="true">
              <line className="told" x1="6" x2="6" y1="0" y2="12" />
            </svg>{' '}
            people were told
          </>
        )}
        {events.length > 0 && (
          <>
            {' '}
            <svg className="mark event" viewBox="0 0 12 12" aria-hidden="true">
              <circle cx="6" cy="6" r="4" />
            </svg>{' '}
            what happened on the host
          </>
        )}
      </p>
      <svg className="sign-axis" role="img" aria-label={told === '' ? 'Time axis' : `Time axis. ${told}`}>
        {axis.ticks.map((tick) => (
          <text key={tick.at} x={at(placeOn(axis, tick.at))} y="11" textAnchor="middle">
            {tick.text}
          </text>
        ))}
        {moments.map(({ when, text, isEvent }) => (
          <svg
            key={`${when}/${text}`}
            x={at(placeOn(axis, Date.parse(when)))}
            y="17"
            width="1"
            height="12"
            overflow="visible"
          >
            <title>{`${clock(Date.parse(when), now, true)} ${text}`}</title>
            {isEvent ? <circle className="event" cx="0" cy="6" r="4" /> : <path d="M0 1 5 6 0 11 -5 6Z" />}
          </svg>
        ))}
      </svg>
    </div>
  );
}

function SignText({ sign, from, to }: { sign: Sign; from: number; to: number }) {
  const around = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  const range = withParams('', around);
  const host = `/hosts/${encodeURIComponent(sign.entityId)}${range}`;
  const href = sign.kind === 'finding' ? `/anomalies/${encodeURIComponent(sign.id)}${range}` : host;
  return (
    <div className="sign-text">
      <p>
        <SeverityMark severity={sign.severity} />{' '}
        <span className="small muted">
          {sign.kind === 'alert' ? 'alert' : 'finding'}, {word(sign.resource)}
        </span>
      </p>
      <p>
        <Link className="strong link-text" data-row="" href={href}>
          {signText(sign)}
        </Link>
      </p>
      <p className="small muted">
        <Time at={sign.startedAt} seconds /> · <Lasting from={sign.startedAt} to={sign.endedAt} />
        {sign.reason === '' ? '. It opened the incident.' : `. ${sign.reason}`}
      </p>
      <p className="small row">
        <Link className="link" href={host}>
          {sign.entityName} at that time
        </Link>
        <Link className="link" href={`/explore${withParams('', { host: sign.entityId, ...around })}`}>
          Explore
        </Link>
      </p>
    </div>
  );
}
