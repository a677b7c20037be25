import { type Alert, type AlertStep, formatDuration, formatValue } from '../model/index.ts';
import { type AlertTiming, type ConditionState, END_MS, type Transition } from './alert-state.ts';

/** Steps of one alert that are kept: the last ones. */
const MOST_STEPS = 40;
const MARK = / No data since \d{4}-\d\d-\d\d \d\d:\d\d UTC(; the last value was [^;]*)?\.$/;

/** The alert with what became of it, and why; the same where nothing did. */
export function withStep(alert: Alert, transition: Transition, at: number, timing: AlertTiming): Alert {
  return transition === null ? alert : noted(alert, { at, kind: transition, text: textOf(alert, transition, timing) });
}

/** The alert with why people are not told of it, or that they are; noted where that is new. */
export function withheld(alert: Alert, reason: string | null, now: number): Alert {
  if (reason === alert.suppressedBy) return alert;
  const told = { ...alert, suppressedBy: reason };
  return reason === null
    ? noted(told, { at: now, kind: 'told', text: 'People are told.' })
    : noted(told, { at: now, kind: 'withheld', text: reason });
}

/** Its values ceased to come: nobody knows how it stands. */
export function withoutData(alert: Alert, state: ConditionState, timing: AlertTiming): Alert {
  const summary = `${withoutMark(alert.summary)}${markOf(alert, state.readAt)}`;
  return withStep({ ...alert, state: state.phase, summary }, 'no-data', state.readAt, timing);
}

/** Over with time alone. */
export function timedOut(alert: Alert, transition: Transition, timing: AlertTiming, now: number): Alert {
  const ended: Alert = { ...alert, state: 'resolved', resolvedAt: now };
  if (transition !== 'given-up') return withStep(ended, transition, now, timing);
  const what = alert.kind === 'external' ? 'nothing heard of it' : 'no values';
  const summary = `${withoutMark(alert.summary)} Closed: ${what} for ${formatDuration(timing.endMs ?? END_MS)}, so nobody knows how it ended.`;
  return withStep({ ...ended, summary }, transition, now, timing);
}

export function withoutMark(summary: string): string {
  return summary.replace(MARK, '');
}

function markOf(alert: Alert, readAt: number): string {
  const since = new Date(readAt).toISOString().slice(0, 16).replace('T', ' ');
  const last = alert.value === null ? '' : `; the last value was ${formatValue(alert.value, alert.unit)}`;
  return ` No data since ${since} UTC${last}.`;
}

function noted(alert: Alert, step: AlertStep): Alert {
  return { ...alert, steps: [...(alert.steps ?? []), step].slice(-MOST_STEPS) };
}

function textOf(alert: Alert, transition: Exclude<Transition, null>, timing: AlertTiming): string {
  const hold = formatDuration(timing.holdMs);
  const kept = timing.keepFiringMs ?? 0;
  switch (transition) {
    case 'started':
      return `${sentenceOf(alert.summary)} It fires if that lasts for ${formatDuration(timing.forMs)}.`;
    case 'fired':
      return timing.forMs <= 0 ? 'It fires at once.' : `It has lasted for ${formatDuration(timing.forMs)}.`;
    case 'held':
      return `The condition is gone${kept > 0 ? `, and has been for ${formatDuration(kept)}` : ''}. It is over if it stays away for ${hold}.`;
    case 'returned':
      return `The condition came back within ${hold}: it is the same alert.`;
    case 'resolved':
      return timing.holdMs <= 0 ? 'The condition is gone.' : `The condition stayed away for ${hold}.`;
    case 'withdrawn':
      return 'The condition went before it had lasted long enough.';
    case 'no-data':
      return 'Its values ceased to come. Nobody knows how it stands; it is not taken as over.';
    case 'data-back':
      return alert.state === 'resolved' ? 'Values come again.' : `Values come again: it goes on, ${alert.state}.`;
    case 'given-up':
      return `Nothing came for ${formatDuration(timing.endMs ?? END_MS)}. It ends, and nobody knows how.`;
  }
}

function sentenceOf(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
