import { describe, expect, test } from 'vitest';
import type { Alert, Finding, Incident, IncidentChange, ServiceGraph } from '../model/index.ts';
import { bookOf, emptyIncidents, restoreIncidents, stepIncidents } from './incident-book.ts';
import { changeIncident } from './incident-change.ts';
import { GraphTies, type Ties } from './incident-ties.ts';

const T0 = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

function finding(id: string, entityId: string, more: Partial<Finding> = {}): Finding {
  return {
    id,
    entityId,
    detector: 'entity',
    subject: 'errors',
    resource: 'errors',
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
    summary: `${id} is unusual`,
    contributions: [],
    culprits: [],
    actions: [],
    counterfactual: '',
    pages: false,
    ...more,
  };
}

function alert(id: string, entityId: string, more: Partial<Alert> = {}): Alert {
  return {
    id,
    rule: 'r',
    kind: 'threshold',
    entityId,
    subject: id,
    resource: 'other',
    severity: 'high',
    state: 'firing',
    startedAt: T0,
    firedAt: T0,
    resolvedAt: null,
    lastAt: T0,
    value: 1,
    limit: 0,
    unit: '',
    summary: `${id} fires`,
    action: '',
    findingId: null,
    suppressedBy: null,
    incidentId: null,
    ...more,
  };
}

const ended = (minute: number): Partial<Finding> => ({ status: 'ended', endedAt: T0 + minute * MINUTE });

/** a and b are tied; nothing is known of the others. */
const twins = graphOf({ ab: ['a', 'b'] }, []);

/** Services with what they consist of, and who calls whom. */
function graphOf(services: Readonly<Record<string, readonly string[]>>, calls: readonly string[]): Ties {
  const graph: ServiceGraph = {
    serviceOf: (id) => Object.entries(services).find(([, members]) => members.includes(id))?.[0] ?? null,
    nameOf: (id) => id,
    entitiesOf: (id) => services[id] ?? [],
    dependencies: () =>
      calls.map((call) => {
        const [from = '', to = ''] = call.split(' ');
        return { from, to, origins: ['declared'], lastSeenAt: null };
      }),
  };
  // `cart@box` runs on box.
  return new GraphTies(graph, (id) => id.split('@')[1] ?? id);
}

function player(watched = 1000, ties: Ties = twins) {
  const made = {
    book: emptyIncidents(),
    rows: new Map<string, Incident>(),
    step(minute: number, findings: readonly Finding[], alerts: readonly Alert[] = []): readonly Incident[] {
      const step = stepIncidents(
        made.book,
        { findings, alerts, ties, watched, nameOf: (id) => id },
        T0 + minute * MINUTE,
      );
      made.book = step.book;
      for (const row of step.changed) made.rows.set(row.id, row);
      return step.changed;
    },
    restart(minute: number) {
      made.book = restoreIncidents(structuredClone([...made.rows.values()]), T0 + minute * MINUTE);
    },
    change(id: string, change: IncidentChange, minute = 1): readonly Incident[] {
      const changed = changeIncident(made.book, id, change, 'ann', T0 + minute * MINUTE);
      const open = new Map(made.book.open);
      for (const one of changed) {
        if (one.state === 'open') open.set(one.id, one);
        else open.delete(one.id);
      }
      made.book = bookOf(open.values(), [...made.book.ended, ...changed.filter(({ state }) => state === 'resolved')]);
      return changed;
    },
    open: () => [...made.book.open.values()],
    only() {
      expect(made.book.open.size).toBe(1);
      return made.open()[0] as Incident;
    },
  };
  return made;
}

describe('what opens an incident', () => {
  test.each<[string, Partial<Finding>, number]>([
    ['a severe finding', {}, 1],
    ['a finding that may page', { severity: 'medium', pages: true }, 1],
    ['not one that is neither', { severity: 'medium' }, 0],
    ['not one that a person called normal', { verdict: 'normal' }, 0],
    ['not one that has ended', ended(0), 0],
  ])('%s', (_, more, count) => {
    const p = player();
    p.step(0, [finding('f', 'a', more)]);
    expect(p.open()).toHaveLength(count);
  });
  test('an alert that fires; one of an anomaly is its finding once more', () => {
    const p = player();
    p.step(0, [], [alert('x', 'c')]);
    expect(p.only().signs).toMatchObject([{ id: 'x', kind: 'alert' }]);
    p.step(1, [finding('f', 'd')], [alert('x', 'c'), alert('y', 'd', { findingId: 'f' })]);
    expect(p.open().map(({ signs }) => signs.length)).toEqual([1, 1]);
  });
  test('two that are not severe, together: of one service in two ways, or of two that are tied', () => {
    const slow = (id: string, entityId: string, resource: Finding['resource']): Finding =>
      finding(id, entityId, { severity: 'medium', resource });
    const p = player();
    p.step(0, [slow('1', 'a', 'latency'), slow('2', 'c', 'latency')]);
    expect(p.open()).toEqual([]);
    p.step(1, [slow('1', 'a', 'latency'), slow('2', 'c', 'latency'), slow('3', 'c', 'errors')]);
    expect(p.only().entityIds).toEqual(['c']);
    p.step(2, [
      slow('1', 'a', 'latency'),
      slow('4', 'b', 'latency'),
      slow('2', 'c', 'latency'),
      slow('3', 'c', 'errors'),
    ]);
    expect(p.open().map(({ entityIds }) => entityIds)).toEqual([['c'], ['a', 'b']]);
  });
});

