import { EntityRegistry } from '../../../src/engine/entity-registry.ts';
import type { EventRing } from '../../../src/engine/event-ring.ts';
import { IncidentEvidence } from '../../../src/engine/incident-evidence.ts';
import { IncidentKeeper } from '../../../src/engine/incident-keeper.ts';
import { tasks } from '../../../src/engine/tasks.ts';
import type { Clock, Finding, MetricStore, RecordStore } from '../../../src/model/index.ts';

/** A keeper of incidents over real stores; what is too long for the event loop runs on it all the same. */
export function incidentsOf(parts: {
  readonly records: RecordStore;
  readonly metrics: MetricStore;
  readonly ring: EventRing;
  readonly clock: Clock;
  readonly registry?: EntityRegistry;
  readonly openFindings?: () => Iterable<Finding>;
}): IncidentKeeper {
  const registry = parts.registry ?? new EntityRegistry('UTC');
  return new IncidentKeeper({
    ...parts,
    registry,
    evidence: new IncidentEvidence({ metrics: parts.metrics, registry, intervalMs: 10_000 }),
    tasks: { run: async (name, argument) => tasks[name](argument as never) as never },
    openFindings: parts.openFindings ?? (() => []),
  });
}
