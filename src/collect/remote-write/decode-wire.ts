import { AuspexError } from '../../errors.ts';

/** Protobuf wire types; 3 and 4 (groups) are not used by any message we read. */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/**
 * A cursor over protobuf bytes. Every read is checked against the end of the enclosing message, so that a truncated or
 * hostile body ends in BAD_ENCODING with the byte position and never in a read past it.
 */
export class ProtoReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  pos = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A varint that must fit 32 bits: a tag, an enum, a reference. */
  uint32(end: number): number {
    if (this.pos >= end) this.truncated(end);
    const first = this.bytes[this.pos++] as number;
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let factor = 128;
    for (let i = 1; i < 10; i++) {
      if (this.pos >= end) this.truncated(end);
      const byte = this.bytes[this.pos++] as number;
      value += (byte & 0x7f) * factor;
      factor *= 128;
      if (byte < 0x80) {
        if (value > 0xffffffff) this.malformed(`a number of at most 32 bits was expected, found ${value}`);
        return value;
      }
    }
    return this.malformed('a number runs over 10 bytes');
  }

  /** A length prefix; returns where the message that follows ends. */
  messageEnd(end: number): number {
    const length = this.uint32(end);
    if (length > end - this.pos) {
      this.malformed(`a field of ${length} bytes is announced, ${end - this.pos} are left`);
    }
    return this.pos + length;
  }

  /** A signed 64-bit varint as a number: exact up to 2^53, the nearest double beyond. */
  int64(end: number): number {
    const bytes = this.bytes;
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      if (this.pos >= end) this.truncated(end);
      const byte = bytes[this.pos++] as number;
      if (i < 4) low |= (byte & 0x7f) << (7 * i);
      else if (i < 8) high += (byte & 0x7f) * 128 ** (i - 4);
      else return this.wideInt64(this.pos - 1 - i, end);
      if (byte < 0x80) return low + high * 0x10000000;
    }
    return this.malformed('a number runs over 10 bytes');
  }

  /** More than 56 bits: negative numbers and nonsense. Rare, so exactness comes before speed. */
  private wideInt64(start: number, end: number): number {
    let value = 0n;
    for (let i = 0; i < 10; i++) {
      if (start + i >= end) {
        this.pos = start + i;
        this.truncated(end);
      }
      const byte = this.bytes[start + i] as number;
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) {
        this.pos = start + i + 1;
        return Number(BigInt.asIntN(64, value));
      }
    }
    return this.malformed('a number runs over 10 bytes');
  }

  /** Passes over a field whose tag has been read. */
  skip(tag: number, end: number): void {
    if (tag >>> 3 === 0) this.malformed('a field has the number 0');
    switch (tag & 7) {
      case VARINT:
        this.int64(end);
        return;
      case FIXED64:
        this.advance(8, end);
        return;
      case BYTES:
        this.pos = this.messageEnd(end);
        return;
      case FIXED32:
        this.advance(4, end);
        return;
      default:
        this.malformed(`a field has the unknown wire type ${tag & 7}`);
    }
  }

  advance(count: number, end: number): void {
    if (count > end - this.pos) this.truncated(end);
    this.pos += count;
  }

  /** Fails unless the field just read has this wire type. */
  expect(tag: number, wireType: number): void {
    if ((tag & 7) !== wireType) {
      this.malformed(`field ${tag >>> 3} has wire type ${tag & 7} where ${wireType} is defined`);
    }
  }

  truncated(end: number): never {
    return this.malformed(
      end === this.bytes.length ? 'it ends in the middle of a field' : 'a message ends in the middle of a field',
    );
  }

  malformed(what: string): never {
    throw new AuspexError(
      'BAD_ENCODING',
      `The body is not the protobuf message it is declared as: ${what} (byte ${this.pos} of ${this.bytes.length}).`,
      { data: { position: this.pos, sizeBytes: this.bytes.length } },
    );
  }
}