describe('what belongs together', () => {
  test('signs on one service, and on tied ones that began near each other: with the reason', () => {
    const p = player();
    const first = finding('1', 'a');
    const tied = finding('2', 'b', { onsetAt: T0 + 2 * MINUTE, severity: 'medium' });
    p.step(0, [first]);
    p.step(2, [first, tied, finding('3', 'a', { resource: 'latency', onsetAt: T0 + 2 * MINUTE })]);
    expect(p.only().signs.map(({ id, reason }) => [id, reason])).toEqual([
      ['1', ''],
      ['3', 'It is on a, which is part of this already.'],
      ['2', 'Both are instances of ab, and it began 2 min after what was seen on a.'],
    ]);
    p.step(7, [first, tied, finding('4', 'c', { onsetAt: T0 + 7 * MINUTE })]);
    expect(p.open()).toHaveLength(2);
  });
  test('what began together where little is watched, and not where much is', () => {
    for (const [watched, count] of [
      [5, 1],
      [500, 2],
    ] as const) {
      const p = player(watched);
      p.step(0, [finding('1', 'c'), finding('2', 'd', { onsetAt: T0 + MINUTE })]);
      expect(p.open()).toHaveLength(count);
    }
  });
  describe('by who calls whom', () => {
    const services = {
      shop: ['shop@one'],
      cart: ['cart@two'],
      postgres: ['postgres@three'],
      mail: ['mail@one'],
      news: ['news@four'],
    };
    const calls = ['shop postgres', 'cart postgres', 'mail news'];
    const seen = (watched: number, ...all: readonly Finding[]): readonly Incident[] => {
      const p = player(watched, graphOf(services, calls));
      p.step(0, all);
      return p.open();
    };
    const at = (id: string, minute: number, more: Partial<Finding> = {}) =>
      finding(id, id, { onsetAt: T0 + minute * MINUTE, ...more });
    const reasons = ([incident, ...others]: readonly Incident[]): readonly string[] | number =>
      others.length > 0 ? others.length + 1 : (incident?.signs.map(({ reason }) => reason) ?? []);

    test('who calls and who is called are one trouble within minutes, whichever is seen first', () => {
      expect(reasons(seen(1000, at('postgres@three', 3), at('shop@one', 4)))).toEqual([
        '',
        'shop calls postgres, which is in trouble since 00:03 UTC; this began 1 min after what was seen on postgres@three.',
      ]);
      expect(reasons(seen(1000, at('shop@one', 3), at('postgres@three', 4)))).toEqual([
        '',
        'shop calls postgres, and shop@one is in trouble since 00:03 UTC; this began 1 min after what was seen on shop@one.',
      ]);
      expect(reasons(seen(1000, at('postgres@three', 0), at('shop@one', 6)))).toBe(2);
    });
    test('two that call the same are one only while that is in trouble itself', () => {
      expect(reasons(seen(1000, at('shop@one', 0), at('cart@two', 1)))).toBe(2);
      const quiet = at('postgres@three', 1, { severity: 'medium', resource: 'cpu' });
      const p = player(1000, graphOf(services, calls));
      p.step(0, [at('shop@one', 0), at('cart@two', 1), quiet]);
      expect(p.only().signs.map(({ reason }) => reason)).toContain(
        'cart and shop both call postgres, which is in trouble since 00:01 UTC; this began 1 min after what was seen on shop@one.',
      );
    });
    test('nearness alone ties nothing whose calls lead elsewhere, unless it is on the same host or hardly anything is watched', () => {
      expect(reasons(seen(10, at('shop@one', 0), at('news@four', 1)))).toBe(2);
      expect(reasons(seen(5, at('shop@one', 0), at('news@four', 1)))).toHaveLength(2);
      expect(reasons(seen(10, at('shop@one', 0), at('mail@one', 1)))).toHaveLength(2);
      expect(reasons(seen(10, at('shop@one', 0), at('cart@two', 1)))).toHaveLength(2);
      // Of what the graph knows nothing it says nothing.
      expect(reasons(seen(10, at('shop@one', 0), at('stranger', 1)))).toHaveLength(2);
    });
  });
  test('a sign that belongs to two incidents makes them one: the younger becomes part of the elder', () => {
    const p = player();
    const [a, c] = [finding('1', 'a'), finding('2', 'b', { onsetAt: T0 + 6 * MINUTE })];
    p.step(0, [a]);
    p.step(6, [a, c]);
    expect(p.open()).toHaveLength(2);
    const [elder, younger] = p.open();
    const changed = p.step(7, [a, c, finding('3', 'a', { resource: 'latency', onsetAt: T0 + 3 * MINUTE })]);
    expect(p.only()).toMatchObject({ id: elder?.id, entityIds: ['a', 'b'] });
    expect(changed.find(({ id }) => id === younger?.id)).toMatchObject({ state: 'resolved', mergedInto: elder?.id });
    expect(p.only().steps.map(({ kind }) => kind)).toEqual(['opened', 'joined', 'merged']);
  });
  test('ids are the same in another run', () => {
    const [p, q] = [player(), player()];
    p.step(0, [finding('1', 'a')]);
    q.step(0, [finding('1', 'a')]);
    expect(p.only().id).toBe(q.only().id);
  });
});

