import { setTimeout as delay } from 'node:timers/promises';
import type { Clock, Collector, CollectorEvent, CollectorHealth, Emission, Labels } from '../../model/index.ts';
import { labelsKey } from '../../model/index.ts';

/** Senders and severities that are counted at once. */
const MOST_SERIES = 10_000;
/** A sender that was silent for so long is gone: its counters end. */
const SILENT_MS = 3_600_000;

interface Counted {
  readonly labels: Labels;
  total: number;
  at: number;
  isStored: boolean;
}

/**
 * How many log records came, by sender and severity: counters that are given out at an even pace, also while nothing comes, so that
 * no errors is a value and not a gap. Begins at nought with the process.
 */
export class LogCounts implements Collector {
  readonly name = 'otlp-logs';
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #counted = new Map<string, Counted>();
  readonly #since: number;
  #isRunning = false;
  #left = 0;
  #lastAt: number | null = null;
  #fault: string | null = null;

  constructor(options: { readonly clock: Clock; readonly intervalMs: number }) {
    this.#clock = options.clock;
    this.#intervalMs = options.intervalMs;
    this.#since = options.clock.now();
  }

  /** Counts records of one sender and severity. */
  add(labels: Labels, count: number): void {
    const key = labelsKey(labels);
    let one = this.#counted.get(key);
    if (one === undefined) {
      if (this.#counted.size >= MOST_SERIES) {
        this.#left += count;
        return;
      }
      this.#counted.set(key, (one = { labels, total: 0, at: 0, isStored: false }));
    }
    one.total += count;
    one.at = this.#clock.now();
  }

  async start(emit: (event: CollectorEvent) => Promise<void>, signal: AbortSignal): Promise<void> {
    this.#isRunning = true;
    while (!signal.aborted) {
      await delay(this.#intervalMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) break;
      await this.#give(emit);
    }
    this.#isRunning = false;
  }

  health(): CollectorHealth {
    const problems = [
      ...(this.#fault === null ? [] : [this.#fault]),
      ...(this.#left === 0
        ? []
        : [`${this.#left} log records of senders beyond ${MOST_SERIES.toLocaleString('en-US')} were not counted`]),
    ];
    return {
      name: this.name,
      state: !this.#isRunning ? 'stopped' : problems.length === 0 ? 'ok' : 'degraded',
      since: this.#since,
      problems,
      lastCollectionAt: this.#lastAt,
      lastDurationMs: null,
      samplesPerCollection: this.#counted.size,
    };
  }

  /** Whether anything was ever counted: else nobody needs to see it. */
  get isUsed(): boolean {
    return this.#counted.size > 0;
  }

  async #give(emit: (event: CollectorEvent) => Promise<void>): Promise<void> {
    const at = this.#clock.now();
    const samples: Emission[] = [];
    for (const [key, one] of this.#counted) {
      const isGone = at - one.at > SILENT_MS;
      // A counter that is seen first with its first errors would hide them: it begins at nought, the moment before.
      if (!one.isStored) samples.push({ labels: one.labels, kind: 'counter', at: at - 1, value: 0 });
      if (isGone) {
        samples.push({ labels: one.labels, kind: 'counter', at, value: Number.NaN, stale: true });
        this.#counted.delete(key);
      } else samples.push({ labels: one.labels, kind: 'counter', at, value: one.total });
      one.isStored = true;
    }
    if (samples.length === 0) return;
    try {
      await emit({ kind: 'samples', samples });
      this.#lastAt = at;
      this.#fault = null;
    } catch (thrown) {
      this.#fault = `not stored: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    }
  }
}
