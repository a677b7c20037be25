import type { Dependency, Entity, ServiceGraph } from '../model/index.ts';
import type { EntityRegistry } from './entity-registry.ts';

/**
 * Services by the jobs that targets are scraped under; who calls whom is not known. A service's id is its name. Kept as entities come: a look
 * at all of them for each sign would cost thousands of times as much.
 */
export class KnownServices implements ServiceGraph {
  readonly #services = new Map<string, string>();
  readonly #members = new Map<string, Set<string>>();

  constructor(registry: EntityRegistry) {
    for (const entity of registry.all()) this.#take(entity);
    registry.onChange((entity) => this.#take(entity));
  }

  serviceOf(entityId: string): string | null {
    return this.#services.get(entityId) ?? null;
  }

  nameOf(serviceId: string): string {
    return serviceId;
  }

  entitiesOf(serviceId: string): readonly string[] {
    return [...(this.#members.get(serviceId) ?? [])];
  }

  dependencies(): readonly Dependency[] {
    return [];
  }

  #take(entity: Entity): void {
    const service = serviceOf(entity);
    const before = this.#services.get(entity.id);
    if (service === before) return;
    if (before !== undefined) this.#members.get(before)?.delete(entity.id);
    if (service === undefined) {
      this.#services.delete(entity.id);
      return;
    }
    this.#services.set(entity.id, service);
    const members = this.#members.get(service);
    if (members === undefined) this.#members.set(service, new Set([entity.id]));
    else members.add(entity.id);
  }
}

/** What is known of services now, and by the job of a target where nothing is known of it yet. */
export function liveGraph(now: () => ServiceGraph, byJob: ServiceGraph): ServiceGraph {
  return {
    serviceOf: (entityId) => now().serviceOf(entityId) ?? byJob.serviceOf(entityId),
    nameOf: (serviceId) => now().nameOf(serviceId),
    entitiesOf: (serviceId) => {
      const known = now().entitiesOf(serviceId);
      return known.length > 0 ? known : byJob.entitiesOf(serviceId);
    },
    dependencies: () => now().dependencies(),
  };
}

/** The service that a target is an instance of: its job. */
function serviceOf(entity: Entity): string | undefined {
  if (entity.kind === 'host') return undefined;
  if (entity.kind === 'service') return entity.name;
  return entity.aliases.flatMap((alias) => /,job=(.+)$/.exec(alias)?.[1] ?? [])[0];
}
