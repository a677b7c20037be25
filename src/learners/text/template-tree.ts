import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { LineCache } from './line-cache.ts';
import { LineScanner, TOKEN } from './line-scanner.ts';

const KIND = 'template-tree';

/** Share of the words that two messages must have in common to be looked at together. */
const SIMILAR = 0.6;
/** So many different words at one place are a value. What is a value already (a number beside words) counts twice. */
const VALUE_WORDS = 4;
/** Words in capitals (states, methods, protocols) are an enumeration: so many of them before they are a value. */
const VALUE_CAPITALS = 17;
/** Learnt values that are remembered, at most. */
const MAX_KNOWN = 50_000;

/** The word table's own entries. */
const VALUE = 0;
const VARIES = -1;

export interface LogTemplate {
  readonly id: number;
  /** The message with `<*>` for what varies. */
  readonly text: string;
  readonly count: number;
}

interface Leaf {
  readonly cluster: number;
  words: number[];
  readonly pieces: readonly string[];
  count: number;
}

interface Cluster {
  readonly length: number;
  /** The words seen at each place; null once it varies. */
  readonly seen: (number[] | null)[];
  readonly leaves: Map<string, number>;
}

/**
 * Finds the templates in log lines as they come, one setting for every system: values are masked (`LineScanner`), messages
 * of as many tokens and the same first word that share 60 % of their words are looked at together, and a place at which
 * four different words were seen there is a value; then the templates that differ only there become one, and their
 * ids lead to the one that is left (`resolve`). A word known as a value behind the same word elsewhere is one here.
 *
 * After Drain (He et al. 2017), which parts messages by length, first words and likeness, and Brain (Yu et al. 2023),
 * which tells constants by what stays together; unlike both, alternatives that are few stay apart ("Permission denied",
 * "No such file") whatever the likeness, and no threshold or expression is chosen for a system.
 *
 * Weak where values are few plain words (they stay apart until four were seen) and where a value has a changing number
 * of words. Known lines cost about 1 µs, a new one grows with the templates that begin alike. At most `maxTemplates`; what
 * comes then and fits none belongs to template 0, `<*>`.
 */
export class TemplateTree {
  readonly maxTemplates: number;
  readonly #scanner = new LineScanner();
  readonly #cache = new LineCache();
  readonly #wordIds = new Map<string, number>([['<*>', VALUE]]);
  #wordTexts: string[] = ['<*>'];
  #buckets = new Map<string, number[]>();
  #clusters: Cluster[] = [];
  #leaves: Leaf[] = [{ cluster: -1, words: [VALUE], pieces: [''], count: 0 }];
  /** Template id → the id it was joined with. */
  #joined: number[] = [0];
  #known = new Set<string>();

  constructor(parameters: { readonly maxTemplates?: number } = {}) {
    this.maxTemplates = requireInteger('maxTemplates', parameters.maxTemplates ?? 10_000, 1, 1_000_000);
  }

  /** The line's template id as it is known now; later lines may join it with another (`resolve`). */
  learnOne(line: string): number {
    const n = this.#scanner.scan(line);
    const { hash1, hash2 } = this.#scanner;
    let id = this.#cache.get(hash1, hash2);
    if (id < 0) {
      id = this.#learn(line, n);
      this.#cache.set(hash1, hash2, id);
    }
    const root = this.resolve(id);
    this.#leaves[root].count++;
    return root;
  }

