import { type Alert, formatDuration, severityRank } from '../model/index.ts';
import {
  ABSENCE_TIMING,
  type AlertTiming,
  type ConditionReading,
  type ConditionState,
  EPISODE_TIMING,
  EXTERNAL_TIMING,
  passTime,
  stepCondition,
} from './alert-state.ts';
import { timedOut, withheld, withoutData, withoutMark, withStep } from './alert-steps.ts';
import type { Governance } from './calendar.ts';
import { AlertBook, alertKey, type OpenAlert, REMEMBER_MS } from './known-alerts.ts';
import { stableId } from './stable-id.ts';
import { suppressionReason } from './suppression.ts';

/** One look at one thing that could need a person: a rule's measurement or an anomaly episode. */
export interface Observation
  extends Pick<
    Alert,
    | 'rule'
    | 'kind'
    | 'entityId'
    | 'subject'
    | 'resource'
    | 'severity'
    | 'value'
    | 'limit'
    | 'unit'
    | 'summary'
    | 'action'
    | 'findingId'
  > {
  readonly reading: ConditionReading;
  readonly at: number;
  readonly timing: AlertTiming;
  /** When it began or ended, where who reports it knows that better than the time of this look. */
  readonly reportedAt?: number;
}

export interface AlertInputs {
  /** Any part of all there is to look at: what is not observed in a step stays as it is. */
  readonly observations: readonly Observation[];
  /** What the calendar says of whom. */
  readonly governance: Governance;
  /** Why people need not be told of an alert, since they were told of its incident; null where they were not. */
  readonly spokenFor: (alert: Alert) => string | null;
}

export interface AlertStep {
  /** The one given. */
  readonly book: AlertBook;
  /** Keys of the open ones that were looked at. */
  readonly looked: ReadonlySet<string>;
  /** Rows to store: new, changed, ended, and once a minute those whose value went on. */
  readonly changed: readonly Alert[];
  /** Ids of rows to delete: pending ones that never fired. */
  readonly withdrawn: readonly string[];
  /** Alerts of which people are to be told now, and the ends of those of which they were told. */
  readonly told: readonly ToldAlert[];
}

export interface ToldAlert {
  readonly kind: 'firing' | 'resolved';
  readonly alert: Alert;
}

export function emptyBook(): AlertBook {
  return new AlertBook();
}

/** So many open ones are looked at in each step for what time alone does to them, in turn; all of them where there are ten times as many or less. */
export const LOOKED_AT = 50;
const STORE_EVERY_MS = 60_000;

/** What an alert becomes whose values stay away, where its rule asks for that. */
function withoutDataOf(
  about: Pick<Alert, 'rule' | 'entityId' | 'subject'>,
): Pick<Alert, 'rule' | 'entityId' | 'subject'> {
  return { rule: about.rule, entityId: about.entityId, subject: `no data: ${about.subject}` };
}

/**
 * The book as it was, from the rows of `alerts` that are not resolved or were within the last hour. An alert whose row
 * says that people were told (firing, held; `suppressedBy` null) is not told again.
 */
export function restoreBook(rows: readonly Alert[], now: number): AlertBook {
  const book = new AlertBook();
  for (const alert of rows) {
    if (alert.state === 'resolved') {
      if (now - (alert.resolvedAt ?? 0) < REMEMBER_MS) book.remember(alert);
      continue;
    }
    const known = book.open.get(alertKey(alert));
    if (known !== undefined && known.alert.startedAt >= alert.startedAt) continue;
    book.put(alertKey(alert), {
      alert,
      condition: restoreCondition(alert, alert.state),
      timing: restoreTiming(alert), // a threshold's own comes with its next observation
      storedAt: now,
    });
  }
  return book;
}

function restoreCondition(alert: Alert, phase: ConditionState['phase']): ConditionState {
  const { startedAt, firedAt, lastAt } = alert;
  const heldAt = phase === 'held' ? lastAt : null;
  const before = phase !== 'no-data' ? null : firedAt === null ? 'pending' : 'firing';
  const silentSince = phase === 'no-data' ? alert.steps?.findLast(({ kind }) => kind === 'no-data')?.at : undefined;
  return { phase, before, startedAt, firedAt, lastAt, readAt: Math.max(lastAt, silentSince ?? lastAt), heldAt };
}

