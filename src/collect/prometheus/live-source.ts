import { setTimeout as delay } from 'node:timers/promises';
import { AuspexError } from '../../errors.ts';
import {
  type Clock,
  type Collector,
  type CollectorEvent,
  type CollectorHealth,
  type Emission,
  formatDuration,
} from '../../model/index.ts';
import { hideSecrets } from '../../telemetry/hide.ts';
import type { PrometheusReader } from './api-reader.ts';
import { SeriesMemory, type Shard } from './series-memory.ts';
import { WindowReader } from './window-reader.ts';

/** How far a source has been read: all that lies before `through`, ms UTC. */
export interface SourceProgress {
  readonly through: number;
  /** The first reading of the past is not over: however old it is, it goes on. */
  readonly isBackfilling: boolean;
}

/** Where that is kept, so that a restart goes on from there. */
export interface SourceState {
  load(): Promise<SourceProgress | undefined>;
  save(progress: SourceProgress): Promise<void>;
}

export interface LiveSourceOptions {
  /** What the configuration calls it. */
  readonly name: string;
  readonly reader: Pick<PrometheusReader, 'read' | 'names' | 'forgetTypes'>;
  readonly selectors: readonly string[];
  readonly intervalMs: number;
  readonly shard: Shard | null;
  /** How much of the past is read at the first start. */
  readonly backfillMs: number;
  /** How much of an outage is made up for. */
  readonly fillMs: number;
  readonly state: SourceState;
  /** What is waited for before the first reading, half a minute at most: who this machine is. */
  readonly isReady?: () => boolean;
  readonly clock: Clock;
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
}

type Emit = (event: CollectorEvent) => Promise<void>;

/** A scrape's samples bear the time of its beginning, and are there once it has ended: 10 s later at most, by default. */
const OVERLAP_MS = 30_000;
const CHUNK_MS = 300_000;
/** So far behind, it is making up: what comes is given in turns, as it once came. */
const MADE_UP_MS = 60_000;
/** And so far, the Status page says so. */
const PAST_MS = 600_000;
const EMISSIONS_AT_ONCE = 20_000;
const READY_MS = 30_000;
const TYPES_MS = 3_600_000;

/**
 * A Prometheus-compatible server as a live source: at each interval the raw samples since the last, at their own times, by an instant
 * query for a range selector. What was missed while either was down is made up for, oldest first, in chunks of five minutes; so is the past
 * before the first start. While it makes up it reads at most half of the time. The series are named as they are stored there, so that
 * they are those that a scrape of our own would give.
 * Weak: a series' end is seen only after five minutes (the API gives no staleness markers); a sample that comes to the server more than
 * 30 s after its time is missed. Costs some 20 µs a series and interval, and 300 bytes.
 */
export class LiveSource implements Collector {
  readonly name: string;
  readonly #options: LiveSourceOptions;
  readonly #window: WindowReader;
  readonly #memory: SeriesMemory;
  #isRunning = false;
  #since: number;
  #fault: string | null = null;
  #gap: string | null = null;
  #typesAt: number;
  #isFailed = false;
  #behindMs = 0;
  #lastAt: number | null = null;
  #lastDurationMs: number | null = null;
  #samples = 0;

  constructor(options: LiveSourceOptions) {
    this.name = `source ${options.name}`;
    this.#options = options;
    this.#window = new WindowReader(options.reader, options.selectors);
    this.#memory = new SeriesMemory(options.shard);
    this.#since = options.clock.now();
    this.#typesAt = this.#since;
  }

  async start(emit: Emit, signal: AbortSignal): Promise<void> {
    const { clock, intervalMs } = this.#options;
    this.#isRunning = true;
    await this.#ready(signal);
    let progress: SourceProgress | null = null;
    while (!signal.aborted) {
      const began = clock.monotonic();
      try {
        progress = await this.#turn(progress ?? (await this.#begin()), emit);
        this.#recovered();
      } catch (thrown) {
        this.#memory.forget();
        // Cut off by our own stop, a request says nothing about the server.
        if (!signal.aborted) this.#failed(thrown);
      }
      const took = clock.monotonic() - began;
      const rest = this.#behindMs > 0 && this.#fault === null ? Math.max(20, took) : Math.max(200, intervalMs - took);
      await delay(Math.min(rest, intervalMs), undefined, { signal }).catch(() => {});
    }
    this.#isRunning = false;
  }

