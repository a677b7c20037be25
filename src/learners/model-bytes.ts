import { AuspexError } from '../errors.ts';

const MAGIC = 0x58505541; // 'AUPX', little endian
const HEADER_BYTES = 20;

/** Four tables of 256: what a byte does that lies 0 … 3 places from the end of a step. */
const crcTable = new Int32Array(1024);
for (let n = 0; n < 256; n++) {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  crcTable[n] = c;
}
for (let n = 256; n < 1024; n++) crcTable[n] = (crcTable[n - 256] >>> 8) ^ crcTable[crcTable[n - 256] & 255];

/** CRC-32 (IEEE 802.3) of bytes from `start`. O(n). */
export function crc32(bytes: Uint8Array, start = 0): number {
  let c = -1;
  let i = start;
  for (; i + 4 <= bytes.length; i += 4) {
    const x = c ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
    c =
      crcTable[768 + (x & 255)] ^
      crcTable[512 + ((x >>> 8) & 255)] ^
      crcTable[256 + ((x >>> 16) & 255)] ^
      crcTable[x >>> 24];
  }
  for (; i < bytes.length; i++) c = crcTable[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}

/**
 * Writes a model as bytes: magic, kind, version, length, CRC-32, then fields one after another, little endian. The
 * kind is a short name; a reader of another kind refuses the bytes.
 */
export class ModelWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #at = HEADER_BYTES;
  readonly #kind: string;
  readonly #version: number;

  constructor(kind: string, version: number) {
    this.#kind = kind;
    this.#version = version;
  }

  number(value: number): this {
    this.#reserve(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
    return this;
  }

  text(value: string): this {
    this.number(value.length);
    this.#reserve(value.length * 2);
    for (let i = 0; i < value.length; i++) this.#view.setUint16(this.#at + i * 2, value.charCodeAt(i), true);
    this.#at += value.length * 2;
    return this;
  }

  float64s(values: Float64Array): this {
    this.number(values.length);
    this.#reserve(values.length * 8);
    for (let i = 0; i < values.length; i++) this.#view.setFloat64(this.#at + i * 8, values[i], true);
    this.#at += values.length * 8;
    return this;
  }

  int32s(values: Int32Array): this {
    this.number(values.length);
    this.#reserve(values.length * 4);
    for (let i = 0; i < values.length; i++) this.#view.setInt32(this.#at + i * 4, values[i], true);
    this.#at += values.length * 4;
    return this;
  }

  /** A model inside a model. */
  bytes(values: Uint8Array): this {
    this.number(values.length);
    this.#reserve(values.length);
    this.#bytes.set(values, this.#at);
    this.#at += values.length;
    return this;
  }

  finish(): Uint8Array {
    const out = this.#bytes.slice(0, this.#at);
    const view = new DataView(out.buffer);
    view.setUint32(0, MAGIC, true);
    view.setUint32(4, kindCode(this.#kind), true);
    view.setUint32(8, this.#version, true);
    view.setUint32(12, this.#at - HEADER_BYTES, true);
    // The header counts too: the checksum runs over the kind, version and length before the payload.
    view.setUint32(16, crc32(headAndPayload(out)), true);
    return out;
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + more));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads what ModelWriter wrote. Throws MODEL_DAMAGED for bytes that are cut, altered, of another kind or of a later version. */
export class ModelReader {
  readonly version: number;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #kind: string;
  #at = HEADER_BYTES;

  constructor(bytes: Uint8Array, kind: string, highestVersion: number) {
    this.#bytes = bytes;
    this.#kind = kind;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEADER_BYTES) this.#refuse(`it has ${bytes.length} bytes, a header alone has ${HEADER_BYTES}`);
    if (this.#view.getUint32(0, true) !== MAGIC) this.#refuse('it does not begin with the mark of a model');
    const length = this.#view.getUint32(12, true);
    if (length !== bytes.length - HEADER_BYTES) {
      this.#refuse(`it should have ${length + HEADER_BYTES} bytes and has ${bytes.length}`);
    }
    if (this.#view.getUint32(16, true) !== crc32(headAndPayload(bytes))) this.#refuse('its checksum does not match');
    if (this.#view.getUint32(4, true) !== kindCode(kind)) this.#refuse('it is a model of another kind');
    this.version = this.#view.getUint32(8, true);
    if (this.version > highestVersion) {
      this.#refuse(`its format is ${this.version}, this Auspex reads up to ${highestVersion}`);
    }
  }

  number(): number {
    this.#need(8);
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  text(): string {
    const length = this.#length(2);
    let out = '';
    for (let i = 0; i < length; i++) out += String.fromCharCode(this.#view.getUint16(this.#at + i * 2, true));
    this.#at += length * 2;
    return out;
  }

  float64s(): Float64Array {
    const out = new Float64Array(this.#length(8));
    for (let i = 0; i < out.length; i++) out[i] = this.#view.getFloat64(this.#at + i * 8, true);
    this.#at += out.length * 8;
    return out;
  }

  int32s(): Int32Array {
    const out = new Int32Array(this.#length(4));
    for (let i = 0; i < out.length; i++) out[i] = this.#view.getInt32(this.#at + i * 4, true);
    this.#at += out.length * 4;
    return out;
  }

  bytes(): Uint8Array {
    const length = this.#length(1);
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  /** Numbers into an array that has to be as long as what was written. */
  fill(into: Float64Array): void {
    const values = this.float64s();
    if (values.length !== into.length) this.#refuse(`it has ${values.length} numbers where ${into.length} belong`);
    into.set(values);
  }

  /** How many parts follow, of `leastBytes` each at least. */
  count(leastBytes: number): number {
    return this.#length(leastBytes);
  }

  /** What was written as JSON, put together by `read`. A state that makes no sense to it is damage too. */
  json<T, R>(read: (state: T) => R): R {
    const text = this.text();
    try {
      return read(JSON.parse(text) as T);
    } catch (thrown) {
      if (thrown instanceof AuspexError) throw thrown;
      return this.#refuse('a part of it makes no sense');
    }
  }

  #length(width: number): number {
    const length = this.number();
    if (!Number.isInteger(length) || length < 0) this.#refuse('a length in it makes no sense');
    this.#need(length * width);
    return length;
  }

  #need(more: number): void {
    if (this.#at + more > this.#bytes.length) this.#refuse('it ends too early');
  }

  #refuse(reason: string): never {
    throw new AuspexError('MODEL_DAMAGED', `The bytes of a ${this.#kind} model cannot be used: ${reason}.`, {
      data: { kind: this.#kind },
    });
  }
}

/** Everything but magic and checksum. */
function headAndPayload(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length - 8);
  out.set(bytes.subarray(4, 16));
  out.set(bytes.subarray(HEADER_BYTES), 12);
  return out;
}

function kindCode(kind: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < kind.length; i++) hash = Math.imul(hash ^ kind.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
