import { expect, test } from 'vitest';
import type { EscalationState } from '../model/index.ts';
import { beginEscalation, type EscalationPolicy, stepEscalation } from './escalation.ts';

const MINUTE = 60_000;
const policy: EscalationPolicy = {
  name: 'night',
  steps: [
    { afterMs: 10 * MINUTE, to: ['second'] },
    { afterMs: 20 * MINUTE, to: ['third', 'boss'] },
  ],
  repeat: 1,
};
const open = { state: 'open', verdict: 'none', acknowledgedAt: null, assignee: null } as const;
const begun = beginEscalation(policy, 0) as EscalationState;

test('each step in its time, all of it again, and then no more', () => {
  const told: [number, readonly string[]][] = [];
  let state: EscalationState | null = begun;
  for (let now = 0; state !== null && now < 1000 * MINUTE; now += MINUTE) {
    const move = stepEscalation(state, [policy], open, now);
    if (move.kind !== 'tell') continue;
    told.push([now / MINUTE, move.to]);
    state = move.state;
  }
  expect(told).toEqual([
    [10, ['second']],
    [30, ['third', 'boss']],
    [40, ['second']],
    [60, ['third', 'boss']],
  ]);
  expect(state).toBe(null);
});

test('after an outage one step at a time: nobody is left out, nobody is told all at once', () => {
  const move = stepEscalation(begun, [policy], open, 500 * MINUTE);
  expect(move).toMatchObject({ kind: 'tell', to: ['second'], state: { step: 1, dueAt: 520 * MINUTE } });
  expect(move.kind === 'tell' && move.reason).toBe(
    'Nobody has taken it for 8 h 20 min: step 1 of 2 of the escalation “night”.',
  );
});

test.each([
  ['acknowledged', { acknowledgedAt: MINUTE }, 'Somebody is looking at it'],
  ['assigned', { assignee: 'kim' }, 'kim has it'],
  ['over', { state: 'resolved' }, 'It is over'],
  ['dismissed', { verdict: 'dismissed', state: 'resolved' }, 'It was dismissed'],
] as const)('it ends when the incident is %s', (_, more, reason) => {
  const move = stepEscalation(begun, [policy], { ...open, ...more }, 2 * MINUTE);
  expect(move).toEqual({ kind: 'stop', reason: `${reason}: the escalation “night” ends.` });
});

test('what was seen before it came back was another time', () => {
  const again = { ...begun, startedAt: 100 * MINUTE, dueAt: 110 * MINUTE };
  expect(stepEscalation(again, [policy], { ...open, acknowledgedAt: 50 * MINUTE }, 101 * MINUTE)).toEqual({
    kind: 'wait',
  });
});

test('a policy that is gone or shorter now ends it, and says so', () => {
  expect(stepEscalation(begun, [], open, 0)).toMatchObject({
    kind: 'stop',
    reason: expect.stringContaining('no longer'),
  });
  const shorter = { ...policy, steps: policy.steps.slice(0, 1), repeat: 0 };
  expect(stepEscalation({ ...begun, step: 3 }, [shorter], open, 100 * MINUTE)).toMatchObject({ kind: 'stop' });
  expect(beginEscalation({ ...policy, steps: [] }, 0)).toBe(null);
});
