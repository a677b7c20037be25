import { AuspexError } from '../../errors.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger, requireMatrix, requireNumber, requireWidth } from '../requirements.ts';
import type { Regressor } from '../regressor.ts';
import { regressionCandidates, regressorLoaders } from './candidates.ts';
import { chooseByBacktest, type Tried } from './choice.ts';

const KIND = 'automatic-regressor';
const VERSION = 1;

export interface AutomaticParameters {
  readonly seed?: number;
  /** Nominal milliseconds of one core for `fit`, 1 … 1e9. */
  readonly budgetMs?: number;
  /** Rows left out between training and judging, where the targets of neighbouring rows overlap. */
  readonly gap?: number;
}

/**
 * Chooses learner and parameters by itself: the mean, ridge, forests and gradient boosting are fitted to the earlier rows and
 * judged by their mean absolute error on later ones, as many of them as the budget allows; the best is fitted to everything.
 * Rows have to be in the order of time.
 *
 * Weak on fewer than 40 rows, where the mean serves. NaN in a column is a missing value; rows whose target is not finite
 * are left out. Costs its budget and the chosen learner's fit.
 */
export class AutomaticRegressor implements Regressor {
  readonly #parameters: Required<AutomaticParameters>;
  #model: Regressor | null = null;
  #name = '';
  #tried: readonly Tried[] = [];

  constructor(parameters: AutomaticParameters = {}) {
    this.#parameters = automaticParameters(parameters);
  }

  get nCols(): number {
    return this.#model?.nCols ?? 0;
  }

  /** What serves: its name in the registry. */
  get chosen(): string {
    return this.#name;
  }

  /** What stood for choice with its error in the backtest, the chosen one first; empty where nothing was compared, and after loading. */
  get tried(): readonly Tried[] {
    return this.#tried;
  }

  /** Throws BAD_REQUEST when no row has a finite target. */
  fit(x: Float64Array, y: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const { seed, budgetMs, gap } = this.#parameters;
    const { chosen, tried } = chooseByBacktest(
      regressionCandidates(seed),
      nRows,
      nCols,
      { budgetMs, gap },
      (candidate, first, { trainedTo, from, to }) => {
        const past = y.subarray(first, trainedTo);
        if (!past.some(Number.isFinite)) return Number.NaN;
        const model = candidate.create();
        model.fit(x.subarray(first * nCols, trainedTo * nCols), past, trainedTo - first, nCols);
        let sum = 0;
        let count = 0;
        for (let i = from; i < to; i++) {
          if (!Number.isFinite(y[i])) continue;
          sum += Math.abs(model.predict(x.subarray(i * nCols, (i + 1) * nCols)) - y[i]);
          count++;
        }
        return sum / count;
      },
    );
    this.#model = chosen.create().fit(x, y, nRows, nCols);
    this.#name = chosen.name;
    this.#tried = tried;
    return this;
  }

  predict(row: Float64Array): number {
    const model = this.#model;
    requireFitted(model !== null, KIND);
    requireWidth(row, this.nCols, KIND);
    return model?.predict(row) ?? Number.NaN;
  }

  toBytes(): Uint8Array {
    requireFitted(this.#model !== null, KIND);
    const { seed, budgetMs, gap } = this.#parameters;
    return new ModelWriter(KIND, VERSION)
      .number(seed)
      .number(budgetMs)
      .number(gap)
      .text(this.#name)
      .bytes(this.#model?.toBytes() ?? new Uint8Array())
      .finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): AutomaticRegressor {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const model = new AutomaticRegressor({ seed: reader.number(), budgetMs: reader.number(), gap: reader.number() });
    model.#name = reader.text();
    model.#model = loaderOf(regressorLoaders, model.#name)(reader.bytes());
    return model;
  }
}

export function automaticParameters({ seed, budgetMs, gap }: AutomaticParameters): Required<AutomaticParameters> {
  return {
    seed: seed ?? 1,
    budgetMs: requireNumber('budgetMs', budgetMs ?? 1000, 1, 1e9),
    gap: requireInteger('gap', gap ?? 0, 0, 1_000_000),
  };
}

/** Throws MODEL_DAMAGED for a name that is not among them. */
export function loaderOf<M>(
  loaders: Readonly<Record<string, (bytes: Uint8Array) => M>>,
  name: string,
): (bytes: Uint8Array) => M {
  const loader = Object.hasOwn(loaders, name) ? loaders[name] : undefined;
  if (loader === undefined)
    throw new AuspexError('MODEL_DAMAGED', `There is no learner "${name}" to choose.`, { data: { kind: name } });
  return loader;
}
