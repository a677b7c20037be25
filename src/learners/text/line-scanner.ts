/** What a token is. From `number` on it is a value that stands for others of its kind. */
export const TOKEN = {
  word: 0,
  mark: 1,
  number: 2,
  size: 3,
  time: 4,
  address: 5,
  path: 6,
  id: 7,
  empty: 8,
  list: 9,
} as const;

/** Longer lines are cut: what tells messages apart stands early, and a stack in one line has no end. */
const MAX_CHARS = 4096;
const MAX_TOKENS = 512;

const SPACE = 1;
const MARK = 2;
const DIGIT = 4;
const LETTER = 8;
const UPPER = 16;
const HEX = 32;

const classOf = new Uint8Array(128);
for (let c = 0; c <= 32; c++) classOf[c] = SPACE;
classOf[127] = SPACE;
for (const mark of '=,;()[]{}<>"\'|:#`') classOf[mark.charCodeAt(0)] = MARK;
for (let c = 48; c < 58; c++) classOf[c] = DIGIT | HEX;
for (let c = 65; c < 91; c++) classOf[c] = LETTER | UPPER | (c < 71 ? HEX : 0);
for (let c = 97; c < 123; c++) classOf[c] = LETTER | (c < 103 ? HEX : 0);

const code = (text: string): number => text.charCodeAt(0);
const [LESS, OPEN, CLOSE, EQUALS, COLON, COMMA, SLASH, DOT, AT, BACKSLASH, TILDE, HASH, BAR, MINUS] = Uint8Array.from(
  '<()=:,/.@\\~#|-',
  code,
);

const SEED = 0x811c9dc5;
const PRIME = 0x01000193;

/** The hash that the scanner gives a word. */
function hashOf(text: string): number {
  let h = SEED | 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), PRIME);
  return h;
}

const hashes = (words: string): ReadonlySet<number> => new Set(words.split(' ').map(hashOf));
const months = hashes(
  'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec January February March April June July August September October November December',
);
const weekdays = hashes('Mon Tue Wed Thu Fri Sat Sun Monday Tuesday Wednesday Thursday Friday Saturday Sunday');
const zones = hashes('UTC GMT EST EDT CST CDT MST MDT PST PDT CET CEST BST IST JST MSK');
const sizeUnits = hashes('B KB MB GB TB PB kB KiB MiB GiB TiB PiB');
const timeUnits = hashes('ns us µs ms sec secs');
const byteWords = hashes('byte bytes Byte Bytes');
/** Last parts of host names, and the parts before a country's own. */
const topDomains = new Set('com net org edu gov mil info biz local localdomain internal arpa'.split(' '));
const secondDomains = new Set('com co net ne org or edu ac gov go'.split(' '));

/**
 * Cuts a line into words, marks and values. Values are what a program puts into its text: numbers with their sign, unit
 * and magnitude in brackets, dates, times, addresses, host names, paths, URLs, ids; several in a row, or apart by a
 * comma, a colon and the like, are one list. A word with one digit at a letter (`ssh2`, `eth0`) is a word.
 *
 * The rules are of how people write logs, never of one system. No regular expressions: one pass, about 5 ns a character.
 * Its arrays are overwritten by the next line. Long because it is one pass.
 */
export class LineScanner {
  readonly kinds = new Uint8Array(MAX_TOKENS);
  readonly starts = new Int32Array(MAX_TOKENS);
  readonly ends = new Int32Array(MAX_TOKENS);
  readonly hashes = new Int32Array(MAX_TOKENS);
  /** Two independent hashes over the whole line with its values left out. */
  hash1 = 0;
  hash2 = 0;
  #n = 0;
  #text = '';

  /** The number of tokens. */
  scan(text: string): number {
    this.#n = 0;
    this.#text = text;
    const length = Math.min(text.length, MAX_CHARS);
    for (let i = 0; i < length && this.#n < MAX_TOKENS - 3; ) {
      const c = text.charCodeAt(i);
      const cls = c < 128 ? classOf[c] : LETTER;
      if ((cls & SPACE) !== 0) i++;
      else if ((cls & MARK) !== 0) i = this.#mark(c, i, length);
      else if (c === DOT && i + 1 < length && text.charCodeAt(i + 1) === DOT) i = this.#run(c, i, length);
      else if (c === SLASH || ((c === TILDE || c === DOT) && text.charCodeAt(i + 1) === SLASH))
        i = this.#path(i, length);
      else i = this.#word(i, length);
    }
    let h1 = SEED | 0;
    let h2 = 0x9e3779b9 | 0;
    for (let k = 0; k < this.#n; k++) {
      const h = this.kinds[k] >= TOKEN.number ? 7 : this.hashes[k];
      h1 = Math.imul(h1 ^ h, PRIME) ^ (h >>> 15);
      h2 = Math.imul(h2 ^ (h + k), 0x85ebca6b) ^ (h2 >>> 13);
    }
    this.hash1 = h1;
    this.hash2 = h2;
    return this.#n;
  }

