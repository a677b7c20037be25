const DAY_MS = 86_400_000;

/** Bounds what makes series: past the limit, names that are new today are not let in. */
export class NamesADay {
  readonly #limit: number;
  #names = new Set<string>();
  #day = Number.NaN;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether `name` is among the first of the day of `at`. */
  admits(name: string, at: number): boolean {
    const day = Math.floor(at / DAY_MS);
    if (day !== this.#day) {
      this.#day = day;
      this.#names = new Set();
    }
    if (this.#names.has(name)) return true;
    if (this.#names.size >= this.#limit) return false;
    this.#names.add(name);
    return true;
  }
}
