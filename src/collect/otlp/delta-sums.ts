/** What was added for one request, to be taken back when it cannot be stored. */
export type DeltaChanges = { readonly ref: number; readonly amount: number; readonly before: number }[];

/** Series whose sums are remembered; 70 bytes each. */
const MOST_SERIES = 200_000;

/**
 * Sums up deltas to counters, by series. In memory: after a restart a counter begins anew, which all that look at counters
 * take as such. The series that was not heard of for longest is forgotten first.
 */
export class DeltaSums {
  readonly #most: number;
  readonly #series = new Map<number, { sum: number; at: number }>();

  constructor(most = MOST_SERIES) {
    this.#most = most;
  }

  /** The sum with this delta in it, or undefined for one that is not newer than the last: it was sent twice, or out of order. */
  add(ref: number, at: number, amount: number, changes: DeltaChanges): number | undefined {
    const known = this.#series.get(ref);
    if (known !== undefined && at <= known.at) return undefined;
    changes.push({ ref, amount, before: known?.at ?? 0 });
    const sum = (known?.sum ?? 0) + amount;
    this.#series.delete(ref);
    if (this.#series.size >= this.#most) {
      const [oldest] = this.#series.keys();
      if (oldest !== undefined) this.#series.delete(oldest);
    }
    this.#series.set(ref, { sum, at });
    return sum;
  }

  /** Takes back what was not stored: the sender sends it again. */
  undo(changes: DeltaChanges): void {
    for (const { ref, amount, before } of changes.toReversed()) {
      const known = this.#series.get(ref);
      if (known === undefined) continue;
      known.sum -= amount;
      known.at = before;
    }
  }
}
