/**
 * Byte strings → small numbers: open addressing over a hash of the bytes, the bytes themselves kept in one arena so that
 * a hit is certain and costs no string. About length + 24 bytes an entry.
 *
 * Weak against nothing but its own size: `bytes` tells when the owner should `clear` it. The hash is seeded, so that a
 * sender cannot prepare keys that all fall into one place.
 */
export class ByteTable {
  size = 0;
  private readonly seed: number;
  /** Entry number + 1; 0 is empty. Length is a power of two. */
  private slots = new Uint32Array(1024);
  private hashes = new Uint32Array(512);
  private offsets = new Uint32Array(512);
  private lengths = new Uint32Array(512);
  private numbers = new Uint32Array(512);
  private arena = new Uint8Array(1 << 16);
  private arenaView = new DataView(this.arena.buffer);
  private arenaUsed = 0;
  /** The hash of the last look-up: a miss is usually followed by an insertion of the same key. */
  private lastHash = 0;
  private lastFound = -1;

  constructor(seed: number) {
    this.seed = seed | 0;
  }

  /** Memory held, in bytes. */
  get bytes(): number {
    return this.arena.length + this.slots.byteLength + 4 * this.hashes.byteLength;
  }

  /** Bytes of the keys alone. */
  get keyBytes(): number {
    return this.arenaUsed;
  }

  /**
   * The number stored for bytes [from, to), or -1. `view` covers the same memory as `bytes`. O(length). Senders repeat the
   * order in which they began, so the entry behind the last one found is compared first, without a hash.
   */
  find(bytes: Uint8Array, view: DataView, from: number, to: number): number {
    const next = this.lastFound + 1 < this.size ? this.lastFound + 1 : 0;
    if (this.lengths[next] === to - from && next < this.size) {
      if (this.equals(this.offsets[next] as number, bytes, view, from, to)) {
        this.lastFound = next;
        return this.numbers[next] as number;
      }
    }
    const hash = hashBytes(bytes, view, from, to, this.seed);
    this.lastHash = hash;
    const mask = this.slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.slots[slot] as number) - 1;
      if (entry < 0) return -1;
      if (this.hashes[entry] === hash && this.lengths[entry] === to - from) {
        if (this.equals(this.offsets[entry] as number, bytes, view, from, to)) {
          this.lastFound = entry;
          return this.numbers[entry] as number;
        }
      }
    }
  }

  /** Stores the key that `find` has just missed. */
  insertMissed(bytes: Uint8Array, from: number, to: number, number: number): void {
    if (this.size === this.hashes.length) this.growEntries();
    const length = to - from;
    if (this.arenaUsed + length > this.arena.length) this.growArena(length);
    const entry = this.size++;
    this.hashes[entry] = this.lastHash;
    this.offsets[entry] = this.arenaUsed;
    this.lengths[entry] = length;
    this.numbers[entry] = number;
    this.lastFound = entry;
    this.arena.set(bytes.subarray(from, to), this.arenaUsed);
    this.arenaUsed += length;
    this.place(entry);
  }

  /** Forgets everything and gives the memory back. */
  clear(): void {
    this.size = 0;
    this.lastFound = -1;
    this.slots = new Uint32Array(1024);
    this.hashes = new Uint32Array(512);
    this.offsets = new Uint32Array(512);
    this.lengths = new Uint32Array(512);
    this.numbers = new Uint32Array(512);
    this.arena = new Uint8Array(1 << 16);
    this.arenaView = new DataView(this.arena.buffer);
    this.arenaUsed = 0;
  }

  private equals(offset: number, bytes: Uint8Array, view: DataView, from: number, to: number): boolean {
    const arena = this.arenaView;
    let i = from;
    let j = offset;
    for (; i + 4 <= to; i += 4, j += 4) if (view.getUint32(i, true) !== arena.getUint32(j, true)) return false;
    for (; i < to; i++, j++) if (bytes[i] !== this.arena[j]) return false;
    return true;
  }

  private place(entry: number): void {
    const mask = this.slots.length - 1;
    let slot = (this.hashes[entry] as number) & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = entry + 1;
  }

  private growEntries(): void {
    const capacity = this.hashes.length * 2;
    this.hashes = widened(this.hashes, capacity);
    this.offsets = widened(this.offsets, capacity);
    this.lengths = widened(this.lengths, capacity);
    this.numbers = widened(this.numbers, capacity);
    this.slots = new Uint32Array(capacity * 2);
    for (let entry = 0; entry < this.size; entry++) this.place(entry);
  }

  private growArena(needed: number): void {
    let capacity = this.arena.length;
    while (capacity < this.arenaUsed + needed) capacity *= 2;
    const wider = new Uint8Array(capacity);
    wider.set(this.arena.subarray(0, this.arenaUsed));
    this.arena = wider;
    this.arenaView = new DataView(wider.buffer);
  }
}

/** 32 bits over [from, to), four bytes a step in two lanes that the processor can run side by side. */
function hashBytes(bytes: Uint8Array, view: DataView, from: number, to: number, seed: number): number {
  let a = seed ^ (to - from);
  let b = seed + 0x9e3779b9;
  let i = from;
  for (; i + 8 <= to; i += 8) {
    a = Math.imul(a ^ view.getUint32(i, true), 0x85ebca6b);
    a ^= a >>> 15;
    b = Math.imul(b ^ view.getUint32(i + 4, true), 0xc2b2ae35);
    b ^= b >>> 13;
  }
  for (; i < to; i++) a = Math.imul(a ^ (bytes[i] as number), 0x01000193);
  a = Math.imul(a ^ (a >>> 16) ^ (b << 7), 0x7feb352d);
  a = Math.imul(a ^ (a >>> 15) ^ b, 0x846ca68b);
  return (a ^ (a >>> 16)) >>> 0;
}

function widened(old: Uint32Array<ArrayBuffer>, capacity: number): Uint32Array<ArrayBuffer> {
  const wider = new Uint32Array(capacity);
  wider.set(old);
  return wider;
}
