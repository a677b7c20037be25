import { expect, test } from 'vitest';
import { CivilTime } from './civil-time.ts';

test('offsets follow daylight saving to the quarter of an hour, in any order of asking', () => {
  const berlin = new CivilTime().zone('Europe/Berlin');
  const change = Date.UTC(2026, 2, 29, 1, 0);
  for (const [at, hours] of [
    [change - 1, 1],
    [change, 2],
    [change + 86_400_000, 2],
    [change - 1, 1],
    [change - 86_400_000, 1],
  ]) {
    expect(berlin.offsetAt(at)).toBe(hours * 3_600_000);
  }
});

test('a zone off the full hour, and an unknown zone as UTC', () => {
  const civil = new CivilTime();
  expect(civil.zone('Asia/Kathmandu').offsetAt(Date.UTC(2026, 5, 1))).toBe(20_700_000);
  expect(civil.zone('Nowhere/Land').offsetAt(Date.UTC(2026, 5, 1))).toBe(0);
});
