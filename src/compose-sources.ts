import { createChangeCollector } from './collect/changes/change-collector.ts';
import { hostname } from 'node:os';
import { z } from 'zod';
import type { LogCounts } from './collect/logs/log-counts.ts';
import { LogFiles } from './collect/logs/log-files.ts';
import { createApiFetch } from './collect/prometheus/api-fetch.ts';
import { PrometheusReader } from './collect/prometheus/api-reader.ts';
import { LiveSource, type SourceState } from './collect/prometheus/live-source.ts';
import type { Config } from './config/schema.ts';
import type { Clock, Collector, ErrorEvent, RecordStore } from './model/index.ts';
import type { Outbound, OutboundTls } from './platform/outbound.ts';
import type { Logger } from './telemetry/log.ts';

type SourceConfig = Config['sources']['prometheus'][number];

/** The servers of `sources.prometheus`. */
export function createSources(parts: {
  readonly config: Config;
  readonly outbound: Outbound;
  readonly records: RecordStore;
  /** Ends a request under way. */
  readonly stop: AbortSignal;
  /** Whether this machine is known: series that speak of it are then its own. */
  readonly isReady: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}): readonly LiveSource[] {
  const { config, outbound, records, stop, isReady, clock, log } = parts;
  return config.sources.prometheus.map((source) => {
    const { url, timeout: timeoutMs, tenant } = source;
    const authorization = authorizationOf(source);
    const fetch = createApiFetch(outbound, { tls: tlsOf(source), authorization, timeoutMs, stop });
    return new LiveSource({
      name: source.name,
      reader: new PrometheusReader({ url, fetch, tries: 1, timeoutMs, ...(tenant === null ? {} : { tenant }) }),
      selectors: source.select,
      intervalMs: source.interval,
      shard: source.shard,
      backfillMs: source.backfill,
      fillMs: source.fill,
      state: stateIn(records, source.name, clock),
      isReady,
      clock,
      log,
    });
  });
}

function authorizationOf({ token, user, password }: SourceConfig): string | null {
  if (token !== null) return `Bearer ${token}`;
  return user === null ? null : `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`;
}

function tlsOf({ ca, cert, privateKey, serverName, insecure }: SourceConfig): OutboundTls {
  return {
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(privateKey === null ? {} : { key: privateKey }),
    ...(serverName === null ? {} : { servername: serverName }),
    rejectUnauthorized: !insecure,
  };
}

/** What is changed on this machine; null where nobody asked for it. */
export function createChangeSource(
  config: Config,
  records: RecordStore,
  parts: { readonly clock: Clock; readonly log: Logger },
): Collector | null {
  const { host, changes } = config.collect;
  if (!host || !changes.watch) return null;
  const id = 'collect.changes';
  const state = {
    load: async () => (await records.get('settings', id))?.value,
    save: (value: unknown) => records.put('settings', [{ id, value, at: parts.clock.now() }]),
  };
  return createChangeCollector({ files: changes.files, state, ...parts });
}

/** The files of `sources.logs`; null where there are none. */
export function createLogFiles(parts: {
  readonly config: Config;
  readonly records: RecordStore;
  readonly counts: LogCounts;
  readonly onErrors: (errors: readonly ErrorEvent[]) => void;
  readonly clock: Clock;
}): LogFiles | null {
  const { config, records, clock, ...rest } = parts;
  if (config.sources.logs.length === 0) return null;
  const id = 'source.logs';
  return new LogFiles({
    ...rest,
    clock,
    sources: config.sources.logs.map((source) => ({ ...source, instance: source.instance ?? hostname() })),
    positions: {
      load: async () => filePositions.catch({}).parse((await records.get('settings', id))?.value),
      save: (value) => records.put('settings', [{ id, value, at: clock.now() }]),
    },
  });
}

const filePositions = z.record(z.string(), z.strictObject({ file: z.string(), offset: z.int().min(0) }));

/** How far a source has been read, beside what else is kept of settings. */
function stateIn(records: RecordStore, name: string, clock: Clock): SourceState {
  const id = `source.prometheus.${name}`;
  return {
    load: async () => {
      const value = (await records.get('settings', id))?.value;
      if (typeof value !== 'object' || value === null || !('through' in value) || !('isBackfilling' in value))
        return undefined;
      const { through, isBackfilling } = value;
      return typeof through === 'number' ? { through, isBackfilling: isBackfilling === true } : undefined;
    },
    save: (value) => records.put('settings', [{ id, value, at: clock.now() }]),
  };
}
