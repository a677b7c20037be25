import { expect, test } from 'vitest';
import type { Incident, IncidentSign } from '../model/index.ts';
import { boutOpenedAt, latestBout } from './incident-bout.ts';

const MINUTE = 60_000;

/** `errors@a 0-1`: from the first to the second minute; without a second one it goes on. */
function sign(text: string): IncidentSign {
  const [, resource, entityId, from, to] = /^(\w+)@(\w+) (\d+)(?:-(\d+))?$/.exec(text) ?? [];
  return {
    id: text,
    kind: 'finding',
    entityId: entityId as string,
    resource: resource as IncidentSign['resource'],
    severity: 'high',
    startedAt: Number(from) * MINUTE,
    endedAt: to === undefined ? null : Number(to) * MINUTE,
    summary: text,
    reason: '',
    source: 'entity',
  };
}

function incident(...texts: readonly string[]): Incident {
  const signs = texts.map(sign);
  const entityIds = [...new Set(signs.map(({ entityId }) => entityId))];
  return { startedAt: signs[0]?.startedAt, signs, entityIds, openedAt: 0, steps: [] } as unknown as Incident;
}

test.each<[string, readonly string[], readonly string[]]>([
  ['one bout is all of it', ['errors@a 0-1', 'latency@b 2-9'], ['errors@a 0-1', 'latency@b 2-9']],
  [
    'the last, in whatever order signs came',
    ['errors@a 9', 'errors@b 0-1', 'latency@a 8-9'],
    ['errors@a 9', 'latency@a 8-9'],
  ],
  [
    'what goes on makes one of what overlaps it',
    ['errors@a 0', 'latency@a 1-2', 'errors@b 9'],
    ['errors@a 0', 'latency@a 1-2', 'errors@b 9'],
  ],
  [
    'what nobody feels goes with the bout that it began with',
    ['errors@a 0-1', 'cpu@h 1', 'errors@a 9'],
    ['errors@a 9'],
  ],
  [
    'and what began before users felt it is part of that',
    ['errors@a 0-1', 'disk@h 5', 'errors@a 9'],
    ['disk@h 5', 'errors@a 9'],
  ],
  ['a disk that has been filling for long', ['disk@h 0', 'errors@a 60'], ['disk@h 0', 'errors@a 60']],
  ['where nobody feels anything', ['disk@h 0-1', 'cpu@i 9'], ['cpu@i 9']],
])('the latest bout: %s', (_, signs, expected) => {
  const whole = incident(...signs);
  const bout = latestBout(whole);
  expect(bout.signs.map(({ id }) => id)).toEqual(expected);
  expect(bout.startedAt).toBe(Math.min(...bout.signs.map(({ startedAt }) => startedAt)));
  expect(bout.entityIds).toEqual([...new Set(bout.signs.map(({ entityId }) => entityId))]);
  expect(bout === whole).toBe(signs.length === expected.length);
});

test('it opened when the incident last came back', () => {
  const step = { text: '', by: null };
  expect(boutOpenedAt({ openedAt: 5, steps: [] })).toBe(5);
  const steps = [
    { ...step, at: 7, kind: 'reopened' as const },
    { ...step, at: 9, kind: 'reopened' as const },
    { ...step, at: 10, kind: 'joined' as const },
  ];
  expect(boutOpenedAt({ openedAt: 5, steps })).toBe(9);
});
