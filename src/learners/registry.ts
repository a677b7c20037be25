import { AutomaticClassifier } from './automatic/automatic-classifier.ts';
import { AutomaticRegressor } from './automatic/automatic-regressor.ts';
import { ThompsonSampling } from './bandit/thompson-sampling.ts';
import { Adwin } from './changepoint/adwin.ts';
import { PageHinkley } from './changepoint/page-hinkley.ts';
import { Dbscan } from './cluster/dbscan.ts';
import { KMeans } from './cluster/k-means.ts';
import type { Forecaster } from './forecast/forecaster.ts';
import { Analogues } from './forecast/analogues.ts';
import { Arima } from './forecast/arima.ts';
import { AutomaticForecast } from './forecast/automatic-forecast.ts';
import { AutomaticSmoothing } from './forecast/automatic-smoothing.ts';
import { ExponentialSmoothing } from './forecast/exponential-smoothing.ts';
import { LagForest } from './forecast/lag-forest.ts';
import { LagRegression } from './forecast/lag-regression.ts';
import { LinearTrend } from './forecast/linear-trend.ts';
import { MultiSeasonalSmoothing } from './forecast/multi-seasonal-smoothing.ts';
import { Naive } from './forecast/naive.ts';
import { PiecewiseTrend } from './forecast/piecewise-trend.ts';
import { RobustTrend } from './forecast/robust-trend.ts';
import { SeasonalDecomposition } from './forecast/seasonal-decomposition.ts';
import { SeasonalNaive } from './forecast/seasonal-naive.ts';
import { Theta } from './forecast/theta.ts';
import { WindowMeanBoosting } from './forecast/window-mean-boosting.ts';
import { WindowMeanRegression } from './forecast/window-mean-regression.ts';
import { WindowRegression } from './forecast/window-regression.ts';
import { LstmForecaster } from './neural/lstm-forecaster.ts';
import { TemplateTree } from './text/template-tree.ts';
import { LogisticRegression } from './linear/logistic-regression.ts';
import { Ridge } from './linear/ridge.ts';
import { Autoencoder } from './outlier/autoencoder.ts';
import { Ecod } from './outlier/ecod.ts';
import { HalfSpaceTrees } from './outlier/half-space-trees.ts';
import { Hbos } from './outlier/hbos.ts';
import { IsolationForest } from './outlier/isolation-forest.ts';
import { KNearestNeighbours } from './outlier/k-nearest-neighbours.ts';
import { LocalOutlierFactor } from './outlier/local-outlier-factor.ts';
import { NearestInSamples } from './outlier/nearest-in-samples.ts';
import type { OutlierDetector } from './outlier/outlier-detector.ts';
import type { Regressor } from './regressor.ts';
import { OutlierEnsemble } from './outlier/outlier-ensemble.ts';
import { RobustCovariance } from './outlier/robust-covariance.ts';
import { RobustZ } from './outlier/robust-z.ts';
import type { Classifier } from './tree/class-targets.ts';
import { GradientBoostingClassifier } from './tree/gradient-boosting-classifier.ts';
import { GradientBoostingRegressor } from './tree/gradient-boosting-regressor.ts';
import { RandomForestClassifier } from './tree/random-forest-classifier.ts';
import { RandomForestRegressor } from './tree/random-forest-regressor.ts';

/** Parts rows into groups; -1 is a row that belongs to none. */
export interface Clusterer {
  fit(x: Float64Array, nRows: number, nCols: number): this;
  assign(row: Float64Array): number;
  toBytes(): Uint8Array;
}

/** Says of a stream, value by value, whether it has changed. */
export interface ChangeDetector {
  learnOne(value: number): boolean;
  toBytes(): Uint8Array;
}

/** Parts lines of text into templates as they come; `match` gives a line's template without learning, -1 for none. */
export interface TemplateLearner {
  learnOne(line: string): number;
  match(line: string): number;
  resolve(id: number): number;
  toBytes(): Uint8Array;
}