function restoreTiming({ kind, findingId }: Alert): AlertTiming {
  if (kind === 'external') return EXTERNAL_TIMING;
  if (kind === 'absence') return ABSENCE_TIMING;
  return findingId === null ? { forMs: 0, holdMs: EPISODE_TIMING.holdMs } : EPISODE_TIMING;
}

/**
 * One step of the alerts, with the book given changed in place. Run it with what was observed, and without observations
 * as often as all that is open is gone through within a minute, so that holds, silences and suppressions run out: what is
 * looked at is what was observed, and some of the others in turn.
 *
 * `suppressedBy` is null exactly when people were told: once told, an alert stays told until it is resolved, and whoever
 * was told of it is told of its end. O(observations), whatever is open.
 */
export function stepAlerts(book: AlertBook, inputs: AlertInputs, now: number): AlertStep {
  const changed = new Map<string, Alert>();
  const withdrawn: string[] = [];
  const told: ToldAlert[] = [];
  const looked = new Set<string>();
  book.forget(LOOKED_AT, now);

  const store = (key: string, entry: OpenAlert) => {
    book.put(key, { ...entry, storedAt: now });
    changed.set(entry.alert.id, entry.alert);
  };
  const end = (key: string, alert: Alert) => {
    book.end(key, alert);
    if (alert.firedAt === null) {
      changed.delete(alert.id);
      withdrawn.push(alert.id);
      return;
    }
    changed.set(alert.id, alert);
    if (alert.suppressedBy === null) told.push({ kind: 'resolved', alert });
  };

  const look = (key: string, seen: Observation) => {
    if (seen.reading !== 'missing') endAbsence(seen);
    const before = book.open.get(key);
    const { timing } = seen;
    const { state, transition } = stepCondition(before?.condition ?? null, seen.reading, seen.at, timing);
    if (state === null) {
      if (before === undefined) return;
      const resolvedAt = endOf(before.alert, seen);
      end(key, withStep({ ...before.alert, state: 'resolved', resolvedAt }, transition, resolvedAt, timing));
      return;
    }
    const alert = withStep(describe(before?.alert, seen, state), transition, seen.at, timing);
    const entry: OpenAlert = { alert, condition: state, timing, storedAt: before?.storedAt ?? 0 };
    const due = now - entry.storedAt >= STORE_EVERY_MS && seen.reading !== 'missing';
    if (transition !== null || due) store(key, entry);
    else book.put(key, entry);
    looked.add(key);
  };
  /** Values of what had become an alert for the lack of them: that alert is over. */
  const endAbsence = (seen: Observation) => {
    const key = alertKey(withoutDataOf(seen));
    const absence = book.open.get(key);
    if (absence === undefined || seen.at < absence.condition.readAt) return;
    end(key, withStep({ ...absence.alert, state: 'resolved', resolvedAt: now }, 'data-back', now, absence.timing));
  };
  const wait = (key: string, entry: OpenAlert) => {
    const { alert, condition, timing } = entry;
    const { state, transition } = passTime(condition, now, timing);
    if (transition === null) return;
    if (state !== null) return store(key, { ...entry, alert: withoutData(alert, state, timing), condition: state });
    end(key, timedOut(alert, transition, timing, now));
    if (transition !== 'given-up' || timing.onNoData !== 'alert') return;
    const absence = absenceOf(alert, condition, now);
    store(alertKey(absence.alert), absence);
    looked.add(alertKey(absence.alert));
  };

  for (const seen of inputs.observations) look(alertKey(seen), seen);
  for (const [key, entry] of book.round(LOOKED_AT)) {
    looked.add(key);
    wait(key, entry);
  }

  // Worst and earliest first, so that of two that begin together the worse one is told.
  const firing = [...looked].flatMap((key) => {
    const entry = book.open.get(key);
    if (entry === undefined || entry.alert.suppressedBy === null) return [];
    const { phase, before } = entry.condition;
    return phase === 'firing' || before === 'firing' ? [{ key, entry }] : [];
  });
  for (const { key, entry } of firing.sort((a, b) => bySeverity(a.entry.alert, b.entry.alert))) {
    const reason =
      suppressionReason(entry.alert, book.comparable(entry.alert), inputs.governance, now) ??
      inputs.spokenFor(entry.alert);
    if (reason === entry.alert.suppressedBy) continue;
    const alert = withheld(entry.alert, reason, now);
    store(key, { ...entry, alert });
    if (reason === null) told.push({ kind: 'firing', alert });
  }
  return { book, looked, changed: [...changed.values()], withdrawn, told };
}

