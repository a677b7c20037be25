/*
 * RE2's syntax as a tree. What RE2 refuses (look-around, back-references) is refused here too: without them every pattern
 * can be matched in time that grows with the text alone.
 */

/** Code points, as pairs of first and last. */
export type Ranges = readonly number[];

export type RegexNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly ranges: Ranges }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly RegexNode[] }
  | { readonly kind: 'group'; readonly index: number; readonly inner: RegexNode }
  | {
      readonly kind: 'repeat';
      readonly inner: RegexNode;
      readonly min: number;
      /** Infinity for no bound. */
      readonly max: number;
      readonly greedy: boolean;
    };

export type Assertion = 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'wordEdge' | 'noWordEdge';

export interface RegexTree {
  readonly root: RegexNode;
  /** Groups that are remembered, without the whole. */
  readonly groups: number;
  readonly names: ReadonlyMap<string, number>;
}

const LAST = 0x10ffff;
const LONGEST = 10_000;
const DEEPEST = 200;
/** As RE2 has it. */
const MOST_REPEATS = 1000;
/** Each costs a walk over all of Unicode. */
const MOST_PROPERTIES = 3;

const DIGIT: Ranges = [48, 57];
const WORD: Ranges = [48, 57, 65, 90, 95, 95, 97, 122];
const SPACE: Ranges = [9, 10, 12, 13, 32, 32];
const POSIX: Readonly<Record<string, Ranges>> = {
  alnum: [48, 57, 65, 90, 97, 122],
  alpha: [65, 90, 97, 122],
  ascii: [0, 127],
  blank: [9, 9, 32, 32],
  cntrl: [0, 31, 127, 127],
  digit: DIGIT,
  graph: [33, 126],
  lower: [97, 122],
  print: [32, 126],
  punct: [33, 47, 58, 64, 91, 96, 123, 126],
  space: [9, 13, 32, 32],
  upper: [65, 90],
  word: WORD,
  xdigit: [48, 57, 65, 70, 97, 102],
};
const ESCAPES: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };
const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: 'textStart',
  z: 'textEnd',
  b: 'wordEdge',
  B: 'noWordEdge',
};

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly U: boolean;
}

/** Reads a pattern. `.` matches a line break too, as in Prometheus. Throws SyntaxError. O(length). */
export function parseRegex(pattern: string): RegexTree {
  return new Parser(pattern).parse();
}

class Parser {
  readonly #text: readonly string[];
  #at = 0;
  #groups = 0;
  #depth = 0;
  #properties = 0;
  readonly #names = new Map<string, number>();

  constructor(pattern: string) {
    if (pattern.length > LONGEST) throw new SyntaxError(`it has ${pattern.length} characters, the limit is ${LONGEST}`);
    this.#text = Array.from(pattern);
  }

