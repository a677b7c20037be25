import { describe, expect, test } from 'vitest';
import { judge } from './judge.ts';
import { runOf, said } from './runs-for-tests.ts';

describe('what was said', () => {
  test('the first word while the fault lasts is the detection', () => {
    const verdict = judge(runOf({ told: [said(5), said(35), said(31, { kind: 'page', id: 'p' })] }));
    expect(verdict).toMatchObject({ detectedMs: 11_000, pagedMs: 11_000, findings: 1, pages: 1, incidents: 1 });
  });

  test('nothing said, or said too early or too late, is no detection', () => {
    expect(judge(runOf()).detectedMs).toBeNull();
    expect(judge(runOf({ told: [said(19)] })).detectedMs).toBeNull();
    expect(judge(runOf({ told: [said(81)] })).detectedMs).toBeNull();
  });

  test('one thing said twice is one, and incidents go before pages', () => {
    const page = said(30, { kind: 'page', id: 'p' });
    expect(judge(runOf({ told: [page, { ...page, at: page.at + 5000 }] })).pages).toBe(1);
    const told = [page, said(31, { kind: 'page', id: 'q' }), said(32, { kind: 'incident', id: 'i' })];
    expect(judge(runOf({ told }))).toMatchObject({ pages: 2, incidents: 1 });
  });

  test('class and severity are those of the severest', () => {
    const told = [said(30, { severity: 'medium', class: 'hang' }), said(40, { severity: 'critical', class: 'crash' })];
    expect(judge(runOf({ told }))).toMatchObject({ isClassRight: true, isSeverityRight: true });
    expect(judge(runOf({ told: told.slice(0, 1) }))).toMatchObject({ isClassRight: false, isSeverityRight: false });
    expect(judge(runOf({ told: [said(30)] })).isClassRight).toBeNull();
    expect(judge(runOf({ truth: null, isHarmless: true, told })).isClassRight).toBeNull();
  });

  test.each([
    [['api-1'], 1],
    [['node', 'API-1'], 2],
    [['api-1-worker'], 1],
    [['api-10'], null],
    [[], null],
  ])('culprits %j rank %s', (culprits, rank) => {
    expect(judge(runOf({ told: [said(30, { culprits })] })).culpritRank).toBe(rank);
  });

  test('foreseen counts from before users saw it', () => {
    const told = [said(25, { kind: 'foreseen' })];
    expect(judge(runOf({ told }, (n) => n >= 55)).foreseenMs).toBe(30_000);
    expect(judge(runOf({ told }, (n) => n >= 22)).foreseenMs).toBeNull();
    expect(judge(runOf({ told })).foreseenMs).toBeNull();
  });
});

describe('what users saw', () => {
  test('failed until the undo: not recovered', () => {
    const verdict = judge(runOf({}, (n) => n >= 22 && n < 82));
    expect(verdict).toMatchObject({ isSeen: true, recoveredMs: null });
    expect(verdict.harm).toBeCloseTo((58 / 60) * 0.5);
  });

  test('served again before the undo, for good: recovered', () => {
    expect(judge(runOf({}, (n) => n >= 22 && n < 40)).recoveredMs).toBe(20_000);
  });

  test('a lull of a few seconds is no recovery', () => {
    expect(judge(runOf({}, (n) => n >= 22 && n < 76)).recoveredMs).toBeNull();
    expect(judge(runOf({}, (n) => (n >= 22 && n < 30) || (n >= 50 && n < 60))).recoveredMs).toBe(40_000);
  });

  test('what users do not see is neither harm nor recovered', () => {
    expect(judge(runOf({}, (n) => n < 15))).toMatchObject({ isSeen: false, recoveredMs: null, harm: 0 });
  });
});
