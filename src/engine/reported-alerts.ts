import type { Observation } from '../decide/alert-book.ts';
import { leftOut, observeReported, type ReportedAlert } from '../decide/external-alerts.ts';
import { AuspexError } from '../errors.ts';
import { InTurn } from '../in-turn.ts';
import { type Entity, severityRank } from '../model/index.ts';
import { nextTurn } from '../next-turn.ts';
import type { AlertKeeper } from './alert-keeper.ts';
import type { EngineParts } from './engine-parts.ts';
import { entityOfLabels } from './entity-of-labels.ts';
import { Turns } from './turns.ts';

/** Open alerts of other systems at once; more would be a sender that makes them up. */
const MOST_OPEN = 20_000;
/** So many in one request are told together: one step of the alert book and one write. */
const TOGETHER = 50;
/** Of more, so many at a time. */
const AT_ONCE = 25;

type Parts = Pick<EngineParts, 'registry' | 'records' | 'clock'> & {
  readonly metrics: Pick<EngineParts['metrics'], 'index'>;
  readonly alerts: AlertKeeper;
  readonly flush: () => Promise<void>;
};

/** Takes what other systems report, one request after the other. */
export class ReportedAlerts {
  readonly #parts: Parts;
  readonly #requests = new InTurn();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Takes what came in one request. Of very many the worst and earliest first, some at a time, and others have their
   * turn between. Everything is stored when it resolves; after a failure it may be in part, and what is sent again changes nothing of that.
   * @throws AuspexError TOO_BUSY when too many are open.
   */
  take(reported: readonly ReportedAlert[]): Promise<{ readonly taken: number; readonly leftOut: number }> {
    return this.#requests.run(() => this.#take(reported));
  }

  async #take(reported: readonly ReportedAlert[]): Promise<{ readonly taken: number; readonly leftOut: number }> {
    const { alerts, clock, flush } = this.#parts;
    const turns = new Turns();
    const seen: Seen[] = [];
    const fresh = new Set<string>();
    for (const one of reported) {
      await turns.give();
      const observation = observeReported(one, '', clock.now());
      if (observation === null) continue;
      const isOpen = alerts.reported(observation) !== undefined;
      // The end of what never began here.
      if (!isOpen && one.status === 'resolved') continue;
      if (!isOpen) fresh.add(`${observation.rule}\u0000${observation.subject}`);
      seen.push({ labels: one.labels, observation });
    }
    // Repeats need no room.
    if (fresh.size > 0) checkRoom(alerts.reportedCount, fresh.size);
    const isMany = seen.length > TOGETHER;
    if (isMany) seen.sort(worstFirst);
    const size = isMany ? AT_ONCE : TOGETHER;
    const slices = Array.from({ length: Math.ceil(seen.length / size) }, (_, i) =>
      seen.slice(i * size, (i + 1) * size),
    );
    // All whom it speaks of are known before anything is told: what belongs together also follows from how many there are.
    const observations: Observation[][] = [];
    for (const slice of slices) {
      if (observations.length > 0) await nextTurn();
      observations.push(await this.#placed(slice));
    }
    for (const some of observations) {
      if (slices.length > 1) await nextTurn();
      alerts.observe(some);
      await flush();
    }
    const notTaken = reported.filter((one) => leftOut(one) !== null).length;
    return { taken: reported.length - notTaken, leftOut: notTaken };
  }

  /** Each with the host or service that it is about, which is stored before its alert: a message is made from both. */
  async #placed(seen: readonly Seen[]): Promise<Observation[]> {
    const { records, clock, alerts } = this.#parts;
    const now = clock.now();
    const fresh = new Map<string, Entity>();
    const observations = seen.map(({ labels, observation }): Observation => {
      // Where it stands: whom its labels speak of may be known better by now, and its end must find its beginning.
      const there = alerts.reported(observation);
      if (there !== undefined) return { ...observation, at: now, entityId: there.entityId };
      const entity = entityOfLabels(labels, this.#parts, now);
      if (entity.firstSeenAt === now) fresh.set(entity.id, entity);
      return { ...observation, at: now, entityId: entity.id };
    });
    if (fresh.size > 0) await records.put('entities', [...fresh.values()]);
    return observations;
  }
}

interface Seen {
  readonly labels: ReportedAlert['labels'];
  readonly observation: Observation;
}

function worstFirst({ observation: a }: Seen, { observation: b }: Seen): number {
  return severityRank[b.severity] - severityRank[a.severity] || (a.reportedAt ?? a.at) - (b.reportedAt ?? b.at);
}

function checkRoom(open: number, more: number): void {
  if (open + more <= MOST_OPEN) return;
  throw new AuspexError(
    'TOO_BUSY',
    `${open} alerts of other systems are open, and ${more} more were sent; the limit is ${MOST_OPEN}.`,
    { data: { retryAfterSeconds: 60 } },
  );
}
