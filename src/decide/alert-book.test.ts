import { expect, test } from 'vitest';
import { type Alert, type CalendarEntry, everything, type Finding } from '../model/index.ts';
import { emptyBook, type Observation, restoreBook, stepAlerts } from './alert-book.ts';
import { Calendar, targetOf } from './calendar.ts';
import { observeFinding } from './episodes.ts';

const T0 = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

function observation(more: Partial<Observation> = {}): Observation {
  return {
    rule: 'disk-low',
    kind: 'threshold',
    entityId: 'host:a',
    subject: '/',
    resource: 'disk',
    severity: 'high',
    reading: 'breach',
    at: T0,
    value: 0.95,
    limit: 0.9,
    unit: 'ratio',
    summary: 'Disk / is 95 % full',
    action: 'Free space',
    findingId: null,
    timing: { forMs: 0, holdMs: MINUTE },
    ...more,
  };
}

function finding(more: Partial<Finding> = {}): Finding {
  return {
    id: 'f1',
    entityId: 'host:a',
    detector: 'entity',
    subject: 'disk',
    resource: 'disk',
    severity: 'high',
    score: 0.999,
    direction: 'high',
    onsetAt: T0,
    detectedAt: T0,
    lastAt: T0,
    endedAt: null,
    status: 'open',
    verdict: 'none',
    confidence: { value: 0.8, band: 'high', source: 'prior', sampleCount: 0 },
    summary: 'Disk writes are 40 times the usual',
    contributions: [],
    culprits: [],
    actions: ['See what writes'],
    counterfactual: '',
    pages: true,
    ...more,
  };
}

function governance(entries: readonly CalendarEntry[] = []) {
  return { calendar: new Calendar(entries), targetOf: (id: string) => targetOf(undefined, id) };
}

function calendarEntry(more: Partial<CalendarEntry>): CalendarEntry {
  return {
    id: 's',
    kind: 'silence',
    title: 'moving data',
    scope: everything,
    startsAt: T0,
    endsAt: T0 + 10 * MINUTE,
    recurrence: null,
    timeZone: 'UTC',
    except: [],
    governs: ['alerting'],
    reason: '',
    createdBy: 'kim',
    createdAt: T0,
    overAt: null,
    file: null,
    ...more,
  };
}

/** A book with a clock; each step gives what people are told of as `kind rule`. */
function player() {
  const player = {
    book: emptyBook(),
    rows: new Map<string, Alert>(),
    calendar: [] as CalendarEntry[],
    outbox: new Set<string>(),
    step(minutes: number, ...seen: Partial<Observation>[]): string[] {
      const now = T0 + minutes * MINUTE;
      const observations = seen.map((one) => observation({ at: now, ...one }));
      const inputs = { observations, governance: governance(player.calendar), spokenFor: () => null };
      const result = stepAlerts(player.book, inputs, now);
      player.book = result.book;
      for (const row of result.changed) player.rows.set(row.id, row);
      for (const id of result.withdrawn) player.rows.delete(id);
      for (const { kind, alert } of result.told) player.outbox.add(`${kind} ${alert.id}`);
      return result.told.map(({ kind, alert }) => `${kind} ${alert.rule}`);
    },
    /** As after kill -9: only the rows are left. */
    restart(minutes: number) {
      player.book = restoreBook(structuredClone([...player.rows.values()]), T0 + minutes * MINUTE);
    },
    only(): Alert {
      expect(player.rows.size).toBe(1);
      return [...player.rows.values()][0] as Alert;
    },
  };
  return player;
}

test('one alert from its beginning to its end: told twice', () => {
  const p = player();
  const timing = { forMs: 5 * MINUTE, holdMs: 5 * MINUTE };
  expect(p.step(0, { timing })).toEqual([]);
  expect(p.only()).toMatchObject({ state: 'pending', firedAt: null, suppressedBy: null });
  for (let minute = 1; minute < 5; minute++) expect(p.step(minute, { timing })).toEqual([]);
  expect(p.step(5, { timing })).toEqual(['firing disk-low']);
  expect(p.only()).toMatchObject({ state: 'firing', startedAt: T0, firedAt: T0 + 5 * MINUTE, suppressedBy: null });
  expect(p.step(6, { timing })).toEqual([]);
  expect(p.step(7, { timing, reading: 'clear' })).toEqual([]);
  expect(p.only().state).toBe('held');
  expect(p.step(12, { timing, reading: 'clear' })).toEqual(['resolved disk-low']);
  expect(p.only()).toMatchObject({ state: 'resolved', resolvedAt: T0 + 12 * MINUTE });
  expect(p.outbox.size).toBe(2);
});

