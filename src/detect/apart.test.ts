import { expect, test } from 'vitest';
import { FIRST, type Fault, INTERVAL, SyntheticHost } from '../../bench/detect/synthetic-host.ts';
import type { SampleBatch } from '../model/index.ts';
import { Detector, type DetectionEvent } from './detector.ts';
import type { Teaching } from './apart.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MORNING = FIRST + 9 * HOUR;
const WINDOW = { from: MORNING + 25 * MINUTE, to: MORNING + 40 * MINUTE };
const FAULTS: Fault[] = [{ kind: 'cpu', from: WINDOW.from + 2 * MINUTE, to: WINDOW.to - MINUTE }];

/** What holds within a window; outside everything is learnt. */
function within(window: { from: number; to: number }, teaching: Teaching) {
  return (_: string, at: number) =>
    at < window.from
      ? { teaching: 'learn' as const, from: 0, until: window.from }
      : at < window.to
        ? { teaching, from: window.from, until: window.to }
        : { teaching: 'learn' as const, from: window.to, until: Number.POSITIVE_INFINITY };
}

/** Plays a host through the window and beyond; batches may be left out, and cut. */
function play(options: {
  window?: typeof WINDOW;
  leaveOut?: boolean;
  restoreAt?: number;
  cut?: boolean;
  /** Gives one series after the other over the whole window. */
  bySeries?: boolean;
}): { detector: Detector; events: DetectionEvent[] } {
  let detector = new Detector({ intervalMs: INTERVAL });
  const host = new SyntheticHost('web-1', 7, {});
  const teachingAt = within(options.window ?? { from: 0, to: 0 }, 'apart');
  detector.setTeaching(teachingAt);
  host.define(detector, 0);
  const events: DetectionEvent[] = [];
  let gathered: SampleBatch[] = [];
  const give = (batch: SampleBatch) => {
    for (const part of options.cut === true ? cut(batch) : [batch]) detector.advance(part);
    events.push(...detector.drain());
  };
  for (let at = MORNING; at < MORNING + 70 * MINUTE; at += INTERVAL) {
    const batch = host.sample(at, FAULTS);
    const isInside = at >= WINDOW.from && at < WINDOW.to;
    if (options.restoreAt === at) {
      detector = Detector.restore(detector.snapshot());
      host.define(detector, 0);
      detector.setTeaching(teachingAt);
    }
    if (options.bySeries === true && (isInside || gathered.length > 0)) {
      gathered.push(batch);
      if (at < WINDOW.to + MINUTE) continue;
      for (const one of seriesOf(gathered)) give(one);
      gathered = [];
    } else if (!(options.leaveOut === true && isInside)) give(batch);
  }
  return { detector, events };
}

function cut({ count, refs, times, values }: SampleBatch): SampleBatch[] {
  const half = Math.floor(count / 2);
  return [
    { count: half, refs: refs.slice(0, half), times: times.slice(0, half), values: values.slice(0, half) },
    { count: count - half, refs: refs.slice(half), times: times.slice(half), values: values.slice(half) },
  ];
}

function seriesOf(batches: readonly SampleBatch[]): SampleBatch[] {
  const width = batches[0]?.count ?? 0;
  return [...Array(width).keys()].map((i) => ({
    count: batches.length,
    refs: Uint32Array.from(batches, (batch) => batch.refs[i] as number),
    times: Float64Array.from(batches, (batch) => batch.times[i] as number),
    values: Float64Array.from(batches, (batch) => batch.values[i] as number),
  }));
}

const never = play({ leaveOut: true }).detector.snapshot();

test('after a time that teaches nothing the whole state is that of a detector that never saw its points', () => {
  const { detector, events } = play({ window: WINDOW });
  expect(Buffer.from(detector.snapshot()).equals(Buffer.from(never))).toBe(true);
  // They were scored all the same: the fault was found, and is over with the window.
  const cpu = events.filter(({ finding }) => finding.resource === 'cpu');
  expect(cpu[0]).toMatchObject({ change: 'opened' });
  expect(cpu.at(-1)).toMatchObject({ change: 'ended' });
});

test('without the calendar it is another state', () => {
  expect(Buffer.from(play({}).detector.snapshot()).equals(Buffer.from(never))).toBe(false);
});

test.each([
  ['however batches are cut', { cut: true }],
  ['also when it is restored in the middle of it', { restoreAt: WINDOW.from + 5 * MINUTE }],
  ['also when it is restored at its end', { restoreAt: WINDOW.to }],
])('%s', (_, more) => {
  const { detector } = play({ window: WINDOW, ...more });
  expect(Buffer.from(detector.snapshot()).equals(Buffer.from(never))).toBe(true);
});

