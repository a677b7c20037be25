import { type ChangeKind, figureMetric, formatDuration, type IncidentClass } from '../model/index.ts';
import type { Call } from './cause-question.ts';
import { rankCauses } from './root-cause.ts';
import { type Evidence, NOTABLE, type Seen, type Services } from './trouble-seen.ts';

/** Something that was changed before a trouble. */
export interface NearChange {
  readonly at: number;
  readonly kind: ChangeKind;
  readonly entityId: string | null;
  /** As in `services`. */
  readonly service: string | null;
  /** What and by whom, as a sentence without its end. */
  readonly text: string;
}

/** A kind of error that was not met before a trouble. */
export interface NewError {
  readonly entityId: string;
  /** `TimeoutError: no answer from <*>` */
  readonly text: string;
  readonly count: number;
}

/** What else is known around a trouble, beside its figures. */
export interface Surroundings {
  /** Who calls whom, by the services of `services`; empty where nothing is known. */
  readonly calls: readonly Call[];
  /** The services' names. */
  readonly names: ReadonlyMap<string, string>;
  /** The hosts that targets run on, where that is known. */
  readonly hosts: ReadonlyMap<string, string>;
  readonly changes: readonly NearChange[];
  readonly errors: readonly NewError[];
}

export const noSurroundings: Surroundings = { calls: [], names: new Map(), hosts: new Map(), changes: [], errors: [] };

/** What speaks for whom, whatever the class. */
export interface Hint {
  readonly entityId: string;
  readonly weight: number;
  readonly text: string;
}

interface Trouble {
  readonly at: number;
  readonly times: Float64Array;
  readonly suspects: readonly string[];
  readonly services: Services;
}

/** A change this long before a trouble may have caused it; the onset is known to some seconds only. */
const BEFORE_MS = 30 * 60_000;
const SLACK_MS = 20_000;
/** What a change weighs whenever it was, and in how long half of the rest is gone: most that is bad shows at once. */
const ALWAYS = 0.4;
const FADES_MS = 3 * 60_000;
/** How much a change that shows no sign itself counts: one that is called, the host below. */
const BESIDE = 0.6;
const blamed: Readonly<Partial<Record<ChangeKind, readonly [IncidentClass, number]>>> = {
  deployment: ['bad-deployment', 2.5],
  schema: ['bad-deployment', 2],
  package: ['bad-deployment', 1],
  configuration: ['bad-configuration', 2.5],
  flag: ['bad-configuration', 2],
};

/** Changes on whatever shows signs, what it calls or the host below, 0–30 min before: they speak for a bad deployment or configuration. */
export function changeEvidence(trouble: Trouble, around: Surroundings): Evidence[] {
  return around.changes.flatMap((change): Evidence[] => {
    const since = trouble.at - change.at;
    const [found, weight] = blamed[change.kind] ?? [];
    if (found === undefined || weight === undefined || since < -SLACK_MS || since > BEFORE_MS) return [];
    const hit = whoOf(change, trouble, around);
    if (hit === null) return [];
    const late = ALWAYS + (1 - ALWAYS) / (1 + Math.max(0, since) / FADES_MS);
    const when = since < 1000 ? 'as it began' : `${formatDuration(since)} before it began`;
    const text = `Changed ${when}: ${change.text}.`;
    const part = null;
    return [
      {
        class: found,
        weight: weight * late * hit.share,
        entityId: hit.entityId,
        part,
        text,
        key: `${found} by ${change.kind}`,
      },
    ];
  });
}

