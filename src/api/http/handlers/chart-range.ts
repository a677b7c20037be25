import { AuspexError } from '../../../errors.ts';
import { rangeOf } from '../look-up.ts';

const SECOND = 1000;
const MINUTE = 60_000;
const HOUR_MS = 3_600_000;
const MAX_RANGE_MS = 10 * 366 * 24 * HOUR_MS;
const steps = [
  ...[1, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12, 24, 48, 168].map((n) => n * HOUR_MS),
];

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What a chart's query asks for; the last hour unless told. */
export function chartRange(query: Parameters<typeof rangeOf>[0], now: number): Range {
  const range = rangeOf(query, now, HOUR_MS);
  if (range.to - range.from > MAX_RANGE_MS)
    throw new AuspexError('BAD_REQUEST', 'query.from: a chart covers ten years at most.', {
      data: { field: 'query.from' },
    });
  return range;
}

/** The smallest step of a clock's that gives at most `points`. */
export function stepFor(spanMs: number, points: number): number {
  return steps.find((step) => spanMs / step <= points) ?? Math.ceil(spanMs / points / HOUR_MS) * HOUR_MS;
}
