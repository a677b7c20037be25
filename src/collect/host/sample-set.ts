import {
  type Emission,
  type FigureInput,
  HostFigureDeriver,
  type Labels,
  labelsFrom,
  type SeriesKind,
} from '../../model/index.ts';

interface KnownSeries {
  readonly labels: Labels;
  readonly kind: SeriesKind;
  /** Not given out at every collection: its absence does not end it. */
  readonly sparse: boolean;
  /** Where the main figures are derived from it. */
  readonly input: FigureInput | undefined;
  collection: number;
}

export type LabelPair = readonly [string, string];

/**
 * What one collection gathers. Label sets are built once and given out again, the same object each time, so that a
 * receiver may key by identity. A series that was there in the last collection and is not in this one is ended by a
 * stale marker.
 */
export class SampleSet {
  at = 0;
  /** Since the last collection; 0 when no rate may be computed: the first one, after a gap, suspension or reboot. */
  elapsedSeconds = 0;
  collection = 0;
  /** What failed and should not. */
  readonly problems = new Set<string>();
  /** What cannot be seen here by its nature: for want of rights or kernel support. */
  readonly limitations = new Set<string>();
  #emissions: Emission[] = [];
  /** By metric, then by the values of its labels. */
  #known = new Map<string, Map<string, KnownSeries>>();
  readonly #common: readonly LabelPair[];
  readonly #figures = new HostFigureDeriver();

  constructor(common: readonly LabelPair[]) {
    this.#common = common;
  }

  begin(at: number, elapsedSeconds: number): void {
    this.at = at;
    this.elapsedSeconds = elapsedSeconds;
    this.collection++;
    this.problems.clear();
    this.limitations.clear();
    this.#emissions = [];
  }

  gauge(name: string, value: number, ...pairs: LabelPair[]): void {
    this.#add(name, 'gauge', false, value, pairs);
  }

  counter(name: string, value: number, ...pairs: LabelPair[]): void {
    this.#add(name, 'counter', false, value, pairs);
  }

  info(name: string, ...pairs: LabelPair[]): void {
    this.#add(name, 'info', false, 1, pairs);
  }

  /** A gauge that is read too seldom for its absence to mean anything. */
  sparseGauge(name: string, value: number, ...pairs: LabelPair[]): void {
    this.#add(name, 'gauge', true, value, pairs);
  }

  /** The growth of a counter since `before`, a second; nothing when there is no interval or it went backwards. */
  rate(name: string, now: number, before: number, ...pairs: LabelPair[]): void {
    if (this.elapsedSeconds > 0 && now >= before) this.gauge(name, (now - before) / this.elapsedSeconds, ...pairs);
  }

  /** The main figures, from the series of this collection. */
  derive(): void {
    this.#figures.derive(this.elapsedSeconds, (metric, mountpoint, value) => {
      if (mountpoint === null) this.gauge(metric, value);
      else this.gauge(metric, value, ['mountpoint', mountpoint]);
    });
  }

  /** This collection's samples, with stale markers for the series that ended. */
  finish(): readonly Emission[] {
    for (const known of this.#known.values()) {
      for (const [key, series] of known) {
        if (series.collection === this.collection || series.sparse) continue;
        const { labels, kind } = series;
        this.#emissions.push({ labels, kind, at: this.at, value: Number.NaN, stale: true });
        known.delete(key);
      }
    }
    return this.#emissions;
  }

  #add(name: string, kind: SeriesKind, sparse: boolean, value: number, pairs: readonly LabelPair[]): void {
    if (!Number.isFinite(value)) return;
    let known = this.#known.get(name);
    if (known === undefined) this.#known.set(name, (known = new Map()));
    // Nearly all have one label or none: nothing is put together for those.
    let key = pairs[0]?.[1] ?? '';
    for (let i = 1; i < pairs.length; i++) key += `\n${pairs[i]?.[1] ?? ''}`;
    let series = known.get(key);
    if (series === undefined) {
      const labels = labelsFrom([['__name__', name], ...this.#common, ...pairs]);
      series = { labels, kind, sparse, input: this.#figures.input(labels), collection: 0 };
      known.set(key, series);
    }
    if (series.collection === this.collection) return;
    series.collection = this.collection;
    if (series.input !== undefined) this.#figures.set(series.input, value);
    this.#emissions.push({ labels: series.labels, kind, at: this.at, value });
  }
}

/** One part of a host that is read at every collection. */
export interface Source {
  collect(set: SampleSet): void | Promise<void>;
  close(): void;
}
