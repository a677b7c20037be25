import { expect, test } from 'vitest';
import { gammaSample, SeededRandom } from '../../stats/random.ts';
import { ThompsonSampling } from './thompson-sampling.ts';

test('the better arm is chosen nearly always after 500 tries, and the worse one now and then', () => {
  for (const isGaussian of [0, 1]) {
    const random = new SeededRandom(3);
    const bandit = new ThompsonSampling({ nArms: 3, isGaussian });
    const worth = [0.3, 0.7, 0.5];
    const chosen = [0, 0, 0];
    for (let i = 0; i < 1500; i++) {
      const arm = bandit.choose(random);
      if (i >= 500) chosen[arm] = (chosen[arm] ?? 0) + 1;
      const mean = worth[arm] ?? 0;
      bandit.learnOne(arm, isGaussian === 1 ? mean + 0.3 * random.normal() : random.next() < mean ? 1 : 0);
    }
    expect(chosen[1]).toBeGreaterThan(850);
    expect(bandit.expected(1)).toBeCloseTo(0.7, 1);
  }
});

test('bounds hold whatever was learnt: an arm that is not allowed is never chosen, and nothing allowed is -1', () => {
  const random = new SeededRandom(5);
  const bandit = new ThompsonSampling({ nArms: 4 });
  for (let i = 0; i < 1000; i++) bandit.learnOne(2, 1);
  for (let i = 0; i < 1000; i++) bandit.learnOne(0, 0);
  for (let i = 0; i < 5000; i++) expect(bandit.choose(random, (arm) => arm !== 2)).not.toBe(2);
  expect(bandit.choose(random, (arm) => arm === 0)).toBe(0);
  expect(bandit.choose(random, () => false)).toBe(-1);
});

test('choosing learns nothing, and forgetting lets a new best arm win', () => {
  const random = new SeededRandom(6);
  const bandit = new ThompsonSampling({ nArms: 2, forgetting: 0.02 });
  for (let i = 0; i < 2000; i++) bandit.learnOne(0, 1);
  const before = bandit.toBytes();
  for (let i = 0; i < 100; i++) bandit.choose(random);
  expect(bandit.toBytes()).toEqual(before);
  let second = 0;
  for (let i = 0; i < 1000; i++) {
    const arm = bandit.choose(random);
    bandit.learnOne(arm, arm === 1 ? 1 : 0);
    if (i >= 500) second += arm;
  }
  expect(second).toBeGreaterThan(450);
});

test('outcomes and arms that make no sense are refused', () => {
  const code = expect.objectContaining({ code: 'BAD_REQUEST' });
  expect(() => new ThompsonSampling().learnOne(0, 1.5)).toThrow(code);
  expect(() => new ThompsonSampling().learnOne(2, 1)).toThrow(code);
  expect(() => new ThompsonSampling({ isGaussian: 1 }).learnOne(0, Number.NaN)).toThrow(code);
});

test('gamma draws have the mean and the variance of their shape', () => {
  for (const shape of [0.3, 1, 2.5, 40]) {
    const random = new SeededRandom(7);
    const draws = Float64Array.from({ length: 40_000 }, () => gammaSample(shape, random));
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
    const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length;
    expect(Math.abs(mean / shape - 1)).toBeLessThan(0.04);
    expect(Math.abs(variance / shape - 1)).toBeLessThan(0.06);
  }
});
