import { expect, test } from 'vitest';
import { SeededRandom } from '../stats/random.ts';
import { eventScore, rowScore, spansOf } from './events.ts';
import { vusPr } from './vus-pr.ts';

/** The definition as it is written down: for every buffer and threshold all labels anew. */
function byDefinition(scores: Float64Array, anomaly: Uint8Array, maxBuffer: number, nThresholds: number): number {
  const n = scores.length;
  const events = spansOf(anomaly);
  const positives = anomaly.reduce((a, b) => a + b, 0);
  const sorted = [...scores].sort((a, b) => b - a);
  const joined = (buffer: number) => {
    const half = Math.floor(buffer / 2);
    const out: [number, number][] = [];
    for (const { from, to } of events) {
      const last = out.at(-1);
      const [a, b] = [Math.max(0, from - half), Math.min(n - 1, to + half)];
      if (last !== undefined && last[1] >= from - half) last[1] = b;
      else out.push([a, b]);
    }
    return out;
  };
  let volume = 0;
  for (let buffer = 0; buffer <= maxBuffer; buffer++) {
    const soft = Float64Array.from(anomaly);
    for (const { from, to } of events) {
      for (let i = to + 1; i <= Math.min(n - 1, to + Math.floor(buffer / 2)); i++)
        soft[i] = (soft[i] ?? 0) + Math.sqrt(1 - (i - to) / buffer);
      for (let i = Math.max(0, from - Math.floor(buffer / 2)); i < from; i++)
        soft[i] = (soft[i] ?? 0) + Math.sqrt(1 - (from - i) / buffer);
    }
    for (let i = 0; i < n; i++) soft[i] = Math.min(1, soft[i] ?? 0);
    let before = 0;
    for (let k = 0; k < nThresholds; k++) {
      const threshold = sorted[Math.floor((k * (n - 1)) / (nThresholds - 1))] ?? 0;
      const predicted = [...scores].map((score) => (score >= threshold ? 1 : 0));
      const label = Array.from(soft, (s, i) => (anomaly[i] ? 1 : s * (predicted[i] ?? 0)));
      let truePositives = 0;
      let labels = 0;
      for (const [from, to] of joined(maxBuffer)) {
        for (let i = from; i <= to; i++) {
          truePositives += (label[i] ?? 0) * (predicted[i] ?? 0);
          labels += label[i] ?? 0;
        }
      }
      const spans = joined(buffer);
      const met = spans.filter(([from, to]) => predicted.slice(from, to + 1).includes(1)).length / spans.length;
      const recall = Math.min(truePositives / ((positives + labels) / 2), 1) * met;
      volume += ((recall - before) * truePositives) / predicted.reduce((a: number, b) => a + b, 0);
      before = recall;
    }
  }
  return volume / (maxBuffer + 1);
}

test('VUS-PR is what its definition says, ties, touching events and events at the edges included', () => {
  const random = new SeededRandom(1);
  for (let k = 0; k < 12; k++) {
    const n = 80 + random.integer(60);
    const anomaly = new Uint8Array(n);
    for (let e = 0; e < 3; e++) {
      const from = random.integer(n - 8);
      anomaly.fill(1, from, from + 1 + random.integer(8));
    }
    anomaly[random.integer(n)] = 1;
    if (k % 3 === 0) anomaly[0] = 1;
    if (anomaly.every((value) => value === 1)) anomaly[5] = 0;
    const scores = Float64Array.from({ length: n }, (_, i) => Math.round(random.normal() * 3 + 4 * (anomaly[i] ?? 0)));
    expect(vusPr(scores, anomaly, 12, 30)).toBeCloseTo(byDefinition(scores, anomaly, 12, 30), 10);
  }
});

test('a detector that knows scores high, noise near the share of anomalies, and without events there is no number', () => {
  const random = new SeededRandom(2);
  const n = 4000;
  const anomaly = new Uint8Array(n);
  for (const at of [300, 1500, 2800]) anomaly.fill(1, at, at + 60);
  const knows = Float64Array.from(anomaly, (label) => label + random.next() * 0.1);
  const noise = Float64Array.from({ length: n }, () => random.next());
  expect(vusPr(knows, anomaly, 20)).toBeGreaterThan(0.9);
  expect(vusPr(noise, anomaly, 20)).toBeLessThan(0.15);
  expect(vusPr(noise, new Uint8Array(n))).toBeNaN();
});

test('events are counted once however long a report is, and reports that meet none are false', () => {
  const event = Uint8Array.of(0, 1, 1, 0, 0, 1, 0, 0, 0, 1);
  const report = Uint8Array.of(0, 0, 1, 1, 0, 0, 0, 1, 0, 1);
  expect(spansOf(event)).toEqual([
    { from: 1, to: 2 },
    { from: 5, to: 5 },
    { from: 9, to: 9 },
  ]);
  expect(eventScore(event, report)).toMatchObject({ events: 3, found: 2, reported: 3, rightly: 2, recall: 2 / 3 });
  expect(eventScore(event, new Uint8Array(10))).toMatchObject({ recall: 0, precision: Number.NaN, f1: 0 });
  const { f1, falseAlarmRatio, missedRatio } = rowScore(event, report);
  expect(f1).toBeCloseTo(4 / 8, 12); // 2 hit, 2 wrong, 2 missed
  expect(falseAlarmRatio).toBeCloseTo(2 / 6, 12);
  expect(missedRatio).toBeCloseTo(2 / 4, 12);
});
