import { AuspexError } from '../../errors.ts';

/**
 * A learner of one evenly spaced series. `fit` forgets what it knew and never changes its input; NaN and infinite
 * values are missing; `forecast` changes nothing and always gives finite numbers.
 */
export interface Forecaster {
  fit(values: Float64Array): this;
  forecast(steps: number): Float64Array;
  toBytes(): Uint8Array;
}

/**
 * The series without gaps: a missing value is taken from the long seasons around it where there are some, else from the
 * short ones, else by a line between its neighbours; at the ends the nearest value. The input itself when nothing is missing. Throws BAD_REQUEST
 * when nothing is there. O(n).
 */
export function withoutGaps(values: Float64Array, season = 0, longSeason = 0): Float64Array {
  let firstGap = -1;
  let present = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) present++;
    else if (firstGap < 0) firstGap = i;
  }
  if (present === 0) throw new AuspexError('BAD_REQUEST', `None of ${values.length} values of the series is a number.`);
  if (firstGap < 0) return values;
  const filled = Float64Array.from(values);
  for (let i = firstGap; i < filled.length; i++) {
    if (Number.isFinite(filled[i])) continue;
    let end = i;
    while (end < filled.length && !Number.isFinite(filled[end])) end++;
    fillGap(filled, values, i, end, season, longSeason);
    i = end;
  }
  return filled;
}

function fillGap(
  filled: Float64Array,
  values: Float64Array,
  from: number,
  to: number,
  season: number,
  longSeason: number,
): void {
  const before = from > 0 ? filled[from - 1] : filled[to];
  const after = to < filled.length ? filled[to] : before;
  const isLong = season > 1 && to - from > season / 8;
  for (let i = from; i < to; i++) {
    const line = before + ((after - before) * (i - from + 1)) / (to - from + 1);
    let value = isLong && longSeason > season ? around(filled, values, i, longSeason) : Number.NaN;
    if (isLong && value !== value) value = around(filled, values, i, season);
    filled[i] = value === value ? value : line;
  }
}

/** What stood a season before and after, as far as it is known. */
function around(filled: Float64Array, values: Float64Array, i: number, season: number): number {
  const earlier = i >= season ? filled[i - season] : Number.NaN;
  const later = i + season < values.length ? values[i + season] : Number.NaN;
  if (!Number.isFinite(later)) return Number.isFinite(earlier) ? earlier : Number.NaN;
  return Number.isFinite(earlier) ? earlier / 2 + later / 2 : later;
}

/** A power of two by which huge values are divided before they are squared; 1 for ordinary ones. Exact both ways. */
export function scaleOf(values: Float64Array): number {
  let largest = 0;
  for (const value of values) if (Math.abs(value) > largest && Number.isFinite(value)) largest = Math.abs(value);
  return largest > 1e100 ? 2 ** Math.ceil(Math.log2(largest) - 1) : 1;
}

/** Series without gaps, divided by their scale. */
export function prepared(values: Float64Array, season = 0, longSeason = 0): { y: Float64Array; scale: number } {
  const filled = withoutGaps(values, season, longSeason);
  const scale = scaleOf(filled);
  return { y: scale === 1 ? filled : filled.map((value) => value / scale), scale };
}

/** Multiplied back, within what a number can hold. */
export function rescaled(values: Float64Array, scale: number): Float64Array {
  if (scale !== 1) {
    for (let i = 0; i < values.length; i++) {
      values[i] = Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, values[i] * scale));
    }
  }
  return values;
}
