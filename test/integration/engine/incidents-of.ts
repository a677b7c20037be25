import { ChangeKeeper } from '../../../src/engine/change-keeper.ts';
import { EntityRegistry } from '../../../src/engine/entity-registry.ts';
import type { EventRing } from '../../../src/engine/event-ring.ts';
import { HostBoard } from '../../../src/engine/host-board.ts';
import { IncidentDiagnostics } from '../../../src/engine/incident-diagnostics.ts';
import { IncidentEvidence } from '../../../src/engine/incident-evidence.ts';
import { IncidentKeeper } from '../../../src/engine/incident-keeper.ts';
import type { JudgementKeeper } from '../../../src/engine/judgement-keeper.ts';
import { tasks } from '../../../src/engine/tasks.ts';
import { KnownServices } from '../../../src/engine/known-services.ts';
import type { Clock, Finding, MetricStore, RecordStore, ServiceGraph } from '../../../src/model/index.ts';

interface Parts {
  readonly records: RecordStore;
  readonly metrics: MetricStore;
  readonly ring: EventRing;
  readonly clock: Clock;
  readonly registry?: EntityRegistry;
  readonly graph?: ServiceGraph;
  readonly changes?: ChangeKeeper;
  readonly board?: HostBoard;
  readonly openFindings?: () => Iterable<Finding>;
  readonly judgements?: JudgementKeeper;
}

/** A keeper of incidents over real stores; what is too long for the event loop runs on it all the same. */
export function incidentsOf(parts: Parts): IncidentKeeper {
  return incidentsWithEvidence(parts).incidents;
}

/** With what reads the figures, which wants to be told of series. */
export function incidentsWithEvidence(parts: Parts): { incidents: IncidentKeeper; evidence: IncidentEvidence } {
  const registry = parts.registry ?? new EntityRegistry('UTC');
  const graph = parts.graph ?? new KnownServices(registry);
  const { records, metrics, ring, clock } = parts;
  const changes = parts.changes ?? new ChangeKeeper({ records, ring, clock, graph });
  const board = parts.board ?? new HostBoard(metrics.index);
  const diagnostics = new IncidentDiagnostics({ board, registry, graph, changes, records });
  const evidence = new IncidentEvidence({ metrics, registry, graph, diagnostics, intervalMs: 10_000 });
  const incidents = new IncidentKeeper({
    ...parts,
    registry,
    graph,
    diagnostics,
    evidence,
    tasks: { run: async (name, argument) => tasks[name](argument as never) as never },
    openFindings: parts.openFindings ?? (() => []),
  });
  return { incidents, evidence };
}
