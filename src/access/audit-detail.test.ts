import { expect, test } from 'vitest';
import { auditDetail, auditText } from './audit-detail.ts';

test('secrets by name, by form and in addresses never reach a row', () => {
  const canary = 'S3cr3tCanary';
  const token = `ausp_${'x'.repeat(43)}`;
  const text = auditDetail({
    password: canary,
    new_password: canary,
    nested: { apiKey: canary, list: [{ clientSecret: canary, Authorization: `Bearer ${canary}` }] },
    url: `https://user:${canary}@example.org/x`,
    note: `use ${token} and ${'A1b2'.repeat(10)}xyz please`,
  });
  expect(text).not.toContain(canary);
  expect(text).not.toContain(token);
  expect(text).not.toContain('A1b2A1b2');
  expect(JSON.parse(text)).toMatchObject({ password: '[set]', url: 'https://[set]@example.org/x' });
});

test('what is no secret stays: names, hashes that are not ours, errors', () => {
  const detail = { name: 'prometheus', error: 'NOT_FOUND', lastHash: 'ab'.repeat(32), passwordSet: true };
  expect(JSON.parse(auditDetail(detail))).toEqual(detail);
});

test('a detail is bounded, and says what was cut', () => {
  expect(auditText('y '.repeat(5000)).length).toBeLessThan(510);
  expect(auditDetail({ list: Array.from({ length: 1000 }, (_, i) => `${i} ${'z '.repeat(200)}`) }).length).toBeLessThan(
    8192,
  );
  expect(JSON.parse(auditDetail({ list: Array.from({ length: 25 }, (_, i) => i) })).list.at(-1)).toBe('… 5 more');
});

test('is stored as it is: no character that a database would change', () => {
  expect(auditText('a\u0000b\ud800')).toBe('a\ufffdb\ufffd');
});
