import { expect, test } from 'vitest';
import { auroc } from '../../evaluation/index.ts';
import { SeededRandom } from '../../stats/random.ts';
import { DenseNet } from '../neural/dense-net.ts';
import { Autoencoder } from './autoencoder.ts';
import { Ecod } from './ecod.ts';
import { HalfSpaceTrees } from './half-space-trees.ts';
import { Hbos } from './hbos.ts';
import { IsolationForest } from './isolation-forest.ts';
import { KNearestNeighbours } from './k-nearest-neighbours.ts';
import { LocalOutlierFactor } from './local-outlier-factor.ts';
import { NearestInSamples } from './nearest-in-samples.ts';
import type { OutlierDetector } from './outlier-detector.ts';
import { OutlierEnsemble } from './outlier-ensemble.ts';
import { RobustCovariance } from './robust-covariance.ts';
import { RobustZ } from './robust-z.ts';
import { ScoreScale } from './score-scale.ts';

/** Two columns that move together; the anomalies break the relation inside the ranges of both. */
function broken(n: number, seed: number) {
  const random = new SeededRandom(seed);
  const x = new Float64Array(n * 3);
  const label = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const a = random.normal();
    label[i] = i % 25 === 0 ? 1 : 0;
    x[i * 3] = a;
    x[i * 3 + 1] = label[i] ? -Math.sign(a) * (1 + Math.abs(a)) : 2 * a + random.normal() * 0.2;
    x[i * 3 + 2] = random.normal();
  }
  return { x, label };
}

/** A dense group and a thin one; the anomalies lie just outside of the dense one. */
function densities(n: number, seed: number) {
  const random = new SeededRandom(seed);
  const x = new Float64Array(n * 2);
  const label = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    label[i] = i % 40 === 0 ? 1 : 0;
    const isThin = i % 2 === 1;
    const angle = random.next() * 2 * Math.PI;
    const radius = label[i] ? 0.6 + 0.3 * random.next() : (isThin ? 4 : 0.1) * Math.abs(random.normal());
    x[i * 2] = (isThin && !label[i] ? 20 : 0) + radius * Math.cos(angle);
    x[i * 2 + 1] = radius * Math.sin(angle);
  }
  return { x, label };
}

/** A few tight groups far out, each of many anomalies: they are one another's neighbours. */
function clumps(n: number, seed: number) {
  const random = new SeededRandom(seed);
  const x = new Float64Array(n * 4);
  const label = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    label[i] = i % 20 === 0 ? 1 : 0;
    for (let j = 0; j < 4; j++) x[i * 4 + j] = label[i] ? 4 + random.normal() * 0.02 : random.normal();
  }
  return { x, label };
}

function area(detector: OutlierDetector, data: { x: Float64Array; label: Uint8Array }): number {
  const n = data.label.length;
  return auroc(detector.fit(data.x, n, data.x.length / n).scoreAll(data.x, n), data.label);
}

test('what looks at several columns at once sees a broken relation, what looks at each alone does not', () => {
  const data = broken(1000, 1);
  expect(area(new RobustCovariance(), data)).toBeGreaterThan(0.99);
  expect(area(new Autoencoder({ seed: 1, nCode: 2 }), data)).toBeGreaterThan(0.95);
  expect(area(new KNearestNeighbours({ seed: 1 }), data)).toBeGreaterThan(0.9);
  expect(area(new OutlierEnsemble({ seed: 1 }), data)).toBeGreaterThan(0.94);
  expect(area(new Ecod(), data)).toBeLessThan(0.9);
  expect(area(new Hbos(), data)).toBeLessThan(0.9);
});

test('the local outlier factor allows for a thin group where distances do not', () => {
  const data = densities(1000, 2);
  const local = area(new LocalOutlierFactor({ seed: 1 }), data);
  expect(local).toBeGreaterThan(0.95);
  expect(local).toBeGreaterThan(area(new KNearestNeighbours({ seed: 1 }), data) + 0.1);
});

test('small samples see anomalies that lie together, which hide one another from their nearest neighbours', () => {
  const data = clumps(2000, 3);
  const near = area(new KNearestNeighbours({ seed: 1 }), data);
  const sampled = area(new NearestInSamples({ seed: 1 }), data);
  expect(sampled).toBeGreaterThan(0.97);
  expect(near).toBeLessThan(0.5);
});

