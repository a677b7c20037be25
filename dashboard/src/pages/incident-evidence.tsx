import type { Chart, IncidentDetail } from '../../../src/api/contract/index.ts';
import { useApi } from '../api.ts';
import { RangeChart } from '../parts/range-chart.tsx';
import { Time } from '../parts/time.tsx';

const BEFORE_MS = 30 * 60_000;
const AFTER_MS = 10 * 60_000;
const STEP_MS = 60_000;
const MOST_CHARTS = 4;

/** The figures of those who may be behind it, each over the same time, with the onset and what was changed as marks. */
export function Evidence({ incident }: { incident: IncidentDetail }) {
  const figures = incident.causes
    .flatMap(({ name, figures: refs }) => refs.map((ref) => ({ name, ref })))
    .slice(0, MOST_CHARTS);
  if (figures.length === 0) return null;
  const onset = Date.parse(incident.startedAt);
  const end = incident.resolvedAt === null ? Date.now() : Date.parse(incident.resolvedAt);
  // In whole minutes, so that what goes on is not asked for anew with every glance at it.
  const fixed = {
    from: new Date(Math.floor((onset - BEFORE_MS) / STEP_MS) * STEP_MS).toISOString(),
    to: new Date(Math.floor(Math.min(end + AFTER_MS, Date.now()) / STEP_MS + 1) * STEP_MS).toISOString(),
  };
  const marks = [{ atMs: onset, text: 'It began' }];
  return (
    <section aria-labelledby="evidence">
      <h2 id="evidence">Their figures</h2>
      <Marks incident={incident} query={{ ref: String(figures[0]?.ref), ...fixed }} />
      <div className="stack">
        {figures.map(({ name, ref }) => (
          <div className="card" key={ref}>
            <RangeChart
              title={(chart) => titleOf(name, chart)}
              query={{ ref: String(ref) }}
              height={140}
              fixed={fixed}
              marks={marks}
            />
          </div>
        ))}
      </div>
    </section>
  );
}

/** Labels that say of whom, which the name says. */
const isWho = new Set(['__name__', 'instance', 'job', 'host_id']);

function titleOf(name: string, { series: [one] }: Chart): string {
  if (one === undefined) return name;
  const metric = one.name.replace(/^auspex_(host|service)_/, '').replaceAll('_', ' ');
  const parts = Object.entries(one.labels).flatMap(([key, value]) => (isWho.has(key) ? [] : [value]));
  return `${name}: ${[metric, ...parts].join(' ')}`;
}

/** The lines across the charts, in words. */
function Marks({ incident, query }: { incident: IncidentDetail; query: Readonly<Record<string, string>> }) {
  const known = useApi('chart', { query }).data?.marks ?? [];
  const marks = [...known, { at: incident.startedAt, text: 'It began' }].sort((a, b) => (a.at < b.at ? -1 : 1));
  return (
    <p className="small muted">
      From half an hour before it began. The lines across:{' '}
      {marks.map(({ at, text }, i) => (
        <span key={`${at} ${text}`}>
          {i > 0 && '; '}
          <Time at={at} seconds /> {text}
        </span>
      ))}
      .
    </p>
  );
}

/** What was going on as it opened, and when another was suspected. */
export function Gathered({ incident }: { incident: IncidentDetail }) {
  if (incident.diagnostics.length === 0) return null;
  return (
    <section aria-labelledby="gathered">
      <h2 id="gathered">Gathered by itself</h2>
      <div className="stack tight">
        {incident.diagnostics.map((snapshot, i) => (
          <details className="card gathered" key={snapshot.at} open={i === 0}>
            <summary>
              Gathered at <Time at={snapshot.at} seconds />
              {snapshot.reason === 'opened'
                ? ', as it opened'
                : `, when ${snapshot.suspect ?? 'another'} was suspected`}
            </summary>
            {snapshot.sections.length === 0 && <p className="muted">Nothing that could be told.</p>}
            {snapshot.sections.map(({ title, lines }) => (
              <div key={title}>
                <h3>{title}</h3>
                <ul className="bullets">
                  {lines.map((line) => (
                    <li key={line}>{line}</li>
                  ))}
                </ul>
              </div>
            ))}
          </details>
        ))}
      </div>
    </section>
  );
}
