import { AuspexError } from '../errors.ts';
import { IsolationForest } from '../learners/index.ts';
import type { ModelMetadata } from '../model/index.ts';
import { PERFORMANCE_LEVEL, PerformanceModel } from '../predict/performance.ts';
import type { FeatureRow, ModelAnswers, RowAnswer } from './engine-view.ts';

/** A model of the registry that answers rows of features by name: up to 50 µs a row, on the event loop. */
export class RowModel {
  readonly metadata: ModelMetadata;
  readonly #places: ReadonlyMap<string, number>;
  readonly #answer: (features: Float64Array) => RowAnswer;

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  constructor(metadata: ModelMetadata, bytes: Uint8Array) {
    this.metadata = metadata;
    this.#places = new Map(metadata.featureNames.map((name, place) => [name, place]));
    if (metadata.name === 'performance') {
      const model = new PerformanceModel(bytes);
      this.#answer = (features) => ({ ...model.predictFeatures(features), isUnusual: null });
    } else {
      const forest = IsolationForest.fromBytes(bytes);
      const limit = metadata.metrics['p99Score'];
      this.#answer = (features) => {
        const value = forest.score(features);
        return { value, lower: null, upper: null, isUnusual: limit === undefined ? null : value > limit };
      };
    }
  }

  /** One answer a row; features that a row does not name are missing. Throws BAD_REQUEST for a feature that the model does not know. */
  answer(rows: readonly FeatureRow[]): ModelAnswers {
    const { name, entityId, version, algorithm } = this.metadata;
    const items = rows.map((row, place) => {
      const features = new Float64Array(this.#places.size).fill(Number.NaN);
      for (const [feature, value] of Object.entries(row)) {
        const at = this.#places.get(feature);
        if (at === undefined)
          throw new AuspexError(
            'BAD_REQUEST',
            `Row ${place}: ${name} version ${version} has no feature “${feature}”. It has: ${this.metadata.featureNames.join(', ')}.`,
          );
        features[at] = value ?? Number.NaN;
      }
      return this.#answer(features);
    });
    const isScore = name !== 'performance';
    return {
      name,
      entityId,
      version,
      algorithm,
      meaning: isScore
        ? 'how unusual, 0 to 1; unusual is what exceeds 99 of 100 moments of training'
        : `health in 15 minutes, 0 to 100, within its range ${PERFORMANCE_LEVEL * 10} times out of 10`,
      items,
    };
  }
}
