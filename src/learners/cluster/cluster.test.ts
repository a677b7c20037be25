import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Dbscan } from './dbscan.ts';
import { KMeans } from './k-means.ts';

interface Golden {
  readonly blobs: number[];
  readonly dbscan: { radius: number; minNeighbours: number; labels: number[] }[];
  readonly kmeans: { inertia: number; centres: number[][]; labels: number[] };
}
const golden: Golden = JSON.parse(readFileSync('test/golden/forecast/golden.json', 'utf8'));
const x = Float64Array.from(golden.blobs);
const nRows = x.length / 2;

test.each(golden.dbscan)(
  'DBSCAN gives scikit-learn’s clusters and noise: radius $radius',
  ({ radius, minNeighbours, labels }) => {
    expect([...new Dbscan({ radius, minNeighbours }).fit(x, nRows, 2).labels]).toEqual(labels);
  },
);

test('DBSCAN assigns a core to its own cluster and a far row to none', () => {
  const model = new Dbscan({ radius: 0.5, minNeighbours: 5 }).fit(x, nRows, 2);
  expect(model.assign(x.subarray(0, 2))).toBe(model.labels[0]);
  expect(model.assign(Float64Array.of(100, 100))).toBe(-1);
});

test('k-means reaches scikit-learn’s inertia and centres', () => {
  const model = new KMeans({ nClusters: 3, nStarts: 10 }).fit(x, nRows, 2);
  expect(model.inertia).toBeCloseTo(golden.kmeans.inertia, 6);
  const sorted = (centres: number[][]) => [...centres].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0)).flat();
  const ours = [0, 1, 2].map((c) => [...model.centres.subarray(2 * c, 2 * c + 2)]);
  sorted(ours).forEach((value, i) => expect(value).toBeCloseTo(sorted(golden.kmeans.centres)[i] ?? 0, 6));
  // The same rows lie together, whatever the numbers.
  const names = new Map<number, number>();
  for (let i = 0; i < nRows; i++) {
    const mine = model.assign(x.subarray(2 * i, 2 * i + 2));
    const theirs = golden.kmeans.labels[i] ?? -1;
    expect(names.get(mine) ?? theirs).toBe(theirs);
    names.set(mine, theirs);
  }
});
