import { compileRegex, type Instruction } from './regex-program.ts';
import { type Assertion, parseRegex } from './regex-syntax.ts';

/** What a pattern found: the whole at 0, groups behind it, undefined for those that took no part. */
export interface RegexMatch {
  readonly texts: readonly (string | undefined)[];
  readonly groups: ReadonlyMap<string, string | undefined>;
}

/** States kept at once; when there are more, all are forgotten and made again as they are met. */
const MOST_STATES = 500;
const DEAD = 0;

interface State {
  /** Steps that wait for a character, in order of preference. */
  readonly steps: readonly number[];
  readonly accepts: boolean;
  /** The state after a character of each class; -1 where it was not met yet. */
  readonly next: Int32Array;
}

/**
 * A regular expression in RE2's syntax that has to match a whole text. Its time grows with the length of the text and the
 * size of the pattern and never faster, whoever wrote them: 5 to 20 ns a character once its states are met, at the worst
 * some 10 µs a character (2,000 steps). For groups about as slow as the worst of `test`. Throws SyntaxError.
 */
export class LinearRegex {
  readonly #steps: readonly Instruction[];
  readonly #names: ReadonlyMap<string, number>;
  readonly #slots: number;
  readonly #needsContext: boolean;
  /** First code points of the classes of characters that no step tells apart. */
  readonly #bounds: readonly number[];
  readonly #classOfAscii = new Uint16Array(128);
  #states: State[] = [];
  #known = new Map<string, number>();
  #start = -1;

  constructor(pattern: string) {
    const tree = parseRegex(pattern);
    this.#steps = compileRegex(tree);
    this.#names = tree.names;
    this.#slots = (tree.groups + 1) * 2;
    this.#needsContext = this.#steps.some((step) => step.op === 'assert');
    const bounds = new Set([0]);
    for (const step of this.#steps) {
      if (step.op !== 'set') continue;
      for (let i = 0; i < step.ranges.length; i += 2) {
        bounds.add(step.ranges[i]);
        bounds.add(step.ranges[i + 1] + 1);
      }
    }
    this.#bounds = [...bounds].sort((a, b) => a - b);
    for (let code = 0; code < 128; code++) this.#classOfAscii[code] = this.#search(code);
  }

