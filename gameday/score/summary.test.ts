import { expect, test } from 'vitest';
import { pageReport } from '../report/page.ts';
import { textReport } from '../report/text.ts';
import { runOf, said } from './runs-for-tests.ts';
import { summarize } from './summary.ts';
import { wilson } from './wilson.ts';

test.each([
  // Oracle: the table of Newcombe 1998, method 3.
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])('Wilson: %i of %i lies between %f and %f', (hits, of, from, to) => {
  const interval = wilson(hits, of, 1.959964);
  expect(interval.from).toBeCloseTo(from, 4);
  expect(interval.to).toBeCloseTo(to, 4);
});

const found = runOf({ told: [said(30)] }, (n) => n > 25 && n < 50);
const runs = [
  found,
  { ...found, seed: 2 },
  { ...found, seed: 3, told: [] },
  runOf({ scenario: '02-stopped', told: [] }),
  runOf({ scenario: '04-leak', isExam: true, pace: 'slow' }),
  runOf({ scenario: '29-backup', isHarmless: true, truth: null, told: [said(40), said(41, { kind: 'page' })] }),
  runOf({ scenario: '05-cpu', broken: 'the probe ended' }),
  runOf({ arm: 'none' }),
];

test('shares stand over runs and over scenarios; the exam and the harmless apart; broken runs nowhere', () => {
  const arm = summarize('auspex', runs);
  expect(arm.runs).toBe(6);
  expect(arm.faults.detected).toMatchObject({ hits: 2, of: 4 });
  expect(arm.faults.detected.mean).toBeCloseTo(1 / 3);
  expect(arm.exam.detected).toMatchObject({ hits: 0, of: 1 });
  expect(arm.harmless).toEqual({ runs: 1, pages: 1, findings: 1 });
  expect(arm.faults.recovered).toMatchObject({ hits: 3, of: 3 });
  expect(arm.broken).toEqual([{ scenario: '05-cpu', seed: 1, reason: 'the probe ended' }]);
});

test('the reports name every scenario and what was not counted', () => {
  const arms = [summarize('none', runs), summarize('auspex', runs)];
  const text = textReport(arms);
  const page = pageReport(arms, runs, 'Made in a test');
  for (const part of ['01-killed', '02-stopped', '29-backup', 'the probe ended']) {
    expect(text).toContain(part);
    expect(page).toContain(part);
  }
  expect(text).toContain('2/4');
  expect(pageReport(arms, [{ ...found, scenario: '<script>' }], '')).not.toContain('<script>');
});
