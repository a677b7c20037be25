/*
 * The newest points, in the order in which they came, in two halves of shared memory: the writer fills one while the
 * other is sorted into blocks; the reader thread scans both. 20 bytes a point; pages never written cost no memory.
 */

/** Points in one half. */
export const HALF_CAPACITY = 1 << 19;

const GENERATION = 0;
const ACTIVE = 1;
const COUNTS = 2;

export interface Half {
  readonly refs: Uint32Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly bits: Uint32Array;
}

export class RecentBuffer {
  readonly shared: {
    readonly control: SharedArrayBuffer;
    readonly halves: readonly SharedArrayBuffer[];
    readonly capacity: number;
  };
  readonly capacity: number;
  readonly #control: Int32Array;
  readonly #halves: readonly Half[];

  constructor(from: RecentBuffer['shared'] | number = HALF_CAPACITY) {
    this.shared =
      typeof from === 'number'
        ? {
            control: new SharedArrayBuffer(16),
            halves: [new SharedArrayBuffer(from * 20), new SharedArrayBuffer(from * 20)],
            capacity: from,
          }
        : from;
    this.capacity = this.shared.capacity;
    this.#control = new Int32Array(this.shared.control);
    this.#halves = this.shared.halves.map((memory) => ({
      times: new Float64Array(memory, 0, this.capacity),
      values: new Float64Array(memory, this.capacity * 8, this.capacity),
      bits: new Uint32Array(memory, this.capacity * 8, this.capacity * 2),
      refs: new Uint32Array(memory, this.capacity * 16, this.capacity),
    }));
  }

  /** The half that is being filled. */
  get active(): Half {
    return this.#halves[this.#control[ACTIVE]];
  }

  get activeCount(): number {
    return this.#control[COUNTS + this.#control[ACTIVE]];
  }

  get sealed(): Half {
    return this.#halves[1 - this.#control[ACTIVE]];
  }

  /** Points that wait to become a segment; 0 when none do. */
  get sealedCount(): number {
    return this.#control[COUNTS + 1 - this.#control[ACTIVE]];
  }

  /** Makes points visible that were written behind `activeCount`. */
  commit(count: number): void {
    Atomics.add(this.#control, COUNTS + this.#control[ACTIVE], count);
  }

  /** Turns the active half into the sealed one. Only when `sealedCount` is 0. */
  seal(): void {
    Atomics.store(this.#control, ACTIVE, 1 - this.#control[ACTIVE]);
    Atomics.add(this.#control, GENERATION, 1);
  }

  /** Forgets the sealed half: its points are in blocks now. */
  release(): void {
    Atomics.add(this.#control, GENERATION, 1);
    Atomics.store(this.#control, COUNTS + 1 - this.#control[ACTIVE], 0);
    Atomics.add(this.#control, GENERATION, 1);
  }

  /**
   * Runs `scan` over the halves, older points first, until it saw both as they stood at one moment. A reader must look
   * here first and into the blocks after: what is flushed meanwhile is then seen twice, never missed.
   */
  scan(scan: (half: Half, count: number) => void, restart: () => void): void {
    for (;;) {
      const generation = Atomics.load(this.#control, GENERATION);
      restart();
      const active = Atomics.load(this.#control, ACTIVE);
      scan(this.#halves[1 - active], Atomics.load(this.#control, COUNTS + 1 - active));
      scan(this.#halves[active], Atomics.load(this.#control, COUNTS + active));
      if (Atomics.load(this.#control, GENERATION) === generation) return;
    }
  }
}