test('a condition that goes before it fires leaves no row and no message', () => {
  const p = player();
  const timing = { forMs: 5 * MINUTE, holdMs: 0 };
  p.step(0, { timing });
  expect(p.step(1, { timing, reading: 'clear' })).toEqual([]);
  expect(p.rows.size).toBe(0);
});

test.each(['pending', 'firing', 'held', 'resolved'] as const)(
  'a restart while %s repeats no message and loses none',
  (phase) => {
    const script: [number, Partial<Observation>][] = [
      [0, {}],
      [1, {}],
      [2, {}],
      [3, { reading: 'clear' }],
      [4, { reading: 'clear' }],
      [5, { reading: 'clear' }],
    ];
    const run = (restarts: boolean) => {
      const p = player();
      const said: string[] = [];
      for (const [minute, seen] of script) {
        said.push(...p.step(minute, { timing: { forMs: 2 * MINUTE, holdMs: 2 * MINUTE }, ...seen }));
        if (restarts && [...p.rows.values()].some((row) => row.state === phase)) p.restart(minute);
      }
      return { said, ids: [...p.rows.keys()], outbox: [...p.outbox.keys()] };
    };
    expect(run(true)).toEqual(run(false));
    expect(run(true).said).toEqual(['firing disk-low', 'resolved disk-low']);
  },
);

test('without values it is shown as such, resolves nothing, goes on when they come again, and is closed after a day', () => {
  const p = player();
  p.step(0, {});
  expect(p.step(6)).toEqual([]);
  expect(p.only()).toMatchObject({
    state: 'no-data',
    summary: 'Disk / is 95 % full No data since 2026-01-01 00:00 UTC; the last value was 95 %.',
  });
  expect(p.step(7, { at: T0, reading: 'missing', value: null })).toEqual([]);
  expect(p.only().state).toBe('no-data');
  p.step(8, { summary: 'Disk / is 96 % full' });
  expect(p.only()).toMatchObject({ state: 'firing', summary: 'Disk / is 96 % full' });
  expect(p.step(8 + 24 * 60)).toEqual(['resolved disk-low']);
  expect(p.only().summary).toContain('no values for 24 h');
  expect(p.only().steps?.map(({ kind }) => kind)).toEqual(['fired', 'told', 'no-data', 'data-back', 'given-up']);
});

test('a restart without values changes nothing', () => {
  const [p, q] = [player(), player()];
  for (const one of [p, q]) {
    one.step(0, { timing: { forMs: 0, holdMs: 5 * MINUTE } });
    one.step(6);
  }
  q.restart(7);
  for (const one of [p, q]) {
    one.step(8);
    one.step(9, { timing: { forMs: 0, holdMs: 5 * MINUTE } });
  }
  expect(q.only()).toEqual(p.only());
  expect(q.only().state).toBe('firing');
});

test('where its rule says so, one without values becomes an alert of its own, which ends with the next value', () => {
  const p = player();
  const timing = { forMs: 0, holdMs: MINUTE, endMs: 15 * MINUTE, onNoData: 'alert' as const };
  p.step(0, { timing });
  expect(p.step(15)).toEqual(['resolved disk-low', 'firing disk-low']);
  const absence = [...p.rows.values()].find((row) => row.kind === 'absence');
  expect(absence).toMatchObject({ state: 'firing', subject: 'no data: /', startedAt: T0, value: null });
  expect(p.step(600, { at: T0, reading: 'missing', timing })).toEqual([]);
  p.restart(601);
  expect(p.step(602)).toEqual([]);
  expect(p.step(603, { reading: 'clear', timing })).toEqual(['resolved disk-low']);
  expect([...p.rows.values()].every((row) => row.state === 'resolved')).toBe(true);
});

test('an anomaly whose host falls silent is not over', () => {
  const p = player();
  p.step(0, { ...observeFinding(finding()) });
  p.step(16, { ...observeFinding(finding()) });
  expect(p.only().state).toBe('no-data');
  p.step(60 * 48, { ...observeFinding(finding()) });
  expect(p.only().state).toBe('no-data');
  const ended = finding({ status: 'ended', endedAt: T0 + 60 * 49 * MINUTE, lastAt: T0 + 60 * 49 * MINUTE });
  expect(p.step(60 * 49, { ...observeFinding(ended) })).toEqual([]);
  expect(p.only().state).toBe('held');
});

