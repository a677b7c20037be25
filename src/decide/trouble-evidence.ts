import {
  figureMetric,
  formatNumber,
  formatValue,
  type IncidentClass,
  type Labels,
  labelValue,
  SCRAPE_FAILED_METRIC,
} from '../model/index.ts';
import type { Change } from './change-score.ts';
import { type Signature, signatures } from './trouble-signatures.ts';

/** A series of a host or service that may be part of a trouble, over the rows of a table; counters as rates. NaN = missing. */
export interface WatchedSeries {
  readonly entityId: string;
  readonly labels: Labels;
  readonly values: Float64Array;
}

/** Hosts and services by what they are part of (`shop`); those that are of no service are left out. */
export type Services = ReadonlyMap<string, string>;

/** A series with what became of it in the trouble. */
export interface Seen {
  readonly series: WatchedSeries;
  readonly metric: string;
  readonly change: Change;
}

/** What speaks for a class, and for whom. */
export interface Evidence {
  readonly class: IncidentClass;
  readonly weight: number;
  readonly entityId: string;
  readonly part: string | null;
  readonly text: string;
  /** Which evidence is the same twice. */
  readonly key: string;
}

/** Deviations below this are what any series does. */
export const NOTABLE = 4;
/** Deviations at which a change counts fully. */
export const FULL = 50;
/** A figure must change by this share of its level to be a sign of a class; statistics alone would take a breath for a storm. */
const LEAST_SHARE = 0.2;
const TIMED_OUT_SECONDS = 2.5;
/** Requests below this share of the usual do not come any more. */
export const GONE_SHARE = 0.1;
const BUSY = 0.7;
const FULL_RATIO = 0.85;
const LATE_SECONDS = 0.1;
const SURGE = 1.8;
/** What is so by definition: who refuses connections is down. */
const CERTAIN = 4;
const PROXY = /^(nginx|haproxy|traefik|envoy|caddy)_/;

/** What the changes say: each series held against the signatures, and what only several figures together tell. O(series × signatures). */
export function evidenceOf(seen: readonly Seen[], services: Services): Evidence[] {
  const isBusy = isShortOfProcessor(seen, BUSY);
  return [
    ...seen.flatMap(signsOf),
    ...downs(seen, services),
    ...heldBack(seen),
    ...surges(seen, services),
    ...cutOff(seen),
    ...unasked(seen, services),
  ].filter(
    // A program that is busy takes nothing from others where there is enough for all.
    (one) => isBusy || one.class !== 'cpu-saturation' || one.part === null,
  );
}

function signsOf({ series, metric, change }: Seen): Evidence[] {
  const { deviation, usual, level } = change;
  if (Math.abs(deviation) < NOTABLE) return [];
  const isGone = Number.isNaN(level);
  if (!isGone && Math.abs(level - usual) < LEAST_SHARE * Math.max(Math.abs(usual), Math.abs(level))) return [];
  const strength = Math.min(1, Math.log1p(Math.abs(deviation) - NOTABLE + 1) / Math.log1p(FULL));
  return signatures
    .filter((one) => fits(one, metric, series.labels, change))
    .map((one): Evidence => {
      const part = typeof one.blame === 'object' ? (labelValue(series.labels, one.blame.label) ?? null) : null;
      return {
        class: one.class,
        // Of what has a limit, being there is enough.
        weight: one.weight * (one.from === undefined ? strength : 1),
        entityId: series.entityId,
        part: one.blame === 'network' ? 'network' : part,
        text: tell(metric, change),
        key: `${one.class} ${one.metric.source}`,
      };
    });
}

function fits(
  signature: Signature,
  metric: string,
  labels: Labels,
  { deviation, level, usual, last }: Change,
): boolean {
  if (!signature.metric.test(metric)) return false;
  if (signature.where !== undefined && !hasLabel(labels, signature.where)) return false;
  if (Number.isNaN(level)) return signature.side === 'gone';
  if (signature.side === 'gone' || (signature.side === 'rise' && deviation < 0)) return false;
  if (signature.side === 'fall' && deviation > 0) return false;
  if (Number.isNaN(usual) && signature.isNewToo !== true) return false;
  return last >= (signature.from ?? signature.least ?? Number.NEGATIVE_INFINITY);
}

