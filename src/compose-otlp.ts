import { LogCounts } from './collect/logs/log-counts.ts';
import { OtlpReceiver } from './collect/otlp/receive.ts';
import type { Config } from './config/schema.ts';
import type { Engine } from './engine/engine.ts';
import type { EntityRegistry } from './engine/entity-registry.ts';
import { ErrorKeeper } from './engine/error-keeper.ts';
import {
  type Clock,
  type Labels,
  labelPairs,
  labelsFrom,
  LOG_ERRORS_METRIC,
  METRIC_NAME,
  type RecordStore,
} from './model/index.ts';
import type { Logger } from './telemetry/log.ts';

/** OpenTelemetry's way in: the receiver, the counters of log records, and what keeps the errors among them. */
export interface OtlpParts {
  readonly receiver: OtlpReceiver;
  readonly logs: LogCounts;
  readonly errors: ErrorKeeper;
}

export function startOtlp(parts: {
  readonly config: Config;
  readonly engine: Engine;
  readonly entities: EntityRegistry;
  readonly records: RecordStore;
  readonly logs: LogCounts;
  readonly clock: Clock;
  readonly log: Logger;
}): OtlpParts {
  const { config, engine, entities, records, logs, clock, log } = parts;
  const { limits } = config;
  const errors = new ErrorKeeper({
    records,
    entityOf: (labels, now) => entities.idFor(labels, now),
    count: (labels, of, code) => {
      const kind: (readonly [string, string])[] = [['class', of]];
      if (code !== '') kind.push(['code', code]);
      logs.add(withName(labels, LOG_ERRORS_METRIC), kind, 1);
    },
    clock,
    log,
  });
  const receiver = new OtlpReceiver({
    resolve: (labels, kind) => engine.resolveSeries(labels, kind),
    append: (batch) => engine.ingest('otlp', batch),
    // Where only one of the two is known there is nothing to join.
    onHost: async ({ id, name }) => {
      if (id !== null && name !== null) await engine.joinHost({ id, name });
    },
    onErrors: (events) => errors.take(events),
    logs,
    limits: {
      decodedBytes: limits.decompressedBytes,
      labelsPerSeries: limits.labels,
      labelNameBytes: limits.labelNameBytes,
      labelValueBytes: limits.labelValueBytes,
      futureMs: limits.future,
    },
    clock,
    log,
  });
  return { receiver, logs, errors };
}

function withName(labels: Labels, name: string): Labels {
  return labelsFrom([...[...labelPairs(labels)].filter(([label]) => label !== METRIC_NAME), [METRIC_NAME, name]]);
}
