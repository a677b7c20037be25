import { type Emission, entityKeyOf, type Labels, labelsKey, type SeriesKind, shardOf } from '../../model/index.ts';
import type { ReadSeries } from './api-reader.ts';

/** One of so many processes that share a server, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

interface Known {
  readonly labels: Labels;
  readonly kind: SeriesKind;
  /** The last point that was given out, and the last that was read. */
  at: number;
  readAt: number;
}

/** A series of which nothing came for so long has ended, as it has for Prometheus' own queries. */
const ENDED_MS = 300_000;

/** What has been read of each series: windows overlap, since a server may have a sample only some time after its own time. */
export class SeriesMemory {
  readonly #known = new Map<string, Known>();
  readonly #shard: Shard | null;
  #usualIntervalMs = 15_000;
  #fresh: Emission[] = [];
  #touched: Known[] = [];

  constructor(shard: Shard | null) {
    this.#shard = shard;
  }

  get size(): number {
    return this.#known.size;
  }

  /** How far the points of a series usually lie apart, as last seen. */
  get usualIntervalMs(): number {
    return this.#usualIntervalMs;
  }

  /** Takes in what is new of a window; what belongs to another shard is left. */
  take(window: readonly ReadSeries[]): void {
    this.#usualIntervalMs = usualIntervalOf(window) ?? this.#usualIntervalMs;
    for (const { labels, kind, times, values } of window) {
      const key = labelsKey(labels);
      let known = this.#known.get(key);
      if (known === undefined) {
        if (!this.#isOurs(labels)) continue;
        this.#known.set(key, (known = { labels, kind, at: 0, readAt: 0 }));
      }
      let isTouched = false;
      for (let i = 0; i < times.length; i++) {
        const at = times[i] as number;
        if (at <= known.readAt) continue;
        known.readAt = at;
        isTouched = true;
        this.#fresh.push({ labels: known.labels, kind: known.kind, at, value: values[i] as number });
      }
      if (isTouched) this.#touched.push(known);
    }
  }

  /** What is new, and the ends of series that have ended by `to`, in the order of time. `keep` is to follow once it is stored, or `forget`. */
  fresh(to: number): readonly Emission[] {
    for (const [key, known] of this.#known) {
      const { labels, kind, readAt } = known;
      if (to - readAt <= ENDED_MS) continue;
      if (readAt > 0) this.#fresh.push({ labels, kind, at: readAt + ENDED_MS, value: Number.NaN, stale: true });
      this.#known.delete(key);
    }
    return this.#fresh.sort((a, b) => a.at - b.at);
  }

  keep(): void {
    for (const known of this.#touched) known.at = known.readAt;
    this.#fresh = [];
    this.#touched = [];
  }

  /** What was read is to be read again. */
  forget(): void {
    for (const known of this.#touched) known.readAt = known.at;
    this.#fresh = [];
    this.#touched = [];
  }

  /** By the entity, so that what is judged as one is in one process. */
  #isOurs(labels: Labels): boolean {
    return this.#shard === null || shardOf(entityKeyOf(labels)) % this.#shard.count === this.#shard.index - 1;
  }
}

/** The middle one of the intervals between points, of up to a hundred series. */
function usualIntervalOf(window: readonly ReadSeries[]): number | undefined {
  const intervals = window.slice(0, 100).flatMap(({ times }) => {
    const [first, second] = times;
    return first === undefined || second === undefined ? [] : [second - first];
  });
  intervals.sort((a, b) => a - b);
  const middle = intervals[intervals.length >> 1];
  return middle === undefined ? undefined : Math.max(1000, middle);
}
