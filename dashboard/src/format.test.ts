import { expect, test } from 'vitest';
import { amount, clock, duration, fromNow, instantWithZone, labelText, quantity, span } from './format.ts';

const tidy = (text: string) => text.replaceAll('\u202f', ' ');

test.each([
  [0.613, 'ratio', '61 %'],
  [0.0425, 'ratio', '4.3 %'],
  [0, 'ratio', '0 %'],
  [3.1 * 1024 ** 3, 'bytes', '3.1 GiB'],
  [512, 'bytes', '512 B'],
  [1023.9 * 1024, 'bytes', '1 MiB'],
  [148 * 1024 ** 3, 'bytes', '148 GiB'],
  [2.5 * 1024 ** 2, 'bytes/s', '2.5 MiB/s'],
  [1.882, 'cores', '1.88 cores'],
  [243, 'count', '243'],
  [12_400, 'count', '12,400'],
  [4_000_000, 'count', '4M'],
  [31.25, 'count/s', '31.3/s'],
  [200, 'seconds', '3 min 20 s'],
  [-0.05, 'ratio', '−5 %'],
  [null, 'ratio', '–'],
  [Number.NaN, 'bytes', '–'],
])('%s of unit %s reads %s', (value, unit, text) => {
  expect(tidy(amount(value, unit))).toBe(text);
});

test.each([
  [200_000, '3 min 20 s'],
  [0, '0 s'],
  [0.4, '400 µs'],
  [4.25, '4.3 ms'],
  [850, '850 ms'],
  [1500, '1.5 s'],
  [60_000, '1 min'],
  [3_600_000 + 61_000, '1 h 1 min'],
  [9 * 86_400_000, '9 d'],
  [2.5 * 86_400_000, '2 d 12 h'],
  [59_999, '1 min'],
  [-200_000, '−3 min 20 s'],
])('%s ms reads %s', (ms, text) => {
  expect(tidy(duration(ms))).toBe(text);
});

test('a range names its unit once where both ends share it', () => {
  expect(tidy(span(0.08, 0.22, 'ratio'))).toBe('8–22 %');
  expect(tidy(span(900 * 1024, 1.5 * 1024 ** 2, 'bytes'))).toBe('900 KiB–1.5 MiB');
  expect(tidy(span(0, 1.5 * 1024 ** 2, 'bytes'))).toBe('0–1.5 MiB');
  expect(tidy(span(null, 0.22, 'ratio'))).toBe('up to 22 %');
  expect(tidy(span(0.22, null, 'ratio'))).toBe('from 22 %');
  expect(span(null, null, 'ratio')).toBe('–');
});

test('a time of another day says its day, of another year its year', () => {
  const now = new Date(2026, 10, 21, 15, 0, 0).getTime();
  expect(clock(new Date(2026, 10, 21, 14, 3, 20).getTime(), now)).toBe('14:03');
  expect(clock(new Date(2026, 10, 21, 14, 3, 20).getTime(), now, true)).toBe('14:03:20');
  expect(clock(new Date(2026, 10, 20, 14, 3).getTime(), now)).toBe('20 Nov 14:03');
  expect(clock(new Date(2025, 10, 20, 14, 3).getTime(), now)).toBe('20 Nov 2025 14:03');
});

test('the whole instant names its zone', () => {
  expect(instantWithZone(0)).toContain(Intl.DateTimeFormat().resolvedOptions().timeZone);
});

test('distance from now reads in one step, both ways', () => {
  expect(tidy(fromNow(0, 4 * 60_000 + 30_000))).toBe('4 min ago');
  expect(tidy(fromNow(9.4 * 86_400_000, 0))).toBe('in 9 d');
  expect(fromNow(1000, 0)).toBe('now');
});

test('the figure and its unit can be set apart', () => {
  expect(quantity(0.5, 'ratio')).toEqual({ figure: '50', unit: '%' });
});

test('labels that are the same everywhere are left out', () => {
  expect(labelText({ __name__: 'x', instance: 'a', job: 'b', device: 'sda', mode: 'user' })).toBe(
    'device=sda mode=user',
  );
});
