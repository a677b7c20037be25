import { describe, expect, test } from 'vitest';
import { labelsFrom, formatLabels, writeStaleMarker } from '../../model/index.ts';
import { atOnce, evaluatePromql } from './evaluate.ts';
import { parsePromql } from './parse.ts';
import type { SeriesSamples } from './values.ts';

const STALE = Symbol('stale');

/** A sample every 10 s from 0 on; null leaves one out. */
function series(
  name: string,
  labels: Record<string, string>,
  values: readonly (number | null | typeof STALE)[],
): SeriesSamples {
  const kept = values.flatMap((value, i) => (value === null ? [] : [{ at: i * 10_000, value }]));
  const numbers = Float64Array.from(kept, ({ value }) => (typeof value === 'number' ? value : Number.NaN));
  kept.forEach(({ value }, i) => {
    if (value === STALE) writeStaleMarker(numbers, i);
  });
  return {
    labels: labelsFrom([['__name__', name], ...Object.entries(labels)]),
    times: Float64Array.from(kept, ({ at }) => at),
    values: numbers,
  };
}

/** Each selector finds the series of its name. */
function evaluated(text: string, at: number, all: readonly SeriesSamples[]): Record<string, number> {
  const value = atOnce(
    evaluatePromql(parsePromql(text), at, {
      samplesOf: ({ matchers }) => all.filter(({ labels }) => labels.includes(matchers[0]?.value ?? '')),
    }),
  );
  if (value.type === 'scalar') return { '': value.value };
  return value.type === 'vector'
    ? Object.fromEntries(value.samples.map((one) => [formatLabels(one.labels), one.value]))
    : {};
}

const ones = Array.from({ length: 31 }, () => 1);

describe('time, as Prometheus 3 has it', () => {
  test.each([
    ['a range leaves its left end out', 'count_over_time(x[1m])', 60_000, 6],
    ['and keeps its right end', 'count_over_time(x[1m])', 69_999, 6],
    ['a sample of 5 minutes ago is no longer the newest', 'x offset 0s', 600_000, undefined],
    ['one of a millisecond less is', 'x', 599_999, 1],
    ['before the first there is none', 'x', -1, undefined],
  ])('%s', (_, text, at, wanted) => {
    expect(Object.values(evaluated(text, at, [series('x', {}, ones)]))[0]).toBe(wanted);
  });

  test('a series that has ended is gone at once, and its mark is no sample', () => {
    const x = [series('x', {}, [1, 2, 3, STALE])];
    expect(evaluated('x', 29_999, x)).toEqual({ x: 3 });
    expect(evaluated('x', 30_000, x)).toEqual({});
    expect(evaluated('count_over_time(x[1m])', 30_000, x)).toEqual({ '': 3 });
  });

  test('a NaN that is no mark is a value', () => {
    expect(evaluated('x', 0, [series('x', {}, [Number.NaN])])).toEqual({ x: Number.NaN });
  });
});

describe('growth', () => {
  test.each([
    ['is stretched to the bounds of its range', 'increase(x[1m])', 60_000, [0, 10, 20, 30, 40, 50, 60], 60],
    ['not below zero', 'increase(x[1m])', 50_000, [0, 10, 20, 30, 40, 50], 50],
    ['puts a counter’s resets back', 'rate(x[1m])', 55_000, [100, 110, 120, 5, 15, 25], 0.9],
    ['of one sample is unknown', 'rate(x[5s])', 50_000, [0, 10, 20, 30, 40, 50], undefined],
  ])('%s', (_, text, at, values, wanted) => {
    const [found] = Object.values(evaluated(text, at, [series('x', {}, values)]));
    if (wanted === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(wanted, 12);
  });
});

describe('an answer that would be ambiguous is refused with its place', () => {
  const all = [
    series('x', { a: '1' }, [1]),
    series('y', { a: '1', b: '1' }, [1]),
    series('y', { a: '1', b: '2' }, [1]),
  ];
  test.each([
    ['x * on(a) y', 'Position 3: several series on the right'],
    ['y * on(a) x', 'Position 3: several series on the left'],
    ['y * on(a) group_right() x', 'Position 3: several series on the left'],
    ['label_replace(y, "b", "", "b", ".*")', 'Position 1: the answer would have two series'],
    ['count_values("no name", y)', 'no label name'],
  ])('%s', (text, words) => {
    expect(() => evaluated(text, 0, all)).toThrow(words);
  });
});

test('work can be stopped every few hundred series', () => {
  const many = Array.from({ length: 5000 }, (_, i) => series('x', { i: String(i) }, ones));
  const work = evaluatePromql(parsePromql('sum(rate(x[2m]))'), 300_000, { samplesOf: () => many });
  let stops = 0;
  while (work.next().done !== true) stops++;
  expect(stops).toBeGreaterThan(20);
});