test('series that come one after the other across its edges leave nothing of the window behind', () => {
  const { detector } = play({ window: WINDOW, bySeries: true });
  const { detector: other } = play({ leaveOut: true });
  for (const ref of [0, 1, 2]) {
    const [seen, unseen] = [detector.expected(ref), other.expected(ref)];
    expect(seen.mean ?? 0).toBeCloseTo(unseen.mean ?? 0, 5);
    expect(seen.upper ?? 0).toBeCloseTo(unseen.upper ?? 0, 5);
  }
});

test('a finding that is open at its end is over then, and one from before is as it was', () => {
  const short = { from: WINDOW.from, to: WINDOW.from + 5 * MINUTE };
  const { events } = play({ window: short });
  const inside = events.filter(({ finding }) => finding.resource === 'cpu' && finding.onsetAt < short.to);
  expect(inside.at(-1)).toMatchObject({ change: 'ended', finding: { endedAt: short.to - INTERVAL } });
});

test('what a person calls normal meanwhile is kept', () => {
  const detector = new Detector({ intervalMs: INTERVAL });
  const host = new SyntheticHost('web-1', 7, {});
  detector.setTeaching(within(WINDOW, 'apart'));
  host.define(detector, 0);
  const findings: DetectionEvent[] = [];
  for (let at = MORNING; at < WINDOW.to + MINUTE; at += INTERVAL) {
    detector.advance(host.sample(at, FAULTS));
    const opened = detector.drain();
    findings.push(...opened);
    if (findings.length > 0 && opened.length > 0 && at < WINDOW.to)
      detector.feedback('host:web-1', 'entity', 'cpu', 'normal', at);
  }
  expect(findings.length).toBeGreaterThan(0);
  expect(Buffer.from(detector.snapshot()).toString('utf16le')).toMatch(/"normal":\{"\d+":\[/);
});

/** A series that is high from 8 to 18 on every day but one, ten days long, a sample a minute. */
function workdays(holiday: { from: number; to: number } | null, isQuiet: boolean, until = FIRST + 10 * DAY): Detector {
  const detector = new Detector({ intervalMs: MINUTE });
  if (holiday !== null) detector.setTeaching(within(holiday, 'holiday'));
  const labels = ['__name__', 'requests', 'instance', 'a', 'job', 'shop'];
  detector.define({ ref: 0, labels, kind: 'gauge', entityId: 'target:a', timeZone: 'UTC' });
  const [times, values]: [number[], number[]] = [[], []];
  for (let at = FIRST; at < until; at += MINUTE) {
    const hour = ((at - FIRST) % DAY) / HOUR;
    const isOff = isQuiet && at >= FIRST + 8 * DAY && at < FIRST + 9 * DAY;
    times.push(at);
    values.push((hour >= 8 && hour < 18 && !isOff ? 500 : 50) + ((at / MINUTE) % 7));
  }
  detector.advance({
    count: times.length,
    refs: new Uint32Array(times.length),
    times: Float64Array.from(times),
    values: Float64Array.from(values),
  });
  return detector;
}

const HOLIDAY = { from: FIRST + 8 * DAY, to: FIRST + 9 * DAY };

/** What is expected at noon of the next workday, which the profile alone can say in the night before. */
function noonAfter(detector: Detector): number {
  const at = FIRST + 10 * DAY + 12 * HOUR;
  const times = [at - 61_000, at - 1000];
  detector.advance({
    count: 2,
    refs: new Uint32Array(2),
    times: Float64Array.from(times),
    values: Float64Array.from([500, 500]),
  });
  return detector.expected(0).mean ?? 0;
}

test('a holiday does not teach a workday’s profile', () => {
  const usual = noonAfter(workdays(null, false));
  const taught = noonAfter(workdays(null, true));
  const spared = noonAfter(workdays(HOLIDAY, true));
  expect(Math.abs(spared - usual)).toBeLessThan(Math.abs(taught - usual) / 4);
});

test('nor is it judged by one', () => {
  // The work does not begin: what a workday’s profile expects does not come.
  const morning = HOLIDAY.from + 8 * HOUR + 5 * MINUTE;
  const judged = workdays(null, true, morning).scoreOf(0);
  const spared = workdays(HOLIDAY, true, morning).scoreOf(0);
  expect(Math.abs(judged?.z ?? 0)).toBeGreaterThan(4);
  expect(Math.abs(spared?.z ?? 9)).toBeLessThan(2);
});
