import type { SeriesDefinition } from '../detect/detector.ts';
import { AuspexError } from '../errors.ts';
import type { AppendResult, Clock, Emission, MetricStore, SampleBatch, Series } from '../model/index.ts';
import { writeStaleMarker } from '../model/index.ts';
import type { DetectionPort, DetectionProgress } from './detection-port.ts';

/** Samples that may wait to be scored before senders are held, and how long a sender is held before it is sent away. */
const WAITING_LIMIT = 2_000_000;
const HOLD_MS = 5_000;
const RATE_WINDOW_MS = 10_000;

export interface IngestStats {
  readonly samplesPerSecond: number;
  readonly waiting: number;
  readonly scoreLagMs: number;
  readonly refused: number;
}

/**
 * The one way in for samples: durable first, then scored, in the order of the write-ahead. Bounded: when scoring falls
 * behind, senders wait here, and past that are told to come back.
 */
export class IngestGate {
  readonly #metrics: MetricStore;
  readonly #detection: DetectionPort;
  readonly #clock: Clock;
  readonly #threads: number;
  readonly #onSeries: (series: Series) => SeriesDefinition;
  readonly #onBatch: (source: string, batch: SampleBatch, result: AppendResult | null) => void;
  #nextRef = 0;
  #handedOut = 0;
  #scored = 0;
  #scoreLagMs = 0;
  #refused = 0;
  #waiters: (() => void)[] = [];
  readonly #recent: { at: number; samples: number }[] = [];

  constructor(options: {
    metrics: MetricStore;
    detection: DetectionPort;
    clock: Clock;
    threads: number;
    /** Told of every new series before its first sample; gives what the detectors need to know of it. */
    onSeries: (series: Series) => SeriesDefinition;
    onBatch: (source: string, batch: SampleBatch, result: AppendResult | null) => void;
  }) {
    this.#metrics = options.metrics;
    this.#detection = options.detection;
    this.#clock = options.clock;
    this.#threads = options.threads;
    this.#onSeries = options.onSeries;
    this.#onBatch = options.onBatch;
  }

  async ingest(source: string, batch: SampleBatch): Promise<AppendResult> {
    if (this.#waiting() > WAITING_LIMIT) await this.#hold(batch.count);
    const receivedAt = this.#clock.now();
    const result = await this.#metrics.append(batch);
    this.#hand(source, batch, result, receivedAt);
    return result;
  }

  /** As ingest, but what the disk has no room for is still looked at: a full disk is just what must be reported. */
  async ingestOwn(source: string, emissions: readonly Emission[]): Promise<void> {
    const batch = this.toBatch(emissions);
    try {
      await this.ingest(source, batch);
    } catch (error) {
      if (!(error instanceof AuspexError) || (error.code !== 'STORE_FULL' && error.code !== 'STORE_FAILED'))
        throw error;
      this.#refused += batch.count;
      this.#hand(source, batch, null, this.#clock.now());
    }
  }

  toBatch(emissions: readonly Emission[]): SampleBatch {
    const n = emissions.length;
    const refs = new Uint32Array(new SharedArrayBuffer(n * 4));
    const times = new Float64Array(new SharedArrayBuffer(n * 8));
    const values = new Float64Array(new SharedArrayBuffer(n * 8));
    let count = 0;
    for (const emission of emissions) {
      const ref = this.#metrics.index.resolve(emission.labels, emission.kind);
      if (ref < 0) {
        this.#refused++;
        continue;
      }
      refs[count] = ref;
      times[count] = emission.at;
      if (emission.stale === true) writeStaleMarker(values, count);
      else values[count] = emission.value;
      count++;
    }
    return { count, refs, times, values };
  }

  /** What is in the write-ahead behind a restored snapshot: scored again, stored already. */
  replay(batch: SampleBatch, position: number): void {
    this.#defineNew();
    this.#handedOut += batch.count * this.#threads;
    this.#detection.advance(batch, position, this.#clock.now());
  }

  progressed(progress: DetectionProgress): void {
    this.#scored += progress.samples;
    if (progress.samples > 0) this.#scoreLagMs = Math.max(0, this.#clock.now() - progress.receivedAt);
    if (this.#waiters.length > 0 && this.#waiting() < WAITING_LIMIT / 2) {
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const wake of waiters) wake();
    }
  }

  stats(): IngestStats {
    const from = this.#clock.now() - RATE_WINDOW_MS;
    while (this.#recent.length > 0 && (this.#recent[0]?.at ?? 0) < from) this.#recent.shift();
    const total = this.#recent.reduce((sum, entry) => sum + entry.samples, 0);
    return {
      samplesPerSecond: total / (RATE_WINDOW_MS / 1000),
      waiting: this.#waiting(),
      scoreLagMs: this.#waiting() === 0 ? 0 : this.#scoreLagMs,
      refused: this.#refused,
    };
  }

  /** Makes all series known that the store brought along; before the first sample. */
  defineStored(): void {
    const stored = this.#metrics.index.select([], Number.MAX_SAFE_INTEGER);
    for (const { ref } of stored) if (ref >= this.#nextRef) this.#nextRef = ref + 1;
    this.#detection.define(stored.map((series) => this.#onSeries(series)));
  }

  /** Tells the detectors of series that came into being since the last call: their numbers follow one another. */
  #defineNew(): void {
    const { index } = this.#metrics;
    const fresh: SeriesDefinition[] = [];
    for (let series = index.get(this.#nextRef); series !== undefined; series = index.get(++this.#nextRef))
      fresh.push(this.#onSeries(series));
    if (fresh.length > 0) this.#detection.define(fresh);
  }

  #hand(source: string, batch: SampleBatch, result: AppendResult | null, receivedAt: number): void {
    this.#defineNew();
    this.#onBatch(source, batch, result);
    this.#handedOut += batch.count * this.#threads;
    this.#detection.advance(batch, result?.position ?? -1, receivedAt);
    const last = this.#recent.at(-1);
    if (last !== undefined && receivedAt - last.at < 250) last.samples += batch.count;
    else this.#recent.push({ at: receivedAt, samples: batch.count });
  }

  #waiting(): number {
    return Math.max(0, Math.round((this.#handedOut - this.#scored) / this.#threads));
  }

  async #hold(count: number): Promise<void> {
    const started = this.#clock.monotonic();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, HOLD_MS);
    });
    await Promise.race([timeout, new Promise<void>((resolve) => this.#waiters.push(resolve))]);
    clearTimeout(timer);
    if (this.#clock.monotonic() - started >= HOLD_MS) {
      this.#refused += count;
      throw new AuspexError(
        'TOO_BUSY',
        `${this.#waiting()} samples wait to be scored, the limit is ${WAITING_LIMIT}.`,
        { data: { retryAfterSeconds: 5 } },
      );
    }
  }
}
