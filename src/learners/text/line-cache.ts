import type { ModelReader, ModelWriter } from '../model-bytes.ts';

const LARGEST = 1 << 18;

/** Remembers ids by two hashes: open addressing, forgets everything when it holds 170,000. O(1). */
export class LineCache {
  #keys1: Int32Array = new Int32Array(1024);
  #keys2: Int32Array = new Int32Array(1024);
  /** Id + 1; 0 is free. */
  #ids: Int32Array = new Int32Array(1024);
  #size = 0;

  /** -1 when not known. */
  get(hash1: number, hash2: number): number {
    const mask = this.#ids.length - 1;
    let at = (hash1 ^ (hash1 >>> 16)) & mask;
    while (this.#ids[at] !== 0) {
      if (this.#keys1[at] === hash1 && this.#keys2[at] === hash2) return this.#ids[at] - 1;
      at = (at + 1) & mask;
    }
    return -1;
  }

  set(hash1: number, hash2: number, id: number): void {
    if (3 * this.#size >= 2 * this.#ids.length) this.#grow();
    this.#put(hash1, hash2, id);
  }

  #put(hash1: number, hash2: number, id: number): void {
    const mask = this.#ids.length - 1;
    let at = (hash1 ^ (hash1 >>> 16)) & mask;
    while (this.#ids[at] !== 0) at = (at + 1) & mask;
    this.#keys1[at] = hash1;
    this.#keys2[at] = hash2;
    this.#ids[at] = id + 1;
    this.#size++;
  }

  #grow(): void {
    const [keys1, keys2, ids] = [this.#keys1, this.#keys2, this.#ids];
    const isFull = ids.length >= LARGEST;
    const length = isFull ? 1024 : ids.length * 2;
    this.#keys1 = new Int32Array(length);
    this.#keys2 = new Int32Array(length);
    this.#ids = new Int32Array(length);
    this.#size = 0;
    if (isFull) return;
    for (let i = 0; i < ids.length; i++) if (ids[i] !== 0) this.#put(keys1[i], keys2[i], ids[i] - 1);
  }

  writeTo(writer: ModelWriter): ModelWriter {
    return writer.number(this.#size).int32s(this.#keys1).int32s(this.#keys2).int32s(this.#ids);
  }

  readFrom(reader: ModelReader): void {
    this.#size = reader.number();
    this.#keys1 = reader.int32s();
    this.#keys2 = reader.int32s();
    this.#ids = reader.int32s();
  }
}
