import { emptyBook, LOOKED_AT, placed, type Observation, restoreBook, stepAlerts } from '../decide/alert-book.ts';
import type { Governance } from '../decide/calendar.ts';
import { observeFinding } from '../decide/episodes.ts';
import { evaluateRules, type ThresholdRule, type WatchedEntity } from '../decide/threshold-rules.ts';
import {
  type Alert,
  allRows,
  type Clock,
  type Finding,
  type Incident,
  type Notification,
  type NotificationRow,
  type RecordAccess,
  type RecordStore,
} from '../model/index.ts';
import { metrics as ownMetrics } from '../telemetry/metrics.ts';
import { nextTurn } from '../next-turn.ts';
import type { EventRing } from './event-ring.ts';
import type { IncidentKeeper, TellPolicy } from './incident-keeper.ts';
import { InTurn } from '../in-turn.ts';

/** What one step leaves to be written, in one transaction. */
interface Written {
  readonly changed: readonly Alert[];
  readonly withdrawn: readonly string[];
  readonly incidents: readonly Incident[];
  readonly messages: readonly NotificationRow[];
}

export interface AlertPolicy extends TellPolicy {
  readonly rules: readonly ThresholdRule[];
  /** How long a message waits for others that go out with it, ms; 0 unless told. */
  readonly groupMs?: number;
}

/** Runs the alert book on what is observed, and writes rows and messages in one transaction: an alert of which people were told is always stored with its message. */
export class AlertKeeper {
  readonly #records: RecordStore;
  readonly #ring: EventRing;
  readonly #clock: Clock;
  readonly #incidents: IncidentKeeper;
  readonly #governance: Governance;
  #policy: AlertPolicy;
  #book = emptyBook();
  /** Steps not stored yet, oldest first: a store that cannot be written delays messages, never loses them. */
  #unwritten: Written[] = [];
  readonly #writes = new InTurn();

  constructor(options: {
    records: RecordStore;
    ring: EventRing;
    clock: Clock;
    incidents: IncidentKeeper;
    governance: Governance;
    policy: AlertPolicy;
  }) {
    this.#records = options.records;
    this.#ring = options.ring;
    this.#clock = options.clock;
    this.#incidents = options.incidents;
    this.#governance = options.governance;
    this.#policy = options.policy;
  }

  /** Reads what is open, incidents first: an alert is told of by its incident. */
  async load(): Promise<void> {
    await this.#incidents.load();
    const now = this.#clock.now();
    const open = await allRows(this.#records, 'alerts', { state: { in: ['pending', 'firing', 'held', 'no-data'] } });
    const ended = await allRows(this.#records, 'alerts', { state: 'resolved', resolvedAt: { gte: now - 3_600_000 } });
    this.#book = restoreBook([...open, ...ended], now);
  }

  get policy(): AlertPolicy {
    return this.#policy;
  }

  setPolicy(policy: AlertPolicy): void {
    this.#policy = policy;
  }

  /** Alerts that are not over. */
  open(): readonly Alert[] {
    return [...this.#book.open.values()].map((entry) => entry.alert);
  }

  /** What fires, is held, or fired when its values ceased to come; people told or not. */
  active(entityId?: string): readonly Alert[] {
    if (entityId !== undefined) return this.#book.own(entityId).filter(isActive);
    const active: Alert[] = [];
    for (const { alert } of this.#book.open.values()) if (isActive(alert)) active.push(alert);
    return active;
  }

  /** How many of the open ones other systems report. */
  get reportedCount(): number {
    return this.#book.reportedCount;
  }

  /** The open one that another system reports under this name. */
  reported(about: Pick<Alert, 'rule' | 'subject'>): Alert | undefined {
    return this.#book.reported(about);
  }

  observe(observations: readonly Observation[]): void {
    if (observations.length > 0) this.#step(observations);
  }

  observeFindings(findings: readonly Finding[]): void {
    this.observe(findings.flatMap((finding) => observeFinding(finding) ?? []));
  }

  /**
   * What time does to all that is open or watched: findings, rules, holds and silences. Of very many some at a time, and
   * others have their turn between.
   */
  async observeAll(findings: readonly Finding[], entities: Iterable<WatchedEntity>): Promise<void> {
    for (const some of slicesOf(findings)) {
      this.observeFindings(some);
      if (some.length === SLICE) await nextTurn();
    }
    let looked = 0;
    for (const some of slicesOf(entities)) {
      const now = this.#clock.now();
      this.#step(some.flatMap((entity) => evaluateRules(this.#policy.rules, entity, now)));
      looked += LOOKED_AT;
      if (some.length === SLICE) await nextTurn();
    }
    for (; looked < this.#book.open.size; looked += LOOKED_AT) {
      this.#step([]);
      await nextTurn();
    }
  }

  /** Takes up what changed beside the alerts: looks at incidents, people's changes, the calendar. */
  settleIncidents(): void {
    this.#step([]);
  }

  /** Resolves when all messages so far are in the outbox; a failure is tried again with the next call. */
  flush(): Promise<void> {
    return this.#writes.run(() => this.#write());
  }

  #step(observations: readonly Observation[]): void {
    const now = this.#clock.now();
    const { spokenFor } = this.#incidents;
    const stepped = stepAlerts(this.#book, { observations, governance: this.#governance, spokenFor }, now);
    const { incidents, notifications, placeOf } = this.#incidents.take(stepped, this.#policy);
    const step = placed(stepped, placeOf, now);
    this.#book = step.book;
    for (const alert of step.changed) this.#ring.publish({ topic: 'alerts', alert });
    if (incidents.some(({ toldAt }) => toldAt === now)) ownMetrics.pages.inc();
    const { changed, withdrawn } = step;
    if (changed.length + withdrawn.length + incidents.length + notifications.length > 0)
      this.#unwritten.push({ changed, withdrawn, incidents, messages: notifications.map((one) => this.#waiting(one)) });
  }

  #waiting(notification: Notification): NotificationRow {
    const nextTryAt = notification.createdAt + (this.#policy.groupMs ?? 0);
    return { ...notification, state: 'waiting', tries: 0, nextTryAt, lastError: null, deliveredAt: null };
  }

  async #write(): Promise<void> {
    while (this.#unwritten.length > 0) {
      const steps = this.#unwritten.slice(0, 100);
      await this.#records.transaction(async (access) => {
        for (const step of steps) {
          await access.put('alerts', step.changed);
          await access.put('incidents', step.incidents);
          if (step.withdrawn.length > 0) await access.remove('alerts', { id: { in: step.withdrawn } });
          await this.#putMessages(access, step.messages);
        }
      });
      this.#unwritten.splice(0, steps.length);
    }
  }

  /** A message that is there already and was not tried yet is told as it is now. */
  async #putMessages(access: RecordAccess, messages: readonly NotificationRow[]): Promise<void> {
    const fresh = new Set(await access.insertNew('notifications', messages));
    for (const { id, title, body, severity } of messages)
      if (!fresh.has(id))
        await access.update('notifications', { id, state: 'waiting', tries: 0 }, { title, body, severity });
  }
}

function isActive({ state, firedAt }: Alert): boolean {
  return state !== 'pending' && firedAt !== null;
}

/** So many findings, or hosts and services, are one step. */
const SLICE = 100;

/** In pieces; the last one, which may be empty, is smaller. */
function* slicesOf<T>(all: Iterable<T>): Generator<readonly T[]> {
  let some: T[] = [];
  for (const one of all) {
    some.push(one);
    if (some.length < SLICE) continue;
    yield some;
    some = [];
  }
  yield some;
}
