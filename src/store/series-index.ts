import { AuspexError } from '../errors.ts';
import {
  type Labels,
  labelsKey,
  labelValue,
  type Matcher,
  type Series,
  type SeriesIndex,
  type SeriesKind,
  type SeriesRef,
} from '../model/index.ts';
import { anchoredPattern } from './label-pattern.ts';
import type { NewSeries } from './protocol.ts';

export const KINDS: readonly SeriesKind[] = ['gauge', 'counter', 'histogram', 'info', 'unknown'];
const KEY_SEPARATOR = '\u0000';

/**
 * All series in memory: some 300 bytes each, their strings shared. A hash table from label set to number; for each
 * label name that was asked for, the series by value, built at the first question. Numbers are dense and ascend.
 */
export class MemorySeriesIndex implements SeriesIndex {
  readonly limit: number;
  readonly #entityOf: (labels: Labels) => string;
  #series: (Series | undefined)[] = [];
  #count = 0;
  /** Open addressing: number + 1, 0 for a free slot. */
  #table = new Uint32Array(4096);
  #hashes = new Uint32Array(2048);
  #names = new Map<string, Map<string, SeriesRef[]>>();
  #strings = new Map<string, string>();
  #fresh: SeriesRef = 0;

  constructor(limit: number, entityOf: (labels: Labels) => string) {
    this.limit = limit;
    this.#entityOf = entityOf;
  }

  get size(): number {
    return this.#count;
  }

  /**
   * Fills the index from what was stored; numbers that are missing stay unused, up to `nextRef`: blocks may have points
   * under them.
   */
  load(refs: Uint32Array, kinds: Uint8Array, labels: readonly string[], nextRef: number): void {
    for (let i = 0; i < refs.length; i++) {
      const set = labels[i].split(KEY_SEPARATOR);
      this.#series.length = Math.max(this.#series.length, refs[i]);
      this.#insert(refs[i], set, KINDS[kinds[i]] ?? 'unknown', hashLabels(set));
    }
    this.#series.length = Math.max(this.#series.length, nextRef);
    this.#fresh = this.#series.length;
  }

