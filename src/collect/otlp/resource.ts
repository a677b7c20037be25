import type { Attribute } from './attributes.ts';
import { labelNameOf } from './metric-name.ts';

/** A host as a resource names it: what ties it to the same host as an agent or node_exporter reports it. */
export interface OtlpHost {
  /** `host.id`: a machine id, or what the cloud calls it. */
  readonly id: string | null;
  readonly name: string | null;
}

/** Who sends, as labels. */
export interface ResourceIdentity {
  /** `service.namespace/service.name`, or null where nothing says which service it is. */
  readonly service: string | null;
  readonly host: OtlpHost | null;
  /** Labels of all series of the service. */
  readonly serviceLabels: readonly Attribute[];
  /** Labels of the series that speak of the host itself; null where the host has neither name nor id. */
  readonly hostLabels: readonly Attribute[] | null;
  /** What else is known of the service: labels of `target_info`, as the compatibility specification has it. */
  readonly info: readonly Attribute[];
}

const IDENTIFYING = new Set(['service.name', 'service.namespace', 'service.instance.id']);
/** Where no `service.instance.id` tells them apart, these do: without them two senders would write into one series. */
const TELLING = [
  'k8s.namespace.name',
  'k8s.node.name',
  'k8s.pod.name',
  'k8s.pod.uid',
  'k8s.container.name',
  'container.name',
  'container.id',
  'process.pid',
  'process.executable.name',
];
/** The `job` of a host's own metrics whose sender names no service, as the collector's. */
const HOST_JOB = 'otel';

/** The identity of a resource. O(attributes). */
export function identityOf(attributes: readonly Attribute[]): ResourceIdentity {
  const values = new Map(attributes);
  const get = (name: string): string | null => values.get(name) || null;
  const name = get('service.name');
  const namespace = get('service.namespace');
  const service = name === null ? null : namespace === null ? name : `${namespace}/${name}`;
  const hostName = get('host.name');
  const hostId = get('host.id');
  const ownInstance = get('service.instance.id');
  const instance = ownInstance ?? get('k8s.pod.name') ?? hostName ?? hostId;
  const telling = ownInstance === null ? TELLING.flatMap((key): Attribute[] => pair(labelNameOf(key), get(key))) : [];
  return {
    service,
    host: hostName === null && hostId === null ? null : { id: hostId, name: hostName },
    serviceLabels: [
      ...telling,
      ...pair('job', service),
      ...pair('instance', instance),
      ...pair('service_name', name),
      ...pair('service_namespace', name === null ? null : namespace),
    ],
    hostLabels:
      hostName === null && hostId === null
        ? null
        : [
            ...(get('process.pid') === null ? [] : telling),
            ['job', service ?? HOST_JOB],
            ...pair('instance', hostName ?? hostId),
            ...pair('host_id', hostId),
          ],
    info: attributes.filter(([key]) => !IDENTIFYING.has(key)),
  };
}

function pair(name: string, value: string | null): Attribute[] {
  return value === null ? [] : [[name, value]];
}
