import { expect, test } from 'vitest';
import type { ProbeSecond } from '../../gameday/contract.ts';
import type { PartSecond } from '../../gameday/probe/part-watch.ts';
import { disturbance, type Observation, patienceOf, type Sight, seenAt } from '../../gameday/probe/sights.ts';

const AT = 1_000_000;

/** One second of eight checks, `n` seconds after the injection. */
function second(n: number, changes: Partial<ProbeSecond> = {}): ProbeSecond {
  return { at: AT + n * 1000, sent: 8, right: 8, wrong: 0, lost: 0, slowestMs: 30, faults: {}, ...changes };
}

const failing = (n: number, lost: number): ProbeSecond =>
  second(n, { right: 8 - lost, lost, faults: { 'orders: time-out': lost } });

function part(n: number, changes: Partial<PartSecond> = {}): PartSecond {
  return { at: AT + n * 1000, pid: 7, state: 'S', isHealthy: true, isLit: true, ...changes };
}

function observation(probe: readonly ProbeSecond[], parts: readonly PartSecond[] = [], log = ''): Observation {
  return { injectedAt: AT, probe, parts: () => parts, log: () => log };
}

const cases: readonly (readonly [string, Sight, Observation, number | null])[] = [
  [
    'a share of two eighths is a quarter',
    { see: 'failing', share: 0.25, seconds: 2, within: 10 },
    observation([failing(1, 2), second(2), failing(3, 2)]),
    3,
  ],
  [
    'one check of eight is less than a quarter',
    { see: 'failing', share: 0.25, seconds: 1, within: 10 },
    observation([failing(1, 1), failing(2, 1)]),
    null,
  ],
  [
    'what fails too late does not count',
    { see: 'failing', share: 0.25, seconds: 1, within: 3 },
    observation([failing(4, 8)]),
    null,
  ],
  [
    'what failed before the injection does not count',
    { see: 'failing', share: 0.25, seconds: 1, within: 3 },
    observation([failing(-1, 8)]),
    null,
  ],
  [
    'a fault by its words',
    { see: 'fault', pattern: 'time-out', within: 5 },
    observation([second(1), failing(2, 1)]),
    2,
  ],
  [
    'slow answers',
    { see: 'slow', ms: 500, seconds: 2, within: 5 },
    observation([second(1, { slowestMs: 500 }), second(2, { slowestMs: 499 }), second(3, { slowestMs: 900 })]),
    3,
  ],
  [
    'an answer that was lost is slower than any',
    { see: 'slow', ms: 500, seconds: 1, within: 5 },
    observation([failing(1, 1)]),
    1,
  ],
  [
    'a part without a process',
    { see: 'part', part: 'a', is: 'down', within: 5 },
    observation([], [part(1), part(2, { pid: null, state: null })]),
    2,
  ],
  [
    'a part that was down before is not seen to go down',
    { see: 'part', part: 'a', is: 'down', within: 5 },
    observation([], [part(-1, { pid: null }), part(1)]),
    null,
  ],
  [
    'a part that hangs has a process',
    { see: 'part', part: 'a', is: 'hung', within: 5 },
    observation([], [part(1, { pid: null, isHealthy: false }), part(2, { isHealthy: false })]),
    2,
  ],
  [
    'another process is a restart',
    { see: 'part', part: 'a', is: 'restarted', within: 5 },
    observation([], [part(-1), part(1), part(2, { pid: null }), part(3, { pid: 8 })]),
    3,
  ],
  [
    'figures that cannot be read',
    { see: 'part', part: 'a', is: 'dark', within: 5 },
    observation([], [part(2, { isLit: false })]),
    2,
  ],
  [
    'figures that nobody asked for are not dark',
    { see: 'part', part: 'a', is: 'dark', within: 5 },
    observation([], [part(2, { isLit: null })]),
    null,
  ],
  [
    'words of a log',
    { see: 'log', part: 'a', pattern: 'ENO[A-Z]+', within: 5 },
    observation([second(4)], [], 'x ENOSPC'),
    4,
  ],
  [
    'all is as late as its last',
    {
      see: 'all',
      of: [
        { see: 'fault', pattern: 'time-out', within: 5 },
        { see: 'log', part: 'a', pattern: 'x', within: 5 },
      ],
    },
    observation([failing(1, 1), second(3)], [], 'x'),
    3,
  ],
  [
    'all is nothing when one is missing',
    {
      see: 'all',
      of: [
        { see: 'fault', pattern: 'time-out', within: 5 },
        { see: 'log', part: 'a', pattern: 'y', within: 5 },
      ],
    },
    observation([failing(1, 1)], [], 'x'),
    null,
  ],
  ['users who see nothing', { see: 'nothing' }, observation([second(1), second(2)]), 2],
  ['users who see one failure', { see: 'nothing' }, observation([second(1), failing(2, 1)]), null],
];

test.each(cases)('%s', (_name, sight, seen, seconds) => {
  expect(seenAt(sight, seen)).toBe(seconds === null ? null : AT + seconds * 1000);
});

test('a slow answer disturbs as a failed one does', () => {
  expect(disturbance([second(1)])).toBeNull();
  expect(disturbance([second(1, { slowestMs: 1_500 })])).toContain('1500 ms');
  expect(disturbance([failing(1, 3)])).toBe('3 of 8 failed: orders: time-out');
});

test('one waits as long as the most patient part of a sight', () => {
  const of: Sight[] = [
    { see: 'nothing' },
    { see: 'fault', pattern: 'x', within: 7 },
    { see: 'slow', ms: 1, within: 30 },
  ];
  expect(patienceOf({ see: 'all', of })).toBe(30);
});
