import type { Actor, AuditTrail, ModelMetadata, ModelStore } from '../model/index.ts';

/** Auspex itself, where nobody asked for it. */
export const itself: Actor = { kind: 'process', name: 'auspex', source: null };

/**
 * A model store whose every change of what serves stands in the audit log first: a model that was trained, by request or
 * by itself, one that was promoted, and the fall back from a damaged file. What cannot be written does not serve.
 */
export function auditedModels(models: ModelStore, audit: AuditTrail): ModelStore {
  const guarded = async (
    action: string,
    target: string,
    detail: Record<string, unknown>,
    work: () => Promise<ModelMetadata>,
  ): Promise<ModelMetadata> => {
    const act = { actor: itself, action, target, detail };
    const row = await audit.record(act);
    try {
      return await work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await audit.record({ ...act, outcome: 'failed', detail: { row, reason } }).catch(() => {});
      throw error;
    }
  };
  /** The version that serves, by model: a load that gives an older one is a fall back. */
  const serving = new Map<string, number>();
  const keep = (metadata: ModelMetadata): ModelMetadata => {
    serving.set(nameOf(metadata), metadata.version);
    return metadata;
  };
  return {
    list: () => models.list(),
    save: async (metadata, bytes) =>
      keep(
        await guarded(
          'model.serve',
          nameOf(metadata),
          { algorithm: metadata.algorithm, samples: metadata.sampleCount, bytes: bytes.length },
          () => models.save(metadata, bytes),
        ),
      ),
    promote: async (name, entityId, version) =>
      keep(
        await guarded(
          'model.promoted',
          nameOf({ name, entityId }),
          { version, before: serving.get(nameOf({ name, entityId })) ?? null },
          () => models.promote(name, entityId, version),
        ),
      ),
    load: async (name, entityId) => {
      const loaded = await models.load(name, entityId);
      const before = serving.get(nameOf({ name, entityId }));
      if (loaded !== undefined && before !== undefined && loaded.metadata.version < before)
        // It serves already, and a damaged file must not stop the rest: told after the fact.
        await audit.recordBounded({
          actor: itself,
          action: 'model.fall-back',
          target: nameOf({ name, entityId }),
          outcome: 'done',
          detail: { version: loaded.metadata.version, before, reason: 'the file of the later version is damaged' },
        });
      if (loaded !== undefined) keep(loaded.metadata);
      return loaded;
    },
  };
}

function nameOf({ name, entityId }: { readonly name: string; readonly entityId: string }): string {
  return `${name} of ${entityId}`;
}
