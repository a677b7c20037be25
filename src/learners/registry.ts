import type { Forecaster } from './forecast/forecaster.ts';
import { ExponentialSmoothing } from './forecast/exponential-smoothing.ts';
import { LinearTrend } from './forecast/linear-trend.ts';
import { Naive } from './forecast/naive.ts';
import { RobustTrend } from './forecast/robust-trend.ts';
import { SeasonalNaive } from './forecast/seasonal-naive.ts';
import { Theta } from './forecast/theta.ts';
import { IsolationForest } from './outlier/isolation-forest.ts';
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
  | Entry<'forecast', Forecaster>;

const season: LearnerParameter = {
  name: 'season',
  default: 24,
  low: 1,
  high: 1_000_000,
  meaning: 'steps of one season; 1 for none',
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
];

/** The learner of this name, or undefined. */
export function learner(name: string): LearnerEntry | undefined {
  return learners.find((entry) => entry.name === name);
}