  resolve(labels: Labels, kind: SeriesKind): SeriesRef {
    const hash = hashLabels(labels);
    const mask = this.#table.length - 1;
    for (let slot = hash & mask; this.#table[slot] !== 0; slot = (slot + 1) & mask) {
      const ref = this.#table[slot] - 1;
      if (this.#hashes[ref] === hash && sameLabels((this.#series[ref] as Series).labels, labels)) return ref;
    }
    if (this.#count >= this.limit) return -1;
    const ref = this.#series.length;
    this.#insert(ref, labels, kind, hash);
    return ref;
  }

  /** Series that were added since the last call: they go to disk with the next batch. */
  takeNew(): NewSeries | null {
    if (this.#fresh >= this.#series.length) return null;
    const added = this.#series.slice(this.#fresh) as Series[];
    const firstRef = this.#fresh;
    this.#fresh = this.#series.length;
    return {
      firstRef,
      kinds: added.map((series) => KINDS.indexOf(series.kind)),
      labels: added.map((series) => labelsKey(series.labels)),
    };
  }

  get(ref: SeriesRef): Series | undefined {
    return this.#series[ref];
  }

  select(matchers: readonly Matcher[], limit: number): readonly Series[] {
    const tests = matchers.map((matcher) => ({ matcher, accepts: acceptorOf(matcher) }));
    const narrowing = tests.filter((test) => !test.accepts(''));
    const found: Series[] = [];
    const check = (ref: SeriesRef): boolean => {
      const series = this.#series[ref];
      if (series === undefined) return true;
      for (const { matcher, accepts } of tests)
        if (!accepts(labelValue(series.labels, matcher.name) ?? '')) return true;
      found.push(series);
      return found.length < limit;
    };
    if (limit <= 0) return found;
    const candidates = this.#fewestCandidates(narrowing);
    if (candidates === null) {
      for (let ref = 0; ref < this.#series.length && check(ref); ref++);
    } else {
      for (const ref of candidates) if (!check(ref)) break;
    }
    return found;
  }

  /** The shortest list of series that one of the conditions leaves; null where none narrows. */
  #fewestCandidates(
    tests: readonly { matcher: Matcher; accepts: (value: string) => boolean }[],
  ): readonly SeriesRef[] | null {
    let best: readonly SeriesRef[] | null = null;
    const equal = tests.filter((test) => test.matcher.op === '=');
    for (const { matcher, accepts } of equal.length > 0 ? equal : tests) {
      const byValue = this.#postings(matcher.name);
      let refs: SeriesRef[];
      if (matcher.op === '=') refs = byValue.get(matcher.value) ?? [];
      else {
        refs = [];
        for (const [value, list] of byValue) if (accepts(value)) for (const ref of list) refs.push(ref);
        refs.sort((a, b) => a - b);
      }
      if (best === null || refs.length < best.length) best = refs;
    }
    return best;
  }

  labelNames(): readonly string[] {
    const names = new Set<string>();
    for (const series of this.#series) {
      if (series === undefined) continue;
      for (let i = 0; i < series.labels.length; i += 2) names.add(series.labels[i]);
    }
    return [...names].sort();
  }

  labelValues(name: string, limit: number): readonly string[] {
    return [...this.#postings(name).keys()].sort().slice(0, limit);
  }

  #postings(name: string): Map<string, SeriesRef[]> {
    let byValue = this.#names.get(name);
    if (byValue !== undefined) return byValue;
    byValue = new Map();
    for (const series of this.#series) if (series !== undefined) addPosting(byValue, series, name);
    this.#names.set(name, byValue);
    return byValue;
  }

  #insert(ref: SeriesRef, labels: Labels, kind: SeriesKind, hash: number): void {
    const own = labels.map((text) => this.#intern(text));
    const series: Series = { ref, labels: own, kind, entityId: this.#intern(this.#entityOf(own)) };
    this.#series[ref] = series;
    this.#count++;
    if (ref >= this.#hashes.length) {
      const grown = new Uint32Array(Math.ceil((ref + 1) * 1.5));
      grown.set(this.#hashes);
      this.#hashes = grown;
    }
    this.#hashes[ref] = hash;
    if (this.#count * 2 > this.#table.length) this.#rehash();
    else this.#place(ref);
    for (const [name, byValue] of this.#names) addPosting(byValue, series, name);
  }

  #rehash(): void {
    this.#table = new Uint32Array(this.#table.length * 2);
    for (let ref = 0; ref < this.#series.length; ref++) if (this.#series[ref] !== undefined) this.#place(ref);
  }

  #place(ref: SeriesRef): void {
    const mask = this.#table.length - 1;
    let slot = this.#hashes[ref] & mask;
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
    this.#table[slot] = ref + 1;
  }

  #intern(text: string): string {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    this.#strings.set(text, text);
    return text;
  }
}

function addPosting(byValue: Map<string, SeriesRef[]>, series: Series, name: string): void {
  const value = labelValue(series.labels, name);
  if (value === undefined) return;
  const list = byValue.get(value);
  if (list === undefined) byValue.set(value, [series.ref]);
  else list.push(series.ref);
}

function sameLabels(a: Labels, b: Labels): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** FNV-1a over all characters. */
function hashLabels(labels: Labels): number {
  let hash = 0x811c9dc5;
  for (const text of labels) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ 0x1f, 0x01000193);
  }
  hash ^= hash >>> 15;
  return hash >>> 0;
}

/** A missing label is an empty value, as in Prometheus. */
function acceptorOf(matcher: Matcher): (value: string) => boolean {
  switch (matcher.op) {
    case '=':
      return (value) => value === matcher.value;
    case '!=':
      return (value) => value !== matcher.value;
    case '=~': {
      const pattern = anchoredPattern(matcher.value);
      return (value) => pattern.test(value);
    }
    case '!~': {
      const pattern = anchoredPattern(matcher.value);
      return (value) => !pattern.test(value);
    }
    default:
      throw new AuspexError('BAD_REQUEST', `Unknown matcher ${String(matcher.op)}; use =, !=, =~ or !~.`);
  }
}
