import { useState } from 'react';
import type { Anomaly, EntityView, GaugeView } from '../../../src/api/contract/index.ts';
import { useApi } from '../api.ts';
import { amount, quantity, span } from '../format.ts';
import { gaugeMetric, oneSeries, standsOut } from '../gauge-metrics.ts';
import { recentPoints } from '../live.ts';
import { GaugeWhy } from './gauge-why.tsx';
import { SeverityMark } from './marks.tsx';
import { Sparkline } from './sparkline.tsx';

type Host = Pick<EntityView, 'id' | 'name'>;

/** The last hour behind a gauge: read once, then continued by what arrives live. */
function useHour(host: Host, gauge: GaugeView): { times: number[]; values: (number | null)[] } {
  const metric = gaugeMetric[gauge.name];
  const { data } = useApi(
    'chart',
    { query: { entity: host.id, metric, points: 120 } },
    { staleTime: oneSeries.has(gauge.name) ? Infinity : 60_000 },
  );
  // Of several (mounts, say) the one that the gauge speaks of: its last value is the nearest.
  const away = (mean: readonly (number | null)[]) => Math.abs((mean[mean.length - 1] ?? Infinity) - (gauge.value ?? 0));
  const series = [...(data?.series ?? [])].sort((a, b) => away(a.mean) - away(b.mean))[0];
  const times = [...(series?.timesMs ?? [])];
  const values = [...(series?.mean ?? [])];
  if (oneSeries.has(gauge.name)) {
    const end = times[times.length - 1] ?? 0;
    for (const point of recentPoints(host.id, gauge.name)) {
      if (point.at <= end) continue;
      times.push(point.at);
      values.push(point.value);
    }
  }
  const start = (times[times.length - 1] ?? 0) - 3_600_000;
  const from = times.findIndex((t) => t >= start);
  return { times: times.slice(Math.max(0, from)), values: values.slice(Math.max(0, from)) };
}

function usualText(gauge: GaugeView): string {
  if (gauge.lower === null && gauge.upper === null) return 'usual: learning';
  const range = span(gauge.lower, gauge.upper, gauge.unit);
  // The unit stands beside the value already; a name after the range would be cut off.
  return `usual ${gauge.unit === 'per core' ? range.replace(/\s*per core$/, '') : range}`;
}

/** The network's line is what was received; what is usual is said of both directions, which it would belie. */
export function bandOf(gauge: GaugeView): { lower: number | null; upper: number | null } {
  return gauge.name === 'network' ? { lower: null, upper: null } : { lower: gauge.lower, upper: gauge.upper };
}

/** What a value is of, in the width of a tile; the drawer has it in full. */
const shortDetails: Partial<Record<GaugeView['name'], string>> = { load: '1 min average', pressure: 'waiting for CPU' };

/** One figure of a host now: value, what it is of, what is usual, the last hour. A click answers why. */
export function Gauge({
  host,
  gauge,
  found,
  compact = false,
}: {
  host: Host;
  gauge: GaugeView;
  /** What is open on this host. */
  found: readonly Pick<Anomaly, 'resource'>[];
  compact?: boolean;
}) {
  const [open, setOpen] = useState(false);
  const hour = useHour(host, gauge);
  const q = quantity(gauge.value, gauge.unit);
  const out = standsOut(gauge, found);
  const detail = shortDetails[gauge.name] ?? gauge.detail;
  return (
    <>
      <button type="button" className={out ? 'gauge unusual' : 'gauge'} onClick={() => setOpen(true)}>
        <span className="name">
          {gauge.label}
          {out && (
            <SeverityMark severity="high">
              {compact ? <span className="hidden-text">unusual</span> : <span className="word">unusual</span>}
            </SeverityMark>
          )}
        </span>
        <span className="figure">
          {q.figure}
          <span>{q.unit}</span>
        </span>
        {!compact && (
          <span className="of" title={gauge.detail}>
            {detail}
          </span>
        )}
        <Sparkline {...hour} {...bandOf(gauge)} label={`${gauge.label}, last hour`} />
        <span className="usual">
          {usualText(gauge)}
          <span className="hidden-text">. Why?</span>
        </span>
      </button>
      {open && <GaugeWhy host={host} gauge={gauge} hour={hour} onClose={() => setOpen(false)} />}
    </>
  );
}

/** The same figure in a table of many hosts: a bar for ratios, the number, no history. */
export function MiniGauge({
  gauge,
  found,
}: {
  gauge: GaugeView | undefined;
  found: readonly Pick<Anomaly, 'resource'>[];
}) {
  if (gauge === undefined) return <span className="muted">–</span>;
  const text = amount(gauge.value, gauge.unit);
  const out = standsOut(gauge, found);
  if (gauge.unit !== 'ratio') return out ? <strong>{text}, unusual</strong> : <span>{text}</span>;
  const x = (v: number) => 48 * Math.min(1, Math.max(0, v));
  return (
    <span className={out ? 'mini unusual' : 'mini'} title={`${gauge.detail}, ${usualText(gauge)}`}>
      <svg viewBox="0 0 48 6" aria-hidden="true">
        <rect className="track" width="48" height="6" rx="3" />
        <rect className="fill" width={x(gauge.value ?? 0)} height="6" rx="3" />
      </svg>
      <span>
        {text}
        {out && <span className="hidden-text"> unusual</span>}
      </span>
    </span>
  );
}