test('values beyond all others stand out of columns looked at one by one', () => {
  const random = new SeededRandom(4);
  const n = 600;
  const label = Uint8Array.from({ length: n }, (_, i) => (i % 30 === 0 ? 1 : 0));
  const x = Float64Array.from(
    { length: n * 5 },
    (_, i) => random.normal() + (label[Math.floor(i / 5)] && i % 5 === 2 ? 7 : 0),
  );
  for (const detector of [new RobustZ(), new Hbos(), new IsolationForest({ seed: 1 })]) {
    expect(area(detector, { x, label })).toBeGreaterThan(0.9);
  }
  for (const detector of [new HalfSpaceTrees({ seed: 1 }), new Ecod()]) {
    expect(area(detector, { x, label })).toBeGreaterThan(0.8);
  }
});

test('robust z is the distance from the median in 1.4826 median deviations', () => {
  const model = new RobustZ().fit(Float64Array.of(1, 2, 3, 4, 100), 5, 1);
  expect(model.score(Float64Array.of(7))).toBeCloseTo(4 / 1.482602218505602, 9);
  expect(model.score(Float64Array.of(3))).toBe(0);
});

test('ECOD’s score is −ln of the tail shares, worked out by hand', () => {
  const model = new Ecod().fit(Float64Array.of(1, 2, 3, 4), 4, 1);
  // 4 is in the right tail of one in four; below it is everything.
  expect(model.score(Float64Array.of(4))).toBeCloseTo(Math.log(4), 12);
  // Beyond all: half a row in five.
  expect(model.score(Float64Array.of(9))).toBeCloseTo(Math.log(10), 12);
});

test('half-space trees follow a stream: what was strange becomes usual after a window, and what was usual strange', () => {
  const random = new SeededRandom(5);
  const trees = new HalfSpaceTrees({ seed: 1, windowSize: 200 });
  const rowAt = (centre: number) => Float64Array.of(centre + random.normal() * 0.3, centre + random.normal() * 0.3);
  // Both places lie in the first window, so that its space holds them.
  for (let i = 0; i < 200; i++) trees.learnOne(rowAt(i % 10 === 0 ? 5 : 0));
  for (let i = 0; i < 400; i++) trees.learnOne(rowAt(0));
  const before = { near: trees.score(Float64Array.of(0, 0)), far: trees.score(Float64Array.of(5, 5)) };
  expect(before.far).toBeGreaterThan(before.near + 0.2);
  for (let i = 0; i < 400; i++) trees.learnOne(rowAt(5));
  expect(trees.score(Float64Array.of(5, 5))).toBeLessThan(trees.score(Float64Array.of(0, 0)) - 0.2);
});

test('surprise rises with the score everywhere, is −ln of the share above, and goes on beyond all that was seen', () => {
  const scores = Float64Array.from({ length: 1000 }, (_, i) => i / 1000);
  const scale = ScoreScale.fit(scores);
  expect(scale.surprise(0.5)).toBeCloseTo(Math.log(2), 2);
  expect(scale.surprise(0.9)).toBeCloseTo(Math.log(10), 1);
  let before = -1;
  for (let s = -0.5; s < 3; s += 0.01) {
    const now = scale.surprise(s);
    expect(now).toBeGreaterThanOrEqual(before);
    if (s > 0.01) expect(now).toBeGreaterThan(before);
    before = now;
  }
});

test('the gradient of a dense net is that of small differences', () => {
  const random = new SeededRandom(6);
  const x = Float64Array.from({ length: 3 }, () => random.normal());
  const target = Float64Array.of(0.3, Number.NaN, -0.2);
  const loss = (net: DenseNet) =>
    net.forward(x).reduce((sum, out, i) => (i === 1 ? sum : sum + (out - (target[i] ?? 0)) ** 2 / 2), 0);
  const start = new DenseNet([3, 4, 2, 3], random).weights.slice();
  const net = () => DenseNet.of([3, 4, 2, 3], start);
  // Adam's first step moves each weight by the rate against its gradient's sign, nearly whatever its size.
  const stepped = net();
  stepped.learn(x, 0, target, 0);
  stepped.step(1e-3);
  for (let i = 0; i < start.length; i++) {
    const [up, down] = [net(), net()];
    up.weights[i] = (start[i] ?? 0) + 1e-5;
    down.weights[i] = (start[i] ?? 0) - 1e-5;
    const slope = (loss(up) - loss(down)) / 2e-5;
    const moved = (stepped.weights[i] ?? 0) - (start[i] ?? 0);
    expect(moved).toBeCloseTo((-1e-3 * slope) / (Math.abs(slope) + 1e-8), 6);
  }
});

test('weights of another net are refused', () => {
  for (const sizes of [
    [2, 3],
    [1e9, 0, 6],
    [0.5, 4],
    [-1, 2],
  ])
    expect(() => DenseNet.of(sizes, new Float64Array(6))).toThrow(expect.objectContaining({ code: 'MODEL_DAMAGED' }));
});
