import { chmod, mkdir } from 'node:fs/promises';
import { AuspexError } from '../errors.ts';
import type { Clock, Labels, ModelStore, RecordStore } from '../model/index.ts';
import type { KeyRing } from '../platform/secrets.ts';
import type { Logger } from '../telemetry/log.ts';
import { metrics } from '../telemetry/metrics.ts';
import { FileModelStore } from './model-files.ts';
import { PointStore } from './point-store.ts';
import type { ReaderRequests, Retention, ThreadMessage, WriterOptions, WriterRequests } from './protocol.ts';
import { HALF_CAPACITY } from './recent-buffer.ts';
import { openSqliteRecords, type SqliteRecords } from './records/open-records.ts';
import { salvageWords, type TableSalvage } from './salvage.ts';
import { MemorySeriesIndex } from './series-index.ts';
import { ThreadLink } from './thread-link.ts';

const HOUSEKEEPING_MS = 30_000;
const MOST_PROBLEMS = 100;

export interface StoreOptions {
  readonly home: string;
  readonly limits: {
    readonly series: number;
    /** Bytes of everything that the store keeps; beyond, the oldest blocks go. */
    readonly quotaBytes: number;
    /** Below this many free bytes on the disk nothing is taken in. */
    readonly minFreeBytes: number;
  };
  readonly retention: Retention & { readonly recordsMs: number };
  /** False: acknowledged means handed to the operating system, which a power cut can lose. Default true. */
  readonly fsync?: boolean;
  readonly clock: Clock;
  readonly entityOf: (labels: Labels) => string;
  /** Called with the records before the series are loaded: who is who must be known when a series asks for its entity. */
  readonly beforeSeries?: (records: RecordStore) => Promise<void>;
  readonly log?: Logger;
  /** Model files are encrypted under it; without it they are not, which is for tests. */
  readonly keys?: KeyRing;
  /** Records on PostgreSQL instead of in the home folder. */
  readonly records?: RecordStore;
  /** Points in one half of the recent buffer; smaller ones are flushed earlier. For tests. */
  readonly bufferPoints?: number;
  /** Makes each commit take longer, as on a slow disk. For tests. */
  readonly commitDelayMs?: number;
}

