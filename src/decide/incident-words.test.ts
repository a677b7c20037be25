import { expect, test } from 'vitest';
import type { Alert, Incident } from '../model/index.ts';
import { incidentText, severityOf, titleOf } from './incident-words.ts';

const T0 = Date.UTC(2026, 0, 1);

const lead: Alert = {
  id: 'a1',
  rule: 'disk-low',
  kind: 'threshold',
  entityId: 'host:a',
  subject: '/',
  resource: 'disk',
  severity: 'high',
  state: 'firing',
  startedAt: T0,
  firedAt: T0,
  resolvedAt: null,
  lastAt: T0,
  value: 0.95,
  limit: 0.9,
  unit: 'ratio',
  summary: 'Disk / is 95 % full',
  action: 'Free space',
  findingId: null,
  suppressedBy: null,
  incidentId: 'i1',
};

function incident(more: Partial<Incident> = {}): Incident {
  return {
    id: 'i1',
    title: 'Disk / is 95 % full',
    class: 'unknown',
    severity: 'high',
    state: 'open',
    startedAt: T0,
    openedAt: T0,
    lastAt: T0,
    resolvedAt: null,
    toldAt: T0,
    leadAlertId: 'a1',
    told: null,
    priority: null,
    acknowledgedAt: null,
    assignee: null,
    verdict: 'none',
    mergedInto: null,
    apartFrom: [],
    entityId: 'host:a',
    entityIds: ['host:a'],
    pinned: { class: false, severity: false },
    signs: [
      {
        id: 'a1',
        kind: 'alert',
        entityId: 'host:a',
        resource: 'disk',
        severity: 'high',
        startedAt: T0,
        endedAt: null,
        summary: 'Disk / is 95 % full',
        reason: '',
      },
    ],
    causes: [],
    steps: [],
    ...more,
  };
}

const words = (one: Incident, kind: 'firing' | 'resolved' | 'escalated' = 'firing', by: Alert | null = lead) =>
  incidentText(kind, { incident: one, lead: by, snapshot: null }, () => 'web-1');

test('a message says what happened, why, and what to do', () => {
  const told = words(incident());
  expect(told.title).toBe('high: Disk / is 95 % full');
  expect(told.body).toBe(
    'Disk / is 95 % full.\nWhere: web-1; /. Rule: disk-low.\nValue: 95 %, limit 90 %.\nSince: 2026-01-01 00:00:00 UTC.\nWhat to do: Free space.',
  );
  const over = words(incident({ state: 'resolved', resolvedAt: T0 + 120_000 }), 'resolved', null);
  expect(over.title).toBe('resolved: Disk / is 95 % full');
  expect(over.body).toContain('From 2026-01-01 00:00:00 UTC to 2026-01-01 00:02:00 UTC, 2 min');
  expect(words(incident(), 'escalated', null).title).toBe('high, still open: Disk / is 95 % full');
});

test('the likely cause is named with its reasons', () => {
  const cause = { name: 'redis', entityId: 'target:redis', score: 0.8, reasons: ['redis_up fell from 1 to 0.'] };
  const told = words(incident({ causes: [cause], class: 'dependency-failure', title: 'Dependency failure: redis' }));
  expect(told.body).toContain('Most likely behind it: redis. redis_up fell from 1 to 0.');
});

test.each([
  ['out of service', { failing: 0.9, isOut: true, isFelt: true }, {}, 'critical'],
  ['felt', { failing: 0.1, isOut: false, isFelt: true }, {}, 'high'],
  ['figures lost', { failing: 0, isOut: true, isFelt: true }, { class: 'telemetry-lost' }, 'medium'],
  ['not looked at yet', null, {}, 'high'],
] as const)('severity: %s', (_, impact, more, severity) => {
  expect(severityOf(incident(more), impact)).toBe(severity);
});

test('a title names the class and the cause once both are known', () => {
  expect(titleOf(incident())).toBe('Disk / is 95 % full');
  const cause = { name: '/var on web-1', entityId: 'host:a', score: 1, reasons: [] };
  expect(titleOf(incident({ class: 'disk-full', causes: [cause] }))).toBe('Disk full: /var on web-1');
});
