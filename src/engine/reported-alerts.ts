import { alertKey, type Observation } from '../decide/alert-book.ts';
import { leftOut, observeReported, type ReportedAlert } from '../decide/external-alerts.ts';
import { AuspexError } from '../errors.ts';
import { type Alert, entityKeyOf, type Entity, type Labels, labelsFrom, labelValue } from '../model/index.ts';
import type { AlertKeeper } from './alert-keeper.ts';
import type { EngineParts } from './engine-parts.ts';
import type { EntityRegistry } from './entity-registry.ts';

/** Open alerts of other systems at once; more would be a sender that makes them up. */
const MOST_OPEN = 5000;
/** Beyond so many entities what nobody knows is one, `unknown`: names in alerts are not bounded as series are. */
const MOST_ENTITIES = 10_000;
/** Of the series of one instance and job, how many are looked at to tell whose they are. */
const LOOKED_AT = 100;

/**
 * Takes what another system reports in one request: one step of the alert book, so that what came together is told
 * together. Everything is stored when it resolves.
 * @throws AuspexError TOO_BUSY when too many are open.
 */
export async function takeReported(
  parts: Pick<EngineParts, 'registry' | 'records' | 'clock'> & {
    readonly metrics: Pick<EngineParts['metrics'], 'index'>;
    readonly alerts: AlertKeeper;
    readonly flush: () => Promise<void>;
  },
  reported: readonly ReportedAlert[],
): Promise<{ readonly taken: number; readonly leftOut: number }> {
  const { registry, records, clock, alerts } = parts;
  const now = clock.now();
  const fresh = new Map<string, Entity>();
  const open = new Map<string, string>();
  for (const alert of alerts.open()) if (alert.kind === 'external') open.set(reportedName(alert), alert.entityId);
  const observations = reported.flatMap((one) => {
    const seen = observeReported(one, '', now);
    if (seen === null) return [];
    // Where it stands: whom its labels speak of may be known better by now, and its end must find its beginning.
    const there = open.get(reportedName(seen));
    // The end of what never began here.
    if (there === undefined && one.status === 'resolved') return [];
    if (there !== undefined) return [{ ...seen, entityId: there }];
    const entity = knownEntity(one.labels, parts) ?? newEntity(one.labels, registry, now);
    if (entity.firstSeenAt === now) fresh.set(entity.id, entity);
    return [{ ...seen, entityId: entity.id }];
  });
  checkRoom(alerts.open(), observations);
  // Before its alert: a message is made from both.
  if (fresh.size > 0) await records.put('entities', [...fresh.values()]);
  alerts.observe(observations);
  await parts.flush();
  const notTaken = reported.filter((one) => leftOut(one) !== null).length;
  return { taken: reported.length - notTaken, leftOut: notTaken };
}

/** The fingerprint stands in the subject. */
function reportedName({ rule, subject }: Pick<Alert, 'rule' | 'subject'>): string {
  return `${rule}\u0000${subject}`;
}

/** Repeats need no room. */
function checkRoom(open: readonly Alert[], observations: readonly Observation[]): void {
  const known = new Set(open.filter((alert) => alert.kind === 'external').map(alertKey));
  const before = known.size;
  for (const one of observations) if (one.reading === 'breach') known.add(alertKey(one));
  if (known.size === before || known.size <= MOST_OPEN) return;
  throw new AuspexError(
    'TOO_BUSY',
    `${before} alerts of other systems are open, and ${known.size - before} more were sent; the limit is ${MOST_OPEN}.`,
    { data: { retryAfterSeconds: 60 } },
  );
}

/**
 * Whom an alert's labels speak of: the owner of the series with its instance and job, since an alert on node_exporter's
 * figures is about the host; else who is known by the labels as samples are, or by the instance alone.
 */
function knownEntity(
  reported: ReportedAlert['labels'],
  { registry, metrics }: Pick<Parameters<typeof takeReported>[0], 'registry' | 'metrics'>,
): Entity | null {
  const labels = labelsFrom(Object.entries(reported));
  const instance = labelValue(labels, 'instance');
  const owner = instance === undefined ? undefined : ownerOf(labels, instance, metrics);
  const key = entityKeyOf(labels);
  return (
    registry.get(owner ?? '') ??
    registry.byAlias(key) ??
    registry.byAlias(entityKeyOf(withoutHost(reported))) ??
    (instance === undefined ? null : registry.byAlias(key.replace(/,job=.*$/s, ''))) ??
    null
  );
}

function newEntity(reported: ReportedAlert['labels'], registry: EntityRegistry, now: number): Entity {
  const id = registry.idFor(registry.size < MOST_ENTITIES ? withoutHost(reported) : [], now);
  const entity = registry.get(id);
  if (entity === undefined) throw new AuspexError('INTERNAL', `The entity ${id} was made and is not there.`);
  return entity;
}

/** A host id that nobody has reported makes no host: a host that is only spoken of would at once count as silent. */
function withoutHost(reported: ReportedAlert['labels']): Labels {
  return labelsFrom(Object.entries(reported).filter(([name]) => name !== 'host_id' && name !== 'host.id'));
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
