import { AuspexError } from '../../errors.ts';
import type { FieldForm, FieldRow, MessageTable } from './message-tables.ts';

/** Values in one body: each costs some 50 bytes once it is parsed, whatever it takes as text. */
const MOST_VALUES = 1_500_000;
const MOST_DEPTH = 64;
const LENGTH_BYTES = 5;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * OTLP's JSON as the bytes that protobuf has for the same, so that there is one decoder. Unknown fields are passed over, null is
 * absent; 64-bit numbers may be texts, enumerations are numbers, ids are hexadecimal.
 * Bounded: what would take more than `limitBytes`, or has more than 1.5 million values or 64 levels, is refused before it is parsed.
 * @throws AuspexError BAD_ENCODING with the place, TOO_LARGE.
 */
export function bytesOfJson(body: Uint8Array, table: MessageTable, limitBytes: number): Uint8Array {
  checkShape(body);
  let root: unknown;
  try {
    root = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new AuspexError('BAD_ENCODING', 'The body is not valid JSON in UTF-8.', { cause });
  }
  return new Transcoder(limitBytes).write(root, table);
}

/** Counts what a parser would make, outside of texts: a few bytes of `{},{},…` would else become many objects. */
function checkShape(body: Uint8Array): void {
  let values = 0;
  let depth = 0;
  let inText = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i] as number;
    if (inText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inText = false;
      continue;
    }
    if (byte === QUOTE) inText = true;
    // [ ] { } differ from one another by case alone.
    else if ((byte | 0x20) === 0x7b) {
      values++;
      if (++depth > MOST_DEPTH) throw tooMuch(`is more than ${MOST_DEPTH} levels deep`);
    } else if ((byte | 0x20) === 0x7d) depth--;
    else if (byte === 0x2c) values++;
  }
  if (values > MOST_VALUES) throw tooMuch(`has more than ${MOST_VALUES.toLocaleString('en-US')} values`);
}

function tooMuch(what: string): AuspexError {
  return new AuspexError('TOO_LARGE', `The JSON body ${what}. Send smaller batches, or protobuf.`);
}