describe('its end', () => {
  test('five minutes after its last finding; an alert has waited by itself', () => {
    const p = player();
    p.step(0, [finding('1', 'a')]);
    p.step(2, [finding('1', 'a', ended(2))]);
    p.step(6, []);
    expect(p.open()).toHaveLength(1);
    p.step(7, []);
    expect([...p.rows.values()]).toMatchObject([{ state: 'resolved', resolvedAt: T0 + 2 * MINUTE }]);
    p.step(8, [], [alert('x', 'c')]);
    p.step(9, [], [alert('x', 'c', { state: 'resolved', resolvedAt: T0 + 9 * MINUTE })]);
    expect(p.open()).toEqual([]);
  });
  test('a sign of which nobody speaks any more has ended, also after a restart', () => {
    const p = player();
    p.step(0, [finding('1', 'a')]);
    p.restart(1);
    p.step(2, []);
    p.step(7, []);
    expect(p.open()).toEqual([]);
  });
  test('what comes back within half an hour is the same incident, and later another', () => {
    const p = player();
    p.step(0, [finding('1', 'a')]);
    p.step(1, [finding('1', 'a', ended(1))]);
    p.step(6, []);
    const [id] = p.rows.keys();
    p.step(10, [finding('2', 'a', { onsetAt: T0 + 10 * MINUTE })]);
    expect(p.only()).toMatchObject({ id, state: 'open', toldAt: null, resolvedAt: null });
    p.step(11, [finding('2', 'a', { ...ended(11), onsetAt: T0 + 10 * MINUTE })]);
    p.step(16, []);
    p.step(60, [finding('3', 'a', { onsetAt: T0 + 60 * MINUTE })]);
    expect(p.only().id).not.toBe(id);
  });
});

describe('trouble that comes back, and other trouble after it', () => {
  const at = (minute: number): Partial<Finding> => ({ onsetAt: T0 + minute * MINUTE });
  /** The errors of a are over after a minute; then comes what is given, four minutes later. */
  const after = (...next: readonly Finding[]) => {
    const p = player();
    p.step(0, [finding('1', 'a')]);
    p.step(1, [finding('1', 'a', ended(1))]);
    p.step(5, next);
    return p;
  };
  test('of the same resource it is the same incident, which says that it came back', () => {
    const [incident] = after(finding('2', 'a', at(5))).open();
    expect(incident?.signs.map(({ reason }) => reason)).toEqual(['', 'It had ended and came back.']);
    expect(incident?.steps.at(-1)).toMatchObject({ kind: 'reopened', at: T0 + 5 * MINUTE });
  });
  test('of another it is another incident, on the same service or a tied one', () => {
    const down: Partial<Finding> = { resource: 'availability', severity: 'critical', ...at(5) };
    expect(after(finding('2', 'a', down)).open()).toHaveLength(2);
    expect(after(finding('2', 'b', down)).open()).toHaveLength(2);
  });
  test('within two minutes it is what the trouble left behind', () => {
    const p = player();
    p.step(0, [finding('1', 'a')]);
    p.step(1, [finding('1', 'a', ended(1))]);
    p.step(3, [finding('2', 'a', { resource: 'latency', ...at(3) })]);
    expect(p.only().steps.map(({ kind }) => kind)).toEqual(['opened', 'joined']);
  });
  test('what one that goes on explains wakes none that is quiet', () => {
    const p = after(finding('2', 'b', { resource: 'availability', ...at(5) }));
    p.step(5.5, [finding('2', 'b', { resource: 'availability', ...at(5) }), finding('3', 'a', at(5.5))]);
    expect(p.open().map(({ signs }) => signs.map(({ id }) => id))).toEqual([['1'], ['2', '3']]);
  });
  test('what nobody feels does not keep it from being over', () => {
    const p = player();
    const busy = finding('cpu', 'a', { resource: 'cpu', severity: 'medium' });
    p.step(0, [finding('1', 'a'), busy]);
    p.step(1, [finding('1', 'a', ended(1)), busy]);
    p.step(5, [busy, finding('2', 'a', at(5))]);
    expect(p.only().steps.map(({ kind }) => kind)).toEqual(['opened', 'joined', 'reopened']);
  });
  test('a disk that fills on a busy host is trouble of its own, unless both began together', () => {
    const busy = finding('cpu', 'h', { resource: 'cpu' });
    const p = player();
    p.step(0, [busy]);
    p.step(4, [busy, finding('disk', 'h', { resource: 'disk', ...at(4) })]);
    expect(p.open()).toHaveLength(1);
    p.step(20, [busy, finding('memory', 'h', { resource: 'memory', ...at(20) })]);
    expect(p.open()).toHaveLength(2);
  });
});

