import { useState } from 'react';
import { Link, useSearch } from 'wouter';
import type { EntityDetail, PatternView, PerformanceView } from '../../../src/api/contract/index.ts';
import { useApi } from '../api.ts';
import { amount, capital, count, percent, quantity, span } from '../format.ts';
import { hostCharts } from '../gauge-metrics.ts';
import { FindingRow } from '../parts/finding-row.tsx';
import { Gauge } from '../parts/gauge.tsx';
import { Icon } from '../parts/icons.tsx';
import { ConfidenceText, EntityStateMark, Share } from '../parts/marks.tsx';
import { RangeChart } from '../parts/range-chart.tsx';
import { Shortages } from '../parts/shortages.tsx';
import { Drawer } from '../parts/sheet.tsx';
import { Learning, Loaded, Nothing, PageSkeleton } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { TrackRecordLines } from '../parts/track-record.tsx';
import { rangeSearch, withParams } from '../range.ts';

/** One host: how it is now, charts in step, what weighs on it, what comes. */
export function HostPage({ id: encoded }: { id: string }) {
  const id = decodeURIComponent(encoded);
  const answer = useApi('entity', { params: { id } });
  const data = answer.data;
  return (
    <Loaded
      answer={{
        ...answer,
        data:
          data !== undefined && (data.id === id || data.name === id || data.aliases.includes(id)) ? data : undefined,
      }}
      skeleton={<PageSkeleton />}
    >
      {(host) => <HostContent host={host} />}
    </Loaded>
  );
}

