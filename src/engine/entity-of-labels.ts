import { AuspexError } from '../errors.ts';
import { entityKeyOf, type Entity, type Labels, labelsFrom, labelValue } from '../model/index.ts';
import type { EngineParts } from './engine-parts.ts';
import type { EntityRegistry } from './entity-registry.ts';

/** Beyond so many entities what nobody knows is one, `unknown`: names in alerts are not bounded as series are. */
const MOST_ENTITIES = 20_000;
/** Of the series of one instance and job, how many are looked at to tell whose they are. */
const LOOKED_AT = 100;

interface Knowers {
  readonly registry: EntityRegistry;
  readonly metrics: Pick<EngineParts['metrics'], 'index'>;
}

/**
 * Whom an alert's labels speak of: the owner of the series with its instance and job, since an alert on node_exporter's
 * figures is about the host; else who is known by the labels as samples are, or by the instance alone; else somebody new.
 */
export function entityOfLabels(given: Readonly<Record<string, string>>, knowers: Knowers, now: number): Entity {
  return knownEntity(given, knowers) ?? newEntity(given, knowers.registry, now);
}

function knownEntity(given: Readonly<Record<string, string>>, { registry, metrics }: Knowers): Entity | null {
  const labels = labelsFrom(Object.entries(given));
  const instance = labelValue(labels, 'instance');
  const owner = instance === undefined ? undefined : ownerOf(labels, instance, metrics);
  const key = entityKeyOf(labels);
  return (
    registry.get(owner ?? '') ??
    registry.byAlias(key) ??
    registry.byAlias(entityKeyOf(withoutHost(given))) ??
    (instance === undefined ? null : registry.byAlias(key.replace(/,job=.*$/s, ''))) ??
    null
  );
}

function newEntity(given: Readonly<Record<string, string>>, registry: EntityRegistry, now: number): Entity {
  const id = registry.idFor(registry.size < MOST_ENTITIES ? withoutHost(given) : [], now);
  const entity = registry.get(id);
  if (entity === undefined) throw new AuspexError('INTERNAL', `The entity ${id} was made and is not there.`);
  return entity;
}

/** A host id that nobody has reported makes no host: a host that is only spoken of would at once count as silent. */
function withoutHost(given: Readonly<Record<string, string>>): Labels {
  return labelsFrom(Object.entries(given).filter(([name]) => name !== 'host_id' && name !== 'host.id'));
}

/** The entity that most series of this instance and job belong to. */
function ownerOf(labels: Labels, instance: string, metrics: Pick<EngineParts['metrics'], 'index'>): string | undefined {
  const job = labelValue(labels, 'job');
  const matchers = [
    { name: 'instance', op: '=', value: instance } as const,
    ...(job === undefined ? [] : [{ name: 'job', op: '=', value: job } as const]),
  ];
  const counts = new Map<string, number>();
  for (const { entityId } of metrics.index.select(matchers, LOOKED_AT))
    counts.set(entityId, (counts.get(entityId) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0];
}
