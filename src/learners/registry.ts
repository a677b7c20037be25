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
import { WindowMeanRegression } from './forecast/window-mean-regression.ts';
import { WindowRegression } from './forecast/window-regression.ts';
import { IsolationForest } from './outlier/isolation-forest.ts';
import { LstmForecaster } from './neural/lstm-forecaster.ts';
import { TemplateTree } from './text/template-tree.ts';
import { RandomForestRegressor } from './tree/random-forest-regressor.ts';

/** Scores rows; a higher score is more anomalous. */
export interface OutlierDetector {
  fit(x: Float64Array, nRows: number, nCols: number): this;
  score(row: Float64Array): number;
  toBytes(): Uint8Array;
}

/** Predicts a number from a row. */
export interface Regressor {
  fit(x: Float64Array, y: Float64Array, nRows: number, nCols: number): this;
  predict(row: Float64Array): number;
  toBytes(): Uint8Array;
}

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
    name: 'random-forest-regressor',
    kind: 'regression',
    parameters: [
      { name: 'nTrees', default: 100, low: 1, high: 1000, meaning: 'trees' },
      { name: 'maxFeatures', default: 1 / 3, low: 0, high: 1, meaning: 'share of the columns each split chooses from' },
      { name: 'minLeaf', default: 5, low: 1, high: 1_000_000, meaning: 'fewest rows in a leaf' },
      { name: 'maxDepth', default: 16, low: 1, high: 64, meaning: 'most splits on a path' },
    ],
    create: (parameters, seed) => new RandomForestRegressor({ ...parameters, seed }),
    fromBytes: RandomForestRegressor.fromBytes,
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
