import type { SeriesPoints, SeriesRollup } from '../../../model/index.ts';

/** One series ready to draw: times ascending, null where the line is to break. */
export interface Columns {
  timesMs: number[];
  mean: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
  /** The usual distance of its points. */
  stepMs: number;
}

/** A silence longer than so many intervals is a gap, not a line. */
const GAP_INTERVALS = 3;
/** Below this share of a step a counter's rate is mostly rounding. */
const MIN_STEP_SHARE = 0.2;

/** Raw points as they are. */
export function gaugeColumns(points: SeriesPoints): Columns {
  const values = Array.from(points.values, orNull);
  return withGaps(Array.from(points.times), values, values, values);
}

/**
 * A counter's points as rates a second, each at the end of its interval. A value below the one before is a restart from
 * zero. The first point has no rate, nor has one after a gap.
 */
export function rateColumns(points: SeriesPoints, from: number): Columns {
  const times: number[] = [];
  const rates: (number | null)[] = [];
  const typical = medianStep(points.times);
  for (let i = 1; i < points.times.length; i++) {
    const at = points.times[i] as number;
    if (at < from) continue;
    const seconds = (at - (points.times[i - 1] as number)) / 1000;
    const before = points.values[i - 1] as number;
    const value = points.values[i] as number;
    const increase = value >= before ? value - before : value;
    const isGap = seconds <= 0 || seconds * 1000 > GAP_INTERVALS * typical;
    times.push(at);
    rates.push(isGap ? null : orNull(increase / seconds));
  }
  return withGaps(times, rates, rates, rates);
}

/** Steps of a rollup. A counter's are its increase a second; the step under way counts by the part that has passed. */
export function rollupColumns(rollup: SeriesRollup, isRate: boolean, to: number): Columns {
  const times: number[] = [];
  const mean: (number | null)[] = [];
  const min: (number | null)[] = [];
  const max: (number | null)[] = [];
  for (let i = 0; i < rollup.times.length; i++) {
    const count = rollup.count[i] as number;
    const at = rollup.times[i] as number;
    const elapsedMs = Math.min(rollup.stepMs, to - at);
    if (count === 0 || elapsedMs <= 0) continue;
    if (isRate) {
      if (elapsedMs < MIN_STEP_SHARE * rollup.stepMs) continue;
      const rate = orNull(((rollup.increase[i] as number) / elapsedMs) * 1000);
      times.push(at);
      for (const column of [mean, min, max]) column.push(rate);
    } else {
      times.push(at);
      mean.push(orNull((rollup.sum[i] as number) / count));
      min.push(orNull(rollup.min[i] as number));
      max.push(orNull(rollup.max[i] as number));
    }
  }
  return withGaps(times, mean, min, max, rollup.stepMs);
}

function withGaps(
  times: readonly number[],
  mean: readonly (number | null)[],
  min: readonly (number | null)[],
  max: readonly (number | null)[],
  minStepMs = 0,
): Columns {
  const stepMs = Math.max(minStepMs, medianStep(times));
  const out: Columns = { timesMs: [], mean: [], min: [], max: [], stepMs };
  for (let i = 0; i < times.length; i++) {
    const at = times[i] as number;
    const before = i === 0 ? at : (times[i - 1] as number);
    if (at - before > GAP_INTERVALS * stepMs) push(out, before + stepMs, null, null, null);
    push(out, at, mean[i] ?? null, min[i] ?? null, max[i] ?? null);
  }
  return out;
}

function push(out: Columns, at: number, mean: number | null, min: number | null, max: number | null): void {
  out.timesMs.push(at);
  out.mean.push(mean);
  out.min.push(min);
  out.max.push(max);
}

function medianStep(times: ArrayLike<number>): number {
  if (times.length < 2) return 0;
  const steps = new Float64Array(times.length - 1);
  for (let i = 1; i < times.length; i++) steps[i - 1] = (times[i] as number) - (times[i - 1] as number);
  steps.sort();
  return steps[steps.length >> 1] as number;
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
