import { AuspexError } from '../../errors.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger, requireMatrix, requireNumber } from '../requirements.ts';
import { type Candidate, chooseByBacktest, type Tried } from './choice.ts';

const VERSION = 1;

export interface AutomaticParameters {
  readonly seed?: number;
  /** Nominal milliseconds of one core for `fit`, 1 … 1e9. */
  readonly budgetMs?: number;
  /** Rows left out between training and judging, where the targets of neighbouring rows overlap. */
  readonly gap?: number;
}

/** What a learner does that may be chosen. */
interface Fitted {
  fit(x: Float64Array, y: Float64Array, nRows: number, nCols: number): unknown;
  toBytes(): Uint8Array;
}

/** What regression and classification by choice have in common: the search, what came of it, and its bytes. */
export abstract class AutomaticChoice<M extends Fitted> {
  protected abstract readonly kind: string;
  protected readonly seed: number;
  readonly #budgetMs: number;
  readonly #gap: number;
  #model: M | null = null;
  #name = '';
  #tried: readonly Tried[] = [];

  constructor({ seed, budgetMs, gap }: AutomaticParameters = {}) {
    this.seed = seed ?? 1;
    this.#budgetMs = requireNumber('budgetMs', budgetMs ?? 1000, 1, 1e9);
    this.#gap = requireInteger('gap', gap ?? 0, 0, 1_000_000);
  }

  /** What serves: its name in the registry. */
  get chosen(): string {
    return this.#name;
  }

  /** What stood for choice with its error in the backtest, the chosen one first; empty where nothing was compared, and after loading. */
  get tried(): readonly Tried[] {
    return this.#tried;
  }

  /** The model that serves; null before training. */
  protected get model(): M | null {
    return this.#model;
  }

  protected abstract candidates(y: Float64Array, nRows: number): readonly Candidate<M>[];
  /** Whether a row's target is known. */
  protected abstract isKnown(target: number): boolean;
  protected abstract errorOf(model: M, row: Float64Array, target: number): number;

  /** Throws BAD_REQUEST when no row has a target, and for a class that is none. */
  fit(x: Float64Array, y: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const { chosen, tried } = chooseByBacktest(
      this.candidates(y, nRows),
      nRows,
      nCols,
      { budgetMs: this.#budgetMs, gap: this.#gap },
      (candidate, first, { trainedTo, from, to }) => {
        const past = y.subarray(first, trainedTo);
        if (!past.some((target) => this.isKnown(target))) return Number.NaN;
        const model = candidate.create();
        model.fit(x.subarray(first * nCols, trainedTo * nCols), past, trainedTo - first, nCols);
        let sum = 0;
        let count = 0;
        for (let i = from; i < to; i++) {
          if (!this.isKnown(y[i])) continue;
          sum += this.errorOf(model, x.subarray(i * nCols, (i + 1) * nCols), y[i]);
          count++;
        }
        return sum / count;
      },
    );
    const model = chosen.create();
    model.fit(x, y, nRows, nCols);
    this.#model = model;
    this.#name = chosen.name;
    this.#tried = tried;
    return this;
  }

  toBytes(): Uint8Array {
    requireFitted(this.#model !== null, this.kind);
    return new ModelWriter(this.kind, VERSION)
      .number(this.seed)
      .number(this.#budgetMs)
      .number(this.#gap)
      .text(this.#name)
      .bytes(this.#model?.toBytes() ?? new Uint8Array())
      .finish();
  }

  /** Reads what `toBytes` wrote. Throws MODEL_DAMAGED for bytes that are cut or altered, and for a learner that is not among `loaders`. */
  protected static load<M extends Fitted, A extends AutomaticChoice<M>>(
    bytes: Uint8Array,
    kind: string,
    loaders: Readonly<Record<string, (bytes: Uint8Array) => M>>,
    create: (parameters: AutomaticParameters) => A,
  ): A {
    const reader = new ModelReader(bytes, kind, VERSION);
    const choice = create({ seed: reader.number(), budgetMs: reader.number(), gap: reader.number() });
    const name = reader.text();
    const loader = Object.hasOwn(loaders, name) ? loaders[name] : undefined;
    if (loader === undefined)
      throw new AuspexError('MODEL_DAMAGED', `There is no learner "${name}" to choose.`, { data: { kind: name } });
    choice.#name = name;
    choice.#model = loader(reader.bytes());
    return choice;
  }
}
