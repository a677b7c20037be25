import { requireFitted, requireWidth } from '../requirements.ts';
import type { Regressor } from '../regressor.ts';
import { AutomaticChoice } from './automatic-choice.ts';
import { regressionCandidates, regressorLoaders } from './candidates.ts';
import type { Candidate } from './choice.ts';

const KIND = 'automatic-regressor';

/**
 * Chooses learner and parameters by itself: the mean, ridge, forests and gradient boosting are fitted to the earlier rows and
 * judged by their mean absolute error on later ones, as many of them as the budget allows; the best is fitted to everything.
 * Rows have to be in the order of time.
 *
 * Weak on fewer than 40 rows, where the mean serves. NaN in a column is a missing value; rows whose target is not finite
 * are left out. Costs its budget and the chosen learner's fit.
 */
export class AutomaticRegressor extends AutomaticChoice<Regressor> implements Regressor {
  protected readonly kind = KIND;

  get nCols(): number {
    return this.model?.nCols ?? 0;
  }

  protected candidates(): readonly Candidate<Regressor>[] {
    return regressionCandidates(this.seed);
  }

  protected isKnown(target: number): boolean {
    return Number.isFinite(target);
  }

  protected errorOf(model: Regressor, row: Float64Array, target: number): number {
    return Math.abs(model.predict(row) - target);
  }

  predict(row: Float64Array): number {
    const { model } = this;
    requireFitted(model !== null, KIND);
    requireWidth(row, this.nCols, KIND);
    return model?.predict(row) ?? Number.NaN;
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): AutomaticRegressor {
    return AutomaticChoice.load(bytes, KIND, regressorLoaders, (parameters) => new AutomaticRegressor(parameters));
  }
}