class Transcoder {
  readonly #limitBytes: number;
  readonly #place: (string | number)[] = [];
  #bytes: Buffer = Buffer.allocUnsafe(16_384);
  #at = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  write(root: unknown, table: MessageTable): Uint8Array {
    this.#message(root, table);
    return this.#bytes.subarray(0, this.#at);
  }

  #message(value: unknown, table: MessageTable): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.#wrong(`a ${table.name} object`);
    for (const [name, field] of Object.entries(value as Record<string, unknown>)) {
      const row = table.fields.get(name);
      if (row === undefined || field === null || field === undefined) continue;
      this.#place.push(name);
      if (row.isRepeated) this.#repeated(field, row);
      else this.#field(field, row);
      this.#place.pop();
    }
  }

  #repeated(value: unknown, row: FieldRow): void {
    if (!Array.isArray(value)) this.#wrong('a list');
    const items = value as readonly unknown[];
    if (typeof row.form === 'object') {
      for (let i = 0; i < items.length; i++) {
        this.#place.push(i);
        this.#field(items[i], row);
        this.#place.pop();
      }
      return;
    }
    this.#varint((row.number << 3) | 2);
    this.#measured(() => items.forEach((item) => this.#scalar(item, row.form)));
  }

  #field(value: unknown, { number, form }: FieldRow): void {
    this.#varint((number << 3) | wireTypeOf(form));
    if (typeof form === 'object') this.#measured(() => this.#message(value, form));
    else this.#scalar(value, form);
  }

  /** Writes the length before what `write` writes: in five bytes always, which is as good as the shortest form. */
  #measured(write: () => void): void {
    this.#room(LENGTH_BYTES);
    const start = (this.#at += LENGTH_BYTES);
    write();
    let length = this.#at - start;
    for (let i = 0; i < LENGTH_BYTES; i++) {
      this.#bytes[start - LENGTH_BYTES + i] = (length & 0x7f) | (i < LENGTH_BYTES - 1 ? 0x80 : 0);
      length >>>= 7;
    }
  }

  #scalar(value: unknown, form: FieldForm): void {
    switch (form) {
      case 'string':
        if (typeof value !== 'string') this.#wrong('a text');
        return this.#measured(() => this.#raw(Buffer.from(String(value).toWellFormed())));
      case 'hex':
        if (typeof value !== 'string' || !/^(?:[0-9a-f]{2})*$/i.test(value)) this.#wrong('hexadecimal digits');
        return this.#measured(() => this.#raw(Buffer.from(String(value), 'hex')));
      case 'base64':
        if (typeof value !== 'string') this.#wrong('base64');
        return this.#measured(() => this.#raw(Buffer.from(String(value), 'base64')));
      case 'bool':
        if (typeof value !== 'boolean') this.#wrong('true or false');
        return this.#varint(value === true ? 1 : 0);
      case 'double':
        this.#room(8);
        this.#at = this.#bytes.writeDoubleLE(this.#double(value), this.#at);
        return;
      case 'fixed64':
        this.#room(8);
        this.#at = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, this.#integer(value, 64)), this.#at);
        return;
      case 'fixed32':
        this.#room(4);
        this.#at = this.#bytes.writeUInt32LE(Number(BigInt.asUintN(32, this.#integer(value, 32))), this.#at);
        return;
      case 'int64':
        return this.#wide(BigInt.asUintN(64, this.#integer(value, 64)));
      case 'uint32': {
        const number = this.#integer(value, 32);
        if (number < 0n) this.#wrong('a number from 0 on');
        return this.#wide(number);
      }
      case 'sint32': {
        const number = Number(BigInt.asIntN(32, this.#integer(value, 32)));
        return this.#varint(((number << 1) ^ (number >> 31)) >>> 0);
      }
      default:
        return this.#wrong('a value');
    }
  }

  #double(value: unknown): number {
    if (typeof value === 'number') return value;
    if (value === 'NaN') return Number.NaN;
    if (value === 'Infinity') return Number.POSITIVE_INFINITY;
    if (value === '-Infinity') return Number.NEGATIVE_INFINITY;
    if (typeof value === 'string' && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value)) return Number(value);
    return this.#wrong('a number');
  }

  #integer(value: unknown, bits: number): bigint {
    const isText = typeof value === 'string' && /^-?\d{1,20}$/.test(value);
    if (!isText && !(typeof value === 'number' && Number.isInteger(value))) this.#wrong('a whole number');
    const number = BigInt(value as string | number);
    if (number >= 2n ** BigInt(bits) || number < -(2n ** BigInt(bits - 1))) this.#wrong(`a number of ${bits} bits`);
    return number;
  }

  #varint(value: number): void {
    this.#room(5);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  #wide(value: bigint): void {
    if (value <= 0x7fffffffn) return this.#varint(Number(value));
    this.#room(10);
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
    this.#bytes[this.#at++] = Number(rest);
  }

  #raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #room(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.length) return;
    if (needed > this.#limitBytes) {
      throw new AuspexError(
        'TOO_LARGE',
        `The body has more than ${this.#limitBytes.toLocaleString('en-US')} bytes once decoded. Send smaller batches.`,
        { data: { limitBytes: this.#limitBytes } },
      );
    }
    const grown = Buffer.allocUnsafe(Math.min(Math.max(needed, 2 * this.#bytes.length), this.#limitBytes));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }

  #wrong(expected: string): never {
    const place = this.#place
      .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part.slice(0, 40)}`))
      .join('')
      .replace(/^\./, '');
    throw new AuspexError('BAD_ENCODING', `${place === '' ? 'The body' : place} is not ${expected}.`, {
      data: { field: place },
    });
  }
}

function wireTypeOf(form: FieldForm): number {
  switch (form) {
    case 'bool':
    case 'int64':
    case 'uint32':
    case 'sint32':
      return 0;
    case 'double':
    case 'fixed64':
      return 1;
    case 'fixed32':
      return 5;
    default:
      return 2;
  }
}
