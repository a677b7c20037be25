import { expect, test } from 'vitest';
import { OWN_LABEL } from '../model/index.ts';
import { emptyBook, restoreBook, stepAlerts } from './alert-book.ts';
import { emptyCalendar, targetOf } from './calendar.ts';
import { leftOut, observeReported, type ReportedAlert } from './external-alerts.ts';

const T0 = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const DAY = 86_400_000;

function reported(more: Partial<ReportedAlert> = {}): ReportedAlert {
  return {
    status: 'firing',
    labels: { alertname: 'HostHighCpu', severity: 'critical', instance: 'web-1:9100', job: 'node', device: 'sda' },
    annotations: { summary: 'CPU of web-1 is at 97 %', runbook_url: 'https://wiki.example/cpu' },
    startsAt: T0 - 10 * MINUTE,
    endsAt: null,
    generatorUrl: 'http://prometheus:9090/graph',
    fingerprint: 'c6eadffa33fcdf37',
    ...more,
  };
}

const labelled = (severity: string | undefined) =>
  reported({ labels: { alertname: 'a', ...(severity === undefined ? {} : { severity }) } });

test.each([
  ['critical', 'critical'],
  ['CRITICAL', 'critical'],
  ['page', 'critical'],
  ['high', 'high'],
  ['error', 'high'],
  ['major', 'high'],
  ['warning', 'medium'],
  ['ticket', 'medium'],
  ['', 'medium'],
  ['constructor', 'medium'],
  [undefined, 'medium'],
  ['info', null],
  ['none', null],
])('severity %s is %s', (theirs, ours) => {
  expect(observeReported(labelled(theirs), 'host:a', T0)?.severity ?? null).toBe(ours);
  expect(leftOut(labelled(theirs))).toBe(ours === null ? 'severity' : null);
});

test('what Auspex sent out itself is not taken for somebody else’s', () => {
  const own = reported({ labels: { alertname: 'disk-full', severity: 'critical', [OWN_LABEL]: 'threshold' } });
  expect(leftOut(own)).toBe('own');
  expect(observeReported(own, 'host:a', T0)).toBeNull();
});

test('what Grafana’s test button sends would never end, and is left out', () => {
  expect(leftOut({ labels: { alertname: 'TestAlert', instance: 'Grafana' } })).toBe('test');
  expect(leftOut({ labels: { alertname: 'TestAlert', instance: 'web-1' } })).toBeNull();
});

test('rule, subject, summary and what to do come from labels and annotations', () => {
  expect(observeReported(reported(), 'host:a', T0)).toMatchObject({
    kind: 'external',
    rule: 'HostHighCpu',
    subject: '{device="sda"} #c6eadffa33fcdf37',
    summary: 'CPU of web-1 is at 97 %',
    action: 'See https://wiki.example/cpu',
    reading: 'breach',
    at: T0,
    reportedAt: T0 - 10 * MINUTE,
  });
  const bare = observeReported(reported({ labels: {}, annotations: {}, generatorUrl: null }), 'host:a', T0);
  expect(bare).toMatchObject({ rule: 'alert', summary: 'alert', action: '', subject: '#c6eadffa33fcdf37' });
});

test('long labels are cut, and stay apart by the fingerprint; without one it is made from all labels', () => {
  const long = (last: string) =>
    observeReported(
      reported({ fingerprint: null, labels: { alertname: 'a', path: `${'x'.repeat(4000)}${last}` } }),
      'host:a',
      T0,
    );
  expect(long('1')?.subject.length).toBeLessThan(200);
  expect(long('1')?.subject).not.toBe(long('2')?.subject);
  expect(long('1')?.subject).toBe(long('1')?.subject);
});

/** A book with its rows; each step gives what people are told of. */
function player() {
  const made = {
    book: emptyBook(),
    alerts: new Map<string, ReturnType<typeof stepAlerts>['changed'][number]>(),
    step(now: number, ...seen: ReportedAlert[]) {
      const observations = seen.flatMap((one) => observeReported(one, 'host:a', now) ?? []);
      const step = stepAlerts(
        made.book,
        {
          observations,
          governance: { calendar: emptyCalendar, targetOf: (id: string) => targetOf(undefined, id) },
          spokenFor: () => null,
        },
        now,
      );
      made.book = step.book;
      for (const alert of step.changed) made.alerts.set(alert.id, alert);
      return step.told.map(({ kind }) => kind);
    },
    restart(now: number) {
      made.book = restoreBook([...made.alerts.values()], now);
    },
    only() {
      expect(made.alerts.size).toBe(1);
      return [...made.alerts.values()][0];
    },
  };
  return made;
}

test('an alert begins when it began there, repeats change nothing, it ends at once and when it ended there', () => {
  const p = player();
  expect(p.step(T0, reported())).toEqual(['firing']);
  expect(p.only()).toMatchObject({ state: 'firing', startedAt: T0 - 10 * MINUTE, firedAt: T0, suppressedBy: null });
  const id = p.only()?.id;
  expect(p.step(T0 + MINUTE, reported(), reported())).toEqual([]);
  p.restart(T0 + 2 * MINUTE);
  expect(p.step(T0 + 4 * 60 * MINUTE, reported())).toEqual([]);
  const end = reported({ status: 'resolved', endsAt: T0 + 5 * 60 * MINUTE });
  expect(p.step(T0 + 5 * 60 * MINUTE + 30_000, end)).toEqual(['resolved']);
  expect(p.only()).toMatchObject({ id, state: 'resolved', resolvedAt: T0 + 5 * 60 * MINUTE });
  expect(p.step(T0 + 5 * 60 * MINUTE + 31_000, end)).toEqual([]);
});

test('what fires again after its end is told again, also where the sender calls it the same alert', () => {
  const p = player();
  p.step(T0, reported());
  p.step(T0 + MINUTE, reported({ status: 'resolved', endsAt: T0 + MINUTE }));
  expect(p.step(T0 + 2 * MINUTE, reported())).toEqual(['firing']);
  expect(p.alerts.size).toBe(2);
});

test('times that cannot be are brought into order', () => {
  const p = player();
  p.step(T0, reported({ startsAt: T0 + DAY }));
  expect(p.only()?.startedAt).toBe(T0);
  p.step(T0 + MINUTE, reported({ status: 'resolved', endsAt: T0 - DAY }));
  expect(p.only()).toMatchObject({ state: 'resolved', resolvedAt: T0 });
});

test('silence between two repeats is no sign; after five days without one it is closed with these words', () => {
  const p = player();
  p.step(T0, reported());
  expect(p.step(T0 + 12 * 60 * MINUTE)).toEqual([]);
  expect(p.only()?.summary).toBe('CPU of web-1 is at 97 %');
  p.restart(T0 + DAY);
  expect(p.step(T0 + 5 * DAY + MINUTE)).toEqual(['resolved']);
  expect(p.only()?.summary).toContain('Closed: nothing heard of it for 5 days');
});