export interface Stores {
  readonly metrics: PointStore;
  readonly records: RecordStore;
  readonly models: ModelStore;
  /** What is damaged or was lost and why, one line each, newest last. */
  problems(): readonly string[];
  /** What was brought over from records that were damaged, when that happened at this start. */
  readonly salvaged: readonly TableSalvage[] | null;
  /** Walks through all records now, as is done after each start and once a day; what it finds stands in `problems`. */
  verify(): Promise<void>;
  /** Ends when no file but the write-ahead's and the records' changes, and none does until what it gives was called. */
  hold(): Promise<() => Promise<void>>;
  /** One state of a database at another place, copied by the thread that owns it. */
  copy(path: string, copy: string): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Opens the home folder's stores: makes it (0700), locks it, starts the writer and the reader thread and loads the series.
 * Throws STORE_LOCKED, STORE_NEWER, STORE_FAILED. Below a second at 100,000 series, plus what the write-ahead holds.
 */
export async function openStores(options: StoreOptions): Promise<Stores> {
  await makeHome(options.home);
  const problems = new ProblemList(options.log);
  const writer: ThreadLink<WriterRequests> = new ThreadLink('writer-thread', writerOptions(options), onMessage);
  function onMessage(message: ThreadMessage): void {
    if (message.type === 'commit') metrics.commitSeconds.observe(message.ms / 1000);
    if (message.type !== 'problem') return;
    problems.add(message.text);
  }
  const { buffer, nextRef, problems: found } = await writer.ready;
  found.forEach((text) => problems.add(text));
  const hasRecords = options.records === undefined;
  const reader: ThreadLink<ReaderRequests> = new ThreadLink(
    'reader-thread',
    { home: options.home, buffer, hasRecords },
    (message) => {
      if (message.type !== 'problem') return;
      problems.add(message.text);
      // the reader may not rename: the writer owns the files
      if (message.path !== null)
        writer.request('damaged', { path: message.path, reason: message.text }).catch(() => {});
    },
  );
  try {
    await reader.ready;
    const own = hasRecords
      ? await openSqliteRecords(writer, reader, options.retention.recordsMs, (key, text) => problems.add(text, key))
      : null;
    const records = own?.records ?? options.records;
    if (records === undefined) throw new AuspexError('INTERNAL', 'There are no records.');
    const salvaged = own?.salvaged ?? null;
    if (salvaged !== null) problems.add(`Of the damaged records: ${salvageWords(salvaged)}`);
    await options.beforeSeries?.(records);
    const index = new MemorySeriesIndex(options.limits.series, options.entityOf);
    const series = await reader.request('series', null);
    index.load(series.refs, series.kinds, series.labels, nextRef);
    const points = new PointStore(index, options.bufferPoints ?? HALF_CAPACITY, writer, reader);
    const models = new FileModelStore(options.home, options.keys ?? null, records, options.clock, (text) =>
      problems.add(text),
    );
    return assemble({ options, points, records, own, models, writer, reader, problems });
  } catch (error) {
    await stopThreads(writer, reader);
    throw error;
  }
}

function assemble(parts: {
  options: StoreOptions;
  points: PointStore;
  records: RecordStore;
  own: SqliteRecords | null;
  models: ModelStore;
  writer: ThreadLink<WriterRequests>;
  reader: ThreadLink<ReaderRequests>;
  problems: ProblemList;
}): Stores {
  const { options, points, records, own, models, writer, reader, problems } = parts;
  const keepHouse = (): void => {
    points
      .housekeep(options.clock.now())
      .catch((error: unknown) => options.log?.warn({ error }, 'store housekeeping failed'));
  };
  const timer = setInterval(keepHouse, HOUSEKEEPING_MS).unref();
  keepHouse();
  let closing: Promise<void> | null = null;
  return {
    metrics: points,
    records,
    models,
    problems: () => problems.all(),
    salvaged: own?.salvaged ?? null,
    async verify() {
      await own?.verify();
    },
    async hold() {
      await writer.request('hold', null);
      return async () => void (await writer.request('resume', null));
    },
    copy: (path, copy) => writer.request('copy', { path, copy }),
    close() {
      clearInterval(timer);
      closing ??= records.close().then(() => stopThreads(writer, reader));
      return closing;
    },
  };
}

async function stopThreads(writer: ThreadLink<WriterRequests>, reader: ThreadLink<ReaderRequests>): Promise<void> {
  // the reader first: the last connection to a file is the one that may tidy its log away
  await reader.request('close', null).catch(() => {});
  await reader.exited();
  await writer.request('close', null).catch(() => {});
  await writer.exited();
}

async function makeHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await chmod(home, 0o700);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AuspexError('STORE_FAILED', `The home folder ${home} cannot be made: ${reason}.`, { cause });
  }
}

function writerOptions(options: StoreOptions): WriterOptions {
  const { rawMs, fiveMinuteMs, hourMs } = options.retention;
  return {
    home: options.home,
    fsync: options.fsync ?? true,
    quotaBytes: options.limits.quotaBytes,
    minFreeBytes: options.limits.minFreeBytes,
    retention: { rawMs, fiveMinuteMs, hourMs },
    halfCapacity: options.bufferPoints ?? HALF_CAPACITY,
    commitDelayMs: options.commitDelayMs ?? 0,
    hasRecords: options.records === undefined,
  };
}

class ProblemList {
  readonly #log: Logger | undefined;
  readonly #texts = new Map<string, string>();

  constructor(log: Logger | undefined) {
    this.#log = log;
  }

  /** What has the same key takes the place of what was said before. */
  add(text: string, key = text): void {
    if (this.#texts.get(key) === text) return;
    this.#log?.error(text);
    this.#texts.delete(key);
    this.#texts.set(key, text);
    const [oldest] = this.#texts.keys();
    if (this.#texts.size > MOST_PROBLEMS && oldest !== undefined) this.#texts.delete(oldest);
  }

  all(): readonly string[] {
    return [...this.#texts.values()];
  }
}
