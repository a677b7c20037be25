import { networkInterfaces } from 'node:os';
import {
  type Clock,
  type Collector,
  type CollectorEvent,
  type Emission,
  type Entity,
  HOST_EVENT_METRIC,
  labelsFrom,
  labelValue,
  METRIC_NAME,
  metricName,
  type RecordStore,
} from '../model/index.ts';
import type { Logger } from '../telemetry/log.ts';
import { OwnMachine } from './derive-identity.ts';
import type { EntityRegistry } from './entity-registry.ts';
import type { EntityStates } from './entity-states.ts';
import type { IngestGate } from './ingest-gate.ts';

const OWN_COLLECTOR = 'host';

/** How long other collectors are held for the first collection of the own one, should that fail. */
const INTRODUCTION_MS = 10_000;

/** The way in of what is made up for. */
export const PAST_SOURCE = 'backfill';

export interface OwnHostParts {
  readonly registry: EntityRegistry;
  readonly records: RecordStore;
  readonly states: EntityStates;
  readonly gate: IngestGate;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the collectors of this process say, and which of the hosts it runs on. */
export class OwnHost {
  readonly #parts: OwnHostParts;
  readonly #machine = new OwnMachine(() =>
    Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address)),
  );
  /** Over once the own collector has said which machine this is; null where there is no such collector. */
  #introduction: PromiseWithResolvers<void> | null = null;
  #id: string | null = null;
  #watchedSince: number;

  constructor(parts: OwnHostParts) {
    this.#parts = parts;
    this.#watchedSince = parts.clock.now();
  }

  /** Null where its collector is off. */
  get id(): string | null {
    return this.#id;
  }

  /** Since when silence counts, ms UTC. Moves when this machine wakes: what it slept through is nobody's silence. */
  get watchedSince(): number {
    return this.#watchedSince;
  }

  /**
   * A collector begins. Until the own one has said which machine this is, what others collect waits, for a series stays
   * where it is. To be called when it ends: nobody waits for one that is gone.
   */
  begin(collector: Collector): () => void {
    if (collector.name !== OWN_COLLECTOR) return () => {};
    const introduction = Promise.withResolvers<void>();
    this.#introduction = introduction;
    setTimeout(introduction.resolve, INTRODUCTION_MS).unref();
    return introduction.resolve;
  }

  async take(collector: Collector, event: Exclude<CollectorEvent, { readonly kind: 'changes' }>): Promise<void> {
    const { registry, clock, records, states, gate, log } = this.#parts;
    if (event.kind === 'samples') {
      await this.#recognize(collector, event.samples);
      await gate.ingestOwn(event.isPast === true ? PAST_SOURCE : collector.name, event.samples);
      return;
    }
    if (event.kind === 'entity') {
      const entity = registry.introduce(event.entity, clock.now());
      await records.put('entities', [entity]);
      states.setUnseen(entity.id, collector.health().problems);
      this.#id = entity.id;
      return;
    }
    log.warn({ event: event.type, detail: event.detail }, 'The host was interrupted');
    if (event.type === 'resume') this.#watchedSince = Math.max(this.#watchedSince, event.at);
    await gate.ingestOwn(collector.name, this.sample(HOST_EVENT_METRIC, event.at, 1, ['type', event.type]));
  }

  /** A sample of the host that Auspex runs on, none where its collector is off. */
  sample(metric: string, at: number, value: number, ...pairs: (readonly [string, string])[]): readonly Emission[] {
    const own = this.#parts.registry.get(this.#id ?? '');
    return own === undefined ? [] : [sampleOf(own, metric, at, value, ...pairs)];
  }

  /** A scraped node_exporter of this very machine is this machine; asked before its first series is resolved. */
  async #recognize(collector: Collector, samples: readonly Emission[]): Promise<void> {
    if (collector.name === OWN_COLLECTOR) {
      this.#machine.learn(samples);
      this.#introduction?.resolve();
      return;
    }
    await this.#introduction?.promise;
    for (const of of collector.name === 'prometheus' ? [samples] : exportersIn(samples)) await this.#join(of);
  }

  async #join(samples: readonly Emission[]): Promise<void> {
    const alias = this.#machine.aliasFor(samples);
    const { registry, records } = this.#parts;
    if (alias === null || this.#id === null || !registry.addAlias(this.#id, alias)) return;
    // Written down before the series are: they look for it when they are loaded.
    const own = registry.get(this.#id);
    if (own !== undefined) await records.put('entities', [own]);
  }
}

/** What tells one node_exporter's machine, of many in one batch. */
function exportersIn(samples: readonly Emission[]): Iterable<readonly Emission[]> {
  const byInstance = new Map<string, Emission[]>();
  for (const sample of samples) {
    const name = metricName(sample.labels);
    if (name !== 'node_uname_info' && name !== 'node_boot_time_seconds') continue;
    const instance = labelValue(sample.labels, 'instance') ?? '';
    const known = byInstance.get(instance);
    if (known === undefined) byInstance.set(instance, [sample]);
    else known.push(sample);
  }
  return byInstance.values();
}

/** A gauge that Auspex itself says of a host. */
export function sampleOf(
  entity: Entity,
  metric: string,
  at: number,
  value: number,
  ...pairs: (readonly [string, string])[]
): Emission {
  const labels = labelsFrom([[METRIC_NAME, metric], ['instance', instanceOf(entity)], ['job', 'auspex'], ...pairs]);
  return { labels, kind: 'gauge', at, value };
}

function instanceOf(entity: Entity): string {
  return (
    entity.aliases.find((alias) => alias.startsWith('instance=') && !alias.includes(','))?.slice('instance='.length) ??
    entity.name
  );
}
