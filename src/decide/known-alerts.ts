import type { Alert } from '../model/index.ts';
import type { AlertTiming, ConditionState } from './alert-state.ts';
import { Round } from './round.ts';

/** An alert that is not over, with what its state machine remembers. */
export interface OpenAlert {
  readonly alert: Alert;
  readonly condition: ConditionState;
  readonly timing: AlertTiming;
  /** When its row was last given out to be stored. */
  readonly storedAt: number;
}

/** What is remembered of alerts that are over: for flapping, and for two alerts on one thing being one page. */
export const REMEMBER_MS = 3_600_000;

export function alertKey(about: Pick<Alert, 'rule' | 'entityId' | 'subject'>): string {
  return `${about.rule}\u0000${about.entityId}\u0000${about.subject}`;
}

/**
 * Every alert that is not over, by what it is about, and those that ended within the last hour; with what finds them
 * without a look at all the others. Its owner's steps change it in place. Every call but `own` is O(1) or O(what it gives).
 */
export class AlertBook {
  readonly #open = new Map<string, OpenAlert>();
  readonly #ofEntity = new Map<string, Set<string>>();
  /** Keys of what other systems report, by rule and subject, which has their name for it. */
  readonly #reported = new Map<string, string>();
  readonly #ended = new Map<string, Alert[]>();
  readonly #openRound = new Round(this.#open);
  readonly #endedRound = new Round(this.#ended);

  get open(): ReadonlyMap<string, OpenAlert> {
    return this.#open;
  }

  /** How many of the open ones other systems report. */
  get reportedCount(): number {
    return this.#reported.size;
  }

  /** The open one that another system reports under this name. */
  reported(about: Pick<Alert, 'rule' | 'subject'>): Alert | undefined {
    return this.#open.get(this.#reported.get(reportedName(about)) ?? '')?.alert;
  }

  /** Open ones on one host or service, oldest first. */
  own(entityId: string): readonly Alert[] {
    return [...(this.#ofEntity.get(entityId) ?? [])].flatMap((key) => this.#open.get(key)?.alert ?? []);
  }

  put(key: string, entry: OpenAlert): void {
    const isNew = !this.#open.has(key);
    this.#open.set(key, entry);
    if (!isNew) return;
    const { alert } = entry;
    const own = this.#ofEntity.get(alert.entityId);
    if (own === undefined) this.#ofEntity.set(alert.entityId, new Set([key]));
    else own.add(key);
    if (alert.kind === 'external') this.#reported.set(reportedName(alert), key);
  }

  /** Takes it out of those that are open; one that fired is remembered as it ended. */
  end(key: string, alert: Alert): void {
    this.#open.delete(key);
    const own = this.#ofEntity.get(alert.entityId);
    own?.delete(key);
    if (own?.size === 0) this.#ofEntity.delete(alert.entityId);
    if (this.#reported.get(reportedName(alert)) === key) this.#reported.delete(reportedName(alert));
    if (alert.firedAt !== null) this.remember(alert);
  }

  remember(alert: Alert): void {
    const place = placeOf(alert);
    const known = this.#ended.get(place);
    if (known === undefined) this.#ended.set(place, [alert]);
    else known.push(alert);
  }

  /**
   * Those that could speak for an alert or show that it comes and goes: what is or was on its host or service. A reported
   * one, or a file’s rule’s, is compared with itself alone, since there may be thousands.
   */
  comparable(alert: Alert): readonly Alert[] {
    const ended = this.#ended.get(placeOf(alert)) ?? [];
    return mayBeThousands(alert) ? ended : [...this.own(alert.entityId), ...ended];
  }

  /** The next open ones that time may have changed. */
  round(most: number): readonly [string, OpenAlert][] {
    return this.#openRound.next(most);
  }

  /** Forgets what was over an hour ago, at some places. */
  forget(most: number, now: number): void {
    for (const [place, alerts] of this.#endedRound.next(most)) {
      const kept = alerts.filter(({ resolvedAt }) => now - (resolvedAt ?? 0) < REMEMBER_MS);
      if (kept.length === 0) this.#ended.delete(place);
      else if (kept.length < alerts.length) this.#ended.set(place, kept);
    }
  }
}

/** The fingerprint stands in the subject. */
function reportedName({ rule, subject }: Pick<Alert, 'rule' | 'subject'>): string {
  return `${rule}\u0000${subject}`;
}

function placeOf(alert: Alert): string {
  return mayBeThousands(alert) ? alertKey(alert) : alert.entityId;
}

/** Another system's, or of a rule of a file. */
function mayBeThousands({ kind }: Alert): boolean {
  return kind === 'external' || kind === 'rule';
}
