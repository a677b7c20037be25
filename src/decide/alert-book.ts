import { type Alert, formatDuration, severityRank, type Silence } from '../model/index.ts';
import {
  type AlertTiming,
  type ConditionReading,
  type ConditionState,
  EPISODE_TIMING,
  stepCondition,
} from './alert-state.ts';
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

/** An alert that is not over, with what its state machine remembers. */
export interface OpenAlert {
  readonly alert: Alert;
  readonly condition: ConditionState;
  readonly timing: AlertTiming;
  /** When its row was last given out to be stored. */
  readonly storedAt: number;
}

/** Every alert that is not over, by what it is about, and those that ended within the last hour. */
export interface AlertBook {
  readonly open: ReadonlyMap<string, OpenAlert>;
  readonly ended: readonly Alert[];
}

export interface AlertInputs {
  /** Any part of all there is to look at: what is not observed in a step stays as it is. */
  readonly observations: readonly Observation[];
  readonly silences: readonly Silence[];
  /** Why people need not be told of an alert, since they were told of its incident; null where they were not. */
  readonly spokenFor: (alert: Alert) => string | null;
}

export interface AlertStep {
  readonly book: AlertBook;
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

export const emptyBook: AlertBook = { open: new Map(), ended: [] };

/** What is remembered of alerts that are over: for flapping, and for two alerts on one thing being one page. */
const REMEMBER_MS = 3_600_000;
const STORE_EVERY_MS = 60_000;
const UNKNOWN_AFTER_MS = 5 * 60_000;
const CLOSE_AFTER_MS = 86_400_000;
/** Alertmanager forgets by itself what it told longer ago (`--data.retention`), so it repeats within this what still fires. */
const CLOSE_EXTERNAL_MS = 5 * 86_400_000;
const UNKNOWN = ' No new values: its present state is unknown.';

export function alertKey(about: Pick<Alert, 'rule' | 'entityId' | 'subject'>): string {
  return `${about.rule}\u0000${about.entityId}\u0000${about.subject}`;
}

/**
 * The book as it was, from the rows of `alerts` that are not resolved or were within the last hour. An alert whose row
 * says that people were told (firing, held; `suppressedBy` null) is not told again.
 */
export function restoreBook(rows: readonly Alert[], now: number): AlertBook {
  const open = new Map<string, OpenAlert>();
  const ended: Alert[] = [];
  for (const alert of rows) {
    if (alert.state === 'resolved') {
      if (now - (alert.resolvedAt ?? 0) < REMEMBER_MS) ended.push(alert);
      continue;
    }
    const known = open.get(alertKey(alert));
    if (known !== undefined && known.alert.startedAt >= alert.startedAt) continue;
    const { startedAt, firedAt, lastAt } = alert;
    const heldAt = alert.state === 'held' ? lastAt : null;
    open.set(alertKey(alert), {
      alert,
      condition: { phase: alert.state, startedAt, firedAt, lastAt, readAt: lastAt, heldAt },
      timing: EPISODE_TIMING, // a threshold's comes with its next observation
      storedAt: now,
    });
  }
  return { open, ended };
}

/**
 * One step of every alert: pure; the book given stays as it is. Run it with what was observed, and without observations
 * at least once a minute, so that holds, silences and suppressions run out.
 *
 * `suppressedBy` is null exactly when people were told: once told, an alert stays told until it is resolved, and whoever
 * was told of it is told of its end. O(observations + open alerts).
 */
export function stepAlerts(book: AlertBook, inputs: AlertInputs, now: number): AlertStep {
  const open = new Map(book.open);
  const ended = book.ended.filter((alert) => now - (alert.resolvedAt ?? 0) < REMEMBER_MS);
  const changed = new Map<string, Alert>();
  const withdrawn: string[] = [];
  const told: ToldAlert[] = [];

  const store = (key: string, entry: OpenAlert) => {
    open.set(key, { ...entry, storedAt: now });
    changed.set(entry.alert.id, entry.alert);
  };
  const end = (key: string, alert: Alert) => {
    open.delete(key);
    if (alert.firedAt === null) {
      changed.delete(alert.id);
      withdrawn.push(alert.id);
      return;
    }
    ended.push(alert);
    changed.set(alert.id, alert);
    if (alert.suppressedBy === null) told.push({ kind: 'resolved', alert });
  };

  const look = (key: string, seen: Observation) => {
    const before = open.get(key);
    const { state, transition } = stepCondition(before?.condition ?? null, seen.reading, seen.at, seen.timing);
    if (state === null) {
      if (before !== undefined) end(key, { ...before.alert, state: 'resolved', resolvedAt: endOf(before.alert, seen) });
      return;
    }
    const alert = describe(before?.alert, seen, state);
    const entry: OpenAlert = { alert, condition: state, timing: seen.timing, storedAt: before?.storedAt ?? 0 };
    const due = now - entry.storedAt >= STORE_EVERY_MS && seen.reading !== 'missing';
    if (transition !== null || due) store(key, entry);
    else open.set(key, entry);
  };

  for (const seen of inputs.observations) look(alertKey(seen), seen);
  for (const [key, entry] of open) {
    const closed = withoutValues(entry, now);
    if (closed === 'resolve') end(key, { ...entry.alert, state: 'resolved', resolvedAt: now });
    else if (closed !== null && closed.state === 'resolved') end(key, closed);
    else if (closed !== null) store(key, { ...entry, alert: closed });
  }

  let endedByKey: Map<string, Alert[]> | null = null;
  /** Those that could speak for an alert or show that it comes and goes; a reported one is compared with itself alone, since there may be thousands. */
  const comparable = (alert: Alert): readonly Alert[] => {
    if (alert.kind !== 'external') return [...[...open.values()].map((other) => other.alert), ...ended];
    endedByKey ??= Map.groupBy(ended, alertKey);
    return endedByKey.get(alertKey(alert)) ?? [];
  };

  // Worst and earliest first, so that of two that begin together the worse one is told.
  const firing = [...open].filter(
    ([, entry]) => entry.condition.phase === 'firing' && entry.alert.suppressedBy !== null,
  );
  for (const [key, entry] of firing.sort(([, a], [, b]) => bySeverity(a.alert, b.alert))) {
    const reason =
      suppressionReason(entry.alert, comparable(entry.alert), inputs.silences, now) ?? inputs.spokenFor(entry.alert);
    if (reason === entry.alert.suppressedBy) continue;
    const alert = { ...entry.alert, suppressedBy: reason };
    store(key, { ...entry, alert });
    if (reason === null) told.push({ kind: 'firing', alert });
  }
  return { book: { open, ended }, changed: [...changed.values()], withdrawn, told };
}

/** Where an alert belongs: its incident, and why people are not told of it apart from that. */
export interface Placement {
  readonly incidentId: string;
  readonly suppressedBy: string | null;
}

/** The step with its alerts put into their incidents. O(open alerts). */
export function placed(step: AlertStep, placeOf: (alert: Alert) => Placement | null): AlertStep {
  const open = new Map(step.book.open);
  const changed = new Map(step.changed.map((alert) => [alert.id, alert]));
  for (const [key, entry] of open) {
    const place = placeOf(entry.alert);
    const { incidentId, suppressedBy } = entry.alert;
    if (place === null || (place.incidentId === incidentId && place.suppressedBy === suppressedBy)) continue;
    const alert = { ...entry.alert, ...place };
    open.set(key, { ...entry, alert });
    changed.set(alert.id, alert);
  }
  return { ...step, book: { ...step.book, open }, changed: [...changed.values()] };
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
    summary: keep ? withoutMark(before.summary, fresh) : seen.summary,
    action,
    findingId: seen.findingId ?? before?.findingId ?? null,
    incidentId: before?.incidentId ?? null,
    suppressedBy: suppressionOf(before, state),
  };
}

