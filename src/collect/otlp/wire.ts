import { AuspexError } from '../../errors.ts';
import { BYTES, FIXED64, type ProtoReader, VARINT } from '../remote-write/decode-wire.ts';

/** Where a message lies. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What one request may still cost: without it, two bytes a message would buy a long stall and much memory. */
export class Budget {
  readonly #most: number;
  #left: number;

  constructor(most: number) {
    this.#most = most;
    this.#left = most;
  }

  spend(count: number): void {
    this.#left -= count;
    if (this.#left >= 0) return;
    throw new AuspexError(
      'TOO_LARGE',
      `The request has more than ${this.#most.toLocaleString('en-US')} messages in it, the limit for one. Send smaller batches (send_batch_max_size at the collector).`,
      { data: { limit: this.#most } },
    );
  }
}

/** Looks at every field of a message; `on` reads it and says so, or it is passed over. */
export function eachField(
  reader: ProtoReader,
  { from, to }: Range,
  on: (field: number, tag: number, end: number) => boolean,
): void {
  reader.pos = from;
  while (reader.pos < to) {
    const tag = reader.uint32(to);
    if (!on(tag >>> 3, tag, to)) reader.skip(tag, to);
  }
}

/** A field that is a message or a text; the reader is behind it. */
export function rangeAt(reader: ProtoReader, tag: number, end: number): Range {
  reader.expect(tag, BYTES);
  const to = reader.messageEnd(end);
  const from = reader.pos;
  reader.pos = to;
  return { from, to };
}

/** Where all messages of one field lie, in order. */
export function rangesOf(reader: ProtoReader, range: Range, wanted: number, budget: Budget): Range[] {
  const ranges: Range[] = [];
  eachField(reader, range, (field, tag, end) => {
    if (field !== wanted) return false;
    budget.spend(1);
    ranges.push(rangeAt(reader, tag, end));
    return true;
  });
  return ranges;
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** A text; bytes that are no UTF-8 become U+FFFD. */
export function textAt(reader: ProtoReader, tag: number, end: number): string {
  const { from, to } = rangeAt(reader, tag, end);
  return utf8.decode(reader.bytes.subarray(from, to));
}

export function doubleAt(reader: ProtoReader, tag: number, end: number): number {
  reader.expect(tag, FIXED64);
  reader.advance(8, end);
  return reader.view.getFloat64(reader.pos - 8, true);
}

/** An unsigned 64-bit number: exact up to 2^53. */
export function fixed64At(reader: ProtoReader, tag: number, end: number): number {
  reader.expect(tag, FIXED64);
  reader.advance(8, end);
  return reader.view.getUint32(reader.pos - 4, true) * 0x100000000 + reader.view.getUint32(reader.pos - 8, true);
}

export function signedFixed64At(reader: ProtoReader, tag: number, end: number): number {
  reader.expect(tag, FIXED64);
  reader.advance(8, end);
  return reader.view.getInt32(reader.pos - 4, true) * 0x100000000 + reader.view.getUint32(reader.pos - 8, true);
}

/** Nanoseconds since 1970 as whole ms. A double holds them to a quarter of a microsecond, hence the small addend before the cut. */
export function timeAt(reader: ProtoReader, tag: number, end: number): number {
  reader.expect(tag, FIXED64);
  reader.advance(8, end);
  const high = reader.view.getUint32(reader.pos - 4, true);
  const low = reader.view.getUint32(reader.pos - 8, true);
  return Math.floor(high * 4294.967296 + low / 1e6 + 0.0005);
}

export function varintAt(reader: ProtoReader, tag: number, end: number): number {
  reader.expect(tag, VARINT);
  return reader.int64(end);
}

/** A zigzag number of 32 bits. */
export function signedVarintAt(reader: ProtoReader, tag: number, end: number): number {
  reader.expect(tag, VARINT);
  const value = reader.uint32(end);
  return (value >>> 1) ^ -(value & 1);
}

/** Adds the numbers of a repeated field, packed or not, to a list. False, and the rest passed over, when there would be more than `most`. */
export function numbersAt(
  reader: ProtoReader,
  tag: number,
  end: number,
  how: { readonly kind: 'double' | 'fixed64' | 'varint'; readonly into: number[]; readonly most: number },
): boolean {
  const scalar = how.kind === 'varint' ? VARINT : FIXED64;
  const one = (to: number): number => {
    const as = scalar === VARINT ? VARINT : FIXED64;
    if (how.kind === 'double') return doubleAt(reader, as, to);
    return how.kind === 'fixed64' ? fixed64At(reader, as, to) : varintAt(reader, as, to);
  };
  if ((tag & 7) === scalar) {
    const value = one(end);
    if (how.into.length >= how.most) return false;
    how.into.push(value);
    return true;
  }
  reader.expect(tag, BYTES);
  const to = reader.messageEnd(end);
  while (reader.pos < to) {
    if (how.into.length >= how.most) {
      reader.pos = to;
      return false;
    }
    how.into.push(one(to));
  }
  return true;
}
