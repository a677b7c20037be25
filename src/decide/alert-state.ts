import type { AlertTransition } from '../model/index.ts';

/**
 * What one look at a condition says. `between`: beyond the clear limit, not beyond the limit itself (hysteresis);
 * `missing`: no value, or one too old to speak for the present.
 */
export type ConditionReading = 'breach' | 'between' | 'clear' | 'missing';

export interface AlertTiming {
  /** How long a breach must last before it fires. */
  readonly forMs: number;
  /** How long it must be gone before it is resolved. */
  readonly holdMs: number;
  /** How long it goes on firing after it was last seen to hold; not at all unless given. */
  readonly keepFiringMs?: number;
  /** So long without a value nobody knows how it stands; 5 min unless given, `Infinity` where silence is no sign. */
  readonly noDataMs?: number;
  /** So long without a value it ends; a day unless given. */
  readonly endMs?: number;
  /** What it ends as: an alert of its own that there are no values, or nothing. */
  readonly onNoData?: 'end' | 'alert';
  /** Its hold runs out with time: whoever reports it speaks once when it is gone. */
  readonly endsByTime?: boolean;
}

const NO_DATA_MS = 5 * 60_000;
export const END_MS = 86_400_000;

/** An anomaly episode has shown that it lasts before it is one; when it ends it may come back. Its detector speaks every 5 min. */
export const EPISODE_TIMING: AlertTiming = {
  forMs: 0,
  holdMs: 5 * 60_000,
  noDataMs: 15 * 60_000,
  endMs: Number.POSITIVE_INFINITY,
  endsByTime: true,
};

/** Alertmanager forgets by itself what it told longer ago (`--data.retention`), so it repeats within this what still fires. */
export const EXTERNAL_TIMING: AlertTiming = {
  forMs: 0,
  holdMs: 0,
  noDataMs: Number.POSITIVE_INFINITY,
  endMs: 5 * 86_400_000,
};

/** What is about silence itself is not made unknown by it. */
export const ABSENCE_TIMING: AlertTiming = { ...EPISODE_TIMING, noDataMs: Number.POSITIVE_INFINITY };

type Live = 'pending' | 'firing' | 'held';

/** Where a condition stands; null stands for inactive. */
export interface ConditionState {
  readonly phase: Live | 'no-data';
  /** Where it stood before its values ceased to come; set in that phase. */
  readonly before: Live | null;
  readonly startedAt: number;
  readonly firedAt: number | null;
  /** When the condition was last seen to hold. */
  readonly lastAt: number;
  /** When there was last a value at all. */
  readonly readAt: number;
  /** Since when it is gone; set while held. */
  readonly heldAt: number | null;
}

export type Transition = AlertTransition | null;

export interface ConditionStep {
  readonly state: ConditionState | null;
  readonly transition: Transition;
}

/** Time without values after which a breach that has not fired yet counts from anew: nobody saw it last. */
const PENDING_GAP_MS = 5 * 60_000;

/**
 * inactive → pending → firing → held → resolved. Missing values change nothing: they neither fire nor resolve; what their
 * absence does with time is `passTime`. A look behind the last one changes nothing either. Pure, O(1).
 *
 * Weak where a condition flutters across both limits faster than `forMs`: it stays pending; watch an average then.
 */
export function stepCondition(
  state: ConditionState | null,
  reading: ConditionReading,
  at: number,
  timing: AlertTiming,
): ConditionStep {
  if (reading === 'missing') return { state, transition: null };
  if (state === null) return reading === 'breach' ? begin(at, timing) : { state: null, transition: null };
  if (at < state.readAt) return { state, transition: null };
  switch (state.phase) {
    case 'pending':
      return stepPending(state, reading, at, timing);
    case 'firing':
      return stepFiring(state, reading, at, timing);
    case 'held':
      if (reading === 'breach') {
        return { state: { ...state, phase: 'firing', lastAt: at, readAt: at, heldAt: null }, transition: 'returned' };
      }
      if (reading === 'clear' && at - (state.heldAt ?? at) >= timing.holdMs) {
        return { state: null, transition: 'resolved' };
      }
      return { state: { ...state, readAt: at }, transition: null };
    case 'no-data':
      return goOn(state, reading, at, timing);
  }
}

