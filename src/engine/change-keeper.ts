import { stableId } from '../decide/stable-id.ts';
import type { Change, Clock, RecordStore, ReportedChange, ServiceGraph } from '../model/index.ts';
import type { EventRing } from './event-ring.ts';

export interface ChangeKeeperParts {
  readonly records: RecordStore;
  readonly ring: Pick<EventRing, 'publish'>;
  readonly clock: Clock;
  readonly graph: ServiceGraph;
}

/** What incidents are held against is kept at hand: so far back, and so many. */
const RECENT_MS = 2 * 3_600_000;
const MOST_RECENT = 2_000;

/** Keeps what was changed, once however often it is told. */
export class ChangeKeeper {
  readonly #parts: ChangeKeeperParts;
  /** By time. */
  #recent: Change[] = [];

  constructor(parts: ChangeKeeperParts) {
    this.#parts = parts;
  }

  async load(): Promise<void> {
    const { records, clock } = this.#parts;
    const found = await records.find('changes', {
      where: { at: { gte: clock.now() - RECENT_MS } },
      orderBy: 'at',
      descending: true,
      limit: MOST_RECENT,
    });
    this.#recent = found.rows.toReversed();
  }

  /** Durable when it resolves; the rows as they are kept, and which of them are new. */
  async record(
    reported: readonly ReportedChange[],
  ): Promise<{ readonly changes: readonly Change[]; readonly fresh: ReadonlySet<string> }> {
    const changes = reported.map((one) => this.#rowOf(one));
    const fresh = new Set(await this.#parts.records.insertNew('changes', changes));
    const told = new Set<string>();
    for (const change of changes) {
      if (!fresh.has(change.id) || told.has(change.id)) continue;
      told.add(change.id);
      this.#recent.push(change);
      this.#parts.ring.publish({ topic: 'changes', change });
    }
    this.#recent.sort((a, b) => a.at - b.at);
    const oldest = this.#parts.clock.now() - RECENT_MS;
    this.#recent = this.#recent.filter(({ at }) => at >= oldest).slice(-MOST_RECENT);
    return { changes, fresh };
  }

  /** Those of the last two hours in [from, to], oldest first. */
  between(from: number, to: number): readonly Change[] {
    return this.#recent.filter(({ at }) => at >= from && at <= to);
  }

  #rowOf({ id, ...change }: ReportedChange): Change {
    const { graph } = this.#parts;
    const serviceId = change.entityId === null ? null : graph.serviceOf(change.entityId);
    const service = change.service ?? (serviceId === null ? null : graph.nameOf(serviceId));
    const { at, kind, entityId, what, from, to } = change;
    return {
      ...change,
      service,
      id: id ?? stableId('change', at, kind, entityId ?? '', service ?? '', what, from ?? '', to ?? ''),
    };
  }
}
