import type { CauseQuestion, ServiceSeries } from './cause-question.ts';
import { meanOf, type Spans } from './change-score.ts';
import { failedShare, roleOf } from './metric-role.ts';

/** What the target's requests take longer, or fail more, parted among the services that hold it. */
export interface Flow {
  readonly of: 'time' | 'failures';
  /** How far beyond what happens without trouble the target's own excess is, in standard deviations. */
  readonly deviation: number;
  /** By service, 0..1 of the excess; damped where the service's own part moves as much without trouble. */
  readonly shares: ReadonlyMap<string, number>;
}

/** Deviations at which a service's own part is as likely chance as not. */
const HALF_SURE = 5;
const MOST = 1e4;
/** Names that say which of several latencies is the mean; the first that matches is taken. */
const MEANS = [/avg|average|mean/i, /^(latency|duration|response[_ ]?time)$/i, /p?50|median/i];

/**
 * Follows the target's additional time (latency × requests) or failures (requests × share that fails) down the calls. What a service adds beyond what
 * those it calls add, by the calls it makes (a callee's time is parted among its callers by their requests), is its own. Null where the target
 * tells no requests or not what is asked. A callee that tells neither takes over a part of its caller's own by `means`, its own evidence 0..1.
 *
 * Weak where calls are asynchronous (a queue's time is not its caller's; such parts vary and are damped) or in parallel.
 */
export function shareFlows(
  question: CauseQuestion,
  spans: Spans,
  kind: Flow['of'],
  means: (service: string) => number,
): Flow | null {
  const { target, calls } = question;
  const byService = new Map<string, ServiceSeries[]>();
  for (const one of question.series) byService.set(one.service, [...(byService.get(one.service) ?? []), one]);
  const requests = new Map<string, Float64Array>();
  const amounts = new Map<string, Float64Array>();
  for (const [service, own] of byService) {
    const asked = own.find(({ metric }) => roleOf(metric) === 'traffic')?.values;
    const amount = asked === undefined ? null : kind === 'time' ? timeOf(own, asked) : failuresOf(own, asked);
    if (asked === undefined || amount === null) continue;
    // Who was never asked before is new: that it is asked is its caller's doing.
    if (!asked.subarray(0, spans.pastEnd).some((value) => value > 0)) continue;
    requests.set(service, asked);
    amounts.set(service, amount);
  }
  const perRequest = requests.get(target.service);
  const excess = perRequest === undefined ? undefined : amounts.get(target.service);
  if (perRequest === undefined || excess === undefined || calls.length === 0) return null;

  // Per request of the target, so that more load is no additional time.
  const level = (service: string): Float64Array | undefined =>
    amounts.get(service)?.map((value, i) => value / Math.max(perRequest[i] ?? Number.NaN, Number.MIN_VALUE));
  const shares = callShares(question, requests, spans);
  const whole = rise(level(target.service) ?? excess, spans);
  if (whole.by <= 0) return null;
  const weights = reachWeights(target.service, shares);
  const out = new Map<string, number>();
  for (const service of amounts.keys()) {
    const weight = weights.get(service) ?? 0;
    const own = level(service)?.slice();
    if (own === undefined || weight === 0) continue;
    for (const { to, share } of shares.get(service) ?? []) {
      level(to)?.forEach((value, i) => {
        own[i] = (own[i] ?? 0) - (Number.isNaN(value) ? 0 : share * value);
      });
    }
    const { by, deviation } = rise(own, spans);
    const sure = deviation ** 2 / (deviation ** 2 + HALF_SURE ** 2);
    const share = by <= 0 ? 0 : Math.min(1, (weight * by) / whole.by) * sure;
    let kept = share;
    // What tells nothing of time but whose own means changed is where its caller waits.
    for (const call of calls.filter(({ from, to }) => from === service && !amounts.has(to) && byService.has(to))) {
      const passed = Math.min(kept, share * means(call.to));
      kept -= passed;
      out.set(call.to, (out.get(call.to) ?? 0) + passed);
    }
    out.set(service, kept + (out.get(service) ?? 0));
  }
  return { of: kind, deviation: whole.deviation, shares: out };
}

