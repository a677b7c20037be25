import { SeededRandom } from '../stats/random.ts';
import { medianOf } from '../stats/theil-sen.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Pieces that a window is cut into; growth is judged by how much they differ. */
const N_BLOCKS = 12;
const N_SAMPLES = 400;
/** A trend is believed for so many times as long as it has been seen. */
const TRUST = 5;
/** Chance of growing at all below which nothing is said. */
const MIN_GROWTH_CHANCE = 0.95;

export interface ExhaustionRequest {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly now: number;
  readonly limit: number;
  /** Chance that the moment lies between `from` and `to`; 0.9 by default. */
  readonly level?: number;
}

/** When a growing quantity reaches its limit. `to` is null when the range has no end within a year. */
export interface Exhaustion {
  readonly limit: number;
  readonly at: number | null;
  readonly from: number | null;
  readonly to: number | null;
  /** Growth in units a day, the median of what was sampled. */
  readonly perDay: number;
  /** How long the growth has been watched. */
  readonly seenMs: number;
}

/**
 * When a bounded quantity reaches its limit, or null when it is not growing (or the growth is too young to say): the
 * shortest of the windows 15 min, 2 h, 1 day and all of the history in which it grows beyond doubt and whose growth
 * may be believed for that long. Growth rates are drawn from the gains of twelve blocks of the window (bootstrap),
 * so that a log that is rotated or a nightly dump widens the range instead of fooling it; a single jump (one large
 * file) is no growth and what lies before it is left out.
 *
 * Weak for growth that speeds up, and for what is cleaned up on a schedule longer than the history. O(n).
 */
export function exhaustion(request: ExhaustionRequest): Exhaustion | null {
  const { times, values, now, limit } = request;
  const last = lastIndex(times, values, now);
  if (last < 0) return null;
  const newest = now - times[last];
  const whole = now - times[0];
  for (const window of [15 * MINUTE_MS, 120 * MINUTE_MS, DAY_MS, whole]) {
    if (window > whole || newest > window / 4) continue;
    const found = inWindow(times, values, last, now, window, limit, request.level ?? 0.9);
    if (found !== null) return found;
  }
  return null;
}

/** `fills in 9 days (7–12)`; `is full` when the limit is reached. */
export function exhaustionPhrase(found: Pick<Exhaustion, 'at' | 'from' | 'to'>, now: number): string {
  if (found.at === null) return 'does not fill';
  if (found.at <= now) return 'is full';
  const inMs = found.at - now;
  const unit = inMs >= 2 * DAY_MS ? DAY_MS : inMs >= 120 * MINUTE_MS ? 60 * MINUTE_MS : MINUTE_MS;
  const word = unit === DAY_MS ? 'days' : unit === MINUTE_MS ? 'min' : 'h';
  const round = (ms: number) => Math.max(0, Math.round(ms / unit));
  const from = round((found.from ?? found.at) - now);
  const range = found.to === null ? `${from} or more` : `${from}–${Math.max(from, round(found.to - now))}`;
  const about = `fills in ${Math.max(1, round(inMs))} ${word}`;
  // A range that rounds to one number says nothing that the number does not.
  return range === `${Math.max(1, round(inMs))}–${Math.max(1, round(inMs))}` ? about : `${about} (${range})`;
}

/** `db-1's disk fills in 9 days (7–12).` */
export function exhaustionSentence(
  subject: string,
  found: Pick<Exhaustion, 'at' | 'from' | 'to'>,
  now: number,
): string {
  return `${subject} ${exhaustionPhrase(found, now)}.`;
}

function inWindow(
  times: Float64Array,
  values: Float64Array,
  last: number,
  now: number,
  window: number,
  limit: number,
  level: number,
): Exhaustion | null {
  const start = afterJump(values, firstIndex(times, now - window), last);
  if (values[last] >= limit)
    return { limit, at: now, from: now, to: now, perDay: 0, seenMs: times[last] - times[start] };
  const blocks = blockEnds(times, values, start, last);
  if (blocks === null) return null;
  const { rates, level: present, seenMs } = blocks;
  const left = Math.max(0, limit - present);
  const random = new SeededRandom(20_251);
  const n = rates.length;
  let mean = 0;
  for (const rate of rates) mean += rate / n;
  // Few blocks: the spread of bootstrap means is too small by √((n − 1) / n), and the tails are Student's.
  const widening = Math.sqrt(n / (n - 1)) * (1 + 0.9 / (n - 1));
  let variance = 0;
  for (const rate of rates) variance += (rate - mean) ** 2 / (n - 1);
  const blockMs = seenMs / n;
  const waits = new Float64Array(N_SAMPLES);
  let growing = 0;
  for (let s = 0; s < N_SAMPLES; s++) {
    let rate = 0;
    for (let k = 0; k < n; k++) rate += rates[random.integer(n)] / n;
    rate = mean + (rate - mean) * widening;
    if (rate > 0) growing++;
    const wait = rate > 0 ? left / rate : Infinity;
    // The way there is not straight: blocks on it differ as those behind did, so its end scatters with its length.
    const scatter = Math.sqrt(variance / Math.max(1, wait / blockMs)) / rate;
    waits[s] = rate > 0 ? Math.max(0, wait * (1 + random.normal() * scatter)) : Infinity;
  }
  if (growing < MIN_GROWTH_CHANCE * N_SAMPLES) return null;
  waits.sort();
  const tail = (1 - level) / 2;
  const middle = left / mean;
  if (!(middle <= TRUST * seenMs) || isContradicted(times, values, last, window, middle, left)) return null;
  const low = waits[Math.floor(tail * N_SAMPLES)];
  const high = waits[Math.ceil((1 - tail) * N_SAMPLES) - 1];
  return {
    limit,
    at: Math.round(now + middle),
    from: Math.round(now + Math.min(low, middle)),
    to: high <= 365 * DAY_MS ? Math.round(now + Math.max(high, middle)) : null,
    perDay: mean * DAY_MS,
    seenMs,
  };
}

