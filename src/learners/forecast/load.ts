/** Means of stretches in O(1); NaN where less than half of one is known. */
export class Load {
  readonly #length: number;
  readonly #sums: Float64Array;
  readonly #counts: Float64Array;

  constructor(y: Float64Array, isSilent: Uint8Array) {
    const n = y.length;
    this.#length = n;
    this.#sums = new Float64Array(n + 1);
    this.#counts = new Float64Array(n + 1);
    for (let i = 0; i < n; i++) {
      const isKnown = y[i] === y[i] && isSilent[i] === 0;
      this.#sums[i + 1] = this.#sums[i] + (isKnown ? y[i] : 0);
      this.#counts[i + 1] = this.#counts[i] + (isKnown ? 1 : 0);
    }
  }

  mean(from: number, to: number): number {
    const a = Math.max(0, from);
    const b = Math.min(this.#length, to);
    if (b <= a) return Number.NaN;
    const known = this.#counts[b] - this.#counts[a];
    return known > 0 && 2 * known >= to - from ? (this.#sums[b] - this.#sums[a]) / known : Number.NaN;
  }
}

/** Where the series is missing, or silent: zeros for longer than four windows while zeros are rare elsewhere. */
export function silences(values: Float64Array, y: Float64Array, window: number): Uint8Array {
  const n = y.length;
  const out = new Uint8Array(n);
  let zeros = 0;
  let inRuns = 0;
  for (let i = 0; i < n; ) {
    if (!Number.isFinite(values[i])) {
      out[i++] = 1;
      continue;
    }
    let end = i;
    while (end < n && values[end] === 0) end++;
    if (end - i > 4 * window) {
      out.fill(1, i, end);
      inRuns += end - i;
    }
    zeros += end - i;
    i = Math.max(i + 1, end);
  }
  if (2 * inRuns > n || zeros - inRuns > 0.05 * (n - inRuns))
    for (let i = 0; i < n; i++) if (Number.isFinite(values[i])) out[i] = 0;
  return out;
}
