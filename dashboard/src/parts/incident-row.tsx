import { Link, useSearch } from 'wouter';
import type { Incident } from '../../../src/api/contract/index.ts';
import { rowDetail, stateWord } from '../incident-words.ts';
import { rangeSearch } from '../range.ts';
import { SeverityMark } from './marks.tsx';
import { Lasting, Time } from './time.tsx';

/** An incident in a list; the link leads to all that is known of it. */
export function IncidentRow({ incident, note }: { incident: Incident; note?: string | undefined }) {
  const search = useSearch();
  const state = stateWord(incident);
  return (
    <Link
      className="line finding"
      data-row=""
      data-severity={incident.state === 'open' ? incident.severity : undefined}
      href={`/incidents/${encodeURIComponent(incident.id)}${rangeSearch(search)}`}
    >
      <SeverityMark severity={incident.severity} />
      <span className="what">
        <span className="strong">{incident.title}</span>
        {state !== 'open' && (
          <>
            {' '}
            <span className="tag">{state}</span>
          </>
        )}
        <span className="below muted">
          {rowDetail(incident)}{' '}
          {incident.assignee !== null && `${incident.assignee} ${incident.state === 'open' ? 'has' : 'had'} it. `}
          {note}
        </span>
      </span>
      <span className="meta">
        <span className="part-of">
          <Time at={incident.startedAt} /> · <Lasting from={incident.startedAt} to={incident.resolvedAt} />
        </span>
        <span className="part-of">
          {incident.toldAt === null ? (
            'nobody was told'
          ) : (
            <>
              told <Time at={incident.toldAt} />
            </>
          )}
        </span>
      </span>
    </Link>
  );
}
