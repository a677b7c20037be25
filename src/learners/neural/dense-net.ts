import { AuspexError } from '../../errors.ts';
import type { SeededRandom } from '../../stats/random.ts';

const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-8;

/**
 * A net of dense layers with tanh between them and none after the last, trained by Adam (Kingma and Ba 2015) on squared
 * error. All weights lie in one array: layer after layer, each output's weights followed by its bias. A pass is O(weights).
 */
export class DenseNet {
  readonly sizes: readonly number[];
  readonly weights: Float64Array;
  /** Outputs of each layer in the last pass; the first is the input. */
  readonly #outputs: Float64Array[];
  readonly #deltas: Float64Array[];
  readonly #gradient: Float64Array;
  readonly #momentum: Float64Array;
  readonly #spread: Float64Array;
  #steps = 0;
  #inBatch = 0;

  /** Weights by Glorot and Bengio (2010) from `random`, or all 0 without it (to be filled from a saved net). */
  constructor(sizes: readonly number[], random?: SeededRandom) {
    this.sizes = sizes;
    let n = 0;
    for (let layer = 1; layer < sizes.length; layer++) n += sizes[layer] * (sizes[layer - 1] + 1);
    this.weights = new Float64Array(n);
    this.#gradient = new Float64Array(n);
    this.#momentum = new Float64Array(n);
    this.#spread = new Float64Array(n);
    this.#outputs = sizes.map((size) => new Float64Array(size));
    this.#deltas = sizes.map((size) => new Float64Array(size));
    if (random !== undefined) this.#initialise(random);
  }

  #initialise(random: SeededRandom): void {
    let at = 0;
    for (let layer = 1; layer < this.sizes.length; layer++) {
      const nIn = this.sizes[layer - 1];
      const limit = Math.sqrt(6 / (nIn + this.sizes[layer]));
      for (let out = 0; out < this.sizes[layer]; out++) {
        for (let i = 0; i < nIn; i++) this.weights[at++] = (random.next() * 2 - 1) * limit;
        at++;
      }
    }
  }

  /** A saved net. Throws MODEL_DAMAGED when its weights are not as many as its layers have. */
  static of(sizes: readonly number[], weights: Float64Array): DenseNet {
    let n = 0;
    for (let layer = 1; layer < sizes.length; layer++) n += sizes[layer] * (sizes[layer - 1] + 1);
    if (n !== weights.length || sizes.some((size) => !Number.isInteger(size) || size < 1 || size > n)) {
      throw new AuspexError(
        'MODEL_DAMAGED',
        `A net of layers ${sizes.join('-')} has ${n} weights, not ${weights.length}.`,
      );
    }
    const net = new DenseNet(sizes);
    net.weights.set(weights);
    return net;
  }

  /** What the net answers to the input that begins at `start` of `x`; the array is used again by the next pass. */
  forward(x: Float64Array, start = 0): Float64Array {
    const sizes = this.sizes;
    const input = this.#outputs[0];
    for (let i = 0; i < sizes[0]; i++) input[i] = x[start + i];
    let at = 0;
    for (let layer = 1; layer < sizes.length; layer++) {
      const before = this.#outputs[layer - 1];
      const after = this.#outputs[layer];
      const isLast = layer === sizes.length - 1;
      for (let out = 0; out < after.length; out++) {
        let sum = 0;
        for (let i = 0; i < before.length; i++) sum += this.weights[at + i] * before[i];
        at += before.length;
        sum += this.weights[at++];
        after[out] = isLast ? sum : Math.tanh(sum);
      }
    }
    return this.#outputs[sizes.length - 1];
  }

  /** Adds the gradient of half the squared error at one example to the batch; positions whose target is NaN do not count. */
  learn(x: Float64Array, start: number, target: Float64Array, targetStart: number): void {
    const answer = this.forward(x, start);
    const last = this.sizes.length - 1;
    const delta = this.#deltas[last];
    for (let i = 0; i < answer.length; i++) {
      const wanted = target[targetStart + i];
      delta[i] = wanted === wanted ? answer[i] - wanted : 0;
    }
    let end = this.weights.length;
    for (let layer = last; layer >= 1; layer--) {
      const nIn = this.sizes[layer - 1];
      const begin = end - this.sizes[layer] * (nIn + 1);
      this.#backward(layer, begin);
      end = begin;
    }
    this.#inBatch++;
  }

  #backward(layer: number, begin: number): void {
    const before = this.#outputs[layer - 1];
    const delta = this.#deltas[layer];
    const deltaBefore = this.#deltas[layer - 1].fill(0);
    const gradient = this.#gradient;
    let at = begin;
    for (let out = 0; out < delta.length; out++) {
      const d = delta[out];
      for (let i = 0; i < before.length; i++) {
        gradient[at + i] += d * before[i];
        deltaBefore[i] += d * this.weights[at + i];
      }
      at += before.length;
      gradient[at++] += d;
    }
    if (layer > 1) for (let i = 0; i < before.length; i++) deltaBefore[i] *= 1 - before[i] * before[i];
  }

  /** One step of Adam along the mean gradient of the batch, with decay of the weights; begins a new batch. */
  step(rate: number, decay = 0): void {
    if (this.#inBatch === 0) return;
    this.#steps++;
    const scale = 1 / this.#inBatch;
    const correct1 = 1 - BETA_1 ** this.#steps;
    const correct2 = 1 - BETA_2 ** this.#steps;
    for (let i = 0; i < this.weights.length; i++) {
      const g = this.#gradient[i] * scale;
      const m = BETA_1 * this.#momentum[i] + (1 - BETA_1) * g;
      const v = BETA_2 * this.#spread[i] + (1 - BETA_2) * g * g;
      this.#momentum[i] = m;
      this.#spread[i] = v;
      this.weights[i] -= rate * (m / correct1 / (Math.sqrt(v / correct2) + EPSILON) + decay * this.weights[i]);
    }
    this.#gradient.fill(0);
    this.#inBatch = 0;
  }
}
