import { expect, test } from 'vitest';
import { type HealthInputs, healthOf, jointHealth } from './health.ts';

const NOW = 1e12;
const memory = (score: number) => ({ name: 'memory', score, weight: 1, reason: 'Memory is at 98 %, above 80 %' });
const well: HealthInputs = {
  resources: [memory(100)],
  findings: [],
  alerts: [],
  lastSampleAt: NOW - 5000,
  intervalMs: 10_000,
};

test('a host at ease has 100 and says so', () => {
  expect(healthOf(well, NOW)).toMatchObject({ score: 100, sentence: 'All is well.' });
});

test('the worst dimension counts as much as all together, and is named first', () => {
  const health = healthOf({ ...well, resources: [memory(0), { ...memory(100), name: 'cpu' }] }, NOW);
  expect(health.score).toBe(44);
  expect(health.sentence).toBe('Memory is at 98 %, above 80 %.');
});

test('a resource counts with the score and the weight it comes with, and is shown in whole points', () => {
  const health = healthOf({ ...well, resources: [{ ...memory(49.6), weight: 3 }] }, NOW);
  expect(health.dimensions[0]).toMatchObject({ name: 'memory', score: 50, weight: 3 });
  expect(health.score).toBe(68); // (3 × 50 + 7 × 100) / 10 = 85, and the worst is 50
});

test.each([
  [
    'a critical alert',
    { alerts: [{ severity: 'critical', state: 'firing', summary: 'Disk / is 97 % full.' }] },
    35,
    'Disk / is 97 % full.',
  ],
  [
    'an open finding',
    { findings: [{ severity: 'high', status: 'open', verdict: 'none', summary: 'CPU is unusual.' }] },
    69,
    'CPU is unusual.',
  ],
  [
    'a finding that is normal here',
    { findings: [{ severity: 'high', status: 'open', verdict: 'normal', summary: 'x' }] },
    100,
    'All is well.',
  ],
  ['a resolved alert', { alerts: [{ severity: 'critical', state: 'resolved', summary: 'x' }] }, 100, 'All is well.'],
  ['old samples', { lastSampleAt: NOW - 240_000 }, 56, 'The last sample is 4 min old.'],
  ['samples that are gone', { lastSampleAt: NOW - 3_600_000 }, 38, 'The last sample is 1 h old.'],
  ['no figure of its resources', { resources: [] }, 100, 'All is well.'],
] as [string, Partial<HealthInputs>, number, string][])('%s', (_, more, score, sentence) => {
  const health = healthOf({ ...well, ...more }, NOW);
  expect(health.sentence).toBe(sentence);
  expect(health.score).toBe(score); // worked out by hand: (weighted mean + worst) / 2
});

test('of what nothing is known there is no score', () => {
  expect(healthOf({ ...well, lastSampleAt: null }, NOW).score).toBeNull();
  expect(jointHealth([{ name: 'a', health: { score: null, sentence: '', dimensions: [] } }]).score).toBeNull();
});

test('the fleet is named by what drags it down', () => {
  const bad = healthOf({ ...well, resources: [memory(0)] }, NOW);
  const fleet = jointHealth([
    { name: 'web-1', health: healthOf(well, NOW) },
    { name: 'db-1', health: bad },
  ]);
  expect(fleet.sentence).toBe('db-1: memory is at 98 %, above 80 %.');
  expect(fleet.score).toBeGreaterThan(bad.score ?? 0);
  expect(fleet.score).toBeLessThan(80);
});
