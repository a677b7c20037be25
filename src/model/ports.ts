import type { SeenChange } from './change.ts';
import type { Entity } from './entity.ts';
import type { Labels } from './labels.ts';
import type { ModelMetadata } from './model-metadata.ts';
import type { Matcher, SampleBatch, Series, SeriesKind, SeriesPoints, SeriesRef, SeriesRollup } from './series.ts';

/** Where time comes from: the pure folders are given one, so that a replay has the same time as the original. */
export interface Clock {
  /** ms UTC, integer. */
  now(): number;
  /** ms from an arbitrary start, never jumping: for durations. */
  monotonic(): number;
}

/** Uniform in [0, 1); seeded wherever a result depends on it. */
export interface Random {
  next(): number;
}

/**
 * Which number a label set has. Synchronous and in memory: it stands in the way of every sample. New label sets become
 * durable with the first batch that uses them.
 */
export interface SeriesIndex {
  /** The series' number; a new one for a new label set; -1 when the limit on series is reached (existing ones go on). */
  resolve(labels: Labels, kind: SeriesKind): SeriesRef;
  get(ref: SeriesRef): Series | undefined;
  /** Series that satisfy all matchers, at most `limit`. */
  select(matchers: readonly Matcher[], limit: number): readonly Series[];
  labelNames(): readonly string[];
  labelValues(name: string, limit: number): readonly string[];
  readonly size: number;
  readonly limit: number;
}

export interface AppendResult {
  /** Samples written; those behind their series' last one count too, and are marked. */
  readonly stored: number;
  /** Of those, samples behind their series' last one: stored, not to be scored. */
  readonly outOfOrder: number;
  /** Same series, same time, same value as one that is there: left out. */
  readonly duplicates: number;
  /** The position in the write-ahead that this batch has; ascends by commit. */
  readonly position: number;
}

/** Times in ms UTC. All methods reject with an AuspexError. */
export interface MetricStore {
  readonly index: SeriesIndex;
  /** Durable (fsynced) when it resolves. Rejects with STORE_FULL when the disk is nearly full. Callers may have many under way: one commit serves all who wait. */
  append(batch: SampleBatch): Promise<AppendResult>;
  /** Points in [from, to], oldest first, at most `limit` a series (the newest are kept). */
  range(refs: readonly SeriesRef[], from: number, to: number, limit?: number): Promise<readonly SeriesPoints[]>;
  /** Steps that begin in [from, to]; read from rollups where raw points are gone or the step is a multiple of a rollup's. */
  downsample(refs: readonly SeriesRef[], from: number, to: number, stepMs: number): Promise<readonly SeriesRollup[]>;
  /** The newest point of each series within `maxAgeMs` of `at`; missing series are left out. */
  last(refs: readonly SeriesRef[], at: number, maxAgeMs: number): Promise<readonly SeriesPoints[]>;
  /** Everything in the write-ahead behind a position, in order: what a restarted engine replays. */
  replayFrom(
    position: number,
    onBatch: (batch: SampleBatch, position: number) => void | Promise<void>,
  ): Promise<number>;
  /** Tells the store that engine state covers the input up to here, so that it may forget it. */
  acknowledge(position: number): Promise<void>;
  stats(): Promise<MetricStoreStats>;
  close(): Promise<void>;
}

export interface MetricStoreStats {
  readonly seriesCount: number;
  readonly headPoints: number;
  readonly blockPoints: number;
  readonly blockBytes: number;
  readonly writeAheadBytes: number;
  readonly totalBytes: number;
  readonly quotaBytes: number;
  readonly oldestAt: number | null;
  readonly newestAt: number | null;
  /** False while the disk is nearly full: reading works, appending is refused. */
  readonly accepting: boolean;
}

/** Model files: never half written, checked when read. */
export interface ModelStore {
  save(
    metadata: Omit<ModelMetadata, 'version' | 'checksum' | 'sizeBytes' | 'status' | 'fault'>,
    bytes: Uint8Array,
  ): Promise<ModelMetadata>;
  /** The serving version's bytes, or undefined. A damaged file is set aside, named in the metadata, and the version before it serves. */
  load(
    name: string,
    entityId: string,
  ): Promise<{ readonly metadata: ModelMetadata; readonly bytes: Uint8Array } | undefined>;
  list(): Promise<readonly ModelMetadata[]>;
  /** Makes an earlier version serve again. */
  promote(name: string, entityId: string, version: number): Promise<ModelMetadata>;
}

/** What a collector gives out. `labels` of one emission are resolved by the receiver. */
export interface Emission {
  readonly labels: Labels;
  readonly kind: SeriesKind;
  readonly at: number;
  readonly value: number;
  /** The series ends here: write the staleness marker by its bits (`writeStaleMarker`); `value` is NaN and means nothing. */
  readonly stale?: true;
}

export type CollectorEvent =
  | {
      readonly kind: 'samples';
      readonly samples: readonly Emission[];
      /** They are made up for: of a time before, told by one who is well now. */
      readonly isPast?: true;
    }
  | {
      readonly kind: 'entity';
      readonly entity: Pick<Entity, 'kind' | 'name' | 'timeZone' | 'aliases' | 'attributes'> & {
        readonly stableId: string;
      };
    }
  | {
      /** What was changed on the collector's own host. */
      readonly kind: 'changes';
      readonly changes: readonly SeenChange[];
    }
  | {
      readonly kind: 'event';
      readonly at: number;
      readonly type: 'reboot' | 'resume' | 'clock-step' | 'gap';
      readonly detail: string;
    };

export interface CollectorHealth {
  readonly name: string;
  readonly state: 'ok' | 'degraded' | 'failed' | 'stopped';
  readonly since: number;
  /** What could not be read and why, one line each. */
  readonly problems: readonly string[];
  readonly lastCollectionAt: number | null;
  readonly lastDurationMs: number | null;
  readonly samplesPerCollection: number;
}

export interface Collector {
  readonly name: string;
  /** Runs until the signal; waits for `emit` before it collects again (back-pressure). */
  start(emit: (event: CollectorEvent) => Promise<void>, signal: AbortSignal): Promise<void>;
  health(): CollectorHealth;
}

/** A record on the agent's disk, waiting for delivery. */
export interface SpoolRecord {
  readonly id: string;
  readonly bytes: Uint8Array;
}

export interface SpoolStats {
  readonly records: number;
  readonly bytes: number;
  /** Records given up since start because the quota was reached, oldest first. */
  readonly dropped: number;
  /** Records set aside since start because their checksum was wrong. */
  readonly damaged: number;
}

/** What an agent has to deliver, on disk, in order. Records survive a kill; one that was half written is gone as if never appended. */
export interface Spool {
  /** Durable (fsynced) when it resolves; the id. When the quota is reached, the oldest records are dropped and counted. */
  append(bytes: Uint8Array): Promise<string>;
  /** The `n` oldest records, oldest first; they stay until removed. */
  peek(n: number): Promise<readonly SpoolRecord[]>;
  remove(ids: readonly string[]): Promise<void>;
  stats(): SpoolStats;
}
