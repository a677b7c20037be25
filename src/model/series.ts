import type { Labels } from './labels.ts';

/** A series' number within one store: small, dense, never used again for another label set. */
export type SeriesRef = number;

/** What kind of number a series carries. A counter's samples are totals since start: everything that looks at them looks at their rate. */
export type SeriesKind = 'gauge' | 'counter' | 'histogram' | 'info' | 'unknown';

export interface Series {
  readonly ref: SeriesRef;
  readonly labels: Labels;
  readonly kind: SeriesKind;
  readonly entityId: string;
}

/**
 * Samples in columns, one index a sample: series, time in ms UTC (integers), value. Times within one series ascend
 * (a sample behind its series' last one is kept, and marked by the store). The arrays may be longer than `count` and may lie in shared memory; receivers only read.
 */
export interface SampleBatch {
  readonly count: number;
  readonly refs: Uint32Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** The bit pattern by which Prometheus says that a series has ended ("stale"): a NaN that is not a missing value. */
export const STALE_NAN_HIGH = 0x7ff00000;
export const STALE_NAN_LOW = 0x00000002;

const probe = new Float64Array(1);
const probeBits = new Uint32Array(probe.buffer);

/** A NaN with the staleness bits. Survives copying between typed arrays, not arithmetic. */
export function isStaleMarker(value: number): boolean {
  if (value === value) return false;
  probe[0] = value;
  return probeBits[1] === STALE_NAN_HIGH && probeBits[0] === STALE_NAN_LOW;
}

/** Writes the staleness marker into `values[index]`: by its bits, because an engine may change a NaN's bits on the way through a number. */
export function writeStaleMarker(values: Float64Array, index: number): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset + index * 8, 2);
  bits[0] = STALE_NAN_LOW;
  bits[1] = STALE_NAN_HIGH;
}

/** A series' points over a range, time ascending; a missing value is NaN. */
export interface SeriesPoints {
  readonly ref: SeriesRef;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** A series' points in steps of a fixed width: what a chart of a year reads. `increase` is the counter's growth inside the step, resets taken out. */
export interface SeriesRollup {
  readonly ref: SeriesRef;
  readonly stepMs: number;
  readonly times: Float64Array;
  readonly count: Float64Array;
  readonly sum: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly last: Float64Array;
  readonly increase: Float64Array;
}

export type MatchOp = '=' | '!=' | '=~' | '!~';
/** One condition on one label, as in a Prometheus selector; the regular expressions are anchored at both ends. */
export interface Matcher {
  readonly name: string;
  readonly op: MatchOp;
  readonly value: string;
}