/** Where an alert belongs: its incident, and why people are not told of it apart from that. */
export interface Placement {
  readonly incidentId: string;
  readonly suppressedBy: string | null;
}

/** The step with the alerts that it looked at put into their incidents. O(those). */
export function placed(step: AlertStep, placeOf: (alert: Alert) => Placement | null, now: number): AlertStep {
  const { book } = step;
  const changed = new Map(step.changed.map((alert) => [alert.id, alert]));
  for (const key of step.looked) {
    const entry = book.open.get(key);
    const place = entry === undefined ? null : placeOf(entry.alert);
    if (entry === undefined || place === null) continue;
    const { incidentId, suppressedBy } = entry.alert;
    if (place.incidentId === incidentId && place.suppressedBy === suppressedBy) continue;
    const alert = { ...withheld(entry.alert, place.suppressedBy, now), incidentId: place.incidentId };
    book.put(key, { ...entry, alert });
    changed.set(alert.id, alert);
  }
  return { ...step, changed: [...changed.values()] };
}

/** What holds until the end of the step decides; it stays where the condition was gone again within the step. */
const UNDECIDED = 'It was over before people could be told.';

function suppressionOf(before: Alert | undefined, state: ConditionState): string | null {
  if (state.firedAt === null) return null;
  return before === undefined || before.firedAt === null ? UNDECIDED : before.suppressedBy;
}

function describe(before: Alert | undefined, seen: Observation, state: ConditionState): Alert {
  const { rule, kind, entityId, subject, resource, severity, unit, action } = seen;
  const fresh = seen.reading !== 'missing' && seen.at >= state.readAt;
  const keep = before !== undefined && (!fresh || state.phase === 'held');
  return {
    id: before?.id ?? stableId('alert', rule, entityId, subject, state.startedAt),
    rule,
    kind,
    entityId,
    subject,
    resource,
    severity: before !== undefined && before.firedAt !== null ? before.severity : severity,
    state: state.phase,
    startedAt: before?.startedAt ?? Math.min(seen.reportedAt ?? state.startedAt, state.startedAt),
    firedAt: state.firedAt,
    resolvedAt: null,
    lastAt: state.lastAt,
    value: fresh || before === undefined ? seen.value : before.value,
    limit: seen.limit,
    unit,
    summary: !keep ? seen.summary : fresh ? withoutMark(before.summary) : before.summary,
    action,
    findingId: seen.findingId ?? before?.findingId ?? null,
    incidentId: before?.incidentId ?? null,
    suppressedBy: suppressionOf(before, state),
    steps: before?.steps ?? [],
  };
}

/** That there are no values, as an alert of its own: it ends when there is one again. */
function absenceOf(alert: Alert, { readAt }: ConditionState, now: number): OpenAlert {
  const about = withoutDataOf(alert);
  const absent: Alert = {
    ...alert,
    ...about,
    id: stableId('alert', about.rule, about.entityId, about.subject, readAt),
    kind: 'absence',
    state: 'firing',
    startedAt: readAt,
    firedAt: now,
    lastAt: now,
    value: null,
    limit: null,
    summary: `No values of ${alert.subject} for ${formatDuration(now - readAt)}; before that: ${withoutMark(alert.summary)}`,
    action: 'See whether what measures it still runs',
    incidentId: null,
    suppressedBy: UNDECIDED,
    steps: [],
  };
  const condition: ConditionState = {
    phase: 'firing',
    before: null,
    startedAt: readAt,
    firedAt: now,
    lastAt: now,
    readAt: now,
    heldAt: null,
  };
  return { alert: withStep(absent, 'fired', now, ABSENCE_TIMING), condition, timing: ABSENCE_TIMING, storedAt: now };
}

function endOf(alert: Alert, seen: Observation): number {
  if (seen.reportedAt === undefined) return Math.max(seen.at, alert.lastAt);
  return Math.max(alert.startedAt, Math.min(seen.reportedAt, seen.at));
}

function bySeverity(a: Alert, b: Alert): number {
  return (
    severityRank[b.severity] - severityRank[a.severity] || (a.firedAt ?? 0) - (b.firedAt ?? 0) || (a.id < b.id ? -1 : 1)
  );
}
