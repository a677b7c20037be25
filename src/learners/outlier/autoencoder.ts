import { SeededRandom } from '../../stats/random.ts';
import { ColumnScaling } from '../column-scaling.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { DenseNet } from '../neural/dense-net.ts';
import { requireFitted, requireInteger, requireMatrix, requireNumber } from '../requirements.ts';
import { RowScorer } from './outlier-detector.ts';

const KIND = 'autoencoder';
const VERSION = 1;
const BATCH = 32;
/** Inputs are cut here, in scales: one wild value must not turn the net. The error is measured on the uncut value. */
const CUT = 5;

export interface AutoencoderParameters {
  /** Units of the outer hidden layers: 1 … 512; 0 for as many as columns, 8 at least and 64 at most. */
  readonly nHidden?: number;
  /** Units of the narrow layer: 1 … 256; 0 for the square root of the columns plus 1. */
  readonly nCode?: number;
  /** Steps of 32 rows each: 1 … 100,000. */
  readonly nSteps?: number;
  readonly learningRate?: number;
  readonly seed: number;
}

/**
 * A net that has to pass each row through a narrow layer (Hinton and Salakhutdinov 2006; as a detector Hawkins et al.
 * 2002): the root mean squared error of what comes out again. It sees broken relations between columns, curved ones too.
 *
 * Weak on few rows (some hundreds at least), and where anomalies are many enough to be learnt. NaN says nothing.
 * Fit O(nSteps · 32 · weights) whatever the rows, score O(weights), weights about 2 nHidden (d + nCode); 8 bytes each.
 */
export class Autoencoder extends RowScorer {
  readonly kind = KIND;
  readonly #parameters: Required<AutoencoderParameters>;
  #scaling: ColumnScaling | null = null;
  #net: DenseNet | null = null;
  #scaled: Float64Array = new Float64Array(0);
  #input: Float64Array = new Float64Array(0);

  constructor(parameters: AutoencoderParameters) {
    super();
    this.#parameters = {
      nHidden: requireInteger('nHidden', parameters.nHidden ?? 0, 0, 512),
      nCode: requireInteger('nCode', parameters.nCode ?? 0, 0, 256),
      nSteps: requireInteger('nSteps', parameters.nSteps ?? 1500, 1, 100_000),
      learningRate: requireNumber('learningRate', parameters.learningRate ?? 0.005, 0, 1),
      seed: parameters.seed,
    };
  }

  get nCols(): number {
    return this.#scaled.length;
  }

  /** Learns from a row-major matrix, forgetting what it knew. */
  fit(x: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const { nHidden, nCode, nSteps, learningRate, seed } = this.#parameters;
    const random = new SeededRandom(seed);
    const scaling = ColumnScaling.fit(x, nRows, nCols, 'standard');
    const hidden = nHidden > 0 ? nHidden : Math.max(8, Math.min(64, nCols));
    const code = nCode > 0 ? nCode : Math.min(hidden, Math.round(Math.sqrt(nCols)) + 1);
    const net = new DenseNet([nCols, hidden, code, hidden, nCols], random);
    const rows = scaling.applyAll(x, nRows).map(cut);
    const target = rows.slice();
    for (let i = 0; i < target.length; i++) if (x[i] !== x[i]) target[i] = Number.NaN;
    const order = Int32Array.from({ length: nRows }, (_, i) => i);
    let next = nRows;
    for (let step = 0; step < nSteps; step++) {
      for (let k = 0; k < BATCH; k++) {
        if (next === nRows) {
          shuffle(order, random);
          next = 0;
        }
        const start = order[next++] * nCols;
        net.learn(rows, start, target, start);
      }
      // The rate falls in a straight line to a tenth: the last steps average the noise of the batches.
      net.step(learningRate * (1 - (0.9 * step) / nSteps), 1e-5);
    }
    this.#use(scaling, net);
    return this;
  }

  protected scoreAt(x: Float64Array, start: number): number {
    if (this.#scaling === null || this.#net === null) return 0;
    const z = this.#scaled;
    this.#scaling.apply(x, start, z, 0);
    for (let j = 0; j < z.length; j++) this.#input[j] = cut(z[j]);
    const answer = this.#net.forward(this.#input);
    let sum = 0;
    let n = 0;
    for (let j = 0; j < z.length; j++) {
      if (x[start + j] !== x[start + j]) continue;
      sum += (z[j] - answer[j]) ** 2;
      n++;
    }
    return n > 0 ? Math.sqrt(sum / n) : 0;
  }

  #use(scaling: ColumnScaling, net: DenseNet): void {
    this.#scaling = scaling;
    this.#net = net;
    this.#scaled = new Float64Array(scaling.nCols);
    this.#input = new Float64Array(scaling.nCols);
  }

  toBytes(): Uint8Array {
    requireFitted(this.#net !== null, KIND);
    const { nHidden, nCode, nSteps, learningRate, seed } = this.#parameters;
    const writer = new ModelWriter(KIND, VERSION).number(nHidden).number(nCode).number(nSteps);
    writer.number(learningRate).number(seed);
    this.#scaling?.write(writer);
    return writer
      .float64s(Float64Array.from(this.#net?.sizes ?? []))
      .float64s(this.#net?.weights ?? new Float64Array(0))
      .finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): Autoencoder {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const model = new Autoencoder({
      nHidden: reader.number(),
      nCode: reader.number(),
      nSteps: reader.number(),
      learningRate: reader.number(),
      seed: reader.number(),
    });
    const scaling = ColumnScaling.read(reader);
    model.#use(scaling, DenseNet.of([...reader.float64s()], reader.float64s()));
    return model;
  }
}

function cut(z: number): number {
  return z > CUT ? CUT : z < -CUT ? -CUT : z;
}

function shuffle(order: Int32Array, random: SeededRandom): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const row = order[i];
    order[i] = order[j];
    order[j] = row;
  }
}