  test(text: string): boolean {
    if (this.#needsContext) return this.#run(text, 0) !== null;
    if (this.#start < 0) this.#forget();
    let state = this.#start;
    for (let i = 0; i < text.length; i++) {
      let code = text.charCodeAt(i);
      if (code >= 0xd800 && code < 0xdc00) {
        code = text.codePointAt(i) ?? 0;
        if (code > 0xffff) i++;
      }
      const kind = code < 128 ? this.#classOfAscii[code] : this.#search(code);
      const known = this.#states[state].next[kind];
      state = known >= 0 ? known : this.#learn(state, kind);
      if (state === DEAD) return false;
    }
    return this.#states[state].accepts;
  }

  exec(text: string): RegexMatch | null {
    const found = this.#run(text, this.#slots);
    if (found === null) return null;
    const texts = [text];
    const all: (string | undefined)[] = texts;
    for (let slot = 2; slot < this.#slots; slot += 2) {
      const [from, to] = [found[slot], found[slot + 1]];
      all.push(from < 0 || to < 0 ? undefined : text.slice(from, to));
    }
    return { texts: all, groups: new Map([...this.#names].map(([name, index]) => [name, all[index]])) };
  }

  #search(code: number): number {
    let low = 0;
    let high = this.#bounds.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#bounds[middle] <= code) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #forget(): void {
    this.#states = [];
    this.#known = new Map();
    this.#intern([], false);
    this.#start = this.#reached([this.#steps.length - 1]);
  }

  #intern(steps: readonly number[], accepts: boolean): number {
    const key = String.fromCharCode(accepts ? 1 : 0, ...steps);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const next = new Int32Array(this.#bounds.length).fill(-1);
    this.#known.set(key, this.#states.length);
    return this.#states.push({ steps, accepts, next }) - 1;
  }

  /** The state of all steps that can be reached from these without a character. */
  #reached(from: readonly number[]): number {
    const waiting: number[] = [];
    const seen = new Uint8Array(this.#steps.length);
    const stack = [...from].reverse();
    let accepts = false;
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (seen[at] === 1) continue;
      seen[at] = 1;
      const step = this.#steps[at];
      if (step.op === 'set') waiting.push(at);
      else if (step.op === 'match') accepts = true;
      else if (step.op === 'split') stack.push(step.or, step.to);
      else stack.push(step.to);
    }
    return this.#intern(waiting, accepts);
  }

  #learn(state: number, kind: number): number {
    const { steps, next } = this.#states[state];
    const code = this.#bounds[kind];
    const after: number[] = [];
    for (const at of steps) {
      const step = this.#steps[at];
      if (step.op === 'set' && contains(step.ranges, code)) after.push(step.to);
    }
    if (after.length === 0) return (next[kind] = DEAD);
    if (this.#states.length >= MOST_STATES) {
      this.#forget();
      return this.#reached(after);
    }
    return (next[kind] = this.#reached(after));
  }

  /**
   * Leads all threads through the text at once, the preferred first (Pike's way); gives the slots of the one that arrives,
   * or null. Without slots it only says whether one does.
   */
  #run(text: string, slots: number): Int32Array | null {
    let threads = new Threads(this.#steps.length);
    let following = new Threads(this.#steps.length);
    this.#follow(threads, this.#steps.length - 1, new Int32Array(slots).fill(-1), text, 0);
    let i = 0;
    while (i < text.length && threads.count > 0) {
      const code = text.codePointAt(i) ?? 0;
      const after = i + (code > 0xffff ? 2 : 1);
      for (let t = 0; t < threads.count; t++) {
        const step = this.#steps[threads.steps[t]];
        if (step.op === 'set' && contains(step.ranges, code)) {
          this.#follow(following, step.to, threads.slots[t], text, after);
        }
      }
      [threads, following] = [following, threads];
      following.clear();
      i = after;
    }
    for (let t = 0; t < threads.count; t++) {
      if (this.#steps[threads.steps[t]].op === 'match') return threads.slots[t];
    }
    return null;
  }

  #follow(threads: Threads, from: number, given: Int32Array, text: string, at: number): void {
    const stack: [number, Int32Array][] = [[from, given]];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const [place, slots] = top;
      if (threads.seen[place] === threads.round) continue;
      threads.seen[place] = threads.round;
      const step = this.#steps[place];
      switch (step.op) {
        case 'split':
          stack.push([step.or, slots], [step.to, slots]);
          break;
        case 'assert':
          if (holds(step.what, text, at)) stack.push([step.to, slots]);
          break;
        case 'save': {
          const saved = slots.slice();
          saved[step.slot] = at;
          stack.push([step.to, saved]);
          break;
        }
        default:
          // At the end of the text only a match is of use, before it only what takes a character.
          if ((step.op === 'match') === (at === text.length)) threads.add(place, slots);
      }
    }
  }
}

/** Places in a program, each once, in order of preference. */
class Threads {
  readonly seen: Uint32Array;
  readonly steps: Int32Array;
  readonly slots: Int32Array[] = [];
  round = 1;
  count = 0;

  constructor(size: number) {
    this.seen = new Uint32Array(size);
    this.steps = new Int32Array(size);
  }

  add(step: number, slots: Int32Array): void {
    this.steps[this.count] = step;
    this.slots[this.count++] = slots;
  }

  clear(): void {
    this.count = 0;
    this.round++;
  }
}

function contains(ranges: readonly number[], code: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) {
    if (code < ranges[i]) return false;
    if (code <= ranges[i + 1]) return true;
  }
  return false;
}

function holds(what: Assertion, text: string, at: number): boolean {
  switch (what) {
    case 'textStart':
      return at === 0;
    case 'textEnd':
      return at === text.length;
    case 'lineStart':
      return at === 0 || text.charCodeAt(at - 1) === 10;
    case 'lineEnd':
      return at === text.length || text.charCodeAt(at) === 10;
    case 'wordEdge':
      return isWord(text, at - 1) !== isWord(text, at);
    case 'noWordEdge':
      return isWord(text, at - 1) === isWord(text, at);
  }
}

function isWord(text: string, at: number): boolean {
  return at >= 0 && at < text.length && /\w/.test(text.charAt(at));
}