describe('what a person changes', () => {
  const opened = () => {
    const p = player();
    const findings = [finding('1', 'a'), finding('2', 'b')];
    p.step(0, findings);
    return { p, findings, id: p.only().id };
  };
  test('acknowledged, assigned, overridden: each with who did it', () => {
    const { p, id } = opened();
    p.change(id, { kind: 'acknowledge' });
    p.change(id, { kind: 'assign', to: 'bob' });
    p.change(id, { kind: 'override', class: 'network', severity: 'medium' });
    expect(p.only()).toMatchObject({
      acknowledgedAt: T0 + MINUTE,
      assignee: 'bob',
      class: 'network',
      severity: 'medium',
      pinned: { class: true, severity: true },
    });
    expect(
      p
        .only()
        .steps.slice(-4)
        .map(({ kind, by }) => `${kind} ${by}`),
    ).toEqual(['acknowledged ann', 'assigned ann', 'class ann', 'severity ann']);
  });
  test('dismissed: it is over', () => {
    const { p, id } = opened();
    expect(p.change(id, { kind: 'judge', verdict: 'dismissed' })).toMatchObject([
      { state: 'resolved', verdict: 'dismissed' },
    ]);
    expect(p.open()).toEqual([]);
  });
  test('an alert that a person called no trouble opens nothing for as long as it fires', () => {
    const p = player();
    p.step(0, [], [alert('x', 'a')]);
    p.change(p.only().id, { kind: 'judge', verdict: 'dismissed' });
    for (const minute of [2, 40, 90]) p.step(minute, [], [alert('x', 'a')]);
    expect(p.open()).toEqual([]);
    p.step(100, [], [alert('y', 'a', { startedAt: T0 + 100 * MINUTE })]);
    expect(p.open()).toHaveLength(1);
  });
  test('split: the signs taken out are an incident of their own and stay apart', () => {
    const { p, findings, id } = opened();
    p.change(id, { kind: 'split', signs: ['2'] });
    expect(p.open().map(({ signs }) => signs.map((sign) => sign.id))).toEqual([['1'], ['2']]);
    p.step(2, [...findings, finding('3', 'a', { resource: 'latency', onsetAt: T0 + MINUTE })]);
    expect(p.open().map(({ signs }) => signs.map((sign) => sign.id))).toEqual([['1', '3'], ['2']]);
  });
  test('merged by hand, also after they were split', () => {
    const { p, id } = opened();
    const [, other] = p.change(id, { kind: 'split', signs: ['2'] });
    const [part, whole] = p.change(other?.id ?? '', { kind: 'merge', into: id });
    expect(part).toMatchObject({ mergedInto: id, state: 'resolved' });
    expect(whole?.signs).toHaveLength(2);
    expect(whole?.apartFrom).toEqual([]);
  });
  test.each<[string, IncidentChange, string]>([
    ['signs that are not its own', { kind: 'split', signs: ['9'] }, 'BAD_REQUEST'],
    ['all of its signs', { kind: 'split', signs: ['1', '2'] }, 'BAD_REQUEST'],
    ['a merge with nothing', { kind: 'merge', into: 'nobody' }, 'BAD_REQUEST'],
    ['an empty override', { kind: 'override' }, 'BAD_REQUEST'],
  ])('%s is refused', (_, change, code) => {
    const { p, id } = opened();
    expect(() => p.change(id, change)).toThrow(expect.objectContaining({ code }));
  });
  test('an incident that nobody knows is named', () => {
    expect(() => opened().p.change('x', { kind: 'acknowledge' })).toThrow(
      expect.objectContaining({ code: 'NOT_FOUND' }),
    );
  });
});