  /** The template of a line, or -1 when it has none yet. Learns nothing. */
  match(line: string): number {
    requireFitted(this.#leaves.length > 1, KIND);
    const n = this.#scanner.scan(line);
    const id = this.#cache.get(this.#scanner.hash1, this.#scanner.hash2);
    if (id >= 0) return this.resolve(id);
    const words = Array.from({ length: n }, (_, k) => this.#wordIds.get(this.#token(line, k)) ?? -2);
    for (const c of this.#buckets.get(bucketOf(words)) ?? []) {
      const leaf = this.#clusters[c].leaves.get(keyOf(words, this.#clusters[c].seen));
      if (leaf !== undefined) return this.resolve(leaf);
    }
    return -1;
  }

  /** The template that an earlier id belongs to now. */
  resolve(id: number): number {
    let root = id;
    while (this.#joined[root] !== root) root = this.#joined[root];
    return root;
  }

  /** All templates as they are now, by id. */
  templates(): LogTemplate[] {
    const out: LogTemplate[] = [];
    for (let id = 0; id < this.#leaves.length; id++) {
      const { count } = this.#leaves[id];
      if (this.#joined[id] === id && count > 0) out.push({ id, text: this.text(id), count });
    }
    return out;
  }

  /** The text of a template id. */
  text(id: number): string {
    const leaf = this.#leaves[this.resolve(id)];
    return leaf.words.map((word, k) => leaf.pieces[k] + (word < 0 ? '<*>' : this.#wordTexts[word])).join('');
  }

  #token(line: string, k: number): string {
    const { kinds, starts, ends } = this.#scanner;
    return kinds[k] >= TOKEN.number ? '<*>' : line.slice(starts[k], ends[k]);
  }

  #learn(line: string, n: number): number {
    if (n === 0) return 0;
    const { kinds, starts, ends } = this.#scanner;
    const words: number[] = [];
    const isWord: boolean[] = [];
    for (let k = 0; k < n; k++) {
      words.push(this.#intern(this.#token(line, k)));
      isWord.push(kinds[k] === TOKEN.word);
    }
    const bucket = bucketOf(words);
    const clusters = this.#buckets.get(bucket) ?? [];
    let cluster = this.#mostSimilar(clusters, words, isWord);
    if (cluster < 0) {
      if (this.#leaves.length > this.maxTemplates) return 0;
      cluster = this.#clusters.length;
      this.#clusters.push({ length: n, seen: words.map(() => []), leaves: new Map() });
      this.#buckets.set(bucket, [...clusters, cluster]);
    }
    const { seen, leaves } = this.#clusters[cluster];
    const known = leaves.get(keyOf(words, seen));
    if (known === undefined && this.#leaves.length > this.maxTemplates) return 0;
    let id = known;
    if (id === undefined) {
      id = this.#leaves.length;
      const pieces = Array.from({ length: n }, (_, k) => (k > 0 ? line.slice(ends[k - 1], starts[k]) : ''));
      this.#leaves.push({
        cluster,
        words: words.map((word, k) => (seen[k] === null ? VARIES : word)),
        pieces,
        count: 0,
      });
      this.#joined.push(id);
      leaves.set(keyOf(words, seen), id);
    }
    this.#see(cluster, words);
    return id;
  }

  #intern(text: string): number {
    let id = this.#wordIds.get(text);
    if (id === undefined) {
      id = this.#wordTexts.length;
      this.#wordIds.set(text, id);
      this.#wordTexts.push(text);
    }
    return id;
  }

  /** The cluster whose closest template shares most words with these, if enough of them. */
  #mostSimilar(clusters: readonly number[], words: readonly number[], isWord: readonly boolean[]): number {
    let best = -1;
    let most = SIMILAR - 1e-9;
    for (const c of clusters) {
      for (const leaf of this.#clusters[c].leaves.values()) {
        const other = this.#leaves[leaf].words;
        let same = 0;
        let of = 0;
        for (let k = 0; k < words.length; k++) {
          if (!isWord[k] && !isLetters(this.#wordTexts[Math.max(0, other[k])]) && other[k] !== VARIES) continue;
          of++;
          if (other[k] === words[k]) same++;
          else if (other[k] === VARIES) same += 0.5;
        }
        const likeness = of === 0 ? 1 : same / of;
        if (likeness > most) {
          most = likeness;
          best = c;
        }
      }
    }
    return best;
  }

  /** Takes the words of a new line in; where a place turns out to vary, templates that differ only there are joined. */
  #see(cluster: number, words: readonly number[]): void {
    const { seen } = this.#clusters[cluster];
    let changed = false;
    for (let k = 0; k < words.length; k++) {
      const at = seen[k];
      if (at === null) this.#remember(cluster, k, words[k]);
      else if (!at.includes(words[k])) {
        at.push(words[k]);
        if (at.length > 1) changed = this.#vary(cluster, k) || changed;
      }
    }
    // What was learnt here may decide elsewhere.
    while (changed) {
      changed = false;
      for (let c = 0; c < this.#clusters.length; c++) {
        const places = this.#clusters[c].seen;
        for (let k = 0; k < places.length; k++) {
          const at = places[k];
          if (at !== null && at.length > 1) changed = this.#vary(c, k) || changed;
        }
      }
    }
  }

  /** Makes a place vary if what was seen there says so. */
  #vary(cluster: number, k: number): boolean {
    const { seen } = this.#clusters[cluster];
    const at = seen[k];
    if (at === null) return false;
    let words = 0;
    let capitals = 0;
    let hasValue = false;
    let allKnown = true;
    const before = this.#wordBefore(cluster, k);
    for (const word of at) {
      const text = this.#wordTexts[word];
      if (word === VALUE) hasValue = true;
      else if (!isLetters(text)) return false;
      else {
        words++;
        if (isCapitals(text)) capitals++;
        if (before < 0 || !this.#known.has(`${before} ${word}`)) allKnown = false;
      }
    }
    if (words === 0) return false;
    const enough = capitals === words ? VALUE_CAPITALS : VALUE_WORDS;
    if (words + (hasValue ? 2 : 0) < enough && !(allKnown && capitals < words)) return false;
    seen[k] = null;
    for (const word of at) this.#remember(cluster, k, word);
    this.#join(cluster, k);
    return true;
  }

  #remember(cluster: number, k: number, word: number): void {
    const before = this.#wordBefore(cluster, k);
    if (before >= 0 && word !== VALUE && this.#known.size < MAX_KNOWN) this.#known.add(`${before} ${word}`);
  }

  /** The constant word before a place, marks left out; -1 for none. */
  #wordBefore(cluster: number, k: number): number {
    const { seen } = this.#clusters[cluster];
    for (let j = k - 1; j >= 0; j--) {
      const at = seen[j];
      if (at === null || at.length !== 1 || at[0] === VALUE) return -1;
      if (isLetters(this.#wordTexts[at[0]])) return at[0];
    }
    return -1;
  }

  #join(cluster: number, k: number): void {
    const { leaves } = this.#clusters[cluster];
    const ids = [...leaves.values()];
    leaves.clear();
    for (const id of ids) {
      const leaf = this.#leaves[id];
      leaf.words[k] = VARIES;
      const key = leaf.words.join(',');
      const first = leaves.get(key);
      if (first === undefined) leaves.set(key, id);
      else {
        this.#joined[id] = first;
        this.#leaves[first].count += leaf.count;
        leaf.count = 0;
      }
    }
  }

  toBytes(): Uint8Array {
    const state = {
      words: this.#wordTexts,
      buckets: [...this.#buckets],
      clusters: this.#clusters.map(({ length, seen, leaves }) => ({ length, seen, leaves: [...leaves] })),
      leaves: this.#leaves,
      joined: this.#joined,
      known: [...this.#known],
    };
    const writer = new ModelWriter(KIND, 1).number(this.maxTemplates).text(JSON.stringify(state));
    return this.#cache.writeTo(writer).finish();
  }

  static fromBytes(bytes: Uint8Array): TemplateTree {
    const reader = new ModelReader(bytes, KIND, 1);
    const tree = new TemplateTree({ maxTemplates: reader.number() });
    reader.json((state: SavedState) => {
      tree.#wordTexts = state.words;
      state.words.forEach((word, id) => tree.#wordIds.set(word, id));
      tree.#buckets = new Map(state.buckets);
      tree.#clusters = state.clusters.map(({ length, seen, leaves }) => ({ length, seen, leaves: new Map(leaves) }));
      tree.#leaves = state.leaves;
      tree.#joined = state.joined;
      tree.#known = new Set(state.known);
    });
    tree.#cache.readFrom(reader);
    return tree;
  }
}

interface SavedState {
  readonly words: string[];
  readonly buckets: [string, number[]][];
  readonly clusters: { length: number; seen: (number[] | null)[]; leaves: [string, number][] }[];
  readonly leaves: Leaf[];
  readonly joined: number[];
  readonly known: string[];
}

/** Messages of one length with one first word. */
function bucketOf(words: readonly number[]): string {
  return `${words.length} ${words[0]}`;
}

function keyOf(words: readonly number[], seen: readonly (number[] | null)[]): string {
  return words.map((word, k) => (seen[k] === null ? VARIES : word)).join(',');
}

function isLetters(text: string): boolean {
  return /[\p{L}]/u.test(text);
}

function isCapitals(text: string): boolean {
  return /^[A-Z][A-Z0-9_]+[.!]?$/.test(text);
}
