import type { ExponentialPoint } from './decode-metrics.ts';

/** A histogram as Prometheus has it: upper bounds, ascending, and how many values lie at or below each. */
export interface CumulativeBuckets {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/** Series a histogram becomes at most. */
const MOST_BOUNDS = 64;
const LOWEST_SCALE = -10;
const HIGHEST_SCALE = 20;

/**
 * An exponential histogram with its buckets joined at powers of two. That is exact, since every bound of scale 0 is one of any finer
 * scale too; and the bounds stay when the sender makes its scale coarser, which its own 160 fine ones would not: each change would
 * begin new series. Where the values span more than 64 powers, powers of 4, 16 … Values below zero count as at most zero.
 * Weak: within a bucket a factor of two is lost. Undefined for a scale that no sender has.
 */
export function bucketsAtPowersOfTwo(point: ExponentialPoint): CumulativeBuckets | undefined {
  const { scale, positive, zeroCount, zeroThreshold } = point;
  if (scale < LOWEST_SCALE || scale > HIGHEST_SCALE || !(zeroThreshold >= 0)) return undefined;
  const atZero = point.negative.counts.reduce((sum, count) => sum + count, zeroCount);
  const filled = positive.counts.flatMap((count, i) => (count > 0 ? [positive.offset + i] : []));
  const bounds: number[] = [];
  const counts: number[] = [];
  if (atZero > 0) {
    bounds.push(zeroThreshold);
    counts.push(atZero);
  }
  const first = filled[0];
  const last = filled.at(-1);
  if (first === undefined || last === undefined) return { bounds, counts };
  let target = Math.min(scale, 0);
  const place = (index: number): number => Math.floor(index / 2 ** (scale - target));
  while (place(last) - place(first) >= MOST_BOUNDS) target--;
  let below = atZero;
  let at = 0;
  for (let index = place(first); index <= place(last); index++) {
    for (; at < positive.counts.length && place(positive.offset + at) <= index; at++) below += positive.counts[at] ?? 0;
    const bound = 2 ** ((index + 1) * 2 ** -target);
    // Beyond the largest number it is the bucket of everything, which the count is.
    if (bound === Number.POSITIVE_INFINITY || bound <= (bounds.at(-1) ?? 0)) continue;
    bounds.push(bound);
    counts.push(below);
  }
  return { bounds, counts };
}
