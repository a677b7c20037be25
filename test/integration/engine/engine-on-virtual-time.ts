import type { ThresholdRule } from '../../../src/decide/threshold-rules.ts';
import { LearntState } from '../../../src/compose-replay.ts';
import { DetectionThreads } from '../../../src/engine/detection-threads.ts';
import { Engine } from '../../../src/engine/engine.ts';
import { EntityRegistry, loadEntities } from '../../../src/engine/entity-registry.ts';
import type { VirtualTime } from '../../../src/engine/virtual-time.ts';
import { openStores, type Stores } from '../../../src/store/open-stores.ts';
import { createLogger } from '../../../src/telemetry/log.ts';

const FOREVER = 100 * 365 * 86_400_000;

export interface EngineOnVirtualTime {
  readonly engine: Engine;
  readonly stores: Stores;
  close(): Promise<void>;
}

/** The real engine, its detectors and stores, on a time of its own. */
export async function engineOnVirtualTime(of: {
  readonly home: string;
  readonly time: VirtualTime;
  readonly intervalMs: number;
  readonly rules?: readonly ThresholdRule[];
  readonly business: Readonly<Record<string, readonly string[]>>;
}): Promise<EngineOnVirtualTime> {
  const { home, time, intervalMs, rules = [], business } = of;
  const registry = new EntityRegistry('UTC');
  const stores = await openStores({
    home,
    limits: { series: 10_000, quotaBytes: 2 ** 32, minFreeBytes: 0 },
    retention: { rawMs: FOREVER, fiveMinuteMs: FOREVER, hourMs: FOREVER, recordsMs: FOREVER },
    fsync: false,
    clock: time,
    entityOf: (labels) => registry.idFor(labels, time.now()),
    beforeSeries: (records) => loadEntities(registry, records),
  });
  const engine = await Engine.start({
    metrics: stores.metrics,
    records: stores.records,
    models: stores.models,
    registry,
    snapshots: new LearntState(),
    clock: time,
    repeat: time.repeat,
    log: createLogger('silent'),
    options: { intervalMs, timeZone: 'UTC', policy: { rules, channels: [] }, business },
    threads: 1,
    startDetection: (detection) => new DetectionThreads({ threads: 1, intervalMs, ...detection }),
    componentsBeside: () => [],
    onMessages: () => {},
  });
  return {
    engine,
    stores,
    close: async () => {
      await engine.close();
      await stores.close();
    },
  };
}
