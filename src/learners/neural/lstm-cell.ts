/**
 * One layer of long short-term memory (Hochreiter and Schmidhuber 1997, with a forget gate) with a linear output, its
 * weights in one array: gates i, f, g, o (each `hidden` rows of inputs, hidden values and a constant), then the output's
 * row and constant. Kernels for whole sequences; arrays are kept from call to call.
 */
export class LstmCell {
  readonly nInputs: number;
  readonly hidden: number;
  readonly weights: Float64Array;
  readonly gradient: Float64Array;
  readonly h: Float64Array;
  readonly c: Float64Array;
  /** By step: gates after their squashing, cell values, hidden values before the step. */
  readonly #gates: Float64Array;
  readonly #cells: Float64Array;
  readonly #before: Float64Array;
  readonly #dh: Float64Array;
  readonly #dc: Float64Array;
  readonly #next: Float64Array;

  constructor(nInputs: number, hidden: number, maxSteps: number) {
    this.nInputs = nInputs;
    this.hidden = hidden;
    const size = 4 * hidden * (nInputs + hidden + 1) + hidden + 1;
    this.weights = new Float64Array(size);
    this.gradient = new Float64Array(size);
    this.h = new Float64Array(hidden);
    this.c = new Float64Array(hidden);
    this.#gates = new Float64Array(maxSteps * 4 * hidden);
    this.#cells = new Float64Array((maxSteps + 1) * hidden);
    this.#before = new Float64Array(maxSteps * hidden);
    this.#dh = new Float64Array(hidden);
    this.#dc = new Float64Array(hidden);
    this.#next = new Float64Array(hidden);
  }

  /** Forgets what came before. */
  reset(): void {
    this.h.fill(0);
    this.c.fill(0);
  }

  /** One step on; the output. `at` is the place among the kept steps that `backward` goes through. */
  step(x: Float64Array, from: number, at = 0): number {
    const { hidden: H, nInputs: I, weights, h, c } = this;
    const width = I + H + 1;
    const gates = at * 4 * H;
    this.#before.set(h, at * H);
    this.#cells.set(c, at * H);
    for (let r = 0; r < 4 * H; r++) {
      const row = r * width;
      let sum = weights[row + I + H];
      for (let j = 0; j < I; j++) sum += weights[row + j] * x[from + j];
      for (let j = 0; j < H; j++) sum += weights[row + I + j] * h[j];
      this.#gates[gates + r] = r >= 2 * H && r < 3 * H ? Math.tanh(sum) : 1 / (1 + Math.exp(-sum));
    }
    const out = 4 * H * width;
    let y = weights[out + H];
    for (let k = 0; k < H; k++) {
      const g = gates + k;
      c[k] = this.#gates[g + H] * c[k] + this.#gates[g] * this.#gates[g + 2 * H];
      h[k] = this.#gates[g + 3 * H] * Math.tanh(c[k]);
      y += weights[out + k] * h[k];
    }
    this.#cells.set(c, (at + 1) * H);
    return y;
  }

  /** Adds the gradient of a sequence whose steps were just taken; `errors[t]` is the derivative by the output of step t. */
  backward(x: Float64Array, errors: Float64Array, steps: number): void {
    const { hidden: H, nInputs: I, weights, gradient } = this;
    const width = I + H + 1;
    const out = 4 * H * width;
    this.#dh.fill(0);
    this.#dc.fill(0);
    for (let t = steps - 1; t >= 0; t--) {
      const gates = t * 4 * H;
      const e = errors[t];
      gradient[out + H] += e;
      this.#next.fill(0);
      for (let k = 0; k < H; k++) {
        const i = this.#gates[gates + k];
        const f = this.#gates[gates + H + k];
        const g = this.#gates[gates + 2 * H + k];
        const o = this.#gates[gates + 3 * H + k];
        const before = this.#cells[t * H + k];
        const tanh = Math.tanh(this.#cells[(t + 1) * H + k]);
        gradient[out + k] += e * o * tanh;
        const dh = this.#dh[k] + e * weights[out + k];
        const dc = this.#dc[k] + dh * o * (1 - tanh * tanh);
        this.#dc[k] = dc * f;
        this.#gate(k, dc * g * i * (1 - i), x, t, width);
        this.#gate(H + k, dc * before * f * (1 - f), x, t, width);
        this.#gate(2 * H + k, dc * i * (1 - g * g), x, t, width);
        this.#gate(3 * H + k, dh * tanh * o * (1 - o), x, t, width);
      }
      this.#dh.set(this.#next);
    }
  }

  #gate(r: number, delta: number, x: Float64Array, t: number, width: number): void {
    const { nInputs: I, hidden: H, weights, gradient } = this;
    const row = r * width;
    for (let j = 0; j < I; j++) gradient[row + j] += delta * x[t * I + j];
    for (let j = 0; j < H; j++) {
      gradient[row + I + j] += delta * this.#before[t * H + j];
      this.#next[j] += delta * weights[row + I + j];
    }
    gradient[row + I + H] += delta;
  }
}