/** Chooses among arms and learns from what they bring. */
export interface Bandit {
  readonly nArms: number;
  choose(random: { next(): number; normal(): number }, allowed?: (arm: number) => boolean): number;
  learnOne(arm: number, outcome: number): void;
  expected(arm: number): number;
  toBytes(): Uint8Array;
}

export interface LearnerParameter {
  readonly name: string;
  readonly default: number;
  readonly low: number;
  readonly high: number;
  readonly meaning: string;
}

interface Entry<K extends string, L> {
  readonly name: string;
  readonly kind: K;
  readonly parameters: readonly LearnerParameter[];
  /** Parameters not given take their default. Throws BAD_REQUEST for one outside its limits. */
  readonly create: (parameters: Readonly<Record<string, number>>, seed: number) => L;
  /** Throws MODEL_DAMAGED for bytes that are cut, altered or of another learner. */
  readonly fromBytes: (bytes: Uint8Array) => L;
}

export type LearnerEntry =
  | Entry<'outlier', OutlierDetector>
  | Entry<'regression', Regressor>
  | Entry<'classification', Classifier>
  | Entry<'forecast', Forecaster>
  | Entry<'cluster', Clusterer>
  | Entry<'change', ChangeDetector>
  | Entry<'template', TemplateLearner>
  | Entry<'bandit', Bandit>;

const season: LearnerParameter = {
  name: 'season',
  default: 24,
  low: 1,
  high: 1_000_000,
  meaning: 'steps of one season; 1 for none',
};

const longSeason: LearnerParameter = {
  name: 'longSeason',
  default: 1,
  low: 1,
  high: 1_000_000,
  meaning: 'steps of a season that holds whole ones of the first; 1 for none',
};
const neighbours = (nNeighbours: number): readonly LearnerParameter[] => [
  { name: 'nNeighbours', default: nNeighbours, low: 1, high: 1000, meaning: 'neighbours looked at' },
  {
    name: 'maxRows',
    default: 10_000,
    low: 2,
    high: 1_000_000,
    meaning: 'training rows kept, drawn when there are more',
  },
  { name: 'scaling', default: 1, low: 0, high: 2, meaning: 'columns as they are, by mean and deviation, by quartiles' },
];

const maxFeatures = (share: number, meaning: string): LearnerParameter => ({
  name: 'maxFeatures',
  default: share,
  low: 0,
  high: 1,
  meaning,
});

const boosting: readonly LearnerParameter[] = [
  { name: 'nRounds', default: 100, low: 1, high: 10_000, meaning: 'most rounds' },
  { name: 'learningRate', default: 0.1, low: 1e-6, high: 1, meaning: 'what each tree’s answer is multiplied by' },
  { name: 'maxLeaves', default: 31, low: 2, high: 1024, meaning: 'most leaves of a tree' },
  { name: 'maxDepth', default: 64, low: 1, high: 64, meaning: 'most splits on a path' },
  { name: 'minLeaf', default: 20, low: 1, high: 1_000_000, meaning: 'fewest rows in a leaf' },
  { name: 'l2', default: 0, low: 0, high: 1e9, meaning: 'penalty on the square of leaf values' },
  { name: 'maxBins', default: 64, low: 2, high: 255, meaning: 'bins of a column' },
  { name: 'rowShare', default: 1, low: 1e-6, high: 1, meaning: 'share of the rows that each tree sees' },
  { name: 'columnShare', default: 1, low: 1e-6, high: 1, meaning: 'share of the columns that each tree sees' },
  { name: 'validationShare', default: 0, low: 0, high: 0.9, meaning: 'share of the rows held back to stop by' },
  { name: 'patience', default: 10, low: 1, high: 10_000, meaning: 'rounds without a gain before it stops' },
];

const automatic: readonly LearnerParameter[] = [
  { name: 'budgetMs', default: 1000, low: 1, high: 1e9, meaning: 'nominal milliseconds for choosing and fitting' },
  { name: 'gap', default: 0, low: 0, high: 1_000_000, meaning: 'rows between training and judging' },
];