  parse(): RegexTree {
    const root = this.#choice({ i: false, m: false, s: true, U: false });
    if (this.#at < this.#text.length) throw new SyntaxError('a ")" has no "("');
    return { root, groups: this.#groups, names: this.#names };
  }

  #choice(given: Flags): RegexNode {
    if (++this.#depth > DEEPEST) throw new SyntaxError('its groups are nested too deeply');
    const parts: RegexNode[] = [];
    let flags = given;
    do {
      const sequence: RegexNode[] = [];
      while (this.#at < this.#text.length && this.#peek() !== '|' && this.#peek() !== ')') {
        const changed = this.#flagsOnly(flags);
        if (changed === null) sequence.push(this.#repeated(flags));
        else flags = changed;
      }
      parts.push(sequence.length === 1 ? sequence[0] : { kind: 'sequence', parts: sequence });
    } while (this.#take('|'));
    this.#depth--;
    return parts.length === 1 ? parts[0] : { kind: 'choice', parts };
  }

  /** `(?is-m)`: holds from here to the group's end. */
  #flagsOnly(flags: Flags): Flags | null {
    const match = /^\(\?([imsU]*)(?:-([imsU]+))?\)/.exec(this.#rest(12));
    if (match === null || match[0] === '(?)') return null;
    this.#at += match[0].length;
    return withFlags(flags, match[1] ?? '', match[2] ?? '');
  }

  #repeated(flags: Flags): RegexNode {
    if (/[*+?]/.test(this.#peek())) throw new SyntaxError(`"${this.#peek()}" has nothing to repeat`);
    let node = this.#literalText(flags) ?? this.#atom(flags);
    for (let times = 0; ; times++) {
      const bounds = this.#bounds();
      if (bounds === null) return node;
      if (times > 0) throw new SyntaxError('a repetition is repeated');
      node = { kind: 'repeat', inner: node, ...bounds, greedy: this.#take('?') === flags.U };
    }
  }

  #bounds(): { min: number; max: number } | null {
    if (this.#take('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#take('?')) return { min: 0, max: 1 };
    // What does not look like a count is taken as it stands, as RE2 does.
    const match = /^\{(\d{1,6})(?:(,)(\d{0,6}))?\}/.exec(this.#rest(20));
    if (match === null) return null;
    this.#at += match[0].length;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (min > MOST_REPEATS || (max > MOST_REPEATS && max !== Number.POSITIVE_INFINITY) || max < min) {
      throw new SyntaxError(`${match[0]} is not a count of 0 to ${MOST_REPEATS}`);
    }
    return { min, max };
  }

  /** `\Q…\E`; only its last character is repeated by what follows. */
  #literalText(flags: Flags): RegexNode | null {
    if (this.#rest(2) !== '\\Q') return null;
    this.#at += 2;
    const parts: RegexNode[] = [];
    while (this.#at < this.#text.length && this.#rest(2) !== '\\E') parts.push(this.#literal(this.#next(), flags));
    this.#at += Math.min(2, this.#text.length - this.#at);
    const last = parts.pop();
    if (last === undefined) return { kind: 'empty' };
    const bounds = this.#bounds();
    parts.push(
      bounds === null ? last : { kind: 'repeat', inner: last, ...bounds, greedy: this.#take('?') === flags.U },
    );
    return { kind: 'sequence', parts };
  }

  #atom(flags: Flags): RegexNode {
    const c = this.#next();
    switch (c) {
      case '.':
        return { kind: 'set', ranges: flags.s ? [0, LAST] : [0, 9, 11, LAST] };
      case '^':
        return { kind: 'assert', what: flags.m ? 'lineStart' : 'textStart' };
      case '$':
        return { kind: 'assert', what: flags.m ? 'lineEnd' : 'textEnd' };
      case '[':
        return { kind: 'set', ranges: this.#class(flags) };
      case '(':
        return this.#group(flags);
      case '\\':
        return this.#escaped(flags);
      default:
        return this.#literal(c, flags);
    }
  }

  #group(flags: Flags): RegexNode {
    let inner = flags;
    let index = 0;
    if (this.#take('?')) {
      const named = /^P?<([A-Za-z_]\w*)>/.exec(this.#rest(200));
      const plain = /^([imsU]*)(?:-([imsU]+))?:/.exec(this.#rest(12));
      if (named !== null) {
        index = ++this.#groups;
        const name = named[1] ?? '';
        if (this.#names.has(name)) throw new SyntaxError(`two groups are called ${name}`);
        this.#names.set(name, index);
        this.#at += named[0].length;
      } else if (plain !== null) {
        inner = withFlags(flags, plain[1] ?? '', plain[2] ?? '');
        this.#at += plain[0].length;
      } else throw new SyntaxError(`(?${this.#rest(2)} is not supported`);
    } else index = ++this.#groups;
    const node = this.#choice(inner);
    if (!this.#take(')')) throw new SyntaxError('a ")" is missing');
    return index === 0 ? node : { kind: 'group', index, inner: node };
  }

  #escaped(flags: Flags): RegexNode {
    const c = this.#peek();
    const assertion = ASSERTIONS[c];
    if (assertion !== undefined) {
      this.#at++;
      return { kind: 'assert', what: assertion };
    }
    const ranges = this.#escapedSet(flags);
    if (ranges !== null) return { kind: 'set', ranges };
    return this.#literal(String.fromCodePoint(this.#escapedCharacter()), flags);
  }

  /** `\d`, `\pL`, `\p{Greek}` and their opposites, behind the backslash; null for what stands for one character. */
  #escapedSet(flags: Flags): Ranges | null {
    const c = this.#peek();
    const set = { d: DIGIT, w: WORD, s: SPACE }[c.toLowerCase()];
    if (set !== undefined) {
      this.#at++;
      return c === c.toLowerCase() ? set : opposite(set);
    }
    if (c !== 'p' && c !== 'P') return null;
    const match = /^[pP](?:\{(\^?)(\w{1,40})\}|([A-Z]))/.exec(this.#rest(50));
    if (match === null) throw new SyntaxError('\\p needs the name of a class');
    this.#at += match[0].length;
    if (++this.#properties > MOST_PROPERTIES)
      throw new SyntaxError(`it has more than ${MOST_PROPERTIES} Unicode classes`);
    const found = unicodeClass(match[2] ?? match[3] ?? '');
    const ranges = flags.i ? normal(folded(found)) : found;
    return (c === 'P') !== (match[1] === '^') ? opposite(ranges) : ranges;
  }

  #escapedCharacter(): number {
    const c = this.#peek();
    if (c === '') throw new SyntaxError('it ends in a backslash');
    const hex = /^x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))/.exec(this.#rest(10));
    if (hex !== null) {
      this.#at += hex[0].length;
      const code = Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
      if (code > LAST) throw new SyntaxError(`\\${hex[0]} is not a character`);
      return code;
    }
    this.#at++;
    const known = ESCAPES[c];
    if (known !== undefined) return known;
    if (/^[1-9k]$/.test(c)) throw new SyntaxError('back-references are not supported');
    if (/^[A-Za-z0-9]$/.test(c)) throw new SyntaxError(`\\${c} is not supported`);
    return c.codePointAt(0) ?? 0;
  }

  #class(flags: Flags): Ranges {
    const negated = this.#take('^');
    const ranges: number[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#at >= this.#text.length) throw new SyntaxError('a "]" is missing');
      const posix = /^\[:(\^?)(\w+):\]/.exec(this.#rest(20));
      if (posix !== null) {
        this.#at += posix[0].length;
        const set = POSIX[posix[2] ?? ''];
        if (set === undefined) throw new SyntaxError(`${posix[0]} is not a class`);
        ranges.push(...(posix[1] === '^' ? opposite(set) : set));
        continue;
      }
      const set = this.#peek() === '\\' ? this.#setInClass(flags) : null;
      if (set === null) ranges.push(...this.#rangeInClass());
      else ranges.push(...set);
    }
    this.#at++;
    const all = normal(flags.i ? folded(ranges) : ranges);
    return negated ? opposite(all) : all;
  }

  #setInClass(flags: Flags): Ranges | null {
    this.#at++;
    const set = this.#escapedSet(flags);
    if (set === null) this.#at--;
    return set;
  }

  #rangeInClass(): number[] {
    const low = this.#characterInClass();
    if (this.#peek() !== '-' || this.#text[this.#at + 1] === ']' || this.#at + 1 >= this.#text.length)
      return [low, low];
    this.#at++;
    const high = this.#characterInClass();
    if (high < low) throw new SyntaxError('a range in [] runs backwards');
    return [low, high];
  }

  #characterInClass(): number {
    return this.#take('\\') ? this.#escapedCharacter() : (this.#next().codePointAt(0) ?? 0);
  }

  #literal(c: string, flags: Flags): RegexNode {
    const code = c.codePointAt(0) ?? 0;
    return { kind: 'set', ranges: flags.i ? normal(folded([code, code])) : [code, code] };
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #next(): string {
    return this.#text[this.#at++] ?? '';
  }

  #take(c: string): boolean {
    if (this.#peek() !== c) return false;
    this.#at++;
    return true;
  }

  #rest(length: number): string {
    return this.#text.slice(this.#at, this.#at + length).join('');
  }
}

function withFlags(flags: Flags, on: string, off: string): Flags {
  const changed: Record<keyof Flags, boolean> = { ...flags };
  for (const flag of on) changed[flag as keyof Flags] = true;
  for (const flag of off) changed[flag as keyof Flags] = false;
  return changed;
}

/** In order, none touching another. */
function normal(ranges: Ranges): Ranges {
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i], ranges[i + 1]]);
  pairs.sort((a, b) => a[0] - b[0]);
  const out: number[] = [];
  for (const [low, high] of pairs) {
    const last = out.length - 1;
    if (last >= 0 && low <= out[last] + 1) out[last] = Math.max(out[last], high);
    else out.push(low, high);
  }
  return out;
}

function opposite(ranges: Ranges): Ranges {
  const out: number[] = [];
  let from = 0;
  const given = normal(ranges);
  for (let i = 0; i < given.length; i += 2) {
    if (given[i] > from) out.push(from, given[i] - 1);
    from = given[i + 1] + 1;
  }
  if (from <= LAST) out.push(from, LAST);
  return out;
}

/** With the other case of each letter. Of ranges beyond a thousand characters only the ASCII letters. */
function folded(ranges: Ranges): number[] {
  const out = [...ranges];
  for (let i = 0; i < ranges.length; i += 2) {
    const low = ranges[i];
    const high = Math.min(ranges[i + 1], low + 1000);
    for (let code = low; code <= high; code++) {
      const c = String.fromCodePoint(code);
      for (const other of [c.toLowerCase(), c.toUpperCase()]) {
        const only = other.codePointAt(0) ?? 0;
        if (other === String.fromCodePoint(only)) out.push(only, only);
      }
    }
  }
  return out;
}

const unicodeClasses = new Map<string, Ranges>();

/**
 * Stretches of Unicode that are all alike, by one of their code points: unassigned planes, private use. The others are asked
 * about one by one.
 */
const ALIKE: readonly (readonly [number, number])[] = [
  [0x40000, 0xdffff],
  [0xe1000, 0xeffff],
  [0xf0000, LAST],
];

/** A general category or a script, found once by asking about code points (some 15 ms). */
function unicodeClass(name: string): Ranges {
  const known = unicodeClasses.get(name);
  if (known !== undefined) return known;
  let test: RegExp;
  try {
    test = new RegExp(`^\\p{${name.length <= 2 ? name : `Script=${name}`}}$`, 'u');
  } catch {
    throw new SyntaxError(`${name} is not a Unicode class`);
  }
  const out: number[] = [];
  for (let code = 0; code <= LAST; code++) {
    const end = ALIKE.find(([from]) => from === code)?.[1] ?? code;
    if (test.test(String.fromCodePoint(code))) {
      if (out.at(-1) === code - 1) out[out.length - 1] = end;
      else out.push(code, end);
    }
    code = end;
  }
  unicodeClasses.set(name, out);
  return out;
}
