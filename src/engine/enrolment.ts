import type { Clock, RecordStore } from '../model/index.ts';
import type { EngineView } from './engine-view.ts';
import type { EntityRegistry } from './entity-registry.ts';

/** Makes an agent's machine a host, or finds it again by its machine id, and gives it a name that no other host has. */
export async function enrolAgent(
  parts: {
    readonly registry: EntityRegistry;
    readonly records: RecordStore;
    readonly clock: Clock;
    readonly intervalMs: number;
  },
  agent: Parameters<EngineView['enrol']>[0],
): ReturnType<EngineView['enrol']> {
  const { registry, records, clock, intervalMs } = parts;
  const now = clock.now();
  const instance = registry.freeInstance(agent.hostname, agent.machineId);
  const entity = registry.introduce(
    {
      kind: 'host',
      stableId: agent.machineId,
      name: instance,
      timeZone: agent.timeZone,
      aliases: [`instance=${instance}`],
      attributes: agent.attributes,
    },
    now,
  );
  await records.transaction(async (access) => {
    await access.put('entities', [entity]);
    const before = await access.get('agents', agent.machineId);
    await access.put('agents', [
      {
        id: agent.machineId,
        name: instance,
        entityId: entity.id,
        version: agent.version,
        tokenId: agent.tokenId,
        enrolledAt: before?.enrolledAt ?? now,
        lastSeenAt: now,
      },
    ]);
  });
  return { agentId: agent.machineId, entityId: entity.id, instance, intervalSeconds: intervalMs / 1000 };
}
