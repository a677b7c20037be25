import { Worker } from 'node:worker_threads';
import type { SeriesDefinition } from '../detect/detector.ts';
import { AuspexError } from '../errors.ts';
import { type SampleBatch, shardOf } from '../model/index.ts';
import type { DetectionPort, DetectionProgress, ShardSnapshot } from './detection-port.ts';
import type { ShardCalls, ShardOptions } from './detection-shard.ts';
import type { TaskPool } from './task-pool.ts';
import type { ExpectedBand } from './engine-view.ts';
import type { EntityEventType, FromThread, ToThread } from './thread-messages.ts';

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
}

/**
 * Detectors on worker threads. Every batch goes to every thread, in shared memory and uncopied; a thread passes over the
 * series that were not defined to it, which costs it one array read a sample.
 */
export class DetectionThreads implements DetectionPort {
  readonly threads: number;
  readonly #threads: Thread[];
  readonly #onProgress: (progress: DetectionProgress) => void;
  readonly #onFailure: (error: AuspexError) => void;
  #nextId = 1;
  #nextTask = 0;
  #closing = false;

  constructor(options: {
    threads: number;
    intervalMs: number;
    /** One a thread, or none of them. */
    snapshots: readonly (Uint8Array | null)[];
    onProgress: (progress: DetectionProgress) => void;
    onFailure: (error: AuspexError) => void;
  }) {
    this.threads = options.threads;
    this.#onProgress = options.onProgress;
    this.#onFailure = options.onFailure;
    this.#threads = Array.from({ length: options.threads }, (_, i) =>
      this.#start(i, { intervalMs: options.intervalMs, snapshot: options.snapshots[i] ?? null }),
    );
  }

  define(series: readonly SeriesDefinition[]): void {
    if (this.threads === 1) return this.#post(0, { kind: 'define', series });
    const parts: SeriesDefinition[][] = this.#threads.map(() => []);
    for (const one of series) parts[this.#threadOf(one.entityId)]?.push(one);
    parts.forEach((part, i) => {
      if (part.length > 0) this.#post(i, { kind: 'define', series: part });
    });
  }

  advance(batch: SampleBatch, position: number, receivedAt: number): void {
    for (let i = 0; i < this.threads; i++) this.#post(i, { kind: 'advance', batch, position, receivedAt });
  }

  async advanceTime(now: number): Promise<void> {
    await Promise.all(this.#threads.map((_, i) => this.#call(i, 'advanceTime', [now])));
  }

  markEvent(entityId: string, at: number, type: EntityEventType): void {
    this.#post(this.#threadOf(entityId), { kind: 'event', entityId, at, type });
  }

  expected(entityId: string, refs: readonly number[]): Promise<readonly ExpectedBand[]> {
    return this.#call(this.#threadOf(entityId), 'expected', [refs]);
  }

  learning(entityId: string): Promise<string | null> {
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
  run: TaskPool['run'] = (name, argument) =>
    this.#call(this.#nextTask++ % this.threads, 'task', [name, argument]) as never;

  async snapshot(): Promise<readonly ShardSnapshot[]> {
    return Promise.all(
      this.#threads.map(async (_, thread) => ({ thread, ...(await this.#call(thread, 'snapshot', [])) })),
    );
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #start(index: number, workerData: ShardOptions): Thread {
    // The product runs from compiled .js, tests from .ts: a URL in a string is not rewritten by the compiler.
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./detection-thread.${ending}`, import.meta.url), {
      workerData,
      // Nobody else reads the snapshot: with many series it is too large to be held twice.
      transferList: ownMemory(workerData.snapshot),
      name: `detection-${index}`,
      resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 2048 },
    });
    const waiting = new Map<number, Waiting>();
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'progress') return this.#onProgress(message.progress);
      const caller = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.kind === 'failed') caller?.reject(new AuspexError('INTERNAL', message.message));
      else caller?.resolve(message.value as never);
    });
    const ended = (cause: unknown): void => {
      const error = new AuspexError(
        'INTERNAL',
        `Detection thread ${index} ended${cause instanceof Error ? `: ${cause.message}` : ''}.`,
        { cause },
      );
      for (const caller of waiting.values()) caller.reject(error);
      waiting.clear();
      if (!this.#closing) this.#onFailure(error);
    };
    worker.on('error', ended);
    worker.on('exit', (code) => {
      if (code !== 0) ended(undefined);
    });
    return { worker, waiting };
  }

  #threadOf(entityId: string): number {
    return shardOf(entityId) % this.threads;
  }

  #post(thread: number, message: ToThread): void {
    this.#threads[thread]?.worker.postMessage(message);
  }

  #call<K extends keyof ShardCalls>(
    thread: number,
    method: K,
    args: Parameters<ShardCalls[K]>,
  ): Promise<ReturnType<ShardCalls[K]>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#threads[thread]?.waiting.set(id, { resolve, reject });
      this.#post(thread, { kind: 'call', id, method, args });
    });
  }
}

/** The memory of bytes that fill it; what is a part of a larger memory is copied. */
function ownMemory(bytes: Uint8Array | null): ArrayBuffer[] {
  return bytes !== null && bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
    ? [bytes.buffer]
    : [];
}
