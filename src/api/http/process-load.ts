import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../../model/index.ts';
import { metrics } from '../../telemetry/metrics.ts';

const SAMPLE_MS = 10_000;
/** Readings kept: a minute's worth. */
const KEPT = 7;
/** Coarse, so that watching costs nothing; a delay that a person notices is longer. */
const RESOLUTION_MS = 50;

export interface ProcessReading {
  readonly residentBytes: number;
  /** Share of one core over the last minute. */
  readonly cpuRatio: number;
  readonly loopDelayP99Ms: number;
  readonly heapBytes: number;
}

/** Watches this process: memory, CPU of the last minute, delay of the event loop. Also tells Auspex's own metrics the delay. */
export class ProcessLoad {
  readonly #clock: Clock;
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #readings: { readonly at: number; readonly cpuMs: number }[] = [];
  #p99Ms = 0;
  #rounds = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#delay.enable();
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delay.disable();
  }

  read(): ProcessReading {
    const memory = process.memoryUsage();
    const first = this.#readings[0];
    const spanMs = first === undefined ? 0 : this.#clock.monotonic() - first.at;
    return {
      residentBytes: memory.rss,
      heapBytes: memory.heapUsed,
      cpuRatio: first === undefined || spanMs <= 0 ? 0 : (cpuMs() - first.cpuMs) / spanMs,
      loopDelayP99Ms: Math.max(this.#p99Ms, this.#p99Now()),
    };
  }

  #sample(): void {
    this.#readings.push({ at: this.#clock.monotonic(), cpuMs: cpuMs() });
    if (this.#readings.length > KEPT) this.#readings.shift();
    if (++this.#rounds % (KEPT - 1) === 0) {
      this.#p99Ms = this.#p99Now();
      this.#delay.reset();
    }
    metrics.loopDelaySeconds.set(Math.max(this.#p99Ms, this.#p99Now()) / 1000);
  }

  /** The histogram counts the whole distance between two of its ticks. */
  #p99Now(): number {
    const ms = this.#delay.percentile(99) / 1e6 - RESOLUTION_MS;
    return Number.isFinite(ms) ? Math.max(0, ms) : 0;
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