/**
 * What time alone does: without values it is unknown how the condition stands, and after a longer while it ends so
 * (`given-up`), never as if all were well. Pure, O(1).
 */
export function passTime(state: ConditionState, now: number, timing: AlertTiming): ConditionStep {
  const silentMs = now - state.readAt;
  if (silentMs >= (timing.endMs ?? END_MS)) return { state: null, transition: 'given-up' };
  if (timing.endsByTime === true && state.phase === 'held')
    return now - (state.heldAt ?? now) >= timing.holdMs
      ? { state: null, transition: 'resolved' }
      : { state, transition: null };
  if (state.phase === 'no-data' || silentMs < (timing.noDataMs ?? NO_DATA_MS)) return { state, transition: null };
  return { state: { ...state, phase: 'no-data', before: state.phase }, transition: 'no-data' };
}

/**
 * How often what began at these times has come within the window, where that is so often that it comes and goes; 0 where
 * it is seldom, or where the last one has stayed. Pure.
 */
export function flaps(firedAt: readonly number[], now: number): number {
  const recent = firedAt.filter((at) => now - at < FLAP_WINDOW_MS);
  return recent.length > FLAP_LIMIT && now - Math.max(...recent) < STAYS_MS ? recent.length : 0;
}

const FLAP_WINDOW_MS = 3_600_000;
const FLAP_LIMIT = 3;
/** What comes and goes is told again once it has stayed for so long. */
const STAYS_MS = 15 * 60_000;

function begin(at: number, timing: AlertTiming): ConditionStep {
  const fires = timing.forMs <= 0;
  return {
    state: {
      phase: fires ? 'firing' : 'pending',
      before: null,
      startedAt: at,
      firedAt: fires ? at : null,
      lastAt: at,
      readAt: at,
      heldAt: null,
    },
    transition: fires ? 'fired' : 'started',
  };
}

type Reading = Exclude<ConditionReading, 'missing'>;

function stepPending(state: ConditionState, reading: Reading, at: number, timing: AlertTiming): ConditionStep {
  if (reading === 'clear') return { state: null, transition: 'withdrawn' };
  if (at - state.readAt > PENDING_GAP_MS) return { state: null, transition: 'withdrawn' };
  if (reading === 'between') return { state: { ...state, readAt: at }, transition: null };
  if (at - state.startedAt < timing.forMs) return { state: { ...state, lastAt: at, readAt: at }, transition: null };
  return { state: { ...state, phase: 'firing', firedAt: at, lastAt: at, readAt: at }, transition: 'fired' };
}

function stepFiring(state: ConditionState, reading: Reading, at: number, timing: AlertTiming): ConditionStep {
  if (reading !== 'clear') return { state: { ...state, lastAt: at, readAt: at }, transition: null };
  if (at - state.lastAt < (timing.keepFiringMs ?? 0)) return { state: { ...state, readAt: at }, transition: null };
  return timing.holdMs <= 0
    ? { state: null, transition: 'resolved' }
    : { state: { ...state, phase: 'held', readAt: at, heldAt: at }, transition: 'held' };
}

/** Values come again: it goes on where it stood. One that had not fired begins its time anew, since nobody saw it last. */
function goOn(state: ConditionState, reading: Reading, at: number, timing: AlertTiming): ConditionStep {
  const back: ConditionState = { ...state, phase: state.before ?? 'firing', before: null };
  if (back.phase === 'pending' && reading !== 'clear')
    return { state: { ...back, startedAt: at, lastAt: at, readAt: at }, transition: 'data-back' };
  const step = stepCondition(back, reading, at, timing);
  return step.transition === null ? { ...step, transition: 'data-back' } : step;
}
