import { expect, test } from 'vitest';
import { SeededRandom } from '../../stats/random.ts';
import { Adwin } from './adwin.ts';
import { PageHinkley } from './page-hinkley.ts';

const detectors = [
  ['Page–Hinkley', () => new PageHinkley()],
  ['ADWIN', () => new Adwin()],
] as const;

for (const [name, create] of detectors) {
  test(`${name} finds a step of two deviations within 60 values, up or down, and starts anew behind it`, () => {
    for (const sign of [1, -1]) {
      const random = new SeededRandom(4);
      const detector = create();
      const found: number[] = [];
      for (let i = 0; i < 900; i++) {
        const level = i < 300 ? 0 : i < 600 ? 2 * sign : 0;
        if (detector.learnOne(level + random.normal())) found.push(i);
      }
      expect(found.some((at) => at >= 300 && at < 360)).toBe(true);
      expect(found.some((at) => at >= 600 && at < 660)).toBe(true);
      expect(found.filter((at) => at < 300)).toHaveLength(0);
    }
  });

  test(`${name} is quiet on 20 streams of 1,000 values of noise, but for one at most`, () => {
    let alarms = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const random = new SeededRandom(seed);
      const detector = create();
      for (let i = 0; i < 1000; i++) alarms += detector.learnOne(random.normal()) ? 1 : 0;
    }
    expect(alarms).toBeLessThanOrEqual(1);
  });
}

test('ADWIN’s window holds the mean of what is now, in a few buckets whatever the length', () => {
  const random = new SeededRandom(9);
  const detector = new Adwin();
  for (let i = 0; i < 50_000; i++) detector.learnOne((i < 40_000 ? 5 : 9) + random.normal());
  expect(detector.mean).toBeGreaterThan(8.9);
  expect(detector.length).toBeLessThanOrEqual(10_100);
  expect(detector.toBytes().length).toBeLessThan(3000);
});