function endOf(alert: Alert, seen: Observation): number {
  if (seen.reportedAt === undefined) return Math.max(seen.at, alert.lastAt);
  return Math.max(alert.startedAt, Math.min(seen.reportedAt, seen.at));
}

function withoutMark(summary: string, fresh: boolean): string {
  return fresh && summary.endsWith(UNKNOWN) ? summary.slice(0, -UNKNOWN.length) : summary;
}

/** What time alone does: an episode's hold runs out; a threshold without values is marked, and closed after a day. */
function withoutValues(entry: OpenAlert, now: number): Alert | 'resolve' | null {
  const { alert, condition, timing } = entry;
  if (alert.findingId !== null) {
    return condition.phase === 'held' && now - (condition.heldAt ?? now) >= timing.holdMs ? 'resolve' : null;
  }
  const silentMs = now - condition.readAt;
  if (alert.kind === 'external') return silentMs >= CLOSE_EXTERNAL_MS ? closed(alert, CLOSE_EXTERNAL_MS, now) : null;
  if (silentMs >= CLOSE_AFTER_MS) {
    return closed(alert, CLOSE_AFTER_MS, now);
  }
  return silentMs >= UNKNOWN_AFTER_MS && condition.phase !== 'pending' && !alert.summary.endsWith(UNKNOWN)
    ? { ...alert, summary: alert.summary + UNKNOWN }
    : null;
}

function closed(alert: Alert, silentMs: number, now: number): Alert {
  const what = alert.kind === 'external' ? 'nothing heard of it' : 'no values';
  const summary = `${withoutMark(alert.summary, true)} Closed: ${what} for ${formatDuration(silentMs)}, so nobody knows how it ended.`;
  return { ...alert, state: 'resolved', resolvedAt: now, summary };
}

function bySeverity(a: Alert, b: Alert): number {
  return (
    severityRank[b.severity] - severityRank[a.severity] || (a.firedAt ?? 0) - (b.firedAt ?? 0) || (a.id < b.id ? -1 : 1)
  );
}
