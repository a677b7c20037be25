import { figureMetric, formatValue, type IncidentClass, type Labels, LOG_ERRORS_METRIC } from '../model/index.ts';
import type { Change } from './change-score.ts';

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
  /** It is about somebody else, nobody knows who: it tells the class and no culprit. */
  readonly isHearsay?: true;
  /** It comes of many a trouble elsewhere: calls take longer, the cache has less. */
  readonly isSymptom?: true;
}

/** Deviations below this are what any series does. */
export const NOTABLE = 4;
/** Deviations at which a change counts fully. */
export const FULL = 50;
/** What is so by definition: who refuses connections is down. */
export const CERTAIN = 4;

/** Whether the whole host is short of the processor. */
export function isShortOfProcessor(seen: readonly Seen[], from: number): boolean {
  return seen.some(({ metric, change }) => metric === 'auspex_host_cpu_ratio' && change.last >= from);
}

/** What a rule of several figures says, once. */
export function evidence(of: IncidentClass, weight: number, entityId: string, text: string): Evidence {
  return { class: of, weight, entityId, part: null, text, key: `${of} ${text}` };
}

/** What became of a figure of a host or service; null where it has none. */
export function valueOf(seen: readonly Seen[], entityId: string, metric: string): Change | null {
  return seen.find((one) => one.series.entityId === entityId && one.metric === metric)?.change ?? null;
}

/** A figure of known meaning by its title, another by its name: people look for it by that. */
export function tell(metric: string, { usual, level, deviation }: Change, code = ''): string {
  if (metric === LOG_ERRORS_METRIC && Number.isNaN(usual)) return `Its log has errors that it never had: ${code}.`;
  const figure = figureMetric(metric);
  const name = `${figure?.title ?? metric}${code === '' ? '' : ` (${code})`}`;
  const shown = (value: number): string =>
    formatValue(value, figure?.unit ?? (metric.endsWith('_ratio') ? 'ratio' : ''));
  if (Number.isNaN(level)) return `${name} has no values any more.`;
  if (Number.isNaN(usual)) return `${name} is new: ${shown(level)}.`;
  return `${name} ${deviation > 0 ? 'rose' : 'fell'} from ${shown(usual)} to ${shown(level)}.`;
}

/** What is told of the other instances of its service. */
export function likesOf(one: Seen, all: readonly Seen[], services: Services): readonly Seen[] {
  const service = services.get(one.series.entityId);
  return service === undefined
    ? []
    : all.filter(({ series: { entityId } }) => entityId !== one.series.entityId && services.get(entityId) === service);
}
