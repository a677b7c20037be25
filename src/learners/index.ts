export { ExponentialSmoothing } from './forecast/exponential-smoothing.ts';
export type { Forecaster } from './forecast/forecaster.ts';
export { LinearTrend } from './forecast/linear-trend.ts';
export { Naive } from './forecast/naive.ts';
export { RobustTrend } from './forecast/robust-trend.ts';
export { SeasonalNaive } from './forecast/seasonal-naive.ts';
export { Theta } from './forecast/theta.ts';
export { IsolationForest, type IsolationForestParameters } from './outlier/isolation-forest.ts';
export {
  type LearnerEntry,
  type LearnerParameter,
  learner,
  learners,
  type OutlierDetector,
  type Regressor,
} from './registry.ts';
export {
  type Attribution,
  type RandomForestParameters,
  RandomForestRegressor,
} from './tree/random-forest-regressor.ts';
