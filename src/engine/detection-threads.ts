import { Worker } from 'node:worker_threads';
import type { SeriesDefinition } from '../detect/detector.ts';
import { AuspexError } from '../errors.ts';
import { type SampleBatch, shardOf } from '../model/index.ts';
import { PendingCalls } from '../pending-calls.ts';
import type { DetectionPort, DetectionProgress, Revival, ShardSnapshot } from './detection-port.ts';
import type { ShardCalls, ShardOptions } from './detection-shard.ts';
import type { TaskPool } from './task-pool.ts';
import type { ExpectedBand } from './engine-view.ts';
import type { EntityEventType, FromThread, ToThread } from './thread-messages.ts';
import type { TrainingEntry } from './training-calendar.ts';

/** In place of what is expected, where nobody knows. */
const FAILED = 'detection has failed: see Status, and restart Auspex';

/** A thread that ends more often than this within the time stays ended: its input or state kills it. */
const RESTARTS = 3;
const RESTARTS_WITHIN_MS = 600_000;

interface Thread {
  readonly worker: Worker;
  readonly calls: PendingCalls;
  /** Samples handed over and not scored yet. */
  waiting: number;
}

/**
 * Detectors on worker threads. Every batch goes to every thread, in shared memory and uncopied; a thread passes over the
 * series that were not defined to it, which costs it one array read a sample.
 */
export class DetectionThreads implements DetectionPort {
  readonly threads: number;
  readonly #threads: Thread[];
  readonly #onProgress: (progress: DetectionProgress) => void;
  readonly #onFailure: (error: AuspexError, isRestarted: boolean) => void;
  readonly #revive: (thread: number) => Promise<Revival>;
  readonly #intervalMs: number;
  /** When threads ended unexpectedly, of late. */
  readonly #ends: number[][];
  #calendar: readonly TrainingEntry[] = [];
  #asked: readonly string[] = [];
  #nextTask = 0;
  #closing = false;

  constructor(options: {
    threads: number;
    intervalMs: number;
    /** One a thread, or none of them. */
    snapshots: readonly (Uint8Array | null)[];
    onProgress: (progress: DetectionProgress) => void;
    /** A thread has ended; it is started again unless that happens too often. */
    onFailure: (error: AuspexError, isRestarted: boolean) => void;
    revive: (thread: number) => Promise<Revival>;
  }) {
    this.threads = options.threads;
    this.#onProgress = options.onProgress;
    this.#onFailure = options.onFailure;
    this.#revive = options.revive;
    this.#intervalMs = options.intervalMs;
    this.#ends = Array.from({ length: options.threads }, () => []);
    this.#threads = this.#ends.map((_, i) => this.#start(i, options.snapshots[i] ?? null));
  }