test('in quiet hours only what is critical is told at once; what still stands at their end is told then', () => {
  const p = player();
  p.calendar = [calendarEntry({ kind: 'quiet-hours', title: 'Night' })];
  const full = { rule: 'disk-full', severity: 'critical' as const, subject: '/var' };
  expect(p.step(0, {}, full)).toEqual(['firing disk-full']);
  const waiting = [...p.rows.values()].find((row) => row.rule === 'disk-low');
  expect(waiting?.suppressedBy).toBe(
    'Quiet hours “Night” until 2026-01-01T00:10:00.000Z; only what is critical is told at once',
  );
  expect(p.step(10, {}, full)).toEqual(['firing disk-low']);
});

test('why it became what it is stays with it', () => {
  const p = player();
  p.calendar = [calendarEntry({ kind: 'maintenance', title: 'New disk', reason: 'the old one clicks' })];
  p.step(0, { timing: { forMs: MINUTE, holdMs: MINUTE } });
  p.step(1, { timing: { forMs: MINUTE, holdMs: MINUTE } });
  p.step(2, { timing: { forMs: MINUTE, holdMs: MINUTE }, reading: 'clear' });
  p.step(3, { timing: { forMs: MINUTE, holdMs: MINUTE }, reading: 'clear' });
  expect(p.only().steps?.map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
    'started: Disk / is 95 % full. It fires if that lasts for 1 min.',
    'fired: It has lasted for 1 min.',
    'withheld: Maintenance “New disk” until 2026-01-01T00:10:00.000Z: the old one clicks',
    'held: The condition is gone. It is over if it stays away for 1 min.',
    'resolved: The condition stayed away for 1 min.',
  ]);
});

test('a silence tells nobody and says why; when it ends and the trouble stays, people are told', () => {
  const p = player();
  p.calendar = [calendarEntry({ scope: { ...everything, entityId: 'host:a', subject: '/' } })];
  expect(p.step(0, {}, { subject: '/var' })).toEqual(['firing disk-low']);
  const silenced = [...p.rows.values()].find((row) => row.subject === '/');
  expect(silenced?.suppressedBy).toBe('Silenced by kim until 2026-01-01T00:10:00.000Z: moving data');
  expect(p.step(9, {})).toEqual([]);
  expect(p.step(10, {})).toEqual(['firing disk-low']);
});

test('what was silenced from beginning to end is never told, its end neither', () => {
  const p = player();
  p.calendar = [calendarEntry({ scope: { ...everything, rule: 'disk-low' }, endsAt: T0 + 60 * MINUTE })];
  p.step(0, {});
  p.step(1, { reading: 'clear' });
  p.step(2, { reading: 'clear' });
  expect(p.only().state).toBe('resolved');
  expect(p.outbox.size).toBe(0);
});

test('a threshold and an anomaly on the same resource within minutes are one page', () => {
  const p = player();
  expect(p.step(0, { ...observeFinding(finding()) })).toEqual(['firing anomaly']);
  expect(p.step(3, {})).toEqual([]);
  const later = [...p.rows.values()].find((row) => row.rule === 'disk-low');
  expect(later?.suppressedBy).toBe('People were told of the same trouble already: Disk writes are 40 times the usual');
  expect(p.step(4, { resource: 'cpu', rule: 'cpu', subject: 'host' })).toEqual(['firing cpu']);
});

test('a threshold that fires long after the anomaly is a page of its own', () => {
  const p = player();
  p.step(0, { ...observeFinding(finding()) });
  expect(p.step(11, {})).toEqual(['firing disk-low']);
});

test('when the alert that spoke for it is over and the trouble stays, people are told after all', () => {
  const p = player();
  p.step(0, { ...observeFinding(finding()) });
  p.step(1, {});
  p.step(2, { ...observeFinding(finding({ status: 'ended', endedAt: T0 + 2 * MINUTE, lastAt: T0 + 2 * MINUTE })) }, {});
  expect(p.step(7, {})).toEqual(['resolved anomaly']);
  expect(p.step(16, {})).toEqual([]);
  expect(p.step(17, {})).toEqual(['firing disk-low']);
});