function timeOf(own: readonly ServiceSeries[], asked: Float64Array): Float64Array | null {
  const latencies = own.filter(({ metric }) => roleOf(metric) === 'latency');
  const mean =
    MEANS.map((pattern) => latencies.find(({ metric }) => pattern.test(metric))).find(Boolean) ?? latencies[0];
  return mean === undefined ? null : product(mean.values, asked);
}

function failuresOf(own: readonly ServiceSeries[], asked: Float64Array): Float64Array | null {
  const success = own.find(({ metric }) => roleOf(metric) === 'success')?.values;
  if (success !== undefined) return product(failedShare(success), asked);
  const errors = own.find(({ metric }) => roleOf(metric) === 'errors');
  if (errors === undefined) return null;
  return /ratio|rate|share|percent|%/i.test(errors.metric) ? product(errors.values, asked) : errors.values;
}

/** What nobody asked for takes no time. */
function product(values: Float64Array, asked: Float64Array): Float64Array {
  return values.map((value, i) => (asked[i] === 0 ? 0 : value * (asked[i] ?? Number.NaN)));
}

/** By how much the mean of the trouble is above the past's, and how far means of as many rows lie apart without trouble. */
function rise(values: Float64Array, spans: Spans): { by: number; deviation: number } {
  const { pastEnd, from, to } = spans;
  const past = meanFinite(values.subarray(0, pastEnd));
  const by = meanFinite(values.subarray(from, to)) - past;
  if (!(by > 0)) return { by: 0, deviation: 0 };
  const rows = to - from;
  let squares = 0;
  let blocks = 0;
  for (let start = 0; start + rows <= pastEnd; start += rows) {
    const block = meanFinite(values.subarray(start, start + rows));
    if (Number.isNaN(block)) continue;
    squares += (block - past) ** 2;
    blocks++;
  }
  return { by, deviation: blocks < 2 ? HALF_SURE : by / Math.max(Math.sqrt(squares / blocks), by / MOST) };
}

const meanFinite = (values: Float64Array): number => meanOf(values.filter(Number.isFinite));

interface CallShare {
  readonly to: string;
  /** The part of the callee's requests that come from this caller, 0..1. */
  readonly share: number;
}

function callShares(
  { calls }: CauseQuestion,
  requests: ReadonlyMap<string, Float64Array>,
  { from, to }: Spans,
): ReadonlyMap<string, readonly CallShare[]> {
  const load = (service: string): number => {
    const asked = requests.get(service)?.subarray(from, to).filter(Number.isFinite) ?? new Float64Array();
    return asked.reduce((sum, value) => sum + value, 0);
  };
  const out = new Map<string, CallShare[]>();
  for (const call of calls) {
    if (call.from === call.to || !requests.has(call.to)) continue;
    const callers = new Set(calls.filter((other) => other.to === call.to && other.from !== call.to).map((o) => o.from));
    const all = [...callers].reduce((sum, caller) => sum + load(caller), 0);
    const share = all > 0 ? load(call.from) / all : 1 / callers.size;
    out.set(call.from, [...(out.get(call.from) ?? []), { to: call.to, share }]);
  }
  return out;
}

/** The part of each service's amount that arrives at the target. Circles are walked once. */
function reachWeights(target: string, shares: ReadonlyMap<string, readonly CallShare[]>): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  const walk = (service: string, weight: number, above: ReadonlySet<string>): void => {
    weights.set(service, Math.min(1, (weights.get(service) ?? 0) + weight));
    for (const { to, share } of shares.get(service) ?? [])
      if (!above.has(to) && weight * share > 1e-3) walk(to, weight * share, new Set([...above, to]));
  };
  walk(target, 1, new Set([target]));
  return weights;
}
