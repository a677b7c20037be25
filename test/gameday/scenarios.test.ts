import { expect, test } from 'vitest';
import { incidentClasses } from '../../gameday/contract.ts';
import { readOptions } from '../../gameday/options.ts';
import { chosen, scenarios } from '../../gameday/scenarios/list.ts';

test('all thirty are there, the harmless one at least ten times', () => {
  const numbers = scenarios.map(({ id }) => Number(id.slice(0, 2)));
  expect([...new Set(numbers)]).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  expect(new Set(scenarios.map(({ id }) => id)).size).toBe(scenarios.length);
  expect(numbers.filter((number) => number === 29).length).toBeGreaterThanOrEqual(10);
});

test('the exam is what was agreed', () => {
  const exam = scenarios.filter(({ isExam }) => isExam === true).map(({ id }) => Number(id.slice(0, 2)));
  expect(exam).toEqual([4, 11, 15, 19, 24, 26]);
});

test('the harmless ones have no truth and the others have one', () => {
  for (const { id, truth, shows } of scenarios) {
    expect(truth === null, id).toBe(id.startsWith('29'));
    if (truth === null) expect(shows, id).toEqual({ see: 'nothing' });
    else {
      expect(incidentClasses, id).toContain(truth.class);
      expect(truth.culprits.length, id).toBeGreaterThan(0);
    }
  }
});

test.each([
  [['7'], ['07-full-disk']],
  [['full-disk', '07-full-disk'], ['07-full-disk']],
  [
    ['18', '2'],
    ['02-hang', '18-no-route'],
  ],
] as const)('%j means %j', (words, ids) => {
  expect(chosen(words).map(({ id }) => id)).toEqual(ids);
});

test('29 means all harmless ones, and a word that means nothing is refused', () => {
  expect(chosen(['29']).every(({ truth }) => truth === null)).toBe(true);
  expect(chosen(['29']).length).toBeGreaterThanOrEqual(10);
  expect(() => chosen(['31'])).toThrow('There is no scenario "31"');
});

test('options are read, and a wrong one is named', () => {
  expect(readOptions(['7', '--arm', 'restart', '--times', '3'])).toMatchObject({
    scenarios: ['7'],
    arm: 'restart',
    times: 3,
    seed: 1,
    faultSeconds: 90,
    isVerify: false,
  });
  expect(() => readOptions(['--arm', 'other'])).toThrow('--arm is none, restart, auspex');
  expect(() => readOptions(['--fault-seconds', '500'])).toThrow('from 5 to 100');
  expect(() => readOptions(['--sed', '5'])).toThrow('--sed');
  expect(() => readOptions(['--ramps', '20', '--library', 'x'])).toThrow('leave --library out');
});
