import { formatNumber, type Labels, labelValue } from '../model/index.ts';
import type { Change } from './change-score.ts';
import { downs } from './down-targets.ts';
import { cutOff, programOf, speakersOf } from './program-evidence.ts';
import {
  evidence,
  type Evidence,
  FULL,
  isShortOfProcessor,
  likesOf,
  NOTABLE,
  type Seen,
  type Services,
  tell,
  valueOf,
} from './trouble-seen.ts';
import { type Signature, signatures, WAITS_FOR_OTHERS } from './trouble-signatures.ts';

/** A figure must change by this share of its level to be a sign of a class; statistics alone would take a breath for a storm. */
const LEAST_SHARE = 0.2;
/** Requests below this share of the usual do not come any more. */
export const GONE_SHARE = 0.1;
const BUSY = 0.7;
const LATE_SECONDS = 0.1;
const SURGE = 1.8;
const PROXY = /^(nginx|haproxy|traefik|envoy|caddy)_/;

/** What the changes say: each series held against the signatures, and what only several figures together tell. O(series × signatures). */
export function evidenceOf(seen: readonly Seen[], services: Services): Evidence[] {
  const isBusy = isShortOfProcessor(seen, BUSY);
  const speakers = speakersOf(seen);
  return [
    ...seen.flatMap((one) => signsOf(one, speakers)),
    ...downs(seen, services),
    ...heldBack(seen, services),
    ...slowed(seen, services),
    ...surges(seen, services),
    ...cutOff(seen),
    ...unasked(seen, services),
  ].filter(
    // A program that is busy takes nothing from others where there is enough for all.
    (one) => isBusy || one.class !== 'cpu-saturation' || one.part === null,
  );
}

function signsOf({ series, metric, change }: Seen, speakers: ReadonlyMap<string, string>): Evidence[] {
  const { deviation, usual, level } = change;
  if (Math.abs(deviation) < NOTABLE) return [];
  const isGone = Number.isNaN(level);
  if (!isGone && Math.abs(level - usual) < LEAST_SHARE * Math.max(Math.abs(usual), Math.abs(level))) return [];
  const strength = Math.min(1, Math.log1p(Math.abs(deviation) - NOTABLE + 1) / Math.log1p(FULL));
  return signatures
    .filter((one) => fits(one, metric, series.labels, change))
    .map((one): Evidence => {
      const code = codeOf(series.labels, one);
      const speaker = speakers.get(programOf(code));
      const named = typeof one.blame === 'object' ? (labelValue(series.labels, one.blame.label) ?? null) : null;
      const part = speaker === undefined ? named : null;
      return {
        class: one.class,
        // Of what has a limit, being there is enough.
        weight: one.weight * (one.from === undefined ? strength : 1),
        entityId: speaker ?? series.entityId,
        part: one.blame === 'network' ? 'network' : part,
        text: tell(metric, change, code),
        key: `${one.class} ${one.metric.source}`,
        ...(named === null && speaker === undefined && OF_OTHERS.test(code) ? { isHearsay: true } : {}),
        ...(one.isSymptom === true ? { isSymptom: true } : {}),
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

/** Codes of what somebody else does not do, or a disk. */
const OF_OTHERS =
  /^(E(CONN[A-Z]+|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NETDOWN|NOSPC|DQUOT|ROFS)|EAI_[A-Z]+|ENOTFOUND)$/;

/** What a series speaks of, where its sign is the value of a label: `EADDRINUSE`. */
function codeOf(labels: Labels, { where }: Signature): string {
  if (where === undefined) return '';
  const [names, value] = where;
  return (
    names
      .split(',')
      .map((name) => labelValue(labels, name) ?? '')
      .find((one) => value.test(one)) ?? ''
  );
}

function hasLabel(labels: Labels, [names, value]: NonNullable<Signature['where']>): boolean {
  return names.split(',').some((name) => value.test(labelValue(labels, name) ?? ''));
}

/** Work that waits for the processor while it uses little of it. Where the whole host is busy all wait, unless its like there does not. */
function heldBack(seen: readonly Seen[], services: Services): Evidence[] {
  const isBusy = isShortOfProcessor(seen, BUSY);
  const lags = seen.filter(({ metric }) => metric === 'auspex_service_loop_lag_seconds');
  const late = lags.filter(({ change }) => change.deviation >= NOTABLE && change.level >= LATE_SECONDS);
  return late.flatMap((one) => {
    const { entityId } = one.series;
    if (isBusy && !likesOf(one, lags, services).some(({ change }) => change.last < one.change.level / 4)) return [];
    const cpu = valueOf(seen, entityId, 'auspex_service_cpu_cores');
    if (cpu === null || cpu.level >= Math.min(0.5, cpu.usual * 1.5)) return [];
    const text = 'Its work waits for the processor although it uses little of it: it is held back.';
    return [evidence('resource-limit', 2.5, entityId, text)];
  });
}

/** Instances to which everything that they call seems slower, while others of the same service call it as fast as ever: they are slow themselves. */
function slowed(seen: readonly Seen[], services: Services): Evidence[] {
  const calls = seen.filter(({ metric, change }) => WAITS_FOR_OTHERS.test(metric) && !Number.isNaN(change.level));
  const isSlower = ({ change }: Seen): boolean => change.deviation >= NOTABLE && change.level >= 2 * change.usual;
  return [...new Set(calls.map(({ series }) => series.entityId))].flatMap((entityId) => {
    const own = calls.filter(({ series }) => series.entityId === entityId);
    const [first] = own;
    const others = first === undefined ? [] : likesOf(first, calls, services);
    const isAlone = others.length > 0 && !others.some(isSlower);
    if (own.length < 2 || !own.every(isSlower) || !isAlone) return [];
    const text = 'All that it calls seems slower, and to it alone: it is slow itself.';
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
