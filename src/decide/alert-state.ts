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
}

/** An anomaly episode has shown that it lasts before it is one; when it ends it may come back. */
export const EPISODE_TIMING: AlertTiming = { forMs: 0, holdMs: 5 * 60_000 };

/** Where a condition stands; null stands for inactive. */
export interface ConditionState {
  readonly phase: 'pending' | 'firing' | 'held';
  readonly startedAt: number;
  readonly firedAt: number | null;
  /** When the condition was last seen to hold. */
  readonly lastAt: number;
  /** When there was last a value at all. */
  readonly readAt: number;
  /** Since when it is gone; set while held. */
  readonly heldAt: number | null;
}

export type Transition = 'started' | 'withdrawn' | 'fired' | 'held' | 'returned' | 'resolved' | null;

export interface ConditionStep {
  readonly state: ConditionState | null;
  readonly transition: Transition;
}

/** Time without values after which a breach that has not fired yet counts from anew: nobody saw it last. */
const PENDING_GAP_MS = 5 * 60_000;

/**
 * inactive → pending → firing → held → resolved. Missing values change nothing: they neither fire nor resolve. A look
 * behind the last one changes nothing either. Pure, O(1).
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
      if (reading !== 'clear') return { state: { ...state, lastAt: at, readAt: at }, transition: null };
      return timing.holdMs <= 0
        ? { state: null, transition: 'resolved' }
        : { state: { ...state, phase: 'held', readAt: at, heldAt: at }, transition: 'held' };
    case 'held':
      if (reading === 'breach') {
        return { state: { ...state, phase: 'firing', lastAt: at, readAt: at, heldAt: null }, transition: 'returned' };
      }
      if (reading === 'clear' && at - (state.heldAt ?? at) >= timing.holdMs) {
        return { state: null, transition: 'resolved' };
      }
      return { state: { ...state, readAt: at }, transition: null };
  }
}

function begin(at: number, timing: AlertTiming): ConditionStep {
  const fires = timing.forMs <= 0;
  return {
    state: {
      phase: fires ? 'firing' : 'pending',
      startedAt: at,
      firedAt: fires ? at : null,
      lastAt: at,
      readAt: at,
      heldAt: null,
    },
    transition: fires ? 'fired' : 'started',
  };
}

function stepPending(
  state: ConditionState,
  reading: Exclude<ConditionReading, 'missing'>,
  at: number,
  timing: AlertTiming,
): ConditionStep {
  if (reading === 'clear') return { state: null, transition: 'withdrawn' };
  if (at - state.readAt > PENDING_GAP_MS) return { state: null, transition: 'withdrawn' };
  if (reading === 'between') return { state: { ...state, readAt: at }, transition: null };
  if (at - state.startedAt < timing.forMs) return { state: { ...state, lastAt: at, readAt: at }, transition: null };
  return { state: { ...state, phase: 'firing', firedAt: at, lastAt: at, readAt: at }, transition: 'fired' };
}