test('of two thresholds on one mount only a worse one is told', () => {
  const p = player();
  const [low, full] = [{ severity: 'medium' as const }, { rule: 'disk-full', severity: 'critical' as const }];
  expect(p.step(0, low)).toEqual(['firing disk-low']);
  expect(p.step(5, low, full)).toEqual(['firing disk-full']);
  const q = player();
  expect(q.step(0, low, full)).toEqual(['firing disk-full']);
});

test('what comes and goes is told three times an hour, then again when it stays', () => {
  const p = player();
  const said: string[] = [];
  for (let round = 0; round < 5; round++) {
    said.push(...p.step(round * 4, { timing: { forMs: 0, holdMs: 0 } }));
    said.push(...p.step(round * 4 + 2, { timing: { forMs: 0, holdMs: 0 }, reading: 'clear' }));
  }
  expect(said.filter((message) => message.startsWith('firing'))).toHaveLength(3);
  expect(said.filter((message) => message.startsWith('resolved'))).toHaveLength(3);
  expect([...p.rows.values()].filter((row) => row.suppressedBy?.startsWith('It comes and goes: 4 times'))).toHaveLength(
    1,
  );
  expect(p.step(20, { timing: { forMs: 0, holdMs: 0 } })).toEqual([]);
  expect(p.step(34, { timing: { forMs: 0, holdMs: 0 } })).toEqual([]);
  expect(p.step(35, { timing: { forMs: 0, holdMs: 0 } })).toEqual(['firing disk-low']);
});

test('an episode that ends and begins again within its hold is one alert', () => {
  const p = player();
  expect(p.step(0, { ...observeFinding(finding()) })).toEqual(['firing anomaly']);
  p.step(2, { ...observeFinding(finding({ status: 'ended', endedAt: T0 + 2 * MINUTE })) });
  expect(
    p.step(4, { ...observeFinding(finding({ id: 'f2', onsetAt: T0 + 4 * MINUTE, lastAt: T0 + 4 * MINUTE })) }),
  ).toEqual([]);
  expect(p.only()).toMatchObject({ state: 'firing', findingId: 'f2' });
});

test.each(['normal', 'dismissed'] as const)('the verdict "%s" ends its alert at once', (verdict) => {
  const p = player();
  p.step(0, { ...observeFinding(finding()) });
  expect(p.step(1, { ...observeFinding(finding({ verdict, lastAt: T0 + MINUTE })) })).toEqual(['resolved anomaly']);
  expect(p.only().state).toBe('resolved');
});

test('a finding that may not page makes no alert', () => {
  expect(observeFinding(finding({ pages: false }))).toBeNull();
});

test('data that come late page nobody', () => {
  const p = player();
  expect(p.step(11, { at: T0 })).toEqual([]);
  expect(p.only().suppressedBy).toContain('they came late');
  expect(p.step(12, {})).toEqual(['firing disk-low']);
});

test('ids are stable across runs and differ by what they name', () => {
  const [p, q] = [player(), player()];
  p.step(0, {}, { subject: '/var' });
  q.step(0, {}, { subject: '/var' });
  expect([...p.rows.keys()]).toEqual([...q.rows.keys()]);
  expect(p.rows.size).toBe(2);
  expect([...p.rows.keys()][0]).toMatch(/^[0-9a-f]{32}$/);
});

test('rows of an alert that goes on are given out once a minute, not at every look', () => {
  const p = player();
  p.step(0, {});
  const step = (seconds: number) =>
    stepAlerts(
      p.book,
      { observations: [observation({ at: T0 + seconds * 1000 })], governance: governance(), spokenFor: () => null },
      T0 + seconds * 1000,
    );
  expect(step(10).changed).toHaveLength(0);
  expect(step(60).changed).toHaveLength(1);
});

test('people are not told of an alert whose incident they know of, and told once nobody speaks for it', () => {
  const p = player();
  const step = (minute: number, reason: string | null) => {
    const at = T0 + minute * MINUTE;
    const result = stepAlerts(
      p.book,
      { observations: [observation({ at })], governance: governance(), spokenFor: () => reason },
      at,
    );
    p.book = result.book;
    return result;
  };
  const first = step(0, 'Part of an incident of which people were told: Disk full');
  expect(first.told).toEqual([]);
  expect(first.changed[0]?.suppressedBy).toContain('Disk full');
  expect(step(1, 'Part of an incident of which people were told: Disk full').changed).toHaveLength(1);
  expect(step(2, null).told).toHaveLength(1);
});
