import { expect, test } from 'vitest';
import { type ClockReading, Timekeeper } from './timekeeper.ts';

const INTERVAL = 10_000;
const START: ClockReading = { wallMs: 1_800_000_000_000, monotonicMs: 1_000_000, bootMs: 5_000_000, bootId: 'a' };

/** The second reading's passage when the clocks advanced by these. */
function after(wallMs: number, monotonicMs: number, bootMs: number, bootId = 'a') {
  const keeper = new Timekeeper();
  expect(keeper.advance(START, INTERVAL)).toEqual({ elapsedSeconds: 0, events: [] });
  const { elapsedSeconds, events } = keeper.advance(
    {
      wallMs: START.wallMs + wallMs,
      monotonicMs: START.monotonicMs + monotonicMs,
      bootMs: START.bootMs + bootMs,
      bootId,
    },
    INTERVAL,
  );
  return { elapsedSeconds, types: events.map((e) => e.type), events };
}

test('when all clocks agree, nothing happened and rates may be computed', () => {
  expect(after(10_000, 10_000, 10_010)).toMatchObject({ elapsedSeconds: 10, types: [] });
});

test('a slewed clock and a late tick are no events', () => {
  expect(after(10_400, 10_000, 10_000)).toMatchObject({ elapsedSeconds: 10, types: [] });
  expect(after(19_000, 19_000, 19_000)).toMatchObject({ elapsedSeconds: 19, types: [] });
});

test('time that passed while the monotonic clock stood still is a suspension, not a clock step', () => {
  const passage = after(3_610_000, 10_000, 3_610_000);
  expect(passage).toMatchObject({ elapsedSeconds: 0, types: ['resume'] });
  expect(passage.events[0]?.detail).toContain('3600 s');
});

test('a clock set forward or back is a step; rates go on, for they follow the monotonic clock', () => {
  expect(after(70_000, 10_000, 10_000)).toMatchObject({ elapsedSeconds: 10, types: ['clock-step'] });
  const back = after(-50_000, 10_000, 10_000);
  expect(back).toMatchObject({ elapsedSeconds: 10, types: ['clock-step'] });
  expect(back.events[0]?.detail).toContain('back by 60 s');
});

test('a stopped process is a gap', () => {
  expect(after(60_000, 60_000, 60_000)).toMatchObject({ elapsedSeconds: 0, types: ['gap'] });
});

test('another boot is a reboot, dated to when it began, and nothing else', () => {
  const passage = after(120_000, 90_000, 30_000 - START.bootMs, 'b');
  expect(passage).toMatchObject({ elapsedSeconds: 0, types: ['reboot'] });
  expect(passage.events[0]?.at).toBe(START.wallMs + 120_000 - 30_000);
});

test('an uptime that fell is a reboot even where the boot has no name', () => {
  const keeper = new Timekeeper();
  keeper.advance({ ...START, bootId: '' }, INTERVAL);
  const { events } = keeper.advance({ ...START, bootId: '', bootMs: 4_000, wallMs: START.wallMs + 20_000 }, INTERVAL);
  expect(events.map((e) => e.type)).toEqual(['reboot']);
});

test('a host that has just come up is reported at the first reading', () => {
  const { events } = new Timekeeper().advance({ ...START, bootMs: 45_000 }, INTERVAL);
  expect(events).toEqual([{ type: 'reboot', at: START.wallMs - 45_000, detail: 'the host started 45 s ago' }]);
});

test('without an uptime, gaps and steps are still told', () => {
  const keeper = new Timekeeper();
  keeper.advance({ ...START, bootMs: Number.NaN }, INTERVAL);
  const next = { ...START, bootMs: Number.NaN, wallMs: START.wallMs + 10_000, monotonicMs: START.monotonicMs + 10_000 };
  expect(keeper.advance(next, INTERVAL)).toEqual({ elapsedSeconds: 10, events: [] });
});
