import type { SQLInputValue } from 'node:sqlite';
import type { ErrorCode } from '../errors.ts';
import type { AppendResult, MetricStoreStats } from '../model/index.ts';
import type { RecentBuffer } from './recent-buffer.ts';
import type { TableSalvage } from './salvage.ts';

/* What crosses between the main thread and the store's two threads. Requests are numbered; answers carry the number. */

export interface PlainError {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly data: Record<string, string | number | boolean>;
}

export interface Retention {
  readonly rawMs: number;
  readonly fiveMinuteMs: number;
  readonly hourMs: number;
}

export interface WriterOptions {
  readonly home: string;
  readonly fsync: boolean;
  readonly quotaBytes: number;
  readonly minFreeBytes: number;
  readonly retention: Retention;
  /** Points in one half of the recent buffer. */
  readonly halfCapacity: number;
  /** For tests: how much longer each commit takes, as on a slow disk. */
  readonly commitDelayMs: number;
  readonly hasRecords: boolean;
}

export interface ReaderOptions {
  readonly home: string;
  readonly buffer: RecentBuffer['shared'];
  readonly hasRecords: boolean;
}

export interface PlainBatch {
  readonly count: number;
  readonly refs: Uint32Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** A series' definition on its way to disk: its number is its place behind `firstRef`. */
export interface NewSeries {
  readonly firstRef: number;
  readonly kinds: readonly number[];
  readonly labels: readonly string[];
}

export interface SqlResult {
  readonly rows: Record<string, unknown>[];
  readonly changes: number;
}

/** Requests to the writer thread by name: what they take and what they give. */
export interface WriterRequests {
  append: [{ batch: PlainBatch; series: NewSeries | null }, AppendResult];
  acknowledge: [{ position: number }, null];
  stats: [null, Omit<MetricStoreStats, 'seriesCount'>];
  /** Does at `now` what the timer would do: flush when `flush`, merge, roll up, expire. */
  housekeep: [{ now: number | null; flush: boolean }, null];
  damaged: [{ path: string; reason: string }, null];
  /** Ends once no task works on the files; none begins until `resume`. */
  hold: [null, null];
  resume: [null, null];
  /** One state of a database at another place, for a backup. */
  copy: [{ path: string; copy: string }, boolean];
  sql: [{ sql: string; parameters: SQLInputValue[] }, SqlResult];
  /** Once the tables are there: brings over what a damaged file held, if one was set aside, and notes how the schema reads. */
  settleRecords: [null, readonly TableSalvage[] | null];
  close: [null, null];
}

/** Requests to the reader thread. */
export interface ReaderRequests {
  series: [null, { kinds: Uint8Array; labels: string[]; refs: Uint32Array }];
  range: [{ refs: Uint32Array; from: number; to: number; limit: number }, PlainPoints[]];
  last: [{ refs: Uint32Array; at: number; maxAgeMs: number }, PlainPoints[]];
  downsample: [{ refs: Uint32Array; from: number; to: number; stepMs: number }, PlainRollup[]];
  writeAhead: [{ position: number; limit: number }, { position: number; batch: PlainBatch }[]];
  sql: [{ sql: string; parameters: SQLInputValue[] }, SqlResult];
  close: [null, null];
}

export interface PlainPoints {
  readonly ref: number;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

export interface PlainRollup {
  readonly ref: number;
  readonly stepMs: number;
  readonly times: Float64Array;
  readonly count: Float64Array;
  readonly sum: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly last: Float64Array;
  readonly increase: Float64Array;
}

export interface Request {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

export type ThreadMessage =
  | {
      readonly type: 'ready';
      readonly buffer: RecentBuffer['shared'] | null;
      /** The number of the next new series; 0 from the reader. */
      readonly nextRef: number;
      readonly problems: string[];
    }
  | { readonly type: 'failed'; readonly error: PlainError }
  | { readonly type: 'answers'; readonly answers: readonly Answer[] }
  | { readonly type: 'problem'; readonly text: string; readonly path: string | null }
  | { readonly type: 'commit'; readonly ms: number };

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: PlainError };