  health(): CollectorHealth {
    const behind = this.#behindMs > PAST_MS ? [`reads the past, ${formatDuration(this.#behindMs)} behind`] : [];
    const problems = [...(this.#fault === null ? [] : [this.#fault]), ...(this.#gap === null ? [] : [this.#gap])];
    const failing = this.#isFailed ? 'failed' : 'degraded';
    return {
      name: this.name,
      state: !this.#isRunning ? 'stopped' : this.#fault !== null ? failing : 'ok',
      since: this.#since,
      problems: [...problems, ...behind],
      lastCollectionAt: this.#lastAt,
      lastDurationMs: this.#lastDurationMs,
      samplesPerCollection: this.#samples,
    };
  }

  async #ready(signal: AbortSignal): Promise<void> {
    const { isReady, clock } = this.#options;
    const end = clock.monotonic() + READY_MS;
    while (isReady?.() === false && !signal.aborted && clock.monotonic() < end)
      await delay(100, undefined, { signal }).catch(() => {});
  }

  /** Where to go on from. */
  async #begin(): Promise<SourceProgress> {
    const { state, clock, backfillMs, intervalMs, fillMs } = this.#options;
    const now = clock.now();
    const kept = await state.load();
    if (kept === undefined) {
      const isBackfilling = backfillMs > 0;
      return { through: now - (isBackfilling ? backfillMs : intervalMs), isBackfilling };
    }
    return this.#withinFill({ through: Math.min(kept.through, now), isBackfilling: kept.isBackfilling }, now, fillMs);
  }

  /** A gap that is too long stays one. */
  #withinFill(progress: SourceProgress, now: number, fillMs: number): SourceProgress {
    if (progress.isBackfilling || now - progress.through <= fillMs) return progress;
    const lost = formatDuration(now - fillMs - progress.through);
    this.#gap = `${lost} before ${new Date(now - fillMs).toISOString()} were not read: longer ago than the ${formatDuration(fillMs)} of fill`;
    this.#options.log.warn({ source: this.#options.name }, this.#gap);
    return { through: now - fillMs, isBackfilling: false };
  }

  /** Reads on: the next chunk of what was missed, or what is new. */
  async #turn(before: SourceProgress, emit: Emit): Promise<SourceProgress> {
    const { clock, state, fillMs } = this.#options;
    const now = clock.now();
    const began = clock.monotonic();
    if (now - this.#typesAt > TYPES_MS) {
      this.#options.reader.forgetTypes();
      this.#typesAt = now;
    }
    const { through, isBackfilling } = this.#withinFill(before, now, fillMs);
    const to = Math.min(now, through + CHUNK_MS);
    // A whole second: that is how exact the length of a range can be written.
    const from = to - Math.ceil((to - through + OVERLAP_MS) / 1000) * 1000;
    for await (const window of this.#window.read(from, to)) this.#memory.take(window);
    const fresh = this.#memory.fresh(to);
    const isPast = now - through > MADE_UP_MS + this.#options.intervalMs;
    const turnMs = isPast ? this.#memory.usualIntervalMs / 2 : Number.POSITIVE_INFINITY;
    for (const samples of turnsOf(fresh, turnMs))
      await emit(isPast ? { kind: 'samples', samples, isPast } : { kind: 'samples', samples });
    const count = fresh.length;
    this.#memory.keep();
    this.#behindMs = Math.max(0, now - to);
    const progress = { through: to, isBackfilling: isBackfilling && to < now };
    if (isBackfilling && !progress.isBackfilling)
      this.#options.log.info({ source: this.#options.name }, 'The past has been read');
    await state.save(progress);
    this.#lastAt = now;
    this.#lastDurationMs = clock.monotonic() - began;
    this.#samples = count;
    return progress;
  }

  #recovered(): void {
    if (this.#fault !== null) {
      this.#since = this.#options.clock.now();
      this.#options.log.info({ source: this.#options.name }, 'The source answers again');
    }
    this.#fault = null;
    this.#isFailed = false;
  }

  #failed(thrown: unknown): void {
    const error = AuspexError.from(thrown);
    const fault = hideSecrets(wordsFor(error));
    if (this.#fault === null) this.#since = this.#options.clock.now();
    if (fault !== this.#fault) this.#options.log.warn({ source: this.#options.name }, `Not read: ${fault}`);
    this.#fault = fault;
    this.#isFailed = true;
  }
}

/** Samples that lie no further apart than this, together: of one moment always all. */
function* turnsOf(samples: readonly Emission[], turnMs: number): Generator<readonly Emission[]> {
  for (let first = 0; first < samples.length; ) {
    const begin = samples[first]?.at ?? 0;
    let end = first + 1;
    while (end < samples.length) {
      const at = samples[end]?.at ?? 0;
      const isFull = end - first >= EMISSIONS_AT_ONCE && at !== samples[end - 1]?.at;
      if (isFull || at - begin >= turnMs) break;
      end++;
    }
    yield samples.slice(first, end);
    first = end;
  }
}

/** What it is and what to do about it. */
function wordsFor(error: AuspexError): string {
  const { status } = error.data;
  if (status === 401 || status === 403) return `${error.message} Check token, user and password of the source.`;
  if (status === 404) return `${error.message} Check the path of its url: Mimir's ends in /prometheus, say.`;
  if (status === 422 || status === 413 || error.code === 'TOO_LARGE')
    return `${error.message} Narrow its select, or raise --query.max-samples at the server.`;
  if (error.code === 'TIMEOUT') return `${error.message} Narrow its select, or raise its timeout.`;
  return error.message;
}