/** Whom a change concerns of a trouble; null where it has nothing to do with it. */
function whoOf(
  change: NearChange,
  { suspects, services }: Trouble,
  { calls, hosts }: Surroundings,
): { readonly entityId: string; readonly share: number } | null {
  const { entityId } = change;
  const onHost = entityId === null ? [] : suspects.filter((id) => hosts.get(id) === entityId);
  // An edit of the host's `/etc/nginx` is the doing of what is called nginx there.
  const named = onHost.find((id) => mentions(change.text, services.get(id) ?? ''));
  if (named !== undefined) return { entityId: named, share: 1 };
  if (entityId !== null && suspects.includes(entityId)) return { entityId, share: 1 };
  const service = change.service ?? (entityId === null ? null : (services.get(entityId) ?? null));
  const member = service === null ? undefined : suspects.find((id) => services.get(id) === service);
  if (member !== undefined) return { entityId: member, share: 1 };
  if (entityId !== null && onHost.length > 0) return { entityId, share: BESIDE };
  const isCalled = calls.some(({ from, to }) => to === service && suspects.some((id) => services.get(id) === from));
  if (!isCalled) return null;
  const callee = entityId ?? [...services].find(([, one]) => one === service)?.[0];
  return callee === undefined ? null : { entityId: callee, share: BESIDE };
}

function mentions(text: string, service: string): boolean {
  return service.length > 2 && text.toLowerCase().includes(service.toLowerCase());
}

/** A deployment is over after so long: what begins anew later does so of its own accord. */
const ROLLOUT_MS = 3 * 60_000;

/** That something begins anew where it is deployed anew is no sign of a crash. */
export function withoutRestarts(evidence: readonly Evidence[], trouble: Trouble, around: Surroundings): Evidence[] {
  const fresh = around.changes.filter(({ kind, at }) => kind === 'deployment' && trouble.at - at <= ROLLOUT_MS);
  const deployed = new Set(fresh.flatMap((change) => whoOf(change, trouble, around)?.entityId ?? []));
  return evidence.filter(
    ({ class: of, key, entityId }) => of !== 'crash' || !deployed.has(entityId) || !/restarts|start_time/.test(key),
  );
}

const NEW_ERROR = 1;
const MOST_ERRORS = 3;

/** Kinds of errors that nobody had met before it began. */
export function errorHints({ errors }: Surroundings): Hint[] {
  return errors.slice(0, MOST_ERRORS).map(({ entityId, text, count }) => ({
    entityId,
    weight: NEW_ERROR,
    text: `New since it began: ${text}${count > 1 ? ` (${count} times)` : ''}.`,
  }));
}

/** What the calls say counts as much as a typical figure of a class. */
const BY_CALLS = 2;
const FIRST = 1.25;
const LEAST_SHARE = 0.1;
const MOST_OTHERS = 10;
const FIGURE = /^auspex_service_|^up$/;
const FELT = /^auspex_service_(error_ratio|latency_seconds|refused_ratio)$/;

/**
 * Who is behind it by who calls whom: the causes that `rankCauses` finds for the service that feels it and is called by no other that does. Empty where
 * no calls are known among what is watched.
 */
export function callHints(trouble: Trouble, seen: readonly Seen[], { calls, names }: Surroundings): Hint[] {
  const { services, suspects, times, at } = trouble;
  const bySeen = new Map<string, Seen[]>();
  for (const one of seen) {
    const service = services.get(one.series.entityId);
    if (service !== undefined) bySeen.set(service, [...(bySeen.get(service) ?? []), one]);
  }
  const known = calls.filter(({ from, to }) => bySeen.has(from) && bySeen.has(to) && from !== to);
  const target = targetOf(suspects, services, bySeen, known);
  if (target === null) return [];
  const nameOf = (service: string): string => names.get(service) ?? service;
  const causes = rankCauses({
    times,
    series: [...bySeen].flatMap(([service, own]) => seriesOf(service, own, times.length)),
    calls: known,
    target: { service: target, metric: null },
    at,
    until: Number.POSITIVE_INFINITY,
  });
  const began = onsetOf(bySeen.get(target) ?? []);
  return causes.flatMap(({ service, score, reasons }): Hint[] => {
    const entityId = mostChanged(bySeen.get(service) ?? []);
    if (score < LEAST_SHARE || entityId === null || reasons[0] === undefined) return [];
    const isCalled = known.some(({ from, to }) => from === target && to === service);
    const lead = began - onsetOf(bySeen.get(service) ?? []);
    const isFirst = service !== target && lead >= stepOf(times);
    const first = isFirst ? `, and it changed ${formatDuration(lead)} earlier` : '';
    const way =
      service === target
        ? ''
        : isCalled
          ? `${nameOf(target)} calls it${first}. `
          : isFirst
            ? `It changed ${formatDuration(lead)} before ${nameOf(target)}. `
            : '';
    const text = `${way}${inWords(reasons[0].replaceAll(target, nameOf(target)))}`;
    return [{ entityId, weight: BY_CALLS * score * (isFirst ? FIRST : 1), text }];
  });
}

