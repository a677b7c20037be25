import type { Scratch } from './proc-file.ts';

const NEWLINE = 10;
const SPACE = 32;
const TAB = 9;
const ZERO = 48;
const DOT = 46;
const MINUS = 45;

/** Walks over the bytes of a /proc file: words, numbers, lines. Garbage gives NaN or an empty word, never an error. */
export class Cursor {
  readonly bytes: Buffer;
  readonly end: number;
  pos: number;

  constructor(scratch: Scratch, pos = 0) {
    this.bytes = scratch.bytes;
    this.end = scratch.length;
    this.pos = pos;
  }

  get done(): boolean {
    return this.pos >= this.end;
  }

  /** Whether the next byte ends the line (or the file). */
  get atLineEnd(): boolean {
    this.skipSpaces();
    return this.pos >= this.end || this.bytes[this.pos] === NEWLINE;
  }

  skipSpaces(): void {
    while (this.pos < this.end) {
      const c = this.bytes[this.pos];
      if (c !== SPACE && c !== TAB) return;
      this.pos++;
    }
  }

  nextLine(): void {
    const at = this.bytes.indexOf(NEWLINE, this.pos);
    this.pos = at < 0 || at >= this.end ? this.end : at + 1;
  }

  startsWith(text: string): boolean {
    if (this.pos + text.length > this.end) return false;
    for (let i = 0; i < text.length; i++) if (this.bytes[this.pos + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** The next word of this line; empty at the line's end. */
  word(): string {
    const start = this.#skipWord();
    return this.bytes.toString('latin1', start, this.pos);
  }

  /** As `word`, for names that people choose: mount points. */
  utf8Word(): string {
    const start = this.#skipWord();
    return this.bytes.toString('utf8', start, this.pos);
  }

  skipWords(count: number): void {
    for (let i = 0; i < count; i++) this.#skipWord();
  }

  /** The next word as a decimal number, exact to 2^53; NaN when it is none, and the word is passed over. */
  number(): number {
    this.skipSpaces();
    const start = this.pos;
    let negative = false;
    if (this.bytes[this.pos] === MINUS && this.pos < this.end) {
      negative = true;
      this.pos++;
    }
    const digits = this.pos;
    let value = this.#digits();
    let seen = this.pos - digits;
    if (this.pos < this.end && this.bytes[this.pos] === DOT) {
      this.pos++;
      const fractionStart = this.pos;
      const fraction = this.#digits();
      value += fraction / 10 ** (this.pos - fractionStart);
      seen += this.pos - fractionStart;
    }
    if (seen === 0 || !this.#atWordEnd()) {
      this.pos = start;
      this.#skipWord();
      return Number.NaN;
    }
    return negative ? -value : value;
  }

  #digits(): number {
    const { bytes, end } = this;
    let pos = this.pos;
    let value = 0;
    for (; pos < end; pos++) {
      const d = (bytes[pos] as number) - ZERO;
      if (d < 0 || d > 9) break;
      value = value * 10 + d;
    }
    this.pos = pos;
    return value;
  }

  #atWordEnd(): boolean {
    if (this.pos >= this.end) return true;
    const c = this.bytes[this.pos];
    return c === SPACE || c === TAB || c === NEWLINE;
  }

  /** Spelt out: most of a collection's own time goes by here. */
  #skipWord(): number {
    const { bytes, end } = this;
    let pos = this.pos;
    while (pos < end && (bytes[pos] === SPACE || bytes[pos] === TAB)) pos++;
    const start = pos;
    for (; pos < end; pos++) {
      const c = bytes[pos];
      if (c === SPACE || c === TAB || c === NEWLINE) break;
    }
    this.pos = pos;
    return start;
  }
}
