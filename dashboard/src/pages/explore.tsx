import { Fragment, useMemo, useState } from 'react';
import { Link, useSearch } from 'wouter';
import type { Chart as ChartData, OperationOutput } from '../../../src/api/contract/index.ts';
import { apiUrl, ProblemError, useApi } from '../api.ts';
import { amount, capital, labelText } from '../format.ts';
import { inReadingOrder, metricGroup } from '../gauge-metrics.ts';
import { Chart, maxLines, plottedFrom } from '../parts/chart.tsx';
import { useBand, useDots, useRangeChart } from '../parts/range-chart.tsx';
import { Loaded, Nothing, ProblemNotice } from '../parts/states.tsx';
import { setParams, useRange } from '../range.ts';

type Metric = OperationOutput<'metrics'>['items'][number];
type Series = ChartData['series'][number];

/** Any metric of any host over any range. */
export function ExplorePage() {
  const params = new URLSearchParams(useSearch());
  const entities = useApi('entities');
  const host =
    params.get('host') ?? entities.data?.items.find((e) => e.kind === 'host')?.id ?? entities.data?.items[0]?.id;
  const metrics = useApi('metrics', { query: { entity: host } }, { enabled: entities.data !== undefined });
  const items = useMemo(() => inReadingOrder(metrics.data?.items ?? []), [metrics.data]);
  const metric = params.get('metric') ?? items[0]?.name ?? null;
  const info = items.find((m) => m.name === metric);
  return (
    <div className="stack">
      <div className="lede">
        <h1>{info === undefined ? 'Explore' : `${capital(info.title)}${hostName(entities.data?.items, host)}`}</h1>
        <p className="small muted">
          <Link className="link" href="/settings/cardinality">
            What makes how many series
          </Link>
        </p>
      </div>
      <div className="explore">
        <div className="picker stack tight">
          <label className="field">
            Host or service
            <select className="input" value={host ?? ''} onChange={(e) => setParams({ host: e.target.value, s: null })}>
              {entities.data?.items.map((e) => (
                <option key={e.id} value={e.id}>
                  {e.name}
                </option>
              ))}
            </select>
          </label>
          <MetricList answer={metrics} items={items} chosen={metric} />
        </div>
        {metric === null || host === undefined ? (
          <span className="skeleton chart" />
        ) : (
          <MetricChart key={`${host}/${metric}`} host={host} metric={metric} info={info} />
        )}
      </div>
    </div>
  );
}

function hostName(items: OperationOutput<'entities'>['items'] | undefined, id: string | undefined): string {
  const found = items?.find((e) => e.id === id);
  return found === undefined ? '' : ` on ${found.name}`;
}

function MetricList({
  answer,
  items,
  chosen,
}: {
  answer: {
    data: { items: Metric[] } | undefined;
    problem: Parameters<typeof ProblemNotice>[0]['problem'] | null;
    refetch: () => void;
  };
  items: readonly Metric[];
  chosen: string | null;
}) {
  const [filter, setFilter] = useState('');
  const wanted = filter.trim().toLowerCase();
  return (
    <div className="card flush">
      <div className="table-tools">
        <input
          type="search"
          className="input full"
          placeholder="Search metrics"
          aria-label="Search metrics"
          value={filter}
          onChange={(e) => setFilter(e.target.value)}
        />
      </div>
      <Loaded answer={answer}>
        {() => {
          const matching = items.filter(
            (m) => wanted === '' || m.name.toLowerCase().includes(wanted) || m.title.toLowerCase().includes(wanted),
          );
          return (
            <div className="metric-list" role="group" aria-label="Metrics">
              {matching.slice(0, 300).map((m, i) => (
                <Fragment key={m.name}>
                  {metricGroup(m.name) !== metricGroup(matching[i - 1]?.name ?? '·') || i === 0 ? (
                    <h2 className="group-of">{metricGroup(m.name)}</h2>
                  ) : null}
                  <button
                    type="button"
                    data-row=""
                    aria-pressed={m.name === chosen}
                    onClick={() => setParams({ metric: m.name, s: null })}
                  >
                    <span>{capital(m.title)}</span>
                    <small>{m.unusual ? <strong>unusual</strong> : m.seriesCount > 1 ? m.seriesCount : ''}</small>
                    <small className="name-of">{m.name}</small>
                  </button>
                </Fragment>
              ))}
              {matching.length === 0 && (
                <Nothing title={items.length === 0 ? 'No metrics yet' : `No metric matches “${filter}”`} />
              )}
              {matching.length > 300 && <p className="nothing">{matching.length - 300} more: type to narrow.</p>}
            </div>
          );
        }}
      </Loaded>
    </div>
  );
}

