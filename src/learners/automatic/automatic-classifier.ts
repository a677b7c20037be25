import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireMatrix } from '../requirements.ts';
import { type Classifier, countClasses } from '../tree/class-targets.ts';
import { type AutomaticParameters, automaticParameters, loaderOf } from './automatic-regressor.ts';
import { classificationCandidates, classifierLoaders } from './candidates.ts';
import { chooseByBacktest, type Tried } from './choice.ts';

const KIND = 'automatic-classifier';
const VERSION = 1;
/** Nothing is impossible: what one wrong certainty costs in the backtest is bounded. */
const LEAST_PROBABILITY = 1e-3;

/**
 * Chooses learner and parameters by itself, as AutomaticRegressor does: the rate of the classes, logistic regression (two
 * classes), forests and gradient boosting, by their log loss on later rows than they were fitted to. Rows have to be in the order of time.
 *
 * Weak on fewer than 40 rows, and where a class is first seen in the last rows. NaN in a column is a missing value; rows
 * whose class is NaN are left out.
 */
export class AutomaticClassifier implements Classifier {
  readonly #parameters: Required<AutomaticParameters>;
  #model: Classifier | null = null;
  #name = '';
  #tried: readonly Tried[] = [];

  constructor(parameters: AutomaticParameters = {}) {
    this.#parameters = automaticParameters(parameters);
  }

  get nClasses(): number {
    return this.#model?.nClasses ?? 0;
  }

  /** What serves: its name in the registry. */
  get chosen(): string {
    return this.#name;
  }

  /** What stood for choice with its log loss in the backtest, the chosen one first; empty where nothing was compared, and after loading. */
  get tried(): readonly Tried[] {
    return this.#tried;
  }

  /** Throws BAD_REQUEST for a class that is none, and when no row has one. */
  fit(x: Float64Array, y: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const { seed, budgetMs, gap } = this.#parameters;
    const known = Int32Array.from({ length: nRows }, (_, i) => i).filter((i) => !Number.isNaN(y[i]));
    const nClasses = countClasses(y, known);
    const { chosen, tried } = chooseByBacktest(
      classificationCandidates(seed, nClasses),
      nRows,
      nCols,
      { budgetMs, gap },
      (candidate, first, { trainedTo, from, to }) => {
        const past = y.subarray(first, trainedTo);
        if (past.every((label) => Number.isNaN(label))) return Number.NaN;
        const model = candidate.create();
        model.fit(x.subarray(first * nCols, trainedTo * nCols), past, trainedTo - first, nCols);
        let sum = 0;
        let count = 0;
        for (let i = from; i < to; i++) {
          if (Number.isNaN(y[i])) continue;
          const p = model.probabilities(x.subarray(i * nCols, (i + 1) * nCols))[y[i]] ?? 0;
          sum -= Math.log(Math.max(LEAST_PROBABILITY, p));
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

  probabilities(row: Float64Array): Float64Array {
    const model = this.#model;
    requireFitted(model !== null, KIND);
    return model?.probabilities(row) ?? new Float64Array();
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
  static fromBytes(bytes: Uint8Array): AutomaticClassifier {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const model = new AutomaticClassifier({ seed: reader.number(), budgetMs: reader.number(), gap: reader.number() });
    model.#name = reader.text();
    model.#model = loaderOf(classifierLoaders, model.#name)(reader.bytes());
    return model;
  }
}