  #mark(c: number, at: number, length: number): number {
    const text = this.#text;
    const next = at + 1 < length ? text.charCodeAt(at + 1) : 32;
    // "<1 sec": less than a number is a number.
    if (c === LESS && next >= 48 && next < 58) return at + 1;
    if (c === CLOSE && this.#n > 0 && this.#close(at)) return at + 1;
    const end = this.#run(c, at, length);
    // "key=" with nothing behind it has an empty value.
    const isKey = c === EQUALS && end === at + 1 && at > 0 && isWordEnd(text.charCodeAt(at - 1));
    const after = end < length ? text.charCodeAt(end) : 32;
    if (isKey && (after <= 32 || after === COMMA)) this.#value(TOKEN.empty, end, end);
    return end;
  }

  /** What a closing bracket ends: "()" on its own is an empty value, "1249 bytes (1.21 KB)" says one size twice. True when nothing is left of it. */
  #close(at: number): boolean {
    const k = this.#n - 1;
    const isOpen = (i: number): boolean =>
      i >= 0 && this.kinds[i] === TOKEN.mark && this.#text.charCodeAt(this.starts[i]) === OPEN;
    if (isOpen(k) && this.ends[k] === at && (this.starts[k] === 0 || this.#text.charCodeAt(this.starts[k] - 1) <= 32)) {
      this.#value(TOKEN.empty, at, at);
      return false;
    }
    if (k < 2 || this.kinds[k] !== TOKEN.size || !isOpen(k - 1)) return false;
    const before = k - 2;
    const isSize =
      this.kinds[before] === TOKEN.size ||
      (before > 0 && this.kinds[before - 1] >= TOKEN.number && byteWords.has(this.hashes[before]));
    if (isSize) this.#n -= 2;
    return isSize;
  }

  /** A mark, however often it is repeated. */
  #run(c: number, at: number, length: number): number {
    let end = at + 1;
    while (end < length && this.#text.charCodeAt(end) === c && c !== OPEN && c !== CLOSE) end++;
    this.#push(TOKEN.mark, at, end, c);
    return end;
  }

