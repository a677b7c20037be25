export { AutomaticClassifier } from './automatic/automatic-classifier.ts';
export type { AutomaticParameters } from './automatic/automatic-choice.ts';
export { AutomaticRegressor } from './automatic/automatic-regressor.ts';
export type { Tried } from './automatic/choice.ts';
export type { Regressor } from './regressor.ts';
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
  type Bandit,
  type ChangeDetector,
  type Clusterer,
  type LearnerEntry,
  type LearnerParameter,
  learner,
  learners,
  type TemplateLearner,
} from './registry.ts';
export { STREAM_BYTES } from './streaming/stream-record.ts';
export { ANOMALY_SCORE, type StreamBand, StreamSlab } from './streaming/stream-slab.ts';
export { StreamingDetector, type StreamScore } from './streaming/streaming-detector.ts';
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
export { type ErrorShape, fingerprint, fingerprintText } from './text/fingerprint.ts';
export { MASK_VERSION, maskMessage } from './text/mask.ts';
export { type LogTemplate, TemplateTree } from './text/template-tree.ts';
export { Analogues } from './forecast/analogues.ts';
export { Arima } from './forecast/arima.ts';
export type { ArimaOrders } from './forecast/arima-likelihood.ts';
export { AutomaticForecast, type AutomaticForecastParameters } from './forecast/automatic-forecast.ts';
export { AutomaticSmoothing, type SmoothingChoice } from './forecast/automatic-smoothing.ts';
export { LagRegression } from './forecast/lag-regression.ts';
export { MultiSeasonalSmoothing } from './forecast/multi-seasonal-smoothing.ts';
export { type Period, periodsOf } from './forecast/periods.ts';
export { type Seasons, seasonsOf } from './forecast/seasons.ts';
export { PiecewiseTrend } from './forecast/piecewise-trend.ts';
export { SeasonalDecomposition } from './forecast/seasonal-decomposition.ts';
export { WindowMeanBoosting, type WindowMeanParameters } from './forecast/window-mean-boosting.ts';
export { WindowMeanRegression } from './forecast/window-mean-regression.ts';
export { type Allowed, type ThompsonParameters, ThompsonSampling } from './bandit/thompson-sampling.ts';
export { Adwin } from './changepoint/adwin.ts';
export { PageHinkley } from './changepoint/page-hinkley.ts';
export { pelt } from './changepoint/pelt.ts';
export { Dbscan, type DbscanParameters, NOISE } from './cluster/dbscan.ts';
export { KMeans, type KMeansParameters } from './cluster/k-means.ts';
export { LstmForecaster, type LstmParameters } from './neural/lstm-forecaster.ts';
export { WindowRegression, type WindowRegressionParameters } from './forecast/window-regression.ts';
export { LagForest, type LagForestParameters } from './forecast/lag-forest.ts';
export type { Contributions } from './tree/tree-shap.ts';
