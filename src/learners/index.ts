export { ExponentialSmoothing } from './forecast/exponential-smoothing.ts';
export type { Forecaster } from './forecast/forecaster.ts';
export { LinearTrend } from './forecast/linear-trend.ts';
export { Naive } from './forecast/naive.ts';
export { RobustTrend } from './forecast/robust-trend.ts';
export { SeasonalNaive } from './forecast/seasonal-naive.ts';
export { Theta } from './forecast/theta.ts';
export { LogisticRegression, type LogisticRegressionParameters } from './linear/logistic-regression.ts';
export { Ridge, type RidgeParameters } from './linear/ridge.ts';
export { Autoencoder, type AutoencoderParameters } from './outlier/autoencoder.ts';
export { Ecod } from './outlier/ecod.ts';
export { EntityDeviation, type EntityDeviationParameters } from './outlier/entity-deviation.ts';
export { HalfSpaceTrees, type HalfSpaceTreesParameters } from './outlier/half-space-trees.ts';
export { Hbos, type HbosParameters } from './outlier/hbos.ts';
export { IsolationForest, type IsolationForestParameters } from './outlier/isolation-forest.ts';
export { KNearestNeighbours } from './outlier/k-nearest-neighbours.ts';
export { LocalOutlierFactor } from './outlier/local-outlier-factor.ts';
export { NearestInSamples, type NearestInSamplesParameters } from './outlier/nearest-in-samples.ts';
export type { NeighbourParameters } from './outlier/neighbour-rows.ts';
export type { OutlierDetector } from './outlier/outlier-detector.ts';
export { OutlierEnsemble, type OutlierEnsembleParameters } from './outlier/outlier-ensemble.ts';
export { RobustCovariance } from './outlier/robust-covariance.ts';
export { RobustZ } from './outlier/robust-z.ts';
export {
  type LearnerEntry,
  type LearnerParameter,
  learner,
  learners,
  type Regressor,
} from './registry.ts';
export { ANOMALY_SCORE, StreamingDetector, type StreamScore } from './streaming/streaming-detector.ts';
export type { BoostingParameters } from './tree/boosting.ts';
export type { Classifier, ClassWeights } from './tree/class-targets.ts';
export {
  GradientBoostingClassifier,
  type GradientBoostingClassifierParameters,
} from './tree/gradient-boosting-classifier.ts';
export {
  GradientBoostingRegressor,
  type GradientBoostingRegressorParameters,
  type RegressionLoss,
} from './tree/gradient-boosting-regressor.ts';
export { RandomForestClassifier, type RandomForestClassifierParameters } from './tree/random-forest-classifier.ts';
export {
  type Attribution,
  type RandomForestParameters,
  RandomForestRegressor,
} from './tree/random-forest-regressor.ts';
export type { Contributions } from './tree/tree-shap.ts';
