import { type HostScene, type Scene, snapshotOf } from '../decide/incident-snapshot.ts';
import { addressOf } from '../decide/incident-ties.ts';
import { stableId } from '../decide/stable-id.ts';
import {
  type Entity,
  changeText,
  type Change,
  type ErrorPattern,
  type Incident,
  type IncidentSnapshot,
  type Labels,
  labelValue,
  processGroupMetrics,
  type RecordStore,
  type ServiceGraph,
} from '../model/index.ts';
import type { ChangeKeeper } from './change-keeper.ts';
import type { EntityRegistry } from './entity-registry.ts';
import type { HostBoard } from './host-board.ts';

export interface IncidentDiagnosticsParts {
  readonly board: HostBoard;
  readonly registry: EntityRegistry;
  readonly graph: ServiceGraph;
  readonly changes: ChangeKeeper;
  readonly records: RecordStore;
}

const MOST_HOSTS = 3;
const MOST_CHANGES = 10;
const MOST_AROUND = 200;
const MOST_OF_SERVICE = 20;
const MOST_ERRORS = 10;
const BEFORE_MS = 30 * 60_000;
/** Errors of a time as short before the onset are its first. */
const EARLY_MS = 60_000;
const ASKED_ANEW_MS = 1_000;
const PRESSURES = [
  ['the processor', 'auspex_host_pressure_cpu_ratio'],
  ['memory', 'auspex_host_pressure_memory_ratio'],
  ['disks', 'auspex_host_pressure_io_ratio'],
] as const;

type Reason = IncidentSnapshot['reason'];

/** Gathers what was going on around an incident, from what is known anyway: no program is run for it. */
export class IncidentDiagnostics {
  readonly #parts: IncidentDiagnosticsParts;
  #lastError: { readonly asked: number; readonly at: number } | null = null;

  constructor(parts: IncidentDiagnosticsParts) {
    this.#parts = parts;
  }

