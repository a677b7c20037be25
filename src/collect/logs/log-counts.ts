import { setTimeout as delay } from 'node:timers/promises';
import type { Clock, Collector, CollectorEvent, CollectorHealth, Emission, Labels } from '../../model/index.ts';
import { labelPairs, labelsFrom, labelsKey } from '../../model/index.ts';

/** Senders that are counted at once, and counters of each. */
const MOST_SENDERS = 5_000;
const MOST_COUNTERS = 50;
/** A sender that was silent for so long is gone: its counters end. */
const SILENT_MS = 600_000;

/** What tells one kind from another: `['severity', 'error']`. */
export type LabelPair = readonly [name: string, value: string];

interface Counter {
  readonly labels: Labels;
  total: number;
  isStored: boolean;
}

interface Sender {
  readonly counters: Map<string, Counter>;
  heardAt: number;
}

/**
 * How many log records and errors came, by sender and kind: counters that are given out at an even pace, also while nothing comes, so that
 * no errors is a value and not a gap. Begins at nought with the process.
 */
export class LogCounts implements Collector {
  readonly name = 'logs';
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #senders = new Map<string, Sender>();
  readonly #since: number;
  #isRunning = false;
  #left = 0;
  #given = 0;
  #lastAt: number | null = null;
  #fault: string | null = null;

  constructor(options: { readonly clock: Clock; readonly intervalMs: number }) {
    this.#clock = options.clock;
    this.#intervalMs = options.intervalMs;
    this.#since = options.clock.now();
  }

  /** Counts what is of one kind; `labels` are the series' without those of the kind. Nought makes known that there is none. */
  add(labels: Labels, kind: readonly LabelPair[], count: number): void {
    const key = labelsKey(labels);
    let sender = this.#senders.get(key);
    if (sender === undefined) {
      if (this.#senders.size >= MOST_SENDERS) {
        this.#left += count;
        return;
      }
      this.#senders.set(key, (sender = { counters: new Map(), heardAt: 0 }));
    }
    sender.heardAt = this.#clock.now();
    const kindKey = kind.join('\u0000');
    let counter = sender.counters.get(kindKey);
    if (counter === undefined) {
      if (sender.counters.size >= MOST_COUNTERS) {
        this.#left += count;
        return;
      }
      counter = { labels: labelsFrom([...labelPairs(labels), ...kind]), total: 0, isStored: false };
      sender.counters.set(kindKey, counter);
    }
    counter.total += count;
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
    const left = `${this.#left} log records were not counted: more than ${MOST_SENDERS.toLocaleString('en-US')} senders, or ${MOST_COUNTERS} kinds of errors of one`;
    const problems = [...(this.#fault === null ? [] : [this.#fault]), ...(this.#left === 0 ? [] : [left])];
    return {
      name: this.name,
      state: !this.#isRunning ? 'stopped' : problems.length === 0 ? 'ok' : 'degraded',
      since: this.#since,
      problems,
      lastCollectionAt: this.#lastAt,
      lastDurationMs: null,
      samplesPerCollection: this.#given,
    };
  }

  /** Whether anything was ever counted: else nobody needs to see it. */
  get isUsed(): boolean {
    return this.#senders.size > 0;
  }

  async #give(emit: (event: CollectorEvent) => Promise<void>): Promise<void> {
    const at = this.#clock.now();
    const samples: Emission[] = [];
    for (const [key, { counters, heardAt }] of this.#senders) {
      const isGone = at - heardAt > SILENT_MS;
      for (const { labels, total, isStored } of counters.values()) {
        // A counter that is seen first with its first errors would hide them: it begins at nought, an interval before.
        if (!isStored) samples.push({ labels, kind: 'counter', at: at - this.#intervalMs, value: 0 });
        if (isGone) samples.push({ labels, kind: 'counter', at, value: Number.NaN, stale: true });
        else samples.push({ labels, kind: 'counter', at, value: total });
      }
      if (isGone) this.#senders.delete(key);
      for (const counter of counters.values()) counter.isStored = true;
    }
    this.#given = samples.length;
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
