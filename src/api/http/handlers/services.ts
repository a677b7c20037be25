import type { z } from 'zod';
import type { ServiceState } from '../../../engine/service-state.ts';
import { type Dependency, type HealthCheck, SERVICE_HEALTH_METRIC, type ServiceRow } from '../../../model/index.ts';
import type * as s from '../../contract/services.ts';
import type { Handlers } from '../handlers.ts';
import { namesFor } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { incidentToWire, iso, isoOrNull, type NameOf } from '../wire.ts';

type Tag =
  | 'services'
  | 'registerService'
  | 'serviceGraph'
  | 'changeDependency'
  | 'service'
  | 'changeService'
  | 'removeService';
type Registration = z.output<typeof s.serviceRegistration>;

export function serviceHandlers(parts: ServerParts): Pick<Handlers, Tag> {
  const { engine } = parts;
  const detail = async (state: ServiceState) => {
    const incidents = engine.incidents().filter(({ id }) => state.incidentIds.includes(id));
    const ids = [
      ...state.entityIds,
      ...state.processes.map(({ entityId }) => entityId),
      ...incidents.flatMap((one) => [one.entityId, ...one.entityIds]),
    ];
    const others = new Map(engine.services().map((one) => [one.row.id, one]));
    const nameOf = await namesFor(parts, new Set(ids));
    return {
      ...detailToWire(state, others, nameOf),
      incidents: incidents.map((one) => incidentToWire(one, nameOf)),
    };
  };
  const graph = () => graphToWire(engine.services());
  return {
    services: async () => {
      const items = engine.services();
      const { score, sentence } = engine.fleetHealth();
      return { sentence: engine.servicesSentence(), fleet: { score, sentence }, items: items.map(serviceToWire) };
    },
    registerService: async ({ body }) => {
      const { name, check, dependencies, business, start, stop, scale } = body;
      const registration = { name, check: checkOf(check), dependencies, start, stop, scale };
      return detail(await engine.registerService(registration, business));
    },
    serviceGraph: async () => graph(),
    changeDependency: async ({ body }) => {
      await engine.changeDependency(body);
      return graph();
    },
    service: async ({ params }) => detail(engine.service(params.id)),
    changeService: async ({ params, body }) => detail(await engine.changeService(params.id, body)),
    removeService: async ({ params }) => removedToWire(await engine.removeService(params.id)),
  };
}

function removedToWire({ id, name }: ServiceRow): z.infer<typeof s.removedService> {
  const sentence =
    `“${name}” is removed, with its calls and corrections. Its history stays. It comes back by itself when it is seen ` +
    'again (it listens, is called, is scraped or sends) or registers again.';
  return { id, name, sentence };
}

function checkOf(check: Registration['check']): HealthCheck | null {
  if (check === null) return null;
  const { kind, target, intervalSeconds, timeoutSeconds } = check;
  return { kind, target, intervalMs: intervalSeconds * 1000, timeoutMs: timeoutSeconds * 1000, by: 'given' };
}

function serviceToWire(state: ServiceState): z.infer<typeof s.service> {
  const { row, health } = state;
  return {
    id: row.id,
    name: row.name,
    score: health.score,
    sentence: health.sentence,
    instances: state.entityIds.length + state.processes.length,
    calls: state.calls.length,
    calledBy: state.calledBy.length,
    openIncidents: state.incidentIds.length,
    openFindings: state.openFindings,
    firingAlerts: state.firingAlerts,
    isRegistered: row.registration !== null,
    firstSeenAt: iso(row.firstSeenAt),
    lastSeenAt: iso(row.lastSeenAt),
  };
}

function detailToWire(
  state: ServiceState,
  others: ReadonlyMap<string, ServiceState>,
  nameOf: NameOf,
): Omit<z.infer<typeof s.serviceDetail>, 'incidents'> {
  const { row, health, processes, entityIds, missing, business } = state;
  const { check = null, start = null, stop = null, scale = null } = row.registration ?? {};
  const neighbour = (id: string, { origins, lastSeenAt }: Dependency) => ({
    id,
    name: others.get(id)?.row.name ?? id,
    score: others.get(id)?.health.score ?? null,
    origins: [...origins],
    lastSeenAt: isoOrNull(lastSeenAt),
  });
  return {
    ...serviceToWire(state),
    dimensions: health.dimensions.map((one) => ({ ...one })),
    missing: [...missing],
    keys: [...row.keys],
    members: [
      ...entityIds.map((id) => ({ entityId: id, name: nameOf(id), part: '', endpoint: null })),
      ...processes.map(({ entityId, groupname, endpoint }) => ({
        entityId,
        name: nameOf(entityId),
        part: groupname,
        endpoint,
      })),
    ],
    callees: state.calls.map((one) => neighbour(one.to, one)),
    callers: state.calledBy.map((one) => neighbour(one.from, one)),
    business: [...business],
    healthSeries: `${SERVICE_HEALTH_METRIC}{service=${JSON.stringify(row.name)}}`,
    check:
      check === null
        ? null
        : {
            kind: check.kind,
            target: check.kind === 'callback' ? null : check.target,
            intervalSeconds: check.intervalMs / 1000,
          },
    start,
    stop,
    scale,
  };
}

function graphToWire(states: readonly ServiceState[]): z.infer<typeof s.serviceGraph> {
  return {
    services: states.map(({ row, health }) => ({
      id: row.id,
      name: row.name,
      score: health.score,
      sentence: health.sentence,
    })),
    dependencies: states.flatMap(({ calls }) =>
      calls.map(({ from, to, origins, lastSeenAt }) => ({
        from,
        to,
        origins: [...origins],
        lastSeenAt: isoOrNull(lastSeenAt),
      })),
    ),
  };
}
