/* Calibrators: from what a model says to how often it happens. Fit them on rows that the model has not been trained on. */

const LEAST = 1e-6;
const SLOPE_PULL = 0.01;

function clamped(p: number): number {
  return p < LEAST ? LEAST : p > 1 - LEAST ? 1 - LEAST : p;
}

export function logit(p: number): number {
  const q = clamped(p);
  return Math.log(q / (1 - q));
}

export function logistic(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

/**
 * Isotonic calibration (pool adjacent violators; Zadrozny and Elkan 2002): the best rising curve through what happened,
 * straight between its blocks. Weak on less than some hundred rows, where it follows noise, and at its ends it says 0 or 1.
 */
export class IsotonicCalibration {
  /** Middles of the blocks, ascending, and what happened in them. */
  readonly scores: Float64Array;
  readonly shares: Float64Array;

  constructor(scores: Float64Array, shares: Float64Array) {
    this.scores = scores;
    this.shares = shares;
  }

  /** O(n log n). */
  static fit(scores: Float64Array, happened: Uint8Array): IsotonicCalibration {
    const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[a] - scores[b] || a - b);
    const block = { low: [] as number[], high: [] as number[], sum: [] as number[], n: [] as number[] };
    const last = (): number => block.n.length - 1;
    for (let i = 0; i < order.length; ) {
      let end = i;
      let sum = 0;
      while (end < order.length && scores[order[end]] === scores[order[i]]) sum += happened[order[end++]] ? 1 : 0;
      block.low.push(scores[order[i]]);
      block.high.push(scores[order[i]]);
      block.sum.push(sum);
      block.n.push(end - i);
      i = end;
      while (last() > 0 && block.sum[last() - 1] * block.n[last()] >= block.sum[last()] * block.n[last() - 1]) {
        const sumOf = block.sum.pop() ?? 0;
        const nOf = block.n.pop() ?? 0;
        block.low.pop();
        const high = block.high.pop() ?? 0;
        block.sum[last()] += sumOf;
        block.n[last()] += nOf;
        block.high[last()] = high;
      }
    }
    return new IsotonicCalibration(
      Float64Array.from(block.low, (low, k) => (low + block.high[k]) / 2),
      Float64Array.from(block.sum, (sum, k) => sum / block.n[k]),
    );
  }

  calibrate(score: number): number {
    const { scores, shares } = this;
    const n = scores.length;
    if (n === 0) return score;
    if (!(score > scores[0])) return shares[0];
    if (score >= scores[n - 1]) return shares[n - 1];
    let low = 0;
    let high = n - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (scores[middle] <= score) low = middle;
      else high = middle;
    }
    const share = (score - scores[low]) / (scores[high] - scores[low]);
    return shares[low] + (shares[high] - shares[low]) * share;
  }
}

/**
 * Platt's calibration (1999; with the targets of Lin, Lin, Weng 2007): a logistic curve over the logit of what the model
 * says. Two numbers, so good on few rows; weak where the true curve has another shape.
 */
export class PlattCalibration {
  readonly slope: number;
  readonly intercept: number;

  constructor(slope: number, intercept: number) {
    this.slope = slope;
    this.intercept = intercept;
  }

  /** By Newton's method. O(n · steps). */
  static fit(probabilities: Float64Array, happened: Uint8Array): PlattCalibration {
    let positives = 0;
    for (const one of happened) positives += one ? 1 : 0;
    const negatives = happened.length - positives;
    const high = (positives + 1) / (positives + 2);
    const low = 1 / (negatives + 2);
    const x = probabilities.map(logit);
    let slope = 1;
    let intercept = 0;
    for (let step = 0; step < 50; step++) {
      // A weak pull towards slope 1: a score that never moves has no slope to learn.
      let gs = SLOPE_PULL * (slope - 1);
      let gi = 0;
      let hss = SLOPE_PULL;
      let hsi = 0;
      let hii = 1e-9;
      for (let i = 0; i < x.length; i++) {
        const p = logistic(slope * x[i] + intercept);
        const d = p - (happened[i] ? high : low);
        const h = p * (1 - p);
        gs += d * x[i];
        gi += d;
        hss += h * x[i] * x[i];
        hsi += h * x[i];
        hii += h;
      }
      const det = hss * hii - hsi * hsi;
      const ds = (hii * gs - hsi * gi) / det;
      const di = (hss * gi - hsi * gs) / det;
      const damp = Math.min(1, 2 / Math.max(Math.abs(ds), Math.abs(di), 1e-300));
      slope -= damp * ds;
      intercept -= damp * di;
      if (Math.abs(ds) + Math.abs(di) < 1e-10) break;
    }
    return new PlattCalibration(slope, intercept);
  }

  calibrate(probability: number): number {
    return logistic(this.slope * logit(probability) + this.intercept);
  }
}

/**
 * Platt's calibration of a stream (online Newton steps: Gupta and Ramdas 2023): each outcome moves slope and intercept,
 * those long past are forgotten. Begins as "believe what the model says". O(1) an outcome; six numbers.
 */
export class OnlineCalibration {
  readonly memory: number;
  #slope = 1;
  #intercept = 0;
  #hss: number;
  #hsi = 0;
  #hii: number;

  /** `memory`: outcomes after which one counts a third; `prior`: outcomes that it takes to doubt the model as much as to believe it. */
  constructor(memory = 1000, prior = 25) {
    this.memory = memory;
    // A usual outcome adds about 0.2 to the information on the intercept.
    this.#hss = prior * 0.2;
    this.#hii = prior * 0.2;
  }

  calibrate(probability: number): number {
    return logistic(this.#slope * logit(probability) + this.#intercept);
  }

  learnOne(probability: number, happened: boolean): void {
    const x = logit(probability);
    const p = logistic(this.#slope * x + this.#intercept);
    const d = p - (happened ? 1 : 0);
    const h = Math.max(p * (1 - p), 1e-3);
    const keep = 1 - 1 / this.memory;
    // What is forgotten falls back to a twentieth of an outcome's information, so that the matrix never empties.
    this.#hss = Math.max(this.#hss * keep + h * x * x, 0.05);
    this.#hsi = this.#hsi * keep + h * x;
    this.#hii = this.#hii * keep + h;
    const det = this.#hss * this.#hii - this.#hsi * this.#hsi;
    if (!(det > 1e-12)) return;
    this.#slope = Math.max(0.05, Math.min(5, this.#slope - (this.#hii * d * x - this.#hsi * d) / det));
    this.#intercept = Math.max(-5, Math.min(5, this.#intercept - (this.#hss * d - this.#hsi * d * x) / det));
  }

  /** Its whole state. */
  toNumbers(): Float64Array {
    return Float64Array.of(this.memory, this.#slope, this.#intercept, this.#hss, this.#hsi, this.#hii);
  }

  static fromNumbers(numbers: Float64Array): OnlineCalibration {
    const [memory = 1000, slope = 1, intercept = 0, hss = 5, hsi = 0, hii = 5] = numbers;
    const calibration = new OnlineCalibration(memory);
    calibration.#slope = slope;
    calibration.#intercept = intercept;
    calibration.#hss = hss;
    calibration.#hsi = hsi;
    calibration.#hii = hii;
    return calibration;
  }
}