  define(series: readonly SeriesDefinition[]): void {
    if (this.threads === 1) return this.#post(0, { kind: 'define', series });
    const parts: SeriesDefinition[][] = this.#threads.map(() => []);
    for (const one of series) parts[this.#threadOf(one.entityId)]?.push(one);
    parts.forEach((part, i) => {
      if (part.length > 0) this.#post(i, { kind: 'define', series: part });
    });
  }

  setCalendar(entries: readonly TrainingEntry[]): void {
    this.#calendar = entries;
    for (const i of this.#threads.keys()) this.#post(i, { kind: 'calendar', entries });
  }

  setAsked(metrics: readonly string[]): void {
    this.#asked = metrics;
    for (const i of this.#threads.keys()) this.#post(i, { kind: 'asked', metrics });
  }

  advance(batch: SampleBatch, position: number, receivedAt: number): void {
    this.#threads.forEach((thread, i) => {
      thread.waiting += batch.count;
      if (thread.calls.fault === null) this.#post(i, { kind: 'advance', batch, position, receivedAt });
      else this.#passOver(thread);
    });
  }

  /** A thread that has failed is passed over: thresholds and the other threads go on. */
  async advanceTime(now: number): Promise<void> {
    await Promise.all(this.#alive().map((i) => this.#call(i, 'advanceTime', [now])));
  }

  async settled(): Promise<void> {
    // A thread answers in the order in which it was asked.
    await Promise.all(this.#alive().map((i) => this.#call(i, 'settled', [])));
  }

  #alive(): number[] {
    return [...this.#threads.keys()].filter((i) => this.#threads[i]?.calls.fault === null);
  }

  markEvent(entityId: string, at: number, type: EntityEventType): void {
    this.#post(this.#threadOf(entityId), { kind: 'event', entityId, at, type });
  }

  async expected(entityId: string, refs: readonly number[]): Promise<readonly ExpectedBand[]> {
    if (this.#hasFailed(entityId)) return refs.map(() => ({ mean: null, lower: null, upper: null, learning: FAILED }));
    return this.#call(this.#threadOf(entityId), 'expected', [refs]);
  }

  async learning(entityId: string): Promise<string | null> {
    if (this.#hasFailed(entityId)) return FAILED;
    return this.#call(this.#threadOf(entityId), 'learning', [entityId]);
  }

  feedback(...args: Parameters<ShardCalls['feedback']>): Promise<void> {
    return this.#call(this.#threadOf(args[0]), 'feedback', args);
  }

  trainEntityModel(entityId: string): Promise<ReturnType<ShardCalls['trainEntityModel']>> {
    return this.#call(this.#threadOf(entityId), 'trainEntityModel', [entityId]);
  }

  setModel(entityId: string, bytes: Uint8Array): Promise<void> {
    return this.#call(this.#threadOf(entityId), 'setModel', [entityId, bytes]);
  }

  /** In turn on each thread, so that a long one holds up one shard's scoring only now and then. */
  run: TaskPool['run'] = (name, argument) => {
    for (let i = 0; i < this.threads && this.#threads[this.#nextTask % this.threads]?.calls.fault !== null; i++)
      this.#nextTask++;
    return this.#call(this.#nextTask++ % this.threads, 'task', [name, argument]) as never;
  };

  async snapshot(): Promise<readonly ShardSnapshot[]> {
    return Promise.all(
      this.#threads.map(async (_, thread) => ({ thread, ...(await this.#call(thread, 'snapshot', [])) })),
    );
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #start(index: number, snapshot: Uint8Array | null): Thread {
    // The product runs from compiled .js, tests from .ts: a URL in a string is not rewritten by the compiler.
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./detection-thread.${ending}`, import.meta.url), {
      workerData: { intervalMs: this.#intervalMs, snapshot } satisfies ShardOptions,
      // Nobody else reads the snapshot: with many series it is too large to be held twice.
      transferList: ownMemory(snapshot),
      name: `detection-${index}`,
      resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 2048 },
    });
    const thread: Thread = { worker, calls: new PendingCalls(), waiting: 0 };
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'progress') {
        thread.waiting -= message.progress.samples;
        this.#onProgress(message.progress);
      } else if (message.kind === 'failed')
        thread.calls.reject(message.id, new AuspexError('INTERNAL', message.message));
      else thread.calls.resolve(message.id, message.value);
    });
    worker.on('error', (cause) => this.#ended(index, thread, cause));
    worker.on('exit', (code) => {
      if (code !== 0) this.#ended(index, thread, undefined);
    });
    return thread;
  }

  #ended(index: number, thread: Thread, cause: unknown): void {
    if (thread.calls.fault !== null) return;
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    const error = new AuspexError('INTERNAL', `Detection thread ${index} ended${why}.`, { cause });
    thread.calls.fail(error);
    if (this.#closing) return;
    this.#passOver(thread);
    const now = performance.now();
    const ends = (this.#ends[index] ?? []).filter((at) => now - at < RESTARTS_WITHIN_MS);
    this.#ends[index] = [...ends, now];
    const isRestarted = ends.length < RESTARTS;
    this.#onFailure(error, isRestarted);
    // The last time without the state: it may be what kills the thread.
    if (isRestarted) void this.#restart(index, ends.length < RESTARTS - 1);
  }

  async #restart(index: number, withState: boolean): Promise<void> {
    const { snapshot, series } = await this.#revive(index);
    if (this.#closing) return;
    this.#threads[index] = this.#start(index, withState ? snapshot : null);
    this.#post(index, { kind: 'calendar', entries: this.#calendar });
    this.#post(index, { kind: 'asked', metrics: this.#asked });
    const own = series().filter(({ entityId }) => this.#threadOf(entityId) === index);
    this.#post(index, { kind: 'define', series: own });
  }

  /** Nobody waits for what a thread that has ended will not score. */
  #passOver(thread: Thread): void {
    const samples = thread.waiting;
    thread.waiting = 0;
    this.#onProgress({ position: -1, samples, receivedAt: Number.POSITIVE_INFINITY, events: [] });
  }

  #threadOf(entityId: string): number {
    return shardOf(entityId) % this.threads;
  }

  #hasFailed(entityId: string): boolean {
    return this.#threads[this.#threadOf(entityId)]?.calls.fault !== null;
  }

  #post(thread: number, message: ToThread): void {
    this.#threads[thread]?.worker.postMessage(message);
  }

  #call<K extends keyof ShardCalls>(
    thread: number,
    method: K,
    args: Parameters<ShardCalls[K]>,
  ): Promise<ReturnType<ShardCalls[K]>> {
    const { calls } = this.#threads[thread] as Thread;
    return calls.make((id) => this.#post(thread, { kind: 'call', id, method, args }));
  }
}

/** The memory of bytes that fill it; what is a part of a larger memory is copied. */
function ownMemory(bytes: Uint8Array | null): ArrayBuffer[] {
  return bytes !== null && bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
    ? [bytes.buffer]
    : [];
}