function lastValue(series: Series): number | null {
  for (let i = series.mean.length - 1; i >= 0; i--) if (series.mean[i] !== null) return series.mean[i] ?? null;
  return null;
}
function size(series: Series): number {
  return series.mean.reduce<number>((most, v) => Math.max(most, Math.abs(v ?? 0)), 0);
}

/** The six largest series, or those chosen in the list below; never more lines than a person can tell apart. */
function MetricChart({ host, metric, info }: { host: string; metric: string; info: Metric | undefined }) {
  const params = new URLSearchParams(useSearch());
  const range = useRange();
  const { data, error, isFetching } = useRangeChart({ entity: host, metric });
  const asked = (params.get('s') ?? '')
    .split(',')
    .filter((s) => s !== '')
    .map(Number);
  const chosen = useMemo(() => {
    if (data === undefined) return [];
    const wanted = data.series.filter((s) => asked.includes(s.ref));
    return (wanted.length > 0 ? wanted : [...data.series].sort((a, b) => size(b) - size(a))).slice(0, maxLines);
    // biome-ignore lint: the refs are compared by value.
  }, [data, asked.join()]);
  const only = chosen.length === 1 ? chosen[0]?.ref : undefined;
  const band = useBand(only, range);
  const dots = useDots(only, range);
  const plotted = useMemo(
    () => (data === undefined ? undefined : plottedFrom({ ...data, series: chosen }, band, dots)),
    [data, chosen, band, dots],
  );
  if (error !== null) return <ProblemNotice problem={ProblemError.from(error).problem} />;
  if (data === undefined || plotted === undefined) return <span className="skeleton chart" />;
  const refs = chosen.map((s) => s.ref);
  const toggle = (ref: number) => {
    const next = refs.includes(ref) ? refs.filter((r) => r !== ref) : [...refs, ref].slice(-maxLines);
    setParams({ s: next.length === 0 ? null : next.join(',') }, true);
  };
  const file = apiUrl('/api/export/samples', {
    entity: host,
    match: metric,
    from: new Date(range.fromMs).toISOString(),
    to: new Date(range.toMs).toISOString(),
    format: 'csv',
  });
  const first = data.series[0];
  return (
    <div className="stack tight" aria-busy={isFetching}>
      <h2 className="hidden-text">Chart</h2>
      <div className="card">
        {data.series.length === 0 ? (
          <Nothing title="No values in this range">Choose a longer range above.</Nothing>
        ) : (
          <Chart
            title={info === undefined ? metric : capital(info.title)}
            data={plotted}
            height={320}
            {...(first?.rate === true ? { note: 'as a rate a second' } : {})}
          />
        )}
      </div>
      {data.series.length > 1 && (
        <div className="card flush table-wrap" tabIndex={0} role="region" aria-label="Series">
          <table>
            <thead>
              <tr>
                <th>Shown</th>
                <th>Series</th>
                <th className="n">Last value</th>
              </tr>
            </thead>
            <tbody>
              {data.series.slice(0, 200).map((s) => {
                const at = refs.indexOf(s.ref);
                const name = labelText(s.labels) || s.name;
                return (
                  <tr key={s.ref}>
                    <td className="nowrap">
                      <label className="row tick">
                        <input
                          type="checkbox"
                          checked={at >= 0}
                          onChange={() => toggle(s.ref)}
                          aria-label={`Show ${name}`}
                        />
                        {at >= 0 && <i className={`swatch s${at + 1}`} />}
                      </label>
                    </td>
                    <td>
                      <code>{name}</code>
                    </td>
                    <td className="n">{amount(lastValue(s), s.unit)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      <p className="row apart small muted">
        <span>
          <code>{metric}</code>
          {data.truncated && ' Not all series are shown: narrow the host or metric.'}
          {data.series.length > maxLines && ` At most ${maxLines} lines at once; the rest is the list.`}
        </span>
        <a className="link" href={file.href} download>
          Export this range as CSV
        </a>
      </p>
    </div>
  );
}
