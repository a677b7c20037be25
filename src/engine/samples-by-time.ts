import type { SampleBatch, SeriesPoints } from '../model/index.ts';

/**
 * Points of many series → one batch in the order of time; within one time the series keep their order. Values are copied by
 * their bits: a NaN's, which tell a series' end, do not survive the way through a number. O(n log n).
 */
export function samplesByTime(points: readonly SeriesPoints[]): SampleBatch {
  const count = points.reduce((sum, { times }) => sum + times.length, 0);
  const series = new Uint32Array(count);
  const index = new Uint32Array(count);
  const at = new Float64Array(count);
  let n = 0;
  points.forEach(({ times }, s) => {
    for (let i = 0; i < times.length; i++, n++) {
      series[n] = s;
      index[n] = i;
      at[n] = times[i] as number;
    }
  });
  const order = Uint32Array.from(series.keys()).sort((a, b) => (at[a] as number) - (at[b] as number) || a - b);
  const refs = new Uint32Array(new SharedArrayBuffer(count * 4));
  const times = new Float64Array(new SharedArrayBuffer(count * 8));
  const values = new Float64Array(new SharedArrayBuffer(count * 8));
  const halves = new Uint32Array(values.buffer);
  const sources = points.map((one) => new Uint32Array(one.values.buffer, one.values.byteOffset, one.values.length * 2));
  for (let k = 0; k < count; k++) {
    const from = order[k] as number;
    const s = series[from] as number;
    const i = index[from] as number;
    refs[k] = points[s]?.ref as number;
    times[k] = at[from] as number;
    halves[2 * k] = sources[s]?.[2 * i] as number;
    halves[2 * k + 1] = sources[s]?.[2 * i + 1] as number;
  }
  return { count, refs, times, values };
}

/** A batch in pieces of points that lie no further apart than `turnMs`, each with the time of its last one. */
export function* turnsOf(
  { count, refs, times, values }: SampleBatch,
  turnMs: number,
): Generator<{ readonly at: number; readonly batch: SampleBatch }> {
  for (let first = 0; first < count; ) {
    let end = first + 1;
    while (end < count && (times[end] as number) - (times[first] as number) < turnMs) end++;
    yield {
      at: times[end - 1] as number,
      batch: {
        count: end - first,
        refs: refs.subarray(first, end),
        times: times.subarray(first, end),
        values: values.subarray(first, end),
      },
    };
    first = end;
  }
}
