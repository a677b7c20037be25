import { setTimeout as delay } from 'node:timers/promises';
import { AuspexError } from '../../errors.ts';
import type { Clock, Collector, CollectorEvent, CollectorHealth } from '../../model/index.ts';
import type { Logger } from '../../telemetry/log.ts';
import { systemStatfs } from './filesystem.ts';
import { createLinuxSampler, type Sampler } from './linux-sampler.ts';

export const SHORTEST_INTERVAL_MS = 1_000;
export const LONGEST_INTERVAL_MS = 300_000;
export const DEFAULT_INTERVAL_MS = 10_000;

export interface HostCollectorOptions {
  /** 1–300 s. */
  readonly intervalMs?: number;
  /** The `instance` label; the host's name by default. */
  readonly instance?: string;
  readonly clock: Clock;
  readonly log?: Logger;
  /** Where /proc, /sys and /etc lie; `/` but for tests. */
  readonly root?: string;
  /** For tests: where samples come from, and waiting. */
  readonly sampler?: Sampler;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface HostCollector extends Collector {
  /** Takes effect at the next tick. */
  setIntervalMs(intervalMs: number): void;
}

/**
 * Watches the host it runs on: CPU, memory, disks, network, processes, pressure, in node_exporter's names and units,
 * and the figures of `hostMetrics` derived from them. Linux by its own reader, elsewhere by systeminformation with the
 * derived figures only. Starts no child process on Linux. Ticks lie on multiples of the interval in wall time; a late
 * tick is left out, never made up for.
 * Weak: what happens and ends between two ticks shows only in counters; memory of a process group counts shared pages
 * several times; as an ordinary user other users' I/O is not seen (see `health().problems`).
 * Cost: about 1 ms of CPU and 10 µs a process each tick (`node bench/collector/host.ts`), 20 file descriptors and up to 512 more.
 * Throws CONFIG_INVALID when the interval is out of bounds.
 */
export function createHostCollector(options: HostCollectorOptions): HostCollector {
  return new HostCollectorLoop(options);
}

class HostCollectorLoop implements HostCollector {
  readonly name = 'host';
  readonly #options: HostCollectorOptions;
  readonly #clock: Clock;
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  #intervalMs: number;
  #sampler: Sampler | null = null;
  #state: CollectorHealth['state'] = 'stopped';
  #since: number;
  #failure: string | null = null;
  #logged = new Set<string>();
  #lastAt: number | null = null;
  #lastDurationMs: number | null = null;
  #samples = 0;

  constructor(options: HostCollectorOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#sleep = options.sleep ?? sleep;
    this.#intervalMs = checkInterval(options.intervalMs ?? DEFAULT_INTERVAL_MS);
    this.#since = options.clock.now();
  }

  setIntervalMs(intervalMs: number): void {
    this.#intervalMs = checkInterval(intervalMs);
  }

  health(): CollectorHealth {
    const problems = [...(this.#sampler?.problems() ?? []), ...(this.#sampler?.limitations() ?? [])];
    if (this.#failure !== null) problems.unshift(this.#failure);
    return {
      name: this.name,
      state: this.#state,
      since: this.#since,
      problems,
      lastCollectionAt: this.#lastAt,
      lastDurationMs: this.#lastDurationMs,
      samplesPerCollection: this.#samples,
    };
  }

  async start(emit: (event: CollectorEvent) => Promise<void>, signal: AbortSignal): Promise<void> {
    const sampler = this.#options.sampler ?? (await this.#createSampler());
    this.#sampler = sampler;
    try {
      await emit({ kind: 'entity', entity: sampler.identity });
      // The first collection comes at once: it is the base of the second one's rates.
      await this.#collect(sampler, emit, this.#clock.now());
      while (!signal.aborted) {
        const now = this.#clock.now();
        const tick = (Math.floor(now / this.#intervalMs) + 1) * this.#intervalMs;
        await this.#sleep(tick - now, signal);
        if (signal.aborted) break;
        const late = this.#clock.now() - tick;
        // A timer may fire a little early; a sleep cut short by a clock set back is slept again.
        if (late < -this.#intervalMs / 20) continue;
        // Samples a moment late carry the tick's time: regular times cost a tenth to store.
        await this.#collect(sampler, emit, late <= this.#intervalMs / 20 ? tick : this.#clock.now());
      }
    } finally {
      sampler.close();
      this.#enter('stopped');
    }
  }

  async #createSampler(): Promise<Sampler> {
    const { root = '/', instance, clock } = this.#options;
    if (process.platform !== 'linux') {
      const { createPortableSampler } = await import('./portable-sampler.ts');
      return createPortableSampler(clock, instance);
    }
    return createLinuxSampler({
      root: root.endsWith('/') ? root : `${root}/`,
      clock,
      statfs: systemStatfs,
      ownPid: process.pid,
      ...(instance === undefined ? {} : { instance }),
    });
  }

  async #collect(sampler: Sampler, emit: (event: CollectorEvent) => Promise<void>, at: number): Promise<void> {
    const started = this.#clock.monotonic();
    let events: readonly CollectorEvent[];
    try {
      events = await sampler.sample(at, this.#intervalMs);
    } catch (error) {
      this.#failure = `collecting failed: ${error instanceof Error ? error.message : String(error)}`;
      this.#enter('failed');
      this.#options.log?.error({ err: error }, 'The host could not be read');
      return;
    }
    this.#failure = null;
    this.#lastAt = at;
    this.#lastDurationMs = this.#clock.monotonic() - started;
    this.#samples = events.reduce((sum, event) => sum + (event.kind === 'samples' ? event.samples.length : 0), 0);
    const problems = sampler.problems();
    this.#enter(problems.length > 0 ? 'degraded' : 'ok');
    this.#logNew([...problems, ...sampler.limitations()]);
    for (const event of events) await emit(event);
  }

  /** Each problem once, as long as it lasts. */
  #logNew(problems: readonly string[]): void {
    const now = new Set(problems);
    for (const problem of now)
      if (!this.#logged.has(problem)) this.#options.log?.warn({ problem }, 'Not everything of this host can be read');
    this.#logged = now;
  }

  #enter(state: CollectorHealth['state']): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#since = this.#clock.now();
  }
}

function checkInterval(intervalMs: number): number {
  if (intervalMs >= SHORTEST_INTERVAL_MS && intervalMs <= LONGEST_INTERVAL_MS) return Math.round(intervalMs);
  throw new AuspexError(
    'CONFIG_INVALID',
    `the host collector’s interval is ${intervalMs / 1000} s, allowed are 1 to 300 s`,
  );
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  // An abort ends the wait; the loop looks at the signal.
  await delay(Math.max(0, ms), undefined, { signal }).catch(() => undefined);
}