/** A figure of known meaning by its title. */
function inWords(reason: string): string {
  return reason.replace(/^auspex_\w+/, (metric) => figureMetric(metric)?.title ?? metric);
}

/** The service that feels it and is called by no other that does; of several the one whose figures left furthest. */
function targetOf(
  suspects: readonly string[],
  services: Services,
  bySeen: ReadonlyMap<string, readonly Seen[]>,
  calls: readonly Call[],
): string | null {
  if (calls.length === 0) return null;
  const shown = new Set(suspects.flatMap((id) => services.get(id) ?? []).filter((service) => bySeen.has(service)));
  const size = (service: string): number =>
    Math.max(
      0,
      ...(bySeen.get(service) ?? []).map((one) => (FELT.test(one.metric) ? Math.abs(one.change.deviation) : 0)),
    );
  const felt = [...shown].filter((service) => size(service) >= NOTABLE);
  const all = felt.length > 0 ? felt : [...shown];
  const tops = all.filter((service) => !calls.some(({ from, to }) => to === service && all.includes(from)));
  const ways = (tops.length > 0 ? tops : all).filter((service) =>
    calls.some((one) => one.from === service || one.to === service),
  );
  return ways.sort((a, b) => size(b) - size(a) || (a < b ? -1 : 1))[0] ?? null;
}

/** A service's figures over all its instances: rates as their sum, the rest as the mean; where it has none, what of it changed most. */
function seriesOf(service: string, own: readonly Seen[], rows: number) {
  const figures = new Map<string, Seen[]>();
  for (const one of own)
    if (FIGURE.test(one.metric)) figures.set(one.metric, [...(figures.get(one.metric) ?? []), one]);
  const isFigured = [...figures.keys()].some((metric) => metric !== 'up');
  const others = isFigured
    ? []
    : own
        .filter(({ metric }) => metric !== 'up')
        .toSorted((a, b) => Math.abs(b.change.deviation) - Math.abs(a.change.deviation))
        .slice(0, MOST_OTHERS);
  for (const [i, one] of others.entries()) figures.set(`${one.metric} ${i}`, [one]);
  return [...figures].map(([name, all]) => {
    const metric = name.replace(/ \d+$/, '');
    return { service, metric, values: over(all, rows, metric.endsWith('_rate')) };
  });
}

function over(all: readonly Seen[], rows: number, isSum: boolean): Float64Array {
  const out = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    let count = 0;
    for (const { series } of all) {
      const value = series.values[i] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    out[i] = count === 0 ? Number.NaN : isSum ? sum : sum / count;
  }
  return out;
}

function onsetOf(own: readonly Seen[]): number {
  return Math.min(
    ...own.flatMap(({ change }) =>
      change.onsetAt !== null && Math.abs(change.deviation) >= NOTABLE ? [change.onsetAt] : [],
    ),
  );
}

function mostChanged(own: readonly Seen[]): string | null {
  const most = own.reduce<Seen | null>(
    (best, one) => (best === null || Math.abs(one.change.deviation) > Math.abs(best.change.deviation) ? one : best),
    null,
  );
  return most?.series.entityId ?? null;
}

function stepOf(times: Float64Array): number {
  return (times[1] ?? 0) - (times[0] ?? 0);
}
