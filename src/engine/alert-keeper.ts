import { type AlertBook, emptyBook, placed, type Observation, restoreBook, stepAlerts } from '../decide/alert-book.ts';
import { observeFinding } from '../decide/episodes.ts';
import type { ChannelChoice } from '../decide/messages.ts';
import { evaluateRules, type ThresholdRule, type WatchedEntity } from '../decide/threshold-rules.ts';
import { AuspexError } from '../errors.ts';
import type {
  Alert,
  Clock,
  Finding,
  Incident,
  Notification,
  NotificationRow,
  RecordStore,
  Silence,
  Where,
} from '../model/index.ts';
import { metrics as ownMetrics } from '../telemetry/metrics.ts';
import type { EventRing } from './event-ring.ts';
import type { IncidentKeeper } from './incident-keeper.ts';
import { InTurn } from '../in-turn.ts';

/** What one step leaves to be written, in one transaction. */
interface Written {
  readonly changed: readonly Alert[];
  readonly withdrawn: readonly string[];
  readonly incidents: readonly Incident[];
  readonly messages: readonly NotificationRow[];
}

export interface AlertPolicy {
  readonly rules: readonly ThresholdRule[];
  readonly channels: readonly ChannelChoice[];
  /** How long a message waits for others that go out with it, ms; 0 unless told. */
  readonly groupMs?: number;
}

/** Runs the alert book on what is observed, and writes rows and messages in one transaction: an alert of which people were told is always stored with its message. */
export class AlertKeeper {
  readonly #records: RecordStore;
  readonly #ring: EventRing;
  readonly #clock: Clock;
  readonly #incidents: IncidentKeeper;
  #policy: AlertPolicy;
  #book: AlertBook = emptyBook;
  #silences: Silence[] = [];
  /** Steps not stored yet, oldest first: a store that cannot be written delays messages, never loses them. */
  #unwritten: Written[] = [];
  readonly #writes = new InTurn();

  constructor(options: {
    records: RecordStore;
    ring: EventRing;
    clock: Clock;
    incidents: IncidentKeeper;
    policy: AlertPolicy;
  }) {
    this.#records = options.records;
    this.#ring = options.ring;
    this.#clock = options.clock;
    this.#incidents = options.incidents;
    this.#policy = options.policy;
  }

  /** Reads what is open, incidents first: an alert is told of by its incident. */
  async load(): Promise<void> {
    await this.#incidents.load();
    const now = this.#clock.now();
    const open = await this.#all({ state: { in: ['pending', 'firing', 'held'] } });
    const ended = await this.#all({ state: 'resolved', resolvedAt: { gte: now - 3_600_000 } });
    this.#book = restoreBook([...open, ...ended], now);
    this.#silences = [...(await this.#records.find('silences', { where: { endsAt: { gt: now } }, limit: 500 })).rows];
  }

  async #all(where: Where<Alert>): Promise<Alert[]> {
    const rows: Alert[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await this.#records.find('alerts', {
        where,
        limit: 500,
        ...(cursor === undefined ? {} : { cursor }),
      });
      rows.push(...page.rows);
      if (page.nextCursor === null) return rows;
      cursor = page.nextCursor;
    }
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

  /** What fires or is held, people told or not. */
  active(entityId?: string): readonly Alert[] {
    return this.open().filter(
      (alert) =>
        (alert.state === 'firing' || alert.state === 'held') && (entityId === undefined || alert.entityId === entityId),
    );
  }

  observe(observations: readonly Observation[]): void {
    if (observations.length > 0) this.#step(observations);
  }

  observeFindings(findings: readonly Finding[]): void {
    this.observe(findings.flatMap((finding) => observeFinding(finding) ?? []));
  }

  /** Takes up what changed beside the alerts: looks at incidents, people's changes. */
  settleIncidents(): void {
    this.#step([]);
  }

  observeEntities(entities: readonly WatchedEntity[]): void {
    const now = this.#clock.now();
    this.#step(entities.flatMap((entity) => evaluateRules(this.#policy.rules, entity, now)));
  }

  /** Resolves when all messages so far are in the outbox; a failure is tried again with the next call. */
  flush(): Promise<void> {
    return this.#writes.run(() => this.#write());
  }

  async addSilence(silence: Silence): Promise<void> {
    if (silence.endsAt <= silence.startsAt) throw new AuspexError('BAD_REQUEST', 'A silence must end after it starts.');
    await this.#records.put('silences', [silence]);
    this.#silences.push(silence);
    this.#step([]);
  }

  async removeSilence(id: string): Promise<void> {
    const found = this.#silences.find((silence) => silence.id === id);
    if (found === undefined) throw new AuspexError('NOT_FOUND', `There is no silence ${id} in force.`);
    await this.#records.update('silences', { id }, { endsAt: this.#clock.now() });
    this.#silences = this.#silences.filter((silence) => silence.id !== id);
    this.#step([]);
  }

  #step(observations: readonly Observation[]): void {
    const now = this.#clock.now();
    this.#silences = this.#silences.filter((silence) => silence.endsAt > now);
    const { spokenFor } = this.#incidents;
    const stepped = stepAlerts(this.#book, { observations, silences: this.#silences, spokenFor }, now);
    const { incidents, notifications, placeOf } = this.#incidents.take(stepped, this.#policy.channels);
    const step = placed(stepped, placeOf);
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
          await access.insertNew('notifications', step.messages);
        }
      });
      this.#unwritten.splice(0, steps.length);
    }
  }
}
