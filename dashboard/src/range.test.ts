import { expect, test } from 'vitest';
import { parseRange, rangeSearch, withParams } from './range.ts';

const now = Date.UTC(2026, 10, 21, 12);

test('a range that moves with time ends now', () => {
  expect(parseRange('?last=6h', now)).toEqual({ last: '6h', fromMs: now - 6 * 3_600_000, toMs: now, key: '6h' });
});

test('a fixed range stands where the address says', () => {
  const range = parseRange('?from=2026-11-20T00:00:00.000Z&to=2026-11-20T01:00:00.000Z&last=1h', now);
  expect(range.last).toBeNull();
  expect(range.toMs - range.fromMs).toBe(3_600_000);
});

test.each(['', '?last=banana', '?last=99999d', '?from=2026-11-20T00:00:00Z', '?from=b&to=a'])(
  'an address without a valid range (%s) falls back to the last hour',
  (search) => {
    expect(parseRange(search, now).last).toBe('1h');
  },
);

test('changing one parameter keeps the others', () => {
  expect(withParams('?host=a&last=1h', { last: null, from: 'x' })).toBe('?host=a&from=x');
  expect(withParams('?a=1', { a: null })).toBe('');
});

test('links to other pages carry the range and nothing else', () => {
  expect(rangeSearch('?host=a&last=7d&metric=b')).toBe('?last=7d');
  expect(rangeSearch('?host=a')).toBe('');
});
