/* The ticks of a time axis that is drawn by hand. Pure. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const steps = [
  10_000,
  30_000,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  28 * DAY,
] as const;

export interface TimeAxis {
  readonly fromMs: number;
  readonly toMs: number;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

/** An axis over a range with room at its begin, and at most so many ticks on round local times. */
export function timeAxis(fromMs: number, toMs: number, most = 5): TimeAxis {
  const span = Math.max(MINUTE, toMs - fromMs);
  const from = toMs - span * 1.06;
  const step = steps.find((one) => span / one <= most) ?? Math.ceil(span / most / DAY) * DAY;
  const offset = new Date(from).getTimezoneOffset() * MINUTE;
  const ticks: { at: number; text: string }[] = [];
  // Room at the right for the last one's text.
  for (let at = Math.ceil((from - offset) / step) * step + offset; at <= toMs - span * 0.03; at += step)
    if (at >= from + span * 0.03) ticks.push({ at, text: tickText(at, step) });
  return { fromMs: from, toMs, ticks };
}

function tickText(at: number, step: number): string {
  const parts: Intl.DateTimeFormatOptions =
    step >= DAY
      ? { day: 'numeric', month: 'short' }
      : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...(step < MINUTE ? { second: '2-digit' } : {}) };
  return new Intl.DateTimeFormat('en-GB', parts).format(at);
}

/** Where a moment lies on the axis, 0..1; what lies outside stands at its ends. */
export function placeOn(axis: TimeAxis, at: number): number {
  return Math.min(1, Math.max(0, (at - axis.fromMs) / (axis.toMs - axis.fromMs)));
}
