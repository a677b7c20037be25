const CAPACITY = 2048;
const STEP_MS = 60_000;

/** The last 2,048 joint states of an entity, about one a minute: 1.4 days. 4 bytes a value. */
export class TrainingRows {
  readonly cols: number;
  readonly #values: Float32Array;
  readonly #times = new Float64Array(CAPACITY);
  #count = 0;
  #next = 0;

  constructor(cols: number) {
    this.cols = cols;
    this.#values = new Float32Array(CAPACITY * cols);
  }

  /** Whether the last row is a minute old. */
  isDue(at: number): boolean {
    return this.#count === 0 || at - this.#times[(this.#next + CAPACITY - 1) % CAPACITY] >= STEP_MS;
  }

  /** Keeps the row unless the last one is younger than a minute. */
  add(at: number, vector: readonly number[]): void {
    if (!this.isDue(at)) return;
    for (let c = 0; c < this.cols; c++) this.#values[this.#next * this.cols + c] = vector[c] ?? Number.NaN;
    this.#times[this.#next] = at;
    this.#next = (this.#next + 1) % CAPACITY;
    if (this.#count < CAPACITY) this.#count++;
  }

  /** Oldest first, with the first `cols` columns. */
  read(cols: number): { rows: Float64Array; count: number; from: number; to: number } {
    const rows = new Float64Array(this.#count * cols).fill(Number.NaN);
    const start = (this.#next + CAPACITY - this.#count) % CAPACITY;
    for (let r = 0; r < this.#count; r++) {
      const from = ((start + r) % CAPACITY) * this.cols;
      for (let c = 0; c < Math.min(cols, this.cols); c++) rows[r * cols + c] = this.#values[from + c];
    }
    const last = (this.#next + CAPACITY - 1) % CAPACITY;
    return {
      rows,
      count: this.#count,
      from: this.#count > 0 ? this.#times[start] : 0,
      to: this.#count > 0 ? this.#times[last] : 0,
    };
  }

  toNumbers(): Float64Array {
    const out = new Float64Array(3 + this.#count * (this.cols + 1));
    out.set([this.cols, this.#count, this.#next]);
    out.set(this.#times.subarray(0, this.#count), 3);
    out.set(this.#values.subarray(0, this.#count * this.cols), 3 + this.#count);
    return out;
  }

  static fromNumbers(numbers: Float64Array): TrainingRows {
    const rows = new TrainingRows(numbers[0]);
    rows.#count = numbers[1];
    rows.#next = numbers[2];
    rows.#times.set(numbers.subarray(3, 3 + rows.#count));
    rows.#values.set(numbers.subarray(3 + rows.#count));
    return rows;
  }
}
