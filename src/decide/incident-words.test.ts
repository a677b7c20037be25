import { expect, test } from 'vitest';
import type { Alert, Incident } from '../model/index.ts';
import { incidentNotifications, severityOf, titleOf } from './incident-words.ts';

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

const ops = { name: 'ops', minSeverity: 'medium' } as const;
const messages = (
  one: Incident,
  kind: 'firing' | 'resolved' = 'firing',
  channels: readonly (
    | typeof ops
    | { name: string; minSeverity: 'critical' }
    | { name: string; minSeverity: 'medium'; kind: string }
  )[] = [ops],
  by: Alert | null = lead,
) => incidentNotifications(kind, one, by, () => 'web-1', channels, T0);

test('a message says what happened, why, and what to do; its end has the same key', () => {
  const [told] = messages(incident());
  expect(told?.title).toBe('high: Disk / is 95 % full');
  expect(told?.body).toBe(
    'Disk / is 95 % full.\nWhere: web-1; /. Rule: disk-low.\nValue: 95 %, limit 90 %.\nSince: 2026-01-01 00:00:00 UTC.\nWhat to do: Free space.',
  );
  const [over] = messages(incident({ state: 'resolved', resolvedAt: T0 + 120_000 }), 'resolved', [ops], null);
  expect(over?.deduplicationKey).toBe(told?.deduplicationKey);
  expect(over?.alertId).toBe('a1');
  expect(over?.body).toContain('From 2026-01-01 00:00:00 UTC to 2026-01-01 00:02:00 UTC, 2 min');
  expect(over?.id).not.toBe(told?.id);
});

test('the likely cause is named with its reasons; an incident that came back has another key', () => {
  const cause = { name: 'redis', entityId: 'target:redis', score: 0.8, reasons: ['redis_up fell from 1 to 0.'] };
  const [told] = messages(
    incident({ causes: [cause], class: 'dependency-failure', title: 'Dependency failure: redis' }),
  );
  expect(told?.body).toContain('Most likely behind it: redis. redis_up fell from 1 to 0.');
  const [again] = messages(incident({ toldAt: T0 + 3_600_000 }));
  expect(again?.deduplicationKey).not.toBe(told?.deduplicationKey);
});

test('a channel gets what is severe enough for it; what an Alertmanager reported is not sent back to one', () => {
  const night = { name: 'night', minSeverity: 'critical' } as const;
  expect(messages(incident(), 'firing', [ops, night]).map(({ channel }) => channel)).toEqual(['ops']);
  const am = { name: 'am', minSeverity: 'medium', kind: 'alertmanager' } as const;
  const reported: Alert = { ...lead, kind: 'external' };
  expect(messages(incident(), 'firing', [ops, am], reported).map(({ channel }) => channel)).toEqual(['ops']);
  expect(messages(incident(), 'firing', [ops, am]).map(({ channel }) => channel)).toEqual(['ops', 'am']);
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
