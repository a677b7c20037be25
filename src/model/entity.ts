import { type Labels, labelValue, metricName } from './labels.ts';

export type EntityKind = 'host' | 'service' | 'target';

/** Something that is watched as one: a host, a service. Its id is `<kind>:<stable id>` and stays when its name changes. */
export interface Entity {
  readonly id: string;
  readonly kind: EntityKind;
  readonly name: string;
  /** IANA name; seasons follow this civil time. */
  readonly timeZone: string;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** What else it is known by: label values that lead here (`instance=web-1:9100`). */
  readonly aliases: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}

/** What collectors, agents and exporters say of a host itself, whatever job they come by. */
const HOST_METRIC = /^(node_|namedprocess_|auspex_host_|auspex_store_accepting$|auspex_agent_dropped_samples_total$)/;

/**
 * The identity that a label set speaks of, before aliases: `host_id` or `host.id` first, then `instance` without its
 * port (so that a host's own collector and its node_exporter are one), then `service.name`, then `job`.
 * One place for the rule, because a wrong identity splits or merges everything that is learnt.
 */
export function entityKeyOf(labels: Labels): string {
  const host = labelValue(labels, 'host_id') ?? labelValue(labels, 'host.id');
  if (host !== undefined) return `host_id=${host}`;
  const instance = labelValue(labels, 'instance');
  if (instance !== undefined) {
    const isHostMetric = HOST_METRIC.test(metricName(labels));
    return isHostMetric
      ? `instance=${stripPort(instance)}`
      : `instance=${stripPort(instance)},job=${labelValue(labels, 'job') ?? ''}`;
  }
  const service = labelValue(labels, 'service_name') ?? labelValue(labels, 'service.name') ?? labelValue(labels, 'job');
  return service !== undefined ? `service=${service}` : 'unknown=unknown';
}

/** The number of shards is fixed for good: state and streams are keyed by it. */
export const SHARD_COUNT = 256;

/** Which of the 256 shards an entity belongs to (FNV-1a of its id). O(length). */
export function shardOf(entityId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < entityId.length; i++) {
    hash ^= entityId.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0) % SHARD_COUNT;
}

function stripPort(instance: string): string {
  const colon = instance.lastIndexOf(':');
  if (colon <= 0 || !/^\d+$/.test(instance.slice(colon + 1))) return instance;
  const host = instance.slice(0, colon);
  return host.includes(':') && !host.startsWith('[') ? instance : host;
}
