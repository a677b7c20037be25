import type { TrainingData } from '../detect/detector.ts';
import { IsolationForest } from '../learners/outlier/isolation-forest.ts';
import type { EntityModel } from './detection-shard.ts';

/** Rows of an entity's joint state (one a minute) before a forest is worth its name. */
export const MIN_MODEL_ROWS = 20;
const SEED = 20_26;

/**
 * Trains an entity's isolation forest on its usual joint states. A fifth, the newest, is held out: the share of it that
 * scores above the training rows' 99th percentile is the measured rate of false alarms, which should be near 1 %.
 */
export function calibrateForest(data: TrainingData): EntityModel | null {
  const { rows, count, cols } = data;
  if (count < MIN_MODEL_ROWS || cols === 0) return null;
  const nTrain = Math.max(MIN_MODEL_ROWS - 4, Math.floor(count * 0.8));
  const trial = new IsolationForest({ seed: SEED });
  trial.fit(rows.slice(0, nTrain * cols), nTrain, cols);
  const trained = scores(trial, rows, 0, nTrain, cols).toSorted();
  const limit = trained[Math.min(nTrain - 1, Math.ceil(nTrain * 0.99))] ?? 1;
  const held = scores(trial, rows, nTrain, count, cols);
  const above = held.reduce((sum, score) => sum + (score > limit ? 1 : 0), 0);
  const forest = new IsolationForest({ seed: SEED });
  forest.fit(rows.slice(0, count * cols), count, cols);
  return {
    bytes: forest.toBytes(),
    rows: count,
    from: data.from,
    to: data.to,
    featureNames: data.featureNames,
    metrics: {
      heldOutRows: held.length,
      heldOutAboveP99Ratio: held.length === 0 ? 0 : above / held.length,
      medianScore: trained[Math.floor(nTrain / 2)] ?? 0,
      p99Score: limit,
    },
  };
}

function scores(forest: IsolationForest, rows: Float64Array, from: number, to: number, cols: number): Float64Array {
  const out = new Float64Array(Math.max(0, to - from));
  for (let r = from; r < to; r++) out[r - from] = forest.score(rows.subarray(r * cols, (r + 1) * cols));
  return out;
}
