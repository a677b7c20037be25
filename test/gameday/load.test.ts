import { expect, test } from 'vitest';
import { isRight, ItemChoice, kindOf, requestKinds, requestOf } from '../../gameday/load/requests.ts';
import { HIGHEST_RATE, type LoadShape, rateAt } from '../../gameday/load/shapes.ts';
import { itemAnswer, itemOf, ITEMS, offerOf } from '../../gameday/services/content.ts';
import { checkToken, signToken } from '../../gameday/services/web-token.ts';
import { SeededRandom } from '../../src/stats/random.ts';

const surge: LoadShape = { shape: 'surge', rate: 30, peak: 90, rampSeconds: 10 };

test.each([
  ['steady is the same at any time', { shape: 'steady', rate: 35 }, 1234, 35],
  ['a surge begins at the ordinary rate', surge, 0, 30],
  ['a surge is half way at half of its ramp', surge, 5, 60],
  ['a surge stays at its peak', surge, 500, 90],
  ['a surge without a ramp is there at once', { ...surge, rampSeconds: 0 }, 0, 90],
  ['nothing is above the highest rate', { shape: 'steady', rate: 1e6 }, 0, HIGHEST_RATE],
] as const)('%s', (_name, shape, seconds, rate) => {
  expect(rateAt(shape, seconds)).toBe(rate);
});

test('a day has its mean, a quiet night and a busy noon', () => {
  const day: LoadShape = { shape: 'daily', rate: 40, periodSeconds: 600 };
  const rates = Array.from({ length: 600 }, (_, i) => rateAt(day, i));
  expect(rates.reduce((sum, one) => sum + one, 0) / 600).toBeCloseTo(40, 6);
  expect(rateAt(day, 0)).toBeCloseTo(10, 6);
  expect(rateAt(day, 300)).toBeCloseTo(70, 6);
  expect(rateAt(day, 600)).toBeCloseTo(10, 6);
});

test('the same seed asks the same, another something else', () => {
  const asked = (seed: number): string[] => {
    const random = new SeededRandom(seed);
    const choice = new ItemChoice(random);
    return Array.from({ length: 50 }, () => requestOf(kindOf(random), choice.next(), random).path);
  };
  expect(asked(3)).toEqual(asked(3));
  expect(asked(3)).not.toEqual(asked(4));
});

test('items are wanted by Zipf’s law', () => {
  const choice = new ItemChoice(new SeededRandom(1));
  const counts = new Array<number>(ITEMS).fill(0);
  for (let i = 0; i < 100_000; i++) counts[choice.next()]++;
  // Of 1,000 items the first is asked for by 1 in 7.49 (the harmonic number), the tenth a tenth as often.
  expect(counts[0] / 100_000).toBeCloseTo(1 / 7.485, 2);
  expect(counts[9] / counts[0]).toBeCloseTo(0.1, 1);
  expect(Math.min(...counts.slice(0, 300))).toBeGreaterThan(0);
});

test('the answer that the shop gives is right, and one that lacks something is not', () => {
  const random = new SeededRandom(1);
  const { id, name, priceCents, description } = itemOf(12);
  const row = { id, name, price_cents: priceCents, description, stars: 3.5, count: 600 };
  const asked = requestOf('items', 12, random);
  expect(isRight(asked, itemAnswer(row))).toBe(true);
  expect(isRight(asked, itemAnswer({ ...row, description: description.slice(1) }))).toBe(false);
  expect(isRight(asked, itemAnswer({ ...row, count: 0 }))).toBe(false);
  expect(isRight(requestOf('items', 13, random), itemAnswer(row))).toBe(false);
  const price = requestOf('prices', 5, random);
  expect(isRight(price, JSON.stringify({ id: 5, priceCents: offerOf(5) }))).toBe(true);
  expect(isRight(price, JSON.stringify({ id: 5, priceCents: offerOf(6) }))).toBe(false);
  for (const kind of requestKinds) expect(isRight(requestOf(kind, 1, random), 'It works!'), kind).toBe(false);
});

test('a token is taken in its time, by its own secret', () => {
  const now = 1_800_000_000_000;
  const token = signToken({ sub: 'client', nbf: now / 1000 - 5, exp: now / 1000 + 120 }, 'secret');
  expect(checkToken(token, 'secret', now)).toMatchObject({ sub: 'client' });
  expect(checkToken(token, 'secret', now + 3_600_000)).toBe('the token ended 3480 s ago');
  expect(checkToken(token, 'secret', now - 3_600_000)).toBe('the token begins in 3595 s');
  expect(checkToken(token, 'other', now)).toBe('the signature is wrong');
  expect(checkToken('', 'secret', now)).toBe('the signature is wrong');
});
