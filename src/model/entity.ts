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

/**
 * What collectors, agents and exporters say of a host itself, whatever job they come by. Of OpenTelemetry's `system.…` those of its
 * collector; others expose `system_cpu_count` and the like of their own process.
 */
const HOST_METRIC =
  /^(node_|namedprocess_|auspex_host_|auspex_health_|auspex_store_accepting$|auspex_agent_dropped_samples_total$|system_(cpu_(time|utilization|load_average|frequency|physical|logical)|memory_|disk_|filesystem_|network_|paging_|processes_|uptime|linux_))/;

/**
 * The identity that a label set speaks of, before aliases: on what is not of the host itself `service_name` first, since an instance
 * of OpenTelemetry has a new name with each start; then `host_id` or `host.id`, then `instance` without its
 * port (so that a host's own collector and its node_exporter are one), then `service.name`, then `job`.
 * One place for the rule, because a wrong identity splits or merges everything that is learnt.
 */
export function entityKeyOf(labels: Labels): string {
  const isHostMetric = HOST_METRIC.test(metricName(labels));
  const named = labelValue(labels, 'service_name');
  if (named !== undefined && !isHostMetric) {
    const namespace = labelValue(labels, 'service_namespace');
    return `service=${namespace === undefined ? named : `${namespace}/${named}`}`;
  }
  const host = labelValue(labels, 'host_id') ?? labelValue(labels, 'host.id');
  if (host !== undefined) return `host_id=${host}`;
  const instance = labelValue(labels, 'instance');
  if (instance !== undefined) {
    return isHostMetric
      ? `instance=${stripPort(instance)}`
      : `instance=${stripPort(instance)},job=${labelValue(labels, 'job') ?? ''}`;
  }
  const service = labelValue(labels, 'service.name') ?? labelValue(labels, 'job');
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