/** Every learner there is. The conformance suite runs over this table; a learner is known by its name. */
export const learners: readonly LearnerEntry[] = [
  {
    name: 'isolation-forest',
    kind: 'outlier',
    parameters: [
      { name: 'nTrees', default: 100, low: 1, high: 1000, meaning: 'trees' },
      { name: 'sampleSize', default: 256, low: 2, high: 65_536, meaning: 'rows drawn for each tree' },
    ],
    create: (parameters, seed) => new IsolationForest({ ...parameters, seed }),
    fromBytes: IsolationForest.fromBytes,
  },
  {
    name: 'local-outlier-factor',
    kind: 'outlier',
    parameters: neighbours(20),
    create: (parameters, seed) => new LocalOutlierFactor({ ...parameters, seed }),
    fromBytes: LocalOutlierFactor.fromBytes,
  },
  {
    name: 'k-nearest-neighbours',
    kind: 'outlier',
    parameters: neighbours(10),
    create: (parameters, seed) => new KNearestNeighbours({ ...parameters, seed }),
    fromBytes: KNearestNeighbours.fromBytes,
  },
  {
    name: 'nearest-in-samples',
    kind: 'outlier',
    parameters: [
      { name: 'nSamples', default: 100, low: 1, high: 1000, meaning: 'random samples' },
      { name: 'sampleSize', default: 16, low: 1, high: 10_000, meaning: 'rows in each' },
    ],
    create: (parameters, seed) => new NearestInSamples({ ...parameters, seed }),
    fromBytes: NearestInSamples.fromBytes,
  },
  {
    name: 'robust-z',
    kind: 'outlier',
    parameters: [],
    create: () => new RobustZ(),
    fromBytes: RobustZ.fromBytes,
  },
  {
    name: 'robust-covariance',
    kind: 'outlier',
    parameters: [],
    create: () => new RobustCovariance(),
    fromBytes: RobustCovariance.fromBytes,
  },
  {
    name: 'hbos',
    kind: 'outlier',
    parameters: [
      { name: 'nBins', default: 0, low: 0, high: 1000, meaning: 'bins of a column; 0 for √rows, at most 50' },
    ],
    create: (parameters) => new Hbos({ ...parameters }),
    fromBytes: Hbos.fromBytes,
  },
  { name: 'ecod', kind: 'outlier', parameters: [], create: () => new Ecod(), fromBytes: Ecod.fromBytes },
  {
    name: 'autoencoder',
    kind: 'outlier',
    parameters: [
      {
        name: 'nHidden',
        default: 0,
        low: 0,
        high: 512,
        meaning: 'units of the outer layers; 0 for as many as columns, 8 to 64',
      },
      { name: 'nCode', default: 0, low: 0, high: 256, meaning: 'units of the narrow layer; 0 for √columns + 1' },
      { name: 'nSteps', default: 1500, low: 1, high: 100_000, meaning: 'steps of 32 rows' },
      { name: 'learningRate', default: 0.005, low: 0, high: 1, meaning: 'size of a step' },
    ],
    create: (parameters, seed) => new Autoencoder({ ...parameters, seed }),
    fromBytes: Autoencoder.fromBytes,
  },
  {
    name: 'half-space-trees',
    kind: 'outlier',
    parameters: [
      { name: 'nTrees', default: 50, low: 1, high: 200, meaning: 'trees' },
      { name: 'depth', default: 10, low: 1, high: 15, meaning: 'splits on a path' },
      {
        name: 'windowSize',
        default: 256,
        low: 2,
        high: 100_000,
        meaning: 'rows between two renewals of what is usual',
      },
    ],
    create: (parameters, seed) => new HalfSpaceTrees({ ...parameters, seed }),
    fromBytes: HalfSpaceTrees.fromBytes,
  },
  {
    name: 'outlier-ensemble',
    kind: 'outlier',
    parameters: [],
    create: (_parameters, seed) => new OutlierEnsemble({ seed }),
    fromBytes: OutlierEnsemble.fromBytes,
  },
  {
    name: 'random-forest-classifier',
    kind: 'classification',
    parameters: [
      { name: 'nTrees', default: 100, low: 1, high: 1000, meaning: 'trees' },
      maxFeatures(0, 'share of the columns each split chooses from; 0 for the square root of their number'),
      { name: 'minLeaf', default: 1, low: 1, high: 1_000_000, meaning: 'fewest rows in a leaf' },
      { name: 'maxDepth', default: 20, low: 1, high: 64, meaning: 'most splits on a path' },
      { name: 'maxBins', default: 64, low: 2, high: 255, meaning: 'bins of a column' },
    ],
    create: (parameters, seed) => new RandomForestClassifier({ ...parameters, seed }),
    fromBytes: RandomForestClassifier.fromBytes,
  },
  {
    name: 'gradient-boosting-classifier',
    kind: 'classification',
    parameters: boosting,
    create: (parameters, seed) => new GradientBoostingClassifier({ ...parameters, seed }),
    fromBytes: GradientBoostingClassifier.fromBytes,
  },
  {
    name: 'logistic-regression',
    kind: 'classification',
    parameters: [
      { name: 'l2', default: 1, low: 1e-9, high: 1e12, meaning: 'penalty on half the squares of the weights' },
    ],
    create: (parameters) => new LogisticRegression({ ...parameters }),
    fromBytes: LogisticRegression.fromBytes,
  },
  {
    name: 'gradient-boosting-regressor',
    kind: 'regression',
    parameters: [
      ...boosting,
      { name: 'quantile', default: 0.5, low: 1e-6, high: 1 - 1e-6, meaning: 'quantile foretold when that is the loss' },
    ],
    create: (parameters, seed) => new GradientBoostingRegressor({ ...parameters, seed }),
    fromBytes: GradientBoostingRegressor.fromBytes,
  },
  {
    name: 'ridge',
    kind: 'regression',
    parameters: [{ name: 'l2', default: 1, low: 0, high: 1e12, meaning: 'penalty on the squares of the weights' }],
    create: (parameters) => new Ridge({ ...parameters }),
    fromBytes: Ridge.fromBytes,
  },
  {
    name: 'random-forest-regressor',
    kind: 'regression',
    parameters: [
      { name: 'nTrees', default: 100, low: 1, high: 1000, meaning: 'trees' },
      maxFeatures(1 / 3, 'share of the columns each split chooses from'),
      { name: 'minLeaf', default: 5, low: 1, high: 1_000_000, meaning: 'fewest rows in a leaf' },
      { name: 'maxDepth', default: 16, low: 1, high: 64, meaning: 'most splits on a path' },
    ],
    create: (parameters, seed) => new RandomForestRegressor({ ...parameters, seed }),
    fromBytes: RandomForestRegressor.fromBytes,
  },
  {
    name: 'automatic-regressor',
    kind: 'regression',
    parameters: automatic,
    create: (parameters, seed) => new AutomaticRegressor({ ...parameters, seed }),
    fromBytes: AutomaticRegressor.fromBytes,
  },
  {
    name: 'automatic-classifier',
    kind: 'classification',
    parameters: automatic,
    create: (parameters, seed) => new AutomaticClassifier({ ...parameters, seed }),
    fromBytes: AutomaticClassifier.fromBytes,
  },
  { name: 'naive', kind: 'forecast', parameters: [], create: () => new Naive(), fromBytes: Naive.fromBytes },
  {
    name: 'seasonal-naive',
    kind: 'forecast',
    parameters: [season, { name: 'nSeasons', default: 1, low: 1, high: 1000, meaning: 'seasons whose mean is taken' }],
    create: (parameters) => new SeasonalNaive({ season: season.default, ...parameters }),
    fromBytes: SeasonalNaive.fromBytes,
  },
  {
    name: 'linear-trend',
    kind: 'forecast',
    parameters: [],
    create: () => new LinearTrend(),
    fromBytes: LinearTrend.fromBytes,
  },
  {
    name: 'theta',
    kind: 'forecast',
    parameters: [season],
    create: (parameters) => new Theta({ season: season.default, ...parameters }),
    fromBytes: Theta.fromBytes,
  },
  {
    name: 'exponential-smoothing',
    kind: 'forecast',
    parameters: [season],
    create: (parameters) => new ExponentialSmoothing({ season: season.default, ...parameters }),
    fromBytes: ExponentialSmoothing.fromBytes,
  },
  {
    name: 'robust-trend',
    kind: 'forecast',
    parameters: [
      season,
      {
        name: 'window',
        default: 0,
        low: 0,
        high: 1_000_000,
        meaning: 'last values the line is laid through; 0 for all',
      },
    ],
    create: (parameters) => new RobustTrend({ season: season.default, ...parameters }),
    fromBytes: RobustTrend.fromBytes,
  },
  {
    name: 'automatic-smoothing',
    kind: 'forecast',
    parameters: [season],
    create: (parameters) => new AutomaticSmoothing({ season: season.default, ...parameters }),
    fromBytes: AutomaticSmoothing.fromBytes,
  },
  {
    name: 'multi-seasonal-smoothing',
    kind: 'forecast',
    parameters: [season, longSeason],
    create: (parameters) => new MultiSeasonalSmoothing({ season: season.default, ...parameters }),
    fromBytes: MultiSeasonalSmoothing.fromBytes,
  },
  {
    name: 'seasonal-decomposition',
    kind: 'forecast',
    parameters: [season, longSeason],
    create: (parameters) => new SeasonalDecomposition({ season: season.default, ...parameters }),
    fromBytes: SeasonalDecomposition.fromBytes,
  },
  {
    name: 'arima',
    kind: 'forecast',
    parameters: [season],
    create: (parameters) => new Arima({ season: season.default, ...parameters }),
    fromBytes: Arima.fromBytes,
  },
  {
    name: 'piecewise-trend',
    kind: 'forecast',
    parameters: [season, longSeason],
    create: (parameters) => new PiecewiseTrend({ season: season.default, ...parameters }),
    fromBytes: PiecewiseTrend.fromBytes,
  },
  {
    name: 'lag-regression',
    kind: 'forecast',
    parameters: [season, longSeason],
    create: (parameters) => new LagRegression({ season: season.default, ...parameters }),
    fromBytes: LagRegression.fromBytes,
  },
  {
    name: 'lag-forest',
    kind: 'forecast',
    parameters: [season, longSeason, { name: 'nTrees', default: 40, low: 1, high: 1000, meaning: 'trees' }],
    create: (parameters, seed) => new LagForest({ season: season.default, ...parameters, seed }),
    fromBytes: LagForest.fromBytes,
  },
  {
    name: 'analogues',
    kind: 'forecast',
    parameters: [season, { name: 'neighbours', default: 6, low: 1, high: 100, meaning: 'stretches of the past taken' }],
    create: (parameters) => new Analogues({ season: season.default, ...parameters }),
    fromBytes: Analogues.fromBytes,
  },
  {
    name: 'window-regression',
    kind: 'forecast',
    parameters: [
      season,
      longSeason,
      { name: 'horizon', default: 24, low: 1, high: 10_000, meaning: 'steps foretold at once' },
    ],
    create: (parameters) => new WindowRegression({ season: season.default, ...parameters }),
    fromBytes: WindowRegression.fromBytes,
  },
  {
    name: 'lstm-forecaster',
    kind: 'forecast',
    parameters: [
      season,
      { name: 'hidden', default: 8, low: 1, high: 256, meaning: 'cells' },
      { name: 'epochs', default: 15, low: 1, high: 10_000, meaning: 'times that the history is gone through' },
    ],
    create: (parameters, seed) => new LstmForecaster({ season: season.default, ...parameters, seed }),
    fromBytes: LstmForecaster.fromBytes,
  },
  {
    name: 'window-mean-regression',
    kind: 'forecast',
    parameters: [
      { name: 'window', default: 15, low: 1, high: 1_000_000, meaning: 'steps ahead whose mean is foretold' },
      season,
      longSeason,
    ],
    create: (parameters) => new WindowMeanRegression({ season: season.default, ...parameters }),
    fromBytes: WindowMeanRegression.fromBytes,
  },
  {
    name: 'window-mean-boosting',
    kind: 'forecast',
    parameters: [
      { name: 'window', default: 15, low: 1, high: 1_000_000, meaning: 'steps ahead whose mean is foretold' },
      season,
      longSeason,
    ],
    create: (parameters, seed) => new WindowMeanBoosting({ season: season.default, ...parameters, seed }),
    fromBytes: WindowMeanBoosting.fromBytes,
  },
  {
    name: 'automatic-forecast',
    kind: 'forecast',
    parameters: [
      season,
      longSeason,
      { name: 'horizon', default: 24, low: 1, high: 100_000, meaning: 'steps ahead that models are judged on' },
      { name: 'budgetMs', default: 100, low: 0.1, high: 1e9, meaning: 'nominal milliseconds for fitting' },
    ],
    create: (parameters) => new AutomaticForecast({ season: season.default, ...parameters }),
    fromBytes: AutomaticForecast.fromBytes,
  },
  {
    name: 'k-means',
    kind: 'cluster',
    parameters: [
      { name: 'nClusters', default: 8, low: 1, high: 10_000, meaning: 'clusters' },
      { name: 'nStarts', default: 4, low: 1, high: 1000, meaning: 'starts from other centres' },
      { name: 'maxRounds', default: 300, low: 1, high: 100_000, meaning: 'most rounds of a start' },
    ],
    create: (parameters, seed) => new KMeans({ ...parameters, seed }),
    fromBytes: KMeans.fromBytes,
  },
  {
    name: 'dbscan',
    kind: 'cluster',
    parameters: [
      { name: 'radius', default: 0.5, low: 1e-15, high: 1e15, meaning: 'distance of neighbours' },
      {
        name: 'minNeighbours',
        default: 5,
        low: 1,
        high: 1_000_000,
        meaning: 'neighbours that make a core, itself included',
      },
    ],
    create: (parameters) => new Dbscan(parameters),
    fromBytes: Dbscan.fromBytes,
  },
  {
    name: 'page-hinkley',
    kind: 'change',
    parameters: [
      { name: 'drift', default: 0.5, low: 0, high: 1e6, meaning: 'change that is let pass, in standard deviations' },
      { name: 'threshold', default: 12, low: 0, high: 1e9, meaning: 'sum that is a change, in standard deviations' },
    ],
    create: (parameters) => new PageHinkley(parameters),
    fromBytes: PageHinkley.fromBytes,
  },
  {
    name: 'adwin',
    kind: 'change',
    parameters: [{ name: 'delta', default: 0.002, low: 1e-12, high: 0.5, meaning: 'chance of a false change' }],
    create: (parameters) => new Adwin(parameters),
    fromBytes: Adwin.fromBytes,
  },
  {
    name: 'template-tree',
    kind: 'template',
    parameters: [{ name: 'maxTemplates', default: 10_000, low: 1, high: 1_000_000, meaning: 'most templates kept' }],
    create: (parameters) => new TemplateTree(parameters),
    fromBytes: TemplateTree.fromBytes,
  },
  {
    name: 'thompson-sampling',
    kind: 'bandit',
    parameters: [
      { name: 'nArms', default: 2, low: 1, high: 10_000, meaning: 'choices' },
      { name: 'isGaussian', default: 0, low: 0, high: 1, meaning: '0 for successes and failures, 1 for numbers' },
      { name: 'forgetting', default: 0, low: 0, high: 0.5, meaning: 'share of the evidence forgotten a step' },
    ],
    create: (parameters) => new ThompsonSampling(parameters),
    fromBytes: ThompsonSampling.fromBytes,
  },
];

/** The learner of this name, or undefined. */
export function learner(name: string): LearnerEntry | undefined {
  return learners.find((entry) => entry.name === name);
}
