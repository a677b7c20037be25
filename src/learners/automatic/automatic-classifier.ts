import { requireFitted } from '../requirements.ts';
import { type Classifier, countClasses } from '../tree/class-targets.ts';
import { AutomaticChoice } from './automatic-choice.ts';
import { classificationCandidates, classifierLoaders } from './candidates.ts';
import type { Candidate } from './choice.ts';

const KIND = 'automatic-classifier';
/** Nothing is impossible: what one wrong certainty costs in the backtest is bounded. */
const LEAST_PROBABILITY = 1e-3;

/**
 * Chooses learner and parameters by itself, as AutomaticRegressor does: the rate of the classes, logistic regression (two
 * classes), forests and gradient boosting, by their log loss on later rows than they were fitted to. Rows have to be in the order of time.
 *
 * Weak on fewer than 40 rows, and where a class is first seen in the last rows. NaN in a column is a missing value; rows
 * whose class is NaN are left out.
 */
export class AutomaticClassifier extends AutomaticChoice<Classifier> implements Classifier {
  protected readonly kind = KIND;

  get nClasses(): number {
    return this.model?.nClasses ?? 0;
  }

  protected candidates(y: Float64Array, nRows: number): readonly Candidate<Classifier>[] {
    const known = Int32Array.from({ length: nRows }, (_, i) => i).filter((i) => this.isKnown(y[i]));
    return classificationCandidates(this.seed, countClasses(y, known));
  }

  protected isKnown(target: number): boolean {
    return !Number.isNaN(target);
  }

  protected errorOf(model: Classifier, row: Float64Array, target: number): number {
    return -Math.log(Math.max(LEAST_PROBABILITY, model.probabilities(row)[target] ?? 0));
  }

  probabilities(row: Float64Array): Float64Array {
    const { model } = this;
    requireFitted(model !== null, KIND);
    return model?.probabilities(row) ?? new Float64Array();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): AutomaticClassifier {
    return AutomaticChoice.load(bytes, KIND, classifierLoaders, (parameters) => new AutomaticClassifier(parameters));
  }
}
