import { boutOpenedAt } from '../../src/decide/incident-bout.ts';
import { DERIVED_JOB } from '../../src/engine/derive-figures.ts';
import { HEALTH_METRIC } from '../../src/engine/host-figures.ts';
import {
  type Alert,
  type AnomalyRow,
  type Culprit,
  type Incident,
  type IncidentCause,
  labelValue,
  metricName,
  type RecordStore,
  SERVICE_FIGURE_PREFIX,
  type Series,
} from '../../src/model/index.ts';
import { openStores, type Stores } from '../../src/store/open-stores.ts';
import { incidentClasses, type Told } from '../contract.ts';
import type { RecordedSeries, Recording } from './recording.ts';

/** How often the host collector reads and targets are scraped during a gameday. */
const INTERVAL_MS = 10_000;
const FOREVER = 100 * 365 * 86_400_000;

/** The stores of a home folder whose Auspex has ended. */
export function openHome(home: string): Promise<Stores> {
  return openStores({
    home,
    limits: { series: 1_000_000, quotaBytes: 2 ** 40, minFreeBytes: 0 },
    retention: { rawMs: FOREVER, fiveMinuteMs: FOREVER, hourMs: FOREVER, recordsMs: FOREVER },
    fsync: false,
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    entityOf: () => 'unknown',
  });
}

/** What was found and what woke people within the given times, the earliest first. */
export async function toldFrom(records: RecordStore, from: number, to: number): Promise<Told[]> {
  const { rows: findings } = await records.find('anomalies', {
    where: { detectedAt: { gte: from, lte: to } },
    limit: 500,
  });
  const { rows: incidents } = await records.find('incidents', { where: { lastAt: { gte: from } }, limit: 500 });
  const { rows: alerts } = await records.find('alerts', { where: { startedAt: { gte: from, lte: to } }, limit: 500 });
  const foreseen = alerts.filter(({ kind, firedAt }) => kind === 'forecast' && firedAt !== null);
  const services = await servicesOf(records);
  const told: Told[] = [];
  for (const finding of findings) {
    if (finding.severity === 'none') continue;
    const named = await culpritNames(records, finding);
    const culprits = named.length > 0 ? named : services(finding.entityId);
    told.push({ ...base(finding, culprits), at: finding.detectedAt, kind: 'finding' });
  }
  for (const incident of incidents) {
    // What comes back is said once more.
    const at = boutOpenedAt(incident);
    if (at < from || at > to || incident.mergedInto !== null) continue;
    const culprits = incident.causes.flatMap((cause) => causeNames(cause, services));
    const said = { ...base({ ...incident, summary: incident.title }, culprits), class: classOf(incident) };
    told.push({ ...said, at, kind: 'incident' });
    if (incident.toldAt !== null && incident.toldAt >= at && incident.toldAt <= to)
      told.push({ ...said, at: incident.toldAt, kind: 'page' });
  }
  for (const alert of foreseen)
    told.push({ ...base(alert, services(alert.entityId)), at: alert.firedAt ?? alert.startedAt, kind: 'foreseen' });
  return told.sort((a, b) => a.at - b.at);
}

/** A service that is unusual is its own culprit, by the name under which it is scraped; a host is where something happens. */
async function servicesOf(records: RecordStore): Promise<(entityId: string) => readonly string[]> {
  const { rows } = await records.find('entities', { limit: 500 });
  const byId = new Map(rows.map((entity) => [entity.id, entity]));
  return (entityId) => {
    const entity = byId.get(entityId);
    if (entity === undefined || entity.kind === 'host') return [];
    return entity.aliases.flatMap((alias) => /^(?:instance|service)=([^,]+)/.exec(alias)?.[1] ?? []);
  };
}

/** What an operator would call a cause: the part, or the instance; an exporter speaks for what it exports. */
function causeNames(
  { name, entityId }: IncidentCause,
  services: (entityId: string) => readonly string[],
): readonly string[] {
  const words = name.split(' on ');
  const own = services(entityId);
  if (name === 'network') return [name];
  // `spool on shop on api-1`, `stress-ng on vm`; but `shop on api-1` is the instance itself.
  const isPart = words.length > 2 || (words.length === 2 && !own.includes(words[1] ?? ''));
  const part = words[0] ?? name;
  return isPart ? [part] : own.map((one) => one.replace(/[-_]exporter$/, ''));
}

/** Of what nobody can say the class, none is said. */
function classOf({ class: said }: Incident): Told['class'] {
  return (incidentClasses as readonly string[]).includes(said) ? (said as Told['class']) : null;
}

function base(
  of: Pick<AnomalyRow | Incident | Alert, 'id' | 'severity'> & { readonly summary: string },
  culprits: readonly string[],
): Omit<Told, 'at' | 'kind'> {
  return { id: of.id, severity: of.severity, class: null, culprits, summary: of.summary };
}

async function culpritNames(records: RecordStore, finding: AnomalyRow): Promise<readonly string[]> {
  const evidence = await records.get('evidence', finding.id);
  const { culprits = [] } = (evidence?.body ?? {}) as { culprits?: readonly Culprit[] };
  return culprits.map(({ name }) => name);
}

/** Everything that came from outside: what the engine itself made of it is made again by a replay. */
async function samplesFrom(stores: Stores, from: number, to: number): Promise<RecordedSeries[]> {
  const series = stores.metrics.index.select([], Number.MAX_SAFE_INTEGER).filter(isFromOutside);
  const points = await stores.metrics.range(
    series.map(({ ref }) => ref),
    from,
    to,
  );
  const byRef = new Map(series.map((one) => [one.ref, one]));
  return points.flatMap(({ ref, times, values }) => {
    const { labels, kind } = byRef.get(ref) as Series;
    return times.length === 0 ? [] : [{ labels, kind, times, values }];
  });
}

function isFromOutside({ labels }: Series): boolean {
  const name = metricName(labels);
  return (
    name !== HEALTH_METRIC &&
    name !== 'auspex_store_accepting' &&
    !name.startsWith(SERVICE_FIGURE_PREFIX) &&
    labelValue(labels, 'job') !== DERIVED_JOB
  );
}

/** What came within the given times, and who it was about. */
export async function readRecording(
  stores: Stores,
  kind: Recording['kind'],
  from: number,
  to: number,
): Promise<Recording> {
  return {
    kind,
    from,
    to,
    intervalMs: INTERVAL_MS,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    entities: (await stores.records.find('entities', { limit: 500 })).rows,
    run: null,
    series: await samplesFrom(stores, from, to),
  };
}
