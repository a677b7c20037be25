import { expect, test } from 'vitest';
import { allowance, bodyOf, draftOf } from './objective-words.ts';

const shop = { id: 'o', name: 'shop', service: 'shop', target: 0.9995, windowDays: 28 } as Parameters<
  typeof draftOf
>[0] &
  object;

test.each([
  [{ kind: 'availability' }],
  [{ kind: 'latency', limitSeconds: 0.3 }],
  [{ kind: 'histogram', metric: 'seconds', match: 'job="shop"', limitSeconds: 0.0025 }],
  [{ kind: 'events', good: 'sum(a)', total: 'sum(b)' }],
] as const)('what is not changed is sent as it was: %o', (indicator) => {
  const { id: _, ...body } = { ...shop, indicator };
  expect(bodyOf(draftOf({ ...shop, indicator }))).toEqual(body);
});

test('no service is none, and a new one asks for 99.9 % over 30 days', () => {
  expect(bodyOf({ ...draftOf(null), name: 'a', service: ' ' })).toMatchObject({
    service: null,
    target: 0.999,
    windowDays: 30,
  });
});

test.each([
  ['99.9', 30, 'Of 100,000 requests 100 may be bad. If nothing at all works, the budget of 30 days is spent in 43 min'],
  ['99.995', 7, 'Of 100,000 requests 5 may be bad. If nothing at all works, the budget of 7 days is spent in 30 s'],
] as const)('what %s %% over %d days leaves room for', (target, windowDays, words) => {
  expect(allowance({ target, windowDays })?.replaceAll('\u202f', ' ')).toContain(words);
});

test.each(['', '100', '0', 'most', '-1', '101'])('“%s” is no target', (target) => {
  expect(allowance({ target, windowDays: 30 })).toBeNull();
});
