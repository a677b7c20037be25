import { type EscalationState, formatDuration, type Incident } from '../model/index.ts';

/** Who is told next while nobody takes it. */
export interface EscalationPolicy {
  readonly name: string;
  readonly steps: readonly {
    /** Since the step before; of the first since people were told. */
    readonly afterMs: number;
    readonly to: readonly string[];
  }[];
  /** How many times all of it is gone through again. */
  readonly repeat: number;
}

/** What is to be done about an incident that people were told of. */
export type EscalationMove =
  | { readonly kind: 'wait' }
  | { readonly kind: 'stop'; readonly reason: string }
  | {
      readonly kind: 'tell';
      readonly to: readonly string[];
      readonly reason: string;
      /** Null after the last step. */
      readonly state: EscalationState | null;
    };

export function beginEscalation(policy: EscalationPolicy, now: number): EscalationState | null {
  const [first] = policy.steps;
  return first === undefined ? null : { policy: policy.name, step: 0, dueAt: now + first.afterMs, startedAt: now };
}

/**
 * What is due: one step at a time, so that after an outage nobody is left out and nobody is told all at once. It ends when somebody takes the incident or it is over. Pure.
 */
export function stepEscalation(
  state: EscalationState,
  policies: readonly EscalationPolicy[],
  incident: Pick<Incident, 'state' | 'verdict' | 'acknowledgedAt' | 'assignee'>,
  now: number,
): EscalationMove {
  const policy = policies.find(({ name }) => name === state.policy);
  if (policy === undefined)
    return { kind: 'stop', reason: `The escalation “${state.policy}” is no longer configured.` };
  const taken = whoHasIt(state, incident);
  if (taken !== null) return { kind: 'stop', reason: `${taken}: the escalation “${policy.name}” ends.` };
  if (now < state.dueAt) return { kind: 'wait' };
  const { length } = policy.steps;
  const current = policy.steps[state.step % length];
  const last = length * (1 + policy.repeat) - 1;
  if (current === undefined || state.step > last)
    return { kind: 'stop', reason: `The escalation “${policy.name}” is at its end.` };
  const following = policy.steps[(state.step + 1) % length];
  const round = Math.floor(state.step / length);
  return {
    kind: 'tell',
    to: current.to,
    reason: `Nobody has taken it for ${formatDuration(now - state.startedAt)}: step ${(state.step % length) + 1} of ${length} of the escalation “${policy.name}”${round === 0 ? '' : `, gone through again (${round} of ${policy.repeat})`}.`,
    state:
      following === undefined || state.step === last
        ? null
        : { ...state, step: state.step + 1, dueAt: now + following.afterMs },
  };
}

function whoHasIt(
  state: EscalationState,
  {
    state: now,
    verdict,
    acknowledgedAt,
    assignee,
  }: Pick<Incident, 'state' | 'verdict' | 'acknowledgedAt' | 'assignee'>,
): string | null {
  if (verdict === 'dismissed') return 'It was dismissed';
  if (now === 'resolved') return 'It is over';
  if (assignee !== null) return `${assignee} has it`;
  // What was seen before it came back was another time.
  return acknowledgedAt !== null && acknowledgedAt >= state.startedAt ? 'Somebody is looking at it' : null;
}