/**
 * Whether the past speaks against it: at least two earlier moments as high as now at which it had risen at least half as much,
 * most of which were not followed by such a rise as would be needed now (a nightly dump that is removed, a log before its rotation).
 */
function isContradicted(
  times: Float64Array,
  values: Float64Array,
  last: number,
  window: number,
  wait: number,
  left: number,
): boolean {
  const now = times[last];
  const valueAt = (at: number) => values[Math.min(last, firstIndex(times, at))];
  const gain = values[last] - valueAt(now - window);
  let went = 0;
  let stopped = 0;
  let next = now - wait;
  for (let k = last; k > 0 && times[k] - window >= times[0]; k--) {
    if (times[k] > next || !(values[k] >= values[last] - left / 4)) continue;
    if (!(values[k] - valueAt(times[k] - window) >= gain / 2)) continue;
    let highest = values[k];
    for (let i = k + 1; i <= last && times[i] <= times[k] + wait; i++) if (values[i] > highest) highest = values[i];
    if (highest - values[k] >= left / 2) went++;
    else stopped++;
    next = times[k] - Math.max(window, wait) / 4;
  }
  return stopped >= 2 && stopped > 2 * went;
}

/** Rates of growth (units a ms) between the medians of successive blocks, and the present level; null without enough of them. */
function blockEnds(
  times: Float64Array,
  values: Float64Array,
  start: number,
  last: number,
): { rates: Float64Array; level: number; seenMs: number } | null {
  const span = times[last] - times[start];
  if (last - start < N_BLOCKS || !(span > 0)) return null;
  const levels: number[] = [];
  const at: number[] = [];
  let from = start;
  for (let b = 0; b <= N_BLOCKS; b++) {
    const until = times[start] + (span * (b + 1)) / (N_BLOCKS + 1);
    let to = from;
    const members: number[] = [];
    const moments: number[] = [];
    while (to <= last && (times[to] <= until || b === N_BLOCKS)) {
      if (Number.isFinite(values[to])) {
        members.push(values[to]);
        moments.push(times[to]);
      }
      to++;
    }
    if (members.length > 0) {
      // The block's last quarter: whole blocks would hide how unevenly it grows.
      const tail = Math.max(1, members.length >> 2);
      levels.push(medianOf(Float64Array.from(members.slice(-tail))));
      at.push(moments[moments.length - 1 - (tail >> 1)]);
    }
    from = to;
  }
  if (levels.length < 7) return null;
  const rates = new Float64Array(levels.length - 1);
  for (let i = 1; i < levels.length; i++) rates[i - 1] = (levels[i] - levels[i - 1]) / (at[i] - at[i - 1]);
  return { rates, level: values[last], seenMs: span };
}

/** Behind the window's one jump, where it is the only one of its kind in all of the history: a clean-up, one large file. */
function afterJump(values: Float64Array, start: number, last: number): number {
  const steps = new Float64Array(last + 1);
  let before = Number.NaN;
  for (let i = 0; i <= last; i++) {
    const step = values[i] - before;
    if (step === step) steps[i] = step;
    if (values[i] === values[i]) before = values[i];
  }
  const sizes = steps.slice(start + 1, last + 1).map(Math.abs);
  if (sizes.length < 4) return start;
  sizes.sort();
  const usual = sizes[Math.floor(sizes.length * 0.95)];
  const largest = sizes[sizes.length - 1];
  if (!(largest > 6 * usual)) return start;
  let alike = 0;
  let jumpAt = start;
  for (let i = 1; i <= last; i++) {
    if (Math.abs(steps[i]) < largest / 2) continue;
    alike++;
    if (i > start && Math.abs(steps[i]) === largest) jumpAt = i;
  }
  return alike === 1 ? jumpAt : start;
}

function firstIndex(times: Float64Array, from: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lastIndex(times: Float64Array, values: Float64Array, now: number): number {
  for (let i = times.length - 1; i >= 0; i--) if (times[i] <= now && Number.isFinite(values[i])) return i;
  return -1;
}