function hasLabel(labels: Labels, [names, value]: NonNullable<Signature['where']>): boolean {
  return names.split(',').some((name) => value.test(labelValue(labels, name) ?? ''));
}

/** Who does not answer any more: refused is a crash, silence a hang, all at once the way to them. */
function downs(seen: readonly Seen[], services: Services): Evidence[] {
  const ups = seen.filter(({ metric }) => metric === 'up');
  const down = ups.filter(({ change }) => change.level < 0.5 && change.usual > 0.5);
  if (down.length === 0) return [];
  const answers = new Set(down.map(({ series }) => services.get(series.entityId) ?? series.entityId));
  if (down.length >= 3 && answers.size >= 2 && down.length >= 0.8 * ups.length) {
    const text = `${down.length} of ${ups.length} targets stopped to answer at once: their figures are lost, which says nothing of themselves.`;
    return down.map(({ series }) => evidence('telemetry-lost', 6, series.entityId, text));
  }
  // Who answers late where all wait for the processor does not hang.
  const late = isShortOfProcessor(seen, FULL_RATIO) ? 1 : CERTAIN;
  return down.map(({ series }): Evidence => {
    const { entityId } = series;
    const failed = seen.find(
      (one) => one.metric === SCRAPE_FAILED_METRIC && one.series.entityId === entityId && one.change.last > 0,
    );
    const duration = valueOf(seen, entityId, 'scrape_duration_seconds')?.level ?? 0;
    const reason = failed === undefined ? undefined : labelValue(failed.series.labels, 'reason');
    switch (reason ?? (duration >= TIMED_OUT_SECONDS ? 'timeout' : 'refused')) {
      case 'timeout':
        return evidence(
          'hang',
          late,
          entityId,
          `It is there but gives no answer: its figures were waited for ${formatNumber(duration)} s.`,
        );
      case 'reset':
        return evidence('hang', late / 2, entityId, 'It takes connections and closes them without an answer.');
      case 'unreachable':
        return { ...evidence('network', CERTAIN, entityId, 'No way leads to it any more.'), part: 'network' };
      case 'name':
        return evidence(
          'dependency-failure',
          CERTAIN,
          entityId,
          'Its name is not known any more: the resolver does not answer or has lost it.',
        );
      case 'tls':
        return evidence('bad-configuration', CERTAIN, entityId, 'Its certificate is not taken.');
      case 'answer':
        return evidence('bad-configuration', 2, entityId, 'Something answers in its place, but not with its figures.');
      default:
        return evidence('crash', CERTAIN, entityId, 'It refuses connections: nothing listens there any more.');
    }
  });
}

/** Whether the whole host is short of the processor. */
function isShortOfProcessor(seen: readonly Seen[], from: number): boolean {
  return seen.some(({ metric, change }) => metric === 'auspex_host_cpu_ratio' && change.last >= from);
}

/** Work that waits for the processor while it uses little of it; nobody is held back alone where the whole host is busy. */
function heldBack(seen: readonly Seen[]): Evidence[] {
  if (isShortOfProcessor(seen, BUSY)) return [];
  const late = seen.filter(
    ({ metric, change }) =>
      metric === 'auspex_service_loop_lag_seconds' && change.deviation >= NOTABLE && change.level >= LATE_SECONDS,
  );
  return late.flatMap(({ series: { entityId } }) => {
    const cpu = valueOf(seen, entityId, 'auspex_service_cpu_cores');
    if (cpu === null || cpu.level >= Math.min(0.5, cpu.usual * 1.5)) return [];
    const text = 'Its work waits for the processor although it uses little of it: it is held back.';
    return [evidence('resource-limit', 2.5, entityId, text)];
  });
}

