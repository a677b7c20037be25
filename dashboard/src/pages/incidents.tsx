import { useInfiniteQuery } from '@tanstack/react-query';
import { useSearch } from 'wouter';
import type { Incident, OperationOutput } from '../../../src/api/contract/index.ts';
import { incidentClassWords } from '../../../src/api/contract/incident-words.ts';
import { call, openIncidents, ProblemError, useApi } from '../api.ts';
import { inReadingOrder, incidentsSentence } from '../incident-words.ts';
import { useConnection } from '../live.ts';
import { IncidentRow } from '../parts/incident-row.tsx';
import { Learning, Nothing, PageSkeleton, ProblemNotice } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { setParams, useRange } from '../range.ts';

type Page = OperationOutput<'incidents'>;
const classes = Object.entries(incidentClassWords).sort((a, b) => a[1].localeCompare(b[1], 'en'));

/** Signs of one trouble, taken together: those that are open however old, then those of the time range. */
export function IncidentsPage() {
  const params = new URLSearchParams(useSearch());
  const kind = params.get('class') ?? '';
  const range = useRange('7d');
  const spanMs = range.toMs - range.fromMs;
  const open = useApi('incidents', openIncidents);
  const past = useInfiniteQuery<Page>({
    queryKey: ['incidents', 'past', kind, range.key],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const to = range.last === null ? range.toMs : Date.now();
      return call('incidents', {
        signal,
        query: {
          limit: 50,
          cursor: pageParam === '' ? undefined : String(pageParam),
          state: 'resolved',
          class: kind === '' ? undefined : kind,
          from: new Date(to - spanMs).toISOString(),
          to: range.last === null ? new Date(to).toISOString() : undefined,
        },
      });
    },
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });
  const overview = useApi('overview');
  const fits = (one: Incident) => one.mergedInto === null && (kind === '' || one.class === kind);
  const opened = inReadingOrder((open.data?.items ?? []).filter(fits));
  const ended = (past.data?.pages.flatMap((page) => page.items) ?? []).filter(fits);
  const known = open.data !== undefined && past.data !== undefined;
  const problem = open.problem ?? (past.error === null ? null : ProblemError.from(past.error).problem);
  const again = () => {
    open.refetch();
    void past.refetch();
  };
  return (
    <div className="stack">
      <div className="lede">
        <h1>{known ? incidentsSentence([...opened, ...ended], Date.now()) : 'Incidents'}</h1>
        <p className="small muted">
          Findings and alerts that belong to one trouble, taken together. People are told once for each.
        </p>
        <Stale />
      </div>
      <div className="row">
        <select
          className="input"
          aria-label="Class"
          value={kind}
          onChange={(e) => setParams({ class: e.target.value || null })}
        >
          <option value="">Any class</option>
          {classes.map(([value, word]) => (
            <option key={value} value={value}>
              {value === 'unknown' ? 'Not known' : word}
            </option>
          ))}
        </select>
      </div>
      {problem !== null && <ProblemNotice problem={problem} retry={again} />}
      {!known && problem === null && <PageSkeleton />}
      {known && overview.data?.learning != null && <Learning text={overview.data.learning} />}
      {known && opened.length + ended.length === 0 && (
        <div className="card flush">
          <Nothing title={kind === '' ? 'No incidents.' : `No incident of the class ${kindWord(kind)}.`}>
            Nothing in this range was serious enough to become one. Look further back with the range above; what was
            merely unusual is under Anomalies.
          </Nothing>
        </div>
      )}
      <Listed title="Open" items={opened} />
      <Listed title="Resolved in this range" items={ended} />
      {past.hasNextPage && (
        <div>
          <button
            type="button"
            className="button"
            disabled={past.isFetchingNextPage}
            onClick={() => void past.fetchNextPage()}
          >
            Show older ones
          </button>
        </div>
      )}
    </div>
  );
}

function kindWord(kind: string): string {
  return classes.find(([value]) => value === kind)?.[1] ?? kind;
}

function Listed({ title, items }: { title: string; items: readonly Incident[] }) {
  const id = `incidents-${title.slice(0, 4).toLowerCase()}`;
  const overview = useApi('overview');
  if (items.length === 0) return null;
  /** Why nobody was told, as far as an alert that still fires says it. */
  const heldBack = (incident: Incident) =>
    incident.toldAt === null
      ? overview.data?.alerts.find((a) => a.incidentId === incident.id && a.suppressedBy !== null)?.suppressedBy
      : undefined;
  return (
    <section aria-labelledby={id}>
      <div className="head">
        <h2 id={id}>{title}</h2>
        <span className="small muted">{items.length}</span>
      </div>
      <ul className="card flush rows">
        {items.map((incident) => (
          <li key={incident.id}>
            <IncidentRow incident={incident} note={heldBack(incident) ?? undefined} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Says from when the page is while nothing new can reach it. */
export function Stale() {
  const { state, since } = useConnection();
  if (state !== 'reconnecting') return null;
  return (
    <p className="small strong">
      The connection was lost at <Time at={since} seconds />: what stands here is from then. It is sought again.
    </p>
  );
}
