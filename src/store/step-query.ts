import { BLOCK_WIDTH, type BlockFolder, DAY_MS, dayOf, FIVE_MINUTES_MS, HOUR_MS } from './block-folder.ts';
import { type Blocks, LOOK_BACK_MS } from './compaction.ts';
import { Gathering, gatherBlocks, gatherRecent } from './point-query.ts';
import type { PlainRollup } from './protocol.ts';
import type { RecentBuffer } from './recent-buffer.ts';
import { StepSums } from './step-sums.ts';

/** Series that are read together: bounds the memory of a query of many series over many days. */
const SERIES_AT_ONCE = 64;
const MOST_STEPS = 100_000;

export interface StepSources {
  readonly buffer: RecentBuffer;
  readonly blocks: Blocks;
  /** Days whose rollups are complete. */
  readonly rolled: ReadonlySet<number>;
  /** Days that have raw points on disk. */
  readonly rawDays: ReadonlySet<number>;
}

type Source = 'raw' | 'five-minute' | 'hour';

/** Sums over steps that begin in [from, to], for sorted, distinct refs; series without points are left out. */
export function* sumSteps(
  sources: StepSources,
  refs: Uint32Array,
  from: number,
  to: number,
  stepMs: number,
): Generator<PlainRollup> {
  const first = Math.ceil(from / stepMs) * stepMs;
  const until = Math.floor(to / stepMs) * stepMs + stepMs - 1;
  if (until < first) return;
  const days = availableDays(sources, first - LOOK_BACK_MS, until);
  for (let start = 0; start < refs.length; start += SERIES_AT_ONCE) {
    yield* sumSome(sources, refs.subarray(start, start + SERIES_AT_ONCE), { first, until, to, stepMs, days });
  }
}

interface Span {
  readonly first: number;
  readonly until: number;
  readonly to: number;
  readonly stepMs: number;
  readonly days: readonly number[];
}

/** Days in the range of which anything can be known, ascending. */
function availableDays(sources: StepSources, from: number, to: number): number[] {
  const days = new Set<number>();
  for (const day of sources.rawDays) days.add(day);
  for (const day of sources.blocks.fiveMinute.days()) days.add(day);
  for (const month of sources.blocks.hour.days()) for (let day = month; day < month + 31; day++) days.add(day);
  return [...days].filter((day) => day >= dayOf(from) && day <= dayOf(to)).sort((a, b) => a - b);
}

function* sumSome(sources: StepSources, refs: Uint32Array, whole: Span): Generator<PlainRollup> {
  const recent = new Gathering(refs, 1);
  gatherRecent(sources.buffer, recent, whole.first - LOOK_BACK_MS, whole.until);
  const recentDays = new Set<number>();
  let earliest = Infinity;
  for (let slot = 0; slot < refs.length; slot++) {
    recent.forEachRow(slot, (time) => {
      recentDays.add(dayOf(time));
      earliest = Math.min(earliest, time);
    });
  }
  const days = [...new Set([...whole.days, ...recentDays])].sort((a, b) => a - b);
  if (days.length === 0) return;
  const span = narrowed(whole, days, whole.days.includes(days[0]) ? days[0] * DAY_MS : earliest);
  const sums = Array.from(refs, () => new StepSums(span.first, span.to, span.stepMs));
  const fiveMinuteDays = new Set(sources.blocks.fiveMinute.days());
  for (const day of days) {
    const source = sourceOf(sources, day, span.stepMs, recentDays.has(day), fiveMinuteDays.has(day));
    if (source === 'raw') addRawDay(sources, day, refs, recent, sums, span);
    else addRolledDay(source === 'hour' ? sources.blocks.hour : sources.blocks.fiveMinute, day, refs, sums, span);
  }
  for (let slot = 0; slot < refs.length; slot++) {
    const rollup = sums[slot].toRollup(refs[slot]);
    if (rollup.times.length > 0) yield rollup;
  }
}

/** The span without what lies before the earliest point or behind the last day, so that memory goes by what is there. */
function narrowed(span: Span, days: readonly number[], earliest: number): Span {
  const { stepMs } = span;
  const first = Math.max(span.first, Math.floor(earliest / stepMs) * stepMs);
  const to = Math.min(span.to, (days[days.length - 1] + 1) * DAY_MS - 1);
  const steps = Math.floor((to - first) / stepMs);
  if (steps > MOST_STEPS) throw new RangeError(`${steps} steps asked for; at most ${MOST_STEPS} are given.`);
  return { ...span, first, to };
}

/** Rollups where they are complete and fit the step, or where nothing finer is left. */
function sourceOf(
  sources: StepSources,
  day: number,
  stepMs: number,
  isRecent: boolean,
  hasFiveMinute: boolean,
): Source {
  const hasRaw = sources.rawDays.has(day) || isRecent;
  const complete = sources.rolled.has(day) && !isRecent;
  if (hasRaw && !complete) return 'raw';
  if (stepMs % HOUR_MS === 0) return 'hour';
  if (stepMs % FIVE_MINUTES_MS === 0 && hasFiveMinute) return 'five-minute';
  if (hasRaw) return 'raw';
  return hasFiveMinute ? 'five-minute' : 'hour';
}

function addRawDay(
  sources: StepSources,
  day: number,
  refs: Uint32Array,
  recent: Gathering,
  sums: readonly StepSums[],
  span: Span,
): void {
  const from = Math.max(day * DAY_MS, span.first - LOOK_BACK_MS);
  const to = Math.min((day + 1) * DAY_MS - 1, span.until);
  const points = new Gathering(refs, 1);
  gatherBlocks(sources.blocks.raw, day, points, from, to);
  for (let slot = 0; slot < refs.length; slot++) {
    recent.forEachRow(slot, (time, low, high) => {
      if (time >= from && time <= to) points.addPoint(slot, time, low, high);
    });
  }
  for (const one of points.series()) {
    sums[points.slotOf(one.ref)].addPoints(one.columns.times, one.columns.values[0], one.count);
  }
}

function addRolledDay(
  folder: BlockFolder,
  day: number,
  refs: Uint32Array,
  sums: readonly StepSums[],
  span: Span,
): void {
  const from = Math.max(day * DAY_MS, span.first);
  const to = Math.min((day + 1) * DAY_MS - 1, span.until);
  const steps = new Gathering(refs, BLOCK_WIDTH[folder.kind]);
  gatherBlocks(folder, day, steps, from, to, day);
  for (const one of steps.series()) sums[steps.slotOf(one.ref)].addSteps(one.columns, one.count);
}