function HostContent({ host }: { host: EntityDetail }) {
  const search = useSearch();
  const anomalies = useApi('anomalies', { query: { entity: host.id, status: 'open', limit: 20 } });
  const open = anomalies.data?.items ?? [];
  return (
    <div className="stack">
      <div className="lede">
        <Link className="back-link small muted" href={`/${rangeSearch(search)}`}>
          <Icon name="back" /> All hosts
        </Link>
        <h1>{host.sentence.includes(host.name) ? host.sentence : `${host.name}: ${host.sentence}`}</h1>
        <p className="row small muted">
          <EntityStateMark entity={host} />
          <span>
            last sample <Time at={host.lastSeenAt} seconds />
          </span>
          <span>{count(host.seriesCount)} series</span>
          <span>{host.timeZone}</span>
          {Object.entries(host.attributes)
            .slice(0, 4)
            .map(([name, value]) => (
              <span key={name}>
                {name} {value}
              </span>
            ))}
        </p>
      </div>
      {host.state === 'stale' && (
        <div className="notice high">
          <Icon name="warn" />
          <p>
            The last sample came <Time at={host.lastSeenAt} relative />. What stands here is from then. Check that the
            host is up and its agent runs: <code>auspex doctor</code> there says what is wrong.
          </p>
        </div>
      )}
      {host.learning !== null && <Learning text={host.learning} />}
      {open.length > 0 && (
        <section aria-labelledby="open">
          <div className="head">
            <h2 id="open">Unusual now</h2>
          </div>
          <ul className="card flush rows">
            {open.map((a) => (
              <li key={a.id}>
                <FindingRow anomaly={a} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <Ahead host={host} />
      <section className="card flush" aria-label="Now">
        <div className="gauges" data-row-of={Math.ceil(host.gauges.length / 2)}>
          {host.gauges.map((gauge) => (
            <Gauge key={gauge.name} host={host} gauge={gauge} found={open} />
          ))}
        </div>
      </section>
      <div className="cols two">
        <section aria-labelledby="charts">
          <div className="head">
            <h2 id="charts">Over time</h2>
            <Link className="link" href={`/explore${withParams(rangeSearch(search), { host: host.id })}`}>
              Explore all metrics
            </Link>
          </div>
          <HostCharts id={host.id} />
        </section>
        <div className="stack">
          <Scores host={host} />
          <Processes host={host} />
          <Patterns host={host} />
          <p>
            <Link className="link" href={`/forecasts${withParams(rangeSearch(search), { host: host.id })}`}>
              Forecasts of {host.name}
            </Link>
          </p>
          {host.unseen.length > 0 && (
            <section>
              <h2>What Auspex may not see here</h2>
              <ul className="bullets muted">
                {host.unseen.map((text) => (
                  <li key={text}>{text}</li>
                ))}
              </ul>
            </section>
          )}
        </div>
      </div>
    </div>
  );
}

function HostCharts({ id }: { id: string }) {
  const found = useApi(
    'series',
    { query: { entity: id, match: '{__name__=~"auspex_host_.+"}', limit: 500 } },
    { staleTime: 300_000 },
  );
  return (
    <Loaded answer={found} skeleton={<span className="skeleton chart" />}>
      {({ items }) => {
        const charts = hostCharts
          .map((chart) => ({
            ...chart,
            refs: chart.metrics.flatMap((m) => items.filter((s) => s.name === m).map((s) => s.ref)),
          }))
          .filter((chart) => chart.refs.length > 0);
        if (charts.length === 0)
          return <Nothing title="No figures of this host yet">They come with its first samples.</Nothing>;
        return (
          <div className="chart-grid">
            {charts.map((chart) => (
              <div key={chart.title} className="card">
                <RangeChart title={chart.title} query={{ ref: chart.refs.slice(0, 6).join(',') }} />
                {chart.refs.length > 6 && <p className="small muted">{chart.refs.length - 6} more in Explore</p>}
              </div>
            ))}
          </div>
        );
      }}
    </Loaded>
  );
}

/** Health now and the performance score foretold, each with its why. */
function Scores({ host }: { host: EntityDetail }) {
  const [open, setOpen] = useState<'health' | 'performance' | null>(null);
  const performance = useApi('performance', { params: { id: host.id } });
  const p = performance.data;
  const health = host.healthDetail;
  return (
    <section aria-labelledby="scores">
      <div className="head">
        <h2 id="scores">Scores</h2>
      </div>
      <div className="card flush rows">
        <button type="button" className="line score" data-row="" onClick={() => setOpen('health')}>
          <span>Health now</span>
          <strong>{health.score === null ? 'learning' : `${Math.round(health.score)} of 100`}</strong>
          <span className="small muted wide">{health.sentence}</span>
        </button>
        <button
          type="button"
          className="line score"
          data-row=""
          onClick={() => setOpen('performance')}
          disabled={p === undefined}
        >
          <span>Performance in 15 min</span>
          <strong>{p === undefined ? '…' : p.value === null ? 'learning' : `${Math.round(p.value)} of 100`}</strong>
          <span className="small muted wide">{p === undefined ? '\u00a0' : (p.learning ?? p.explanation)}</span>
        </button>
      </div>
      {open === 'health' && (
        <Drawer
          open
          onClose={() => setOpen(null)}
          title={health.score === null ? 'Health is not known yet' : `Health ${Math.round(health.score)} of 100`}
        >
          <p>{health.sentence}</p>
          <ul className="card flush rows">
            {health.dimensions.map((d) => (
              <li key={d.name} className="line score">
                <span>
                  {d.name} <span className="muted">weighs {percent(d.weight)}</span>
                </span>
                <strong>{Math.round(d.score)}</strong>
                <span className="small muted wide">{d.reason}</span>
              </li>
            ))}
          </ul>
          <section>
            <h3>What would change it</h3>
            <p>{worstDimension(health.dimensions)}</p>
          </section>
        </Drawer>
      )}
      {open === 'performance' && p !== undefined && (
        <PerformanceWhy p={p} name={host.name} onClose={() => setOpen(null)} />
      )}
    </section>
  );
}

function worstDimension(dimensions: EntityDetail['healthDetail']['dimensions']): string {
  const worst = [...dimensions].sort((a, b) => (100 - b.score) * b.weight - (100 - a.score) * a.weight)[0];
  if (worst === undefined || worst.score >= 99.5) return 'Nothing drags it down.';
  return `${worst.name} drags it down most: at 100 there, the whole would be ${Math.round((100 - worst.score) * worst.weight)} higher.`;
}

function PerformanceWhy({ p, name, onClose }: { p: PerformanceView; name: string; onClose: () => void }) {
  const ledger = useApi('ledger', { query: { entity: p.entityId, type: 'performance' } });
  return (
    <Drawer
      open
      onClose={onClose}
      above={<p className="small muted">Performance of {name}: the health expected in 15 minutes</p>}
      title={p.value === null ? 'Not learnt yet' : `${Math.round(p.value)} of 100`}
    >
      <p>{p.learning ?? p.explanation}</p>
      <dl className="facts">
        <div>
          <dt>Made at</dt>
          <dd>
            <Time at={p.at} seconds />
          </dd>
        </div>
        <div>
          <dt>Falls due</dt>
          <dd>
            <Time at={p.dueAt} seconds />
          </dd>
        </div>
        <div>
          <dt>Range</dt>
          <dd>{span(p.lower, p.upper, '')}</dd>
        </div>
        <div>
          <dt>If nothing changes</dt>
          <dd>{p.baseline === null ? '–' : Math.round(p.baseline)}</dd>
        </div>
        <div>
          <dt>Load behind it</dt>
          <dd>
            {p.load === null ? '–' : `${Math.round(p.load)} of 100`}
            {p.loadWarning && <strong>, above 80</strong>}
          </dd>
        </div>
        <div>
          <dt>Confidence</dt>
          <dd>
            <ConfidenceText confidence={p.confidence} />
          </dd>
        </div>
      </dl>
      {p.features.length > 0 && (
        <section>
          <h3>What it looked at</h3>
          <ul className="card flush rows">
            {p.features.map((f) => (
              <li key={f.feature} className="line score">
                <span>{f.feature}</span>
                <span>{amount(f.value, f.unit)}</span>
                <span className="small muted wide">
                  <Share value={f.share} /> {percent(f.share)} of it; usual{' '}
                  {f.lower === null ? amount(f.expected, f.unit) : span(f.lower, f.upper, f.unit)}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {p.recommendations.length > 0 && (
        <section>
          <h3>What you can do</h3>
          <ul className="bullets">
            {p.recommendations.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </section>
      )}
      <section>
        <h3>How often it was right</h3>
        <TrackRecordLines records={ledger.data?.items ?? []} />
      </section>
      {p.model !== null && <p className="small muted">Model {p.model}</p>}
    </Drawer>
  );
}

function Processes({ host }: { host: EntityDetail }) {
  if (host.processes.length === 0) return null;
  return (
    <section aria-labelledby="processes">
      <div className="head">
        <h2 id="processes">Heaviest processes</h2>
        <span className="small muted">
          <Time at={host.lastSeenAt} seconds />
        </span>
      </div>
      <div className="card flush table-wrap">
        <table>
          <thead>
            <tr>
              <th>Process</th>
              <th className="n">CPU</th>
              <th className="n">Memory</th>
            </tr>
          </thead>
          <tbody>
            {host.processes.slice(0, 10).map((p) => (
              <tr key={p.name}>
                <td>
                  {p.name} <span className="small muted">{p.count > 1 ? `× ${p.count}` : (p.pid ?? '')}</span>
                </td>
                <td className="n">{amount(p.cpuCores, 'cores')}</td>
                <td className="n">{amount(p.residentBytes, 'bytes')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** What of this host will be short; nothing where nothing is foreseen. */
function Ahead({ host }: { host: EntityDetail }) {
  const items = useApi('outlook', { query: { entity: host.id, hours: 720 } }).data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <section aria-labelledby="ahead">
      <div className="head">
        <h2 id="ahead">What will be short, and when</h2>
      </div>
      <Shortages items={items} />
    </section>
  );
}

function trendText(p: PatternView): string {
  const q = quantity(Math.abs(p.robustTrendPerDay), p.unit);
  if (q.figure === '0' || q.figure === '–') return 'no trend';
  return `${p.robustTrendPerDay > 0 ? 'rises' : 'falls'} ${q.figure}${q.unit === '' ? '' : ` ${q.unit}`} a day`;
}

/** What moves, then what is steady, few of those: that nothing happens takes no twelve rows. */
function worthKnowing(items: readonly PatternView[]): PatternView[] {
  const moving = items.filter((p) => p.type !== 'stable');
  return [...moving, ...items.filter((p) => p.type === 'stable').slice(0, Math.max(2, 6 - moving.length))];
}

function Patterns({ host }: { host: EntityDetail }) {
  const patterns = useApi('patterns', { params: { id: host.id } }, { staleTime: 300_000 });
  if (patterns.data?.items.length === 0) return null;
  return (
    <section aria-labelledby="patterns">
      <div className="head">
        <h2 id="patterns">Patterns of the last 7 days</h2>
      </div>
      <Loaded answer={patterns}>
        {({ items }) => (
          <ul className="card flush rows">
            {worthKnowing(items).map((p) => (
              <li key={p.component} className="line score">
                <span>{capital(p.component)}</span>
                <strong>{p.type}</strong>
                <span className="small muted wide">
                  {p.explanation === '' ? trendText(p) : p.explanation}
                  {p.changePoints.length > 0 &&
                    ` ${p.changePoints.length} change${p.changePoints.length === 1 ? '' : 's'} of level.`}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </section>
  );
}
