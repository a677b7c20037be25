import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FIRST, type Fault, INTERVAL, SyntheticHost } from '../../../bench/detect/synthetic-host.ts';
import { LearntState, startReplay } from '../../../src/compose-replay.ts';
import { compileUserRule } from '../../../src/decide/user-rules.ts';
import type { Detector, SeriesDefinition } from '../../../src/detect/detector.ts';
import {
  type Alert,
  type AnomalyRow,
  type CalendarEntry,
  everything,
  governsByKind,
  type SeriesPoints,
} from '../../../src/model/index.ts';
import { createLogger } from '../../../src/telemetry/log.ts';

/* A host with a fault, through the real engine, stores and detection thread, with and without a calendar. */

const MINUTE = 60_000;
const START = FIRST + 9 * 60 * MINUTE;
const END = START + 60 * MINUTE;
const WINDOW = { startsAt: START + 25 * MINUTE, endsAt: START + 40 * MINUTE };
const FAULTS: Fault[] = [{ kind: 'cpu', from: WINDOW.startsAt + MINUTE, to: WINDOW.endsAt - 2 * MINUTE }];
const rule = compileUserRule({
  name: 'busy',
  metric: 'auspex_host_cpu_ratio',
  match: [],
  rate: false,
  op: '>',
  limit: 0.8,
  clear: null,
  for: 0,
  hold: 0,
  severity: 'critical',
  summary: null,
  action: null,
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'auspex-calendar-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function maintenance(more: Partial<CalendarEntry> = {}): CalendarEntry {
  return {
    id: 'm',
    kind: 'maintenance',
    title: 'Load test',
    scope: everything,
    ...WINDOW,
    recurrence: null,
    timeZone: 'UTC',
    except: [],
    governs: governsByKind.maintenance,
    reason: '',
    createdBy: 'kim',
    createdAt: 0,
    overAt: WINDOW.endsAt,
    file: 'plan.ics',
    ...more,
  };
}

interface Played {
  readonly learnt: Uint8Array | undefined;
  readonly alerts: readonly Alert[];
  readonly findings: readonly AnomalyRow[];
}

async function play(name: string, calendar: readonly CalendarEntry[], leaveOut = false): Promise<Played> {
  const host = new SyntheticHost('web-1', 7, {});
  const defined: SeriesDefinition[] = [];
  host.define({ define: (one: SeriesDefinition) => void defined.push(one) } as unknown as Detector, 0);
  const learnt = new LearntState();
  const replay = await startReplay({
    home: join(folder, name),
    at: START,
    intervalMs: INTERVAL,
    timeZone: 'UTC',
    entities: [],
    turnMs: INTERVAL / 2,
    rules: [rule],
    calendar,
    learnt,
    log: createLogger('silent'),
  });
  const refs = new Map(defined.map(({ ref, labels, kind }) => [ref, replay.series(labels, kind)]));
  const points = new Map<number, { times: number[]; values: number[] }>();
  for (let at = START; at < END; at += INTERVAL) {
    const batch = host.sample(at, FAULTS);
    if (leaveOut && at >= WINDOW.startsAt && at < WINDOW.endsAt) continue;
    for (let i = 0; i < batch.count; i++) {
      const ref = refs.get(batch.refs[i] as number) ?? -1;
      const own = points.get(ref) ?? { times: [], values: [] };
      own.times.push(batch.times[i] as number);
      own.values.push(batch.values[i] as number);
      points.set(ref, own);
    }
  }
  const given: SeriesPoints[] = [...points].map(([ref, { times, values }]) => ({
    ref,
    times: Float64Array.from(times),
    values: Float64Array.from(values),
  }));
  await replay.feed(given);
  await replay.advanceTo(END);
  const alerts = (await replay.records.find('alerts', { limit: 100 })).rows;
  const findings = (await replay.records.find('anomalies', { limit: 100 })).rows;
  await replay.close();
  return { learnt: await learnt.load('detector-0-of-1'), alerts, findings };
}

test('a fault in a maintenance: nobody is told, the reason is said, and nothing of it is learnt', async () => {
  const [open, planned, unseen] = [
    await play('open', []),
    await play('planned', [maintenance()]),
    await play('unseen', [], true),
  ];
  const told = (played: Played) => played.alerts.filter(({ suppressedBy }) => suppressedBy === null);
  expect(told(open).length).toBeGreaterThan(0);
  expect(told(planned)).toEqual([]);
  const busy = planned.alerts.find((alert) => alert.rule === 'busy');
  expect(busy?.suppressedBy).toBe(`Maintenance “Load test” until ${new Date(WINDOW.endsAt).toISOString()}`);
  expect(busy?.steps?.map(({ kind }) => kind)).toEqual(['fired', 'withheld', 'resolved']);
  // It was scored all the same.
  expect(planned.findings.some(({ resource }) => resource === 'cpu')).toBe(true);
  expect(Buffer.from(planned.learnt ?? []).equals(Buffer.from(unseen.learnt ?? [1]))).toBe(true);
  expect(Buffer.from(open.learnt ?? []).equals(Buffer.from(unseen.learnt ?? []))).toBe(false);
}, 240_000);

test('the same calendar gives the same again; an entry about another host changes nothing', async () => {
  const [once, again, other, none] = [
    await play('once', [maintenance()]),
    await play('again', [maintenance({ scope: { ...everything, service: 'web-1' } })]),
    await play('other', [maintenance({ scope: { ...everything, service: 'web-2' } })]),
    await play('none', []),
  ];
  expect(again.alerts).toEqual(once.alerts);
  expect(Buffer.from(again.learnt ?? []).equals(Buffer.from(once.learnt ?? []))).toBe(true);
  expect(other.alerts).toEqual(none.alerts);
  expect(Buffer.from(other.learnt ?? []).equals(Buffer.from(none.learnt ?? []))).toBe(true);
}, 240_000);
