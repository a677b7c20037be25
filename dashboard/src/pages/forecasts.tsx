import { Fragment, useMemo } from 'react';
import { useSearch } from 'wouter';
import type { ForecastView } from '../../../src/api/contract/index.ts';
import { useApi } from '../api.ts';
import { amount, capital, duration, percent, span } from '../format.ts';
import { Chart, type Plotted } from '../parts/chart.tsx';
import { ConfidenceText, SeverityMark } from '../parts/marks.tsx';
import { Shortages } from '../parts/shortages.tsx';
import { Loaded, Nothing, PageSkeleton } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { TrackRecordLines } from '../parts/track-record.tsx';
import { setParams } from '../range.ts';

const horizons = [
  ['15m', '15 min'],
  ['1h', '1 h'],
  ['24h', '24 h'],
  ['48h', '48 h'],
  ['7d', '7 d'],
  ['30d', '30 d'],
] as const;

/** What comes next, how sure that is, and how such forecasts did. */
export function ForecastsPage() {
  const params = new URLSearchParams(useSearch());
  const entities = useApi('entities');
  const overview = useApi('overview');
  const hosts = entities.data?.items.filter((e) => e.kind === 'host') ?? [];
  const host = params.get('host') ?? overview.data?.outlook[0]?.entityId ?? hosts[0]?.id;
  const component = params.get('component');
  const { horizon, forecasts, longer } = useForecasts(host, params.get('horizon'));
  const ledger = useApi('ledger', { query: { entity: host } }, { enabled: host !== undefined });
  const outlook = useApi('outlook', { query: { hours: 720 } });
  const short = outlook.data?.items ?? [];
  const foretold = short[0]?.sentence;
  const name = hosts.find((h) => h.id === host)?.name;
  return (
    <div className="stack">
      <div className="lede">
        <h1>
          {foretold !== undefined
            ? sentence(foretold)
            : name === undefined
              ? 'Forecasts'
              : headline(name, forecasts.data?.items ?? [])}
        </h1>
      </div>
      <section aria-labelledby="short">
        <div className="head">
          <h2 id="short">What will be short, and when</h2>
        </div>
        <Loaded answer={outlook} skeleton={<PageSkeleton />}>
          {({ items }) =>
            items.length === 0 ? (
              <p className="muted">
                Nothing is foreseen to be short: no limit within the next 15 minutes, nothing that fills within 30 days.
              </p>
            ) : (
              <Shortages items={items} />
            )
          }
        </Loaded>
      </section>
      <div className="row">
        {hosts.length > 1 && (
          <select
            className="input"
            aria-label="Host"
            value={host}
            onChange={(e) => setParams({ host: e.target.value, component: null })}
          >
            {hosts.map((h) => (
              <option key={h.id} value={h.id}>
                {h.name}
              </option>
            ))}
          </select>
        )}
        <div className="segments" role="group" aria-label="How far ahead">
          {horizons.map(([value, text]) => (
            <button
              key={value}
              type="button"
              aria-pressed={horizon === value}
              onClick={() => setParams({ horizon: value })}
            >
              {text}
            </button>
          ))}
        </div>
        {component !== null && (
          <button type="button" className="button" onClick={() => setParams({ component: null })}>
            {component} <span aria-hidden="true">×</span>
            <span className="hidden-text">Show all</span>
          </button>
        )}
      </div>
      <h2 className="hidden-text">Ahead</h2>
      <Loaded answer={forecasts} skeleton={<PageSkeleton />}>
        {({ items }) => {
          const shown = component === null ? items : items.filter((f) => f.component === component);
          const list = shown.length === 0 ? items : shown;
          if (list.length === 0)
            return <Nothing title="No forecasts yet">They start when a metric has a few hours of history.</Nothing>;
          const ready = list.filter((f) => !isLearning(f)).sort((a, b) => dueAt(a) - dueAt(b));
          return (
            <>
              {ready.length > 0 && (
                <div className="chart-grid wide">
                  {ready.map((forecast) => (
                    <ForecastCard key={forecast.component} forecast={forecast} />
                  ))}
                </div>
              )}
              {ready.length < list.length && <TooEarly forecasts={list.filter(isLearning)} horizon={horizon} />}
              {longer.length > 0 && (
                <dl className="pairs" aria-label="Further ahead">
                  {longer.map(([title, reason]) => (
                    <Fragment key={title}>
                      <dt>{title} ahead</dt>
                      <dd>{reason}</dd>
                    </Fragment>
                  ))}
                </dl>
              )}
            </>
          );
        }}
      </Loaded>
      <section aria-labelledby="record">
        <div className="head">
          <h2 id="record">How such forecasts did so far</h2>
        </div>
        <TrackRecordLines records={ledger.data?.items.filter((r) => r.type !== 'performance') ?? []} limit={8} />
      </section>
    </div>
  );
}

const sentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`);
const isLearning = (f: ForecastView) => f.learning !== null && f.points.length === 0;
const hasSome = (answer: { data: { items: ForecastView[] } | undefined }) =>
  answer.data?.items.some((f) => !isLearning(f)) === true;
/** When it runs out; what does not stands behind. */
const dueAt = (f: ForecastView) => (f.exhaustion?.at == null ? Number.MAX_VALUE : Date.parse(f.exhaustion.at));

/** The forecasts of the horizon asked for; where none is asked for, of the longest up to a day that has some. */
function useForecasts(host: string | undefined, asked: string | null) {
  const read = (horizon: string, wanted: boolean) =>
    // biome-ignore lint: always called the same number of times, in the same order.
    useApi(
      'forecasts',
      { query: { entity: host, horizon } },
      { enabled: host !== undefined && wanted, staleTime: 60_000 },
    );
  const chosen = read(asked ?? '24h', true);
  const lacking = (answer: typeof chosen) => asked === null && answer.data !== undefined && !hasSome(answer);
  const hour = read('1h', lacking(chosen));
  const quarter = read('15m', lacking(chosen) && lacking(hour));
  if (asked !== null || !lacking(chosen)) return { horizon: asked ?? '24h', forecasts: chosen, longer: [] };
  const day = ['24 h', reasonOf(chosen.data?.items)] as const;
  return lacking(hour)
    ? { horizon: '15m', forecasts: quarter, longer: [['1 h', reasonOf(hour.data?.items)] as const, day] }
    : { horizon: '1h', forecasts: hour, longer: [day] };
}

/** Why there are none yet; what has waited longest speaks for all. */
function reasonOf(items: readonly ForecastView[] | undefined): string {
  return items?.find((f) => f.learning !== null)?.learning ?? '';
}

function headline(name: string, items: readonly ForecastView[]): string {
  const soonest = [...items].sort((a, b) => dueAt(a) - dueAt(b))[0];
  if (soonest?.exhaustion?.at != null) return `${name}: ${soonest.exhaustion.sentence}`;
  if (items.length > 0 && items.every(isLearning)) return `It is too early to foresee anything on ${name}.`;
  return `Nothing on ${name} is foreseen to run out.`;
}

/** What cannot be forecast yet: said once, with the reason and when it comes. */
function TooEarly({ forecasts, horizon }: { forecasts: readonly ForecastView[]; horizon: string }) {
  const title = horizons.find(([value]) => value === horizon)?.[1] ?? horizon;
  const reasons = new Map<string, string[]>();
  for (const f of forecasts) {
    const reason = f.learning ?? '';
    reasons.set(reason, [...(reasons.get(reason) ?? []), f.component]);
  }
  return (
    <section className="card stack tight" aria-labelledby="too-early">
      <h3 id="too-early">Too early for {title} ahead</h3>
      {[...reasons].map(([reason, components]) => (
        <div key={reason}>
          <p>{reason}</p>
          <p className="small muted">
            {components.length > 1 && `${components.length} figures: `}
            {components.join(', ')}
          </p>
        </div>
      ))}
      {horizon !== '15m' && (
        <p>
          Shorter looks ahead come sooner:{' '}
          <button type="button" className="link" onClick={() => setParams({ horizon: '15m' })}>
            15 min
          </button>{' '}
          needs a quarter of an hour of history, not days.
        </p>
      )}
    </section>
  );
}

function plotted(f: ForecastView): Plotted {
  // The past is there to judge what comes by: three times as much of it is enough, and leaves room.
  const all = f.history.timesMs;
  const cut = Date.parse(f.madeAt) - 3 * f.horizonSeconds * 1000;
  const begin = Math.max(
    0,
    all.findIndex((at) => at >= cut),
  );
  const history = { timesMs: all.slice(begin), values: f.history.values.slice(begin) };
  const from = history.timesMs[0] ?? Date.parse(f.madeAt);
  const ahead = f.points.map((p) => Date.parse(p.at));
  const lastTime = history.timesMs[history.timesMs.length - 1];
  const lastValue = history.values[history.values.length - 1];
  // The forecast's line starts where the history ends, so that no gap stands between what was and what comes.
  const joined = lastTime !== undefined && lastValue !== null && lastValue !== undefined && lastTime < (ahead[0] ?? 0);
  const start = (values: number[]) => (joined ? [lastValue, ...values] : values);
  return {
    fromMs: from,
    toMs: ahead[ahead.length - 1] ?? Date.parse(f.madeAt),
    unit: f.unit,
    lines: [
      { title: 'so far', times: history.timesMs, values: history.values },
      {
        title: 'forecast',
        times: joined ? [lastTime, ...ahead] : ahead,
        values: start(f.points.map((p) => p.mean)),
        low: start(f.points.map((p) => p.lower)),
        high: start(f.points.map((p) => p.upper)),
        dashed: true,
      },
    ],
    usual: null,
    band: null,
    learning: null,
    spans: [],
    marks: [{ atMs: Date.parse(f.madeAt), text: 'now' }],
    dots: [],
  };
}

function ForecastCard({ forecast: f }: { forecast: ForecastView }) {
  const data = useMemo(() => plotted(f), [f]);
  const last = f.points[f.points.length - 1];
  return (
    <article className="card stack tight">
      <Chart title={capital(f.component)} data={data} height={196} />
      {last !== undefined && (
        <p>
          In {duration(f.horizonSeconds * 1000)}: <strong>{amount(f.value, f.unit)}</strong>, with {percent(f.level)}{' '}
          between {span(last.lower, last.upper, f.unit)}.
        </p>
      )}
      {f.exhaustion?.at != null && (
        <p>
          <SeverityMark severity="high">runs out</SeverityMark> {f.exhaustion.sentence}
        </p>
      )}
      <details>
        <summary>Why</summary>
        <div className="stack tight why">
          <p>{f.explanation}</p>
          {f.exhaustion !== null && f.exhaustion.at === null && <p>{f.exhaustion.sentence}</p>}
          <dl className="pairs">
            <dt>Made at</dt>
            <dd>
              <Time at={f.madeAt} seconds />
            </dd>
            <dt>Model</dt>
            <dd>{f.model}</dd>
            <dt>Confidence</dt>
            <dd>
              <ConfidenceText confidence={f.confidence} />
            </dd>
            <dt>Backtest</dt>
            <dd>{f.backtest === null ? 'not enough history yet' : backtestText(f.backtest)}</dd>
            {f.features.length > 0 && (
              <>
                <dt>Looked at</dt>
                <dd>{f.features.join(', ')}</dd>
              </>
            )}
          </dl>
          {f.recommendations.length > 0 && (
            <ul className="bullets">
              {f.recommendations.map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
          )}
        </div>
      </details>
    </article>
  );
}

/** The error beside the naive forecast's, as a share of it: the errors are scaled. */
function backtestText(b: NonNullable<ForecastView['backtest']>): string {
  if (b.naiveError === 0) return `no error to beat over ${b.folds} folds`;
  const share = b.error / b.naiveError;
  const text =
    share < 1
      ? `${percent(1 - share)} less error than`
      : share === 1
        ? 'as much error as'
        : `${percent(share - 1)} more error than`;
  return `${text} “as it is now”, over ${b.folds} folds`;
}