  /** At once, from what is in memory. */
  sketch(incident: Incident, reason: Reason, now: number): IncidentSnapshot {
    return snapshotOf(this.#scene(incident, reason, now, []));
  }

  /** With the errors, and kept. */
  async keep(incident: Incident, reason: Reason, now: number): Promise<IncidentSnapshot> {
    const { records } = this.#parts;
    const errors = await this.errors(incident, now);
    const snapshot = snapshotOf(this.#scene(incident, reason, now, errors));
    await records.put('evidence', [{ id: snapshotId(incident.id, reason), at: now, body: snapshot }]);
    return snapshot;
  }

  /** Kinds of errors that were met on what is part of it since it began; the newest kinds first. */
  async errors({ entityIds, startedAt }: Incident, now: number): Promise<readonly ErrorPattern[]> {
    if ((await this.#lastErrorAt(now)) < startedAt - EARLY_MS) return [];
    const page = await this.#parts.records.find('error_patterns', {
      where: { entityId: { in: this.#around(entityIds) }, lastSeenAt: { gte: startedAt - EARLY_MS } },
      orderBy: 'lastSeenAt',
      descending: true,
      limit: 50,
    });
    return page.rows.toSorted((a, b) => b.firstSeenAt - a.firstSeenAt).slice(0, MOST_ERRORS);
  }

  /** Asked once for all that is looked at within a second: there may be thousands. */
  async #lastErrorAt(now: number): Promise<number> {
    if (this.#lastError === null || now - this.#lastError.asked >= ASKED_ANEW_MS) {
      const newest = { orderBy: 'lastSeenAt', descending: true, limit: 1 } as const;
      const { rows } = await this.#parts.records.find('error_patterns', newest);
      this.#lastError = { asked: now, at: rows[0]?.lastSeenAt ?? 0 };
    }
    return this.#lastError.at;
  }

  /** What was changed before an incident, or as it began, on what is part of it; the newest first. */
  changes({ entityIds, startedAt }: Incident, now: number): readonly Change[] {
    const { graph, changes } = this.#parts;
    const around = new Set(this.#around(entityIds));
    const services = new Set([...around].flatMap((id) => graph.serviceOf(id) ?? []).map((id) => graph.nameOf(id)));
    return changes
      .between(startedAt - BEFORE_MS, now)
      .filter(({ entityId, service }) => around.has(entityId ?? '') || services.has(service ?? ''))
      .toReversed();
  }

  /** With the other instances of their services, what these call, and the hosts below. */
  #around(entityIds: readonly string[]): string[] {
    const { graph, registry } = this.#parts;
    const own = new Set(entityIds.flatMap((id) => graph.serviceOf(id) ?? []));
    const called = own.size === 0 ? [] : graph.dependencies().flatMap(({ from, to }) => (own.has(from) ? [to] : []));
    const services = new Set([...own, ...called]);
    const members = [...services].flatMap((service) => graph.entitiesOf(service).slice(0, MOST_OF_SERVICE));
    const all = [...entityIds, ...members].slice(0, MOST_AROUND);
    const hosts = all.flatMap((id) => hostIdOf(registry, id) ?? []);
    return [...new Set([...all, ...hosts])];
  }

  #scene(incident: Incident, reason: Reason, now: number, errors: readonly ErrorPattern[]): Scene {
    const { registry } = this.#parts;
    const onsetAt = incident.startedAt;
    return {
      at: now,
      onsetAt,
      reason,
      suspect: incident.causes[0]?.name ?? null,
      hosts: this.#hosts(incident).map((id) => this.#hostScene(id)),
      changes: this.changes(incident, now)
        .slice(0, MOST_CHANGES)
        .map((change) => ({ at: change.at, text: changeSentence(change, (id) => registry.get(id)?.name ?? id) })),
      errors: errors.map((one) => ({
        text: errorText(one),
        count: one.count,
        isNew: one.firstSeenAt >= onsetAt - EARLY_MS,
      })),
    };
  }

  /** The hosts that it is on, the suspect's first; the only one there is where nothing says. */
  #hosts({ entityIds, causes }: Incident): readonly string[] {
    const { registry } = this.#parts;
    const own = [causes[0]?.entityId ?? '', ...entityIds].flatMap((id) => hostIdOf(registry, id) ?? []);
    const found = [...new Set(own)].slice(0, MOST_HOSTS);
    const only = found.length > 0 ? null : onlyHost(registry);
    return only === null ? found : [only];
  }

  #hostScene(id: string): HostScene {
    const { board, registry } = this.#parts;
    const by = (metric: string, label: string): Map<string, number> =>
      new Map(board.latest(id, metric).map(({ labels, value }) => [labelValue(labels, label) ?? '', value]));
    const reads = by(processGroupMetrics.readBytesPerSecond, 'groupname');
    const writes = by(processGroupMetrics.writeBytesPerSecond, 'groupname');
    const inodes = by('auspex_host_inode_ratio', 'mountpoint');
    return {
      name: registry.get(id)?.name ?? id,
      processes: board.processes(id).map((one) => {
        const [read, written] = [reads.get(one.name), writes.get(one.name)];
        const isKnown = read !== undefined || written !== undefined;
        return { ...one, ioBytesPerSecond: isKnown ? (read ?? 0) + (written ?? 0) : null };
      }),
      mounts: [...by('auspex_host_disk_ratio', 'mountpoint')].map(([mount, used]) => ({
        mount,
        used,
        inodes: inodes.get(mount) ?? null,
      })),
      pressure: PRESSURES.flatMap(([of, metric]) =>
        board.latest(id, metric).map(({ value }) => ({ of, share: value })),
      ),
      connections: [
        ...board.latest(id, 'auspex_host_connections'),
        ...board.latest(id, 'auspex_host_listener_connections'),
      ].flatMap(({ labels, value }) => (value > 0 ? [{ what: connectionOf(labels), count: value }] : [])),
    };
  }
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/;

/** The host that something is or runs on, by the address it is asked at; null where that is not known. */
export function hostIdOf(registry: EntityRegistry, entityId: string): string | null {
  const entity = registry.get(entityId);
  if (entity === undefined) return null;
  if (entity.kind === 'host') return entityId;
  const address = addressOf(entity);
  if (address === null) return null;
  return registry.byAlias(`instance=${address}`)?.id ?? (LOOPBACK.test(address) ? onlyHost(registry) : null);
}

/** What is not a host and runs on one: by its address, or since there is no other host. */
export function servedOn(registry: EntityRegistry, hostId: string): readonly Entity[] {
  const only = onlyHost(registry);
  return registry.all().filter(({ id, kind }) => kind !== 'host' && (hostIdOf(registry, id) ?? only) === hostId);
}

function onlyHost(registry: EntityRegistry): string | null {
  const hosts = registry.hosts();
  return hosts.length === 1 ? (hosts[0]?.id ?? null) : null;
}

/** What is kept of an incident, the earliest first. */
export async function snapshotsOf(records: RecordStore, incidentId: string): Promise<readonly IncidentSnapshot[]> {
  const ids = (['opened', 'suspect'] as const).map((reason) => snapshotId(incidentId, reason));
  const rows = await Promise.all(ids.map((id) => records.get('evidence', id)));
  return rows.flatMap((row) => (isSnapshot(row?.body) ? [row.body] : []));
}

function isSnapshot(body: unknown): body is IncidentSnapshot {
  return typeof body === 'object' && body !== null && 'sections' in body && Array.isArray(body.sections);
}

/** Under which id a snapshot is kept. */
function snapshotId(incidentId: string, reason: Reason): string {
  return stableId('snapshot', incidentId, reason);
}

/** What was changed where and by whom, as a sentence without its end. */
export function changeSentence(change: Change, nameOf: (entityId: string) => string): string {
  const { entityId, service, what, by } = change;
  const where = entityId === null ? service : nameOf(entityId);
  const place = where === null || where === what ? '' : ` on ${where}`;
  return `${changeText(change)}${place}${by === null ? '' : `, by ${by}`}`;
}

export function errorText({ type, message }: ErrorPattern): string {
  const text = type === '' || message.startsWith(type) ? message : `${type}: ${message}`;
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}

/** `shop → postgres:5432`, or who waits for others on which port. */
function connectionOf(labels: Labels): string {
  const group = labelValue(labels, 'groupname') ?? '?';
  const peer = labelValue(labels, 'peer');
  return peer === undefined ? `to ${group}, port ${labelValue(labels, 'port') ?? '?'}` : `${group} → ${peer}`;
}