/** Services to which no request comes any more although they are well. */
function unasked(seen: readonly Seen[], services: Services): Evidence[] {
  const out: Evidence[] = [];
  const asked = seen.filter(({ metric, change }) => metric === 'auspex_service_request_rate' && change.usual > 0);
  const gone = asked.filter(({ change }) => change.level < GONE_SHARE * change.usual && change.deviation <= -NOTABLE);
  const up = new Set(
    seen.filter(({ metric, change }) => metric === 'up' && change.level > 0.5).map((s) => s.series.entityId),
  );
  const unheard = gone.filter(({ series }) => up.has(series.entityId));
  const whole = unheard.filter(({ series }) => {
    const service = services.get(series.entityId);
    return asked.filter((one) => services.get(one.series.entityId) === service).every((one) => gone.includes(one));
  });
  if (whole.length === 0) return out;
  const text = 'What it stands before is well but nobody asks it any more: it leads elsewhere or turns users away.';
  const proxies = new Set(seen.filter(({ metric }) => PROXY.test(metric)).map(({ series }) => series.entityId));
  for (const entityId of proxies) out.push(evidence('bad-configuration', 2.5, entityId, text));
  const alone = 'It is well but nobody asks it any more.';
  for (const { series } of whole)
    if (!proxies.has(series.entityId))
      out.push(evidence('bad-configuration', proxies.size > 0 ? 1 : 2.5, series.entityId, alone));
  return out;
}

/** More requests than ever, once for each service: what is asked more explains what else is strained. */
function surges(seen: readonly Seen[], services: Services): Evidence[] {
  return seen
    .filter(({ metric, change }) => metric === 'auspex_service_request_rate' && change.deviation >= NOTABLE)
    .filter(({ change }) => change.level >= SURGE * change.usual && change.level - change.usual >= 5)
    .map(({ series, change, metric }) => {
      const service = services.get(series.entityId) ?? series.entityId;
      const { level, usual } = change;
      const text = `It is asked ${formatNumber(level / usual)} times as often as usual: ${tell(metric, change)}`;
      return { ...evidence('traffic-surge', 2.5, series.entityId, text), key: `surge ${service}` };
    });
}

/** Programs by the prefix of what their exporters say. */
const PROGRAMS: Readonly<Record<string, RegExp>> = {
  redis: /redis|valkey/,
  pg: /postgres/,
  mysql: /mysql|mariadb/,
  mongodb: /mongo/,
  memcached: /memcached/,
  rabbitmq: /rabbit|beam/,
};

/** Who cannot be reached although the program runs on a host that is watched. */
function cutOff(seen: readonly Seen[]): Evidence[] {
  const groups = seen.filter(({ metric }) => metric === 'namedprocess_namegroup_num_procs');
  return seen.flatMap(({ series, metric, change }) => {
    const [, prefix] = /^([a-z]+)_up$/.exec(metric) ?? [];
    const program = prefix === undefined ? undefined : PROGRAMS[prefix];
    if (program === undefined || !(change.last < 0.5 && change.usual > 0.5)) return [];
    const own = groups.filter((group) => program.test(labelValue(group.series.labels, 'groupname') ?? ''));
    if (own.length === 0) return [];
    return own.some((group) => group.change.last >= 1)
      ? [evidence('network', 2.5, series.entityId, 'Its process runs, but it cannot be reached.')]
      : [evidence('crash', CERTAIN, series.entityId, 'Its process is gone.')];
  });
}

function evidence(of: IncidentClass, weight: number, entityId: string, text: string): Evidence {
  return { class: of, weight, entityId, part: null, text, key: `${of} ${text}` };
}

function valueOf(seen: readonly Seen[], entityId: string, metric: string): Change | null {
  return seen.find((one) => one.series.entityId === entityId && one.metric === metric)?.change ?? null;
}

/** A figure of known meaning by its title, another by its name: people look for it by that. */
export function tell(metric: string, { usual, level, deviation }: Change): string {
  const figure = figureMetric(metric);
  const name = figure?.title ?? metric;
  const shown = (value: number): string =>
    formatValue(value, figure?.unit ?? (metric.endsWith('_ratio') ? 'ratio' : ''));
  if (Number.isNaN(level)) return `${name} has no values any more.`;
  if (Number.isNaN(usual)) return `${name} is new: ${shown(level)}.`;
  return `${name} ${deviation > 0 ? 'rose' : 'fell'} from ${shown(usual)} to ${shown(level)}.`;
}
