import { expect, test } from 'vitest';
import type { ModelMetadata } from '../model/index.ts';
import { trainPerformance } from '../predict/performance.ts';
import { PERFORMANCE_FIGURES } from '../predict/performance-features.ts';
import { SeededRandom } from '../stats/random.ts';
import { calibrateForest } from './host-model.ts';
import { RowModel } from './row-model.ts';

const random = new SeededRandom(5);

function metadata(name: string, featureNames: readonly string[], metrics: Record<string, number>): ModelMetadata {
  return {
    name,
    entityId: 'host:a',
    version: 3,
    algorithm: 'a',
    status: 'serving',
    trainedAt: 0,
    trainedFrom: 0,
    trainedTo: 0,
    sampleCount: 0,
    featureNames,
    sizeBytes: 0,
    checksum: '',
    metrics,
    trainingMs: 0,
    fault: null,
  };
}

function hostForest(): RowModel {
  const rows = Float64Array.from({ length: 600 }, (_, i) => (i % 2 === 0 ? 0.3 : 0.5) + random.normal() * 0.02);
  const trained = calibrateForest({ rows, count: 300, cols: 2, from: 0, to: 1, featureNames: ['cpu', 'memory'] });
  if (trained === null) throw new Error('not trained');
  return new RowModel(metadata('host-anomaly', trained.featureNames, { ...trained.metrics }), trained.bytes);
}

test('a row that the host was never like is unusual, the usual one and one with a figure missing are not', () => {
  const model = hostForest();
  const { items, version } = model.answer([
    { cpu: 0.3, memory: 0.5 },
    { cpu: 1, memory: 0.99 },
    { cpu: 0.3, memory: null },
    { cpu: 0.3 },
  ]);
  expect(version).toBe(3);
  expect(items.map(({ isUnusual }) => isUnusual)).toEqual([false, true, false, false]);
  expect(items[2]).toEqual(items[3]);
});

test('a model of before, without its limit, does not say what is unusual', () => {
  const rows = Float64Array.from({ length: 100 }, () => random.next());
  const trained = calibrateForest({ rows, count: 50, cols: 2, from: 0, to: 1, featureNames: ['a', 'b'] });
  const model = new RowModel(metadata('host-anomaly', ['a', 'b'], {}), trained?.bytes ?? new Uint8Array());
  expect(model.answer([{ a: 9, b: 9 }]).items[0]?.isUnusual).toBeNull();
});

test('the score of a row starts from the present health and lies in its range', () => {
  const width = PERFORMANCE_FIGURES.length;
  const values = Float64Array.from({ length: 900 * width }, () => 0.3 + random.normal() * 0.05);
  const history = { columns: PERFORMANCE_FIGURES, values, nRows: 900, stepMs: 60_000, endAt: 9e8, timeZone: 'UTC' };
  const trained = trainPerformance(history, 1);
  const model = new RowModel(metadata('performance', trained.featureNames, {}), trained.bytes ?? new Uint8Array());
  const { items } = model.answer([{ 'health 0 ago': 95 }, { 'health 0 ago': 20 }]);
  expect(items[0]?.value).toBeGreaterThan(items[1]?.value ?? 100);
  for (const { value, lower, upper } of items) {
    expect(lower).toBeLessThanOrEqual(value);
    expect(upper).toBeGreaterThanOrEqual(value);
  }
  for (const row of [{}, { 'health 0 ago': 101 }, { 'health 0 ago': null }])
    expect(() => model.answer([row])).toThrow('“health 0 ago” is needed, from 0 to 100');
});

test('a feature that the model does not know is refused by name and place', () => {
  expect(() => hostForest().answer([{ cpu: 1 }, { disk: 1 }])).toThrow(
    'Row 1: host-anomaly version 3 has no feature “disk”. It has: cpu, memory.',
  );
});