  #path(at: number, length: number): number {
    const text = this.#text;
    let end = at + 1;
    for (; end < length; end++) {
      const c = text.charCodeAt(end);
      if (c <= 32) break;
      if (c >= 128 || (classOf[c] & MARK) === 0 || c === EQUALS || c === HASH) continue;
      const next = end + 1 < length ? text.charCodeAt(end + 1) : 32;
      if (c !== COLON || !(next === SLASH || (next >= 48 && next < 58))) break;
    }
    this.#value(TOKEN.path, at, end);
    return end;
  }

  #word(at: number, length: number): number {
    const text = this.#text;
    let h = SEED | 0;
    let digits = 0;
    let letters = 0;
    let dots = 0;
    let slashes = 0;
    let colons = 0;
    let joined = false;
    let isHex = true;
    let atSign = false;
    let backslash = false;
    let before = 0;
    let end = at;
    for (; end < length; end++) {
      const c = text.charCodeAt(end);
      const cls = c < 128 ? classOf[c] : LETTER;
      if ((cls & SPACE) !== 0) break;
      if ((cls & MARK) !== 0) {
        if (c !== COLON || end + 1 >= length) break;
        const next = text.charCodeAt(end + 1);
        if (next === SLASH && letters > 0 && text.charCodeAt(end + 2) === SLASH) return this.#url(at, end, length);
        const isDigit = next >= 48 && next < 58;
        const isPair = isHex && end - at > 0 && isHexGroup(text, end + 1, length, colons > 0);
        if (!(isDigit && (digits > 0 || dots > 0)) && !isPair && !(next === BACKSLASH && letters === 1)) break;
        colons++;
      } else if ((cls & DIGIT) !== 0) {
        digits++;
        if ((before & LETTER) !== 0) joined = true;
      } else if ((cls & LETTER) !== 0) {
        letters++;
        if ((before & DIGIT) !== 0) joined = true;
      } else if (c === DOT) {
        if (end + 1 < length && text.charCodeAt(end + 1) === DOT) break;
        dots++;
      } else if (c === SLASH) slashes++;
      else if (c === AT) atSign = end > at;
      else if (c === BACKSLASH) backslash = true;
      if ((cls & HEX) === 0 && c !== COLON) isHex = false;
      before = cls;
      h = Math.imul(h ^ c, PRIME);
    }
    if (backslash || slashes > 1 || (slashes === 1 && dots + digits > 0)) this.#value(TOKEN.path, at, end);
    else if (atSign) this.#value(TOKEN.id, at, end);
    else if (digits > 0 && !(digits === 1 && letters > 1 && joined && dots === 0)) {
      this.#value(this.#kindOf(at, end, letters, dots, colons), at, end);
    } else if (isHex && letters >= 8) this.#value(TOKEN.id, at, end);
    else if (dots > 0 && letters > 3 && isHost(text, at, end)) this.#value(TOKEN.address, at, end);
    else if (letters === 0) this.#push(TOKEN.mark, at, end, h);
    else if (!this.#isUnit(h, at, end)) this.#push(TOKEN.word, at, end, h);
    return end;
  }

  #kindOf(at: number, end: number, letters: number, dots: number, colons: number): number {
    if (letters === 0 && dots === 3) return TOKEN.address;
    if (colons > 0) return letters > 2 || colons > 2 ? TOKEN.address : TOKEN.time;
    if (letters === 0) return TOKEN.number;
    return this.#isSize(at, end) ? TOKEN.size : TOKEN.id;
  }

  /** "16K", "10000ms": digits, then a unit. */
  #isSize(at: number, end: number): boolean {
    let i = at;
    while (i < end && (classOf[this.#text.charCodeAt(i) & 127] & LETTER) === 0) i++;
    if (end - i > 3 || i === at) return false;
    const unit = hashOf(this.#text.slice(i, end));
    return sizeUnits.has(unit) || timeUnits.has(unit) || end - i === 1;
  }

  /** A unit behind a number belongs to it. */
  #isUnit(h: number, at: number, end: number): boolean {
    const k = this.#n - 1;
    if (k < 0 || this.kinds[k] !== TOKEN.number || at - this.ends[k] > 1) return false;
    const isSize = sizeUnits.has(h);
    if (!isSize && !timeUnits.has(h)) return false;
    this.kinds[k] = TOKEN.size;
    this.ends[k] = end;
    return true;
  }

  #url(at: number, from: number, length: number): number {
    let end = from + 3;
    for (; end < length; end++) {
      const c = this.#text.charCodeAt(end);
      if (c <= 32 || c === LESS + 2 || c === 34 || c === 39 || c === CLOSE || c === 93 || c === COMMA) break;
    }
    this.#value(TOKEN.path, at, end);
    return end;
  }

  /** A value; it swallows the date before it and joins a list that it goes on. */
  #value(kind: number, at: number, end: number): void {
    let start = at;
    let k = this.#n - 1;
    if (k >= 0 && this.kinds[k] === TOKEN.word && (kind === TOKEN.number || kind === TOKEN.time)) {
      if (months.has(this.hashes[k])) {
        if (k > 0 && this.kinds[k - 1] === TOKEN.word && weekdays.has(this.hashes[k - 1])) k--;
        start = this.starts[k];
        this.#n = k--;
      } else if (k > 0 && this.kinds[k - 1] >= TOKEN.number && zones.has(this.hashes[k])) {
        this.#n = k--;
      }
    }
    if (k >= 0 && this.kinds[k] >= TOKEN.number) return this.#extend(k, kind, end);
    if (
      k > 0 &&
      this.kinds[k] === TOKEN.mark &&
      this.kinds[k - 1] >= TOKEN.number &&
      isListMark(this.#text.charCodeAt(this.starts[k]))
    ) {
      this.#n = k;
      return this.#extend(k - 1, kind, end);
    }
    this.#push(kind, start, end, 0);
  }

  #extend(k: number, kind: number, end: number): void {
    this.ends[k] = end;
    // A date before a time is a time; else it is a list.
    this.kinds[k] = kind === TOKEN.time || this.kinds[k] === TOKEN.time ? TOKEN.time : TOKEN.list;
  }

  #push(kind: number, start: number, end: number, hash: number): void {
    const k = this.#n++;
    this.kinds[k] = kind;
    this.starts[k] = start;
    this.ends[k] = end;
    this.hashes[k] = hash;
  }
}

function isWordEnd(c: number): boolean {
  return c >= 128 || (classOf[c] & (LETTER | DIGIT)) !== 0 || c === 95;
}

function isListMark(c: number): boolean {
  return c === COMMA || c === COLON || c === SLASH || c === BAR || c === HASH || c === MINUS;
}

/** One to four hexadecimal digits with a colon behind them, or with the end of the word where colons were before. */
function isHexGroup(text: string, from: number, length: number, isLater: boolean): boolean {
  let end = from;
  while (end < length && end - from < 5 && text.charCodeAt(end) < 128 && (classOf[text.charCodeAt(end)] & HEX) !== 0)
    end++;
  if (end === from || end - from > 4) return false;
  const c = end < length ? text.charCodeAt(end) : 32;
  return c === COLON || (isLater && (c <= 32 || (c < 128 && (classOf[c] & MARK) !== 0)));
}

function isHost(text: string, at: number, end: number): boolean {
  const word = text.slice(at, end).replace(/\.$/, '');
  if (!/^[a-z-]+(?:\.[a-z-]+)+$/.test(word)) return false;
  const labels = word.split('.');
  const last = labels[labels.length - 1];
  // A package is a domain the other way round.
  if (topDomains.has(labels[0])) return false;
  return (
    topDomains.has(last) || (labels.length > 2 && last.length === 2 && secondDomains.has(labels[labels.length - 2]))
  );
}
