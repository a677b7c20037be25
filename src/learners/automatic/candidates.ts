import { SeededRandom } from '../../stats/random.ts';
import { LogisticRegression } from '../linear/logistic-regression.ts';
import { Ridge } from '../linear/ridge.ts';
import type { Regressor } from '../regressor.ts';
import type { Classifier } from '../tree/class-targets.ts';
import { GradientBoostingClassifier } from '../tree/gradient-boosting-classifier.ts';
import { GradientBoostingRegressor } from '../tree/gradient-boosting-regressor.ts';
import { RandomForestClassifier } from '../tree/random-forest-classifier.ts';
import { RandomForestRegressor } from '../tree/random-forest-regressor.ts';
import type { Candidate } from './choice.ts';

/** A penalty that leaves the mean, or the rate, and nothing else. */
const NOTHING = 1e12;
const penalties = [NOTHING, 1, 100];
/** Draws beside the fixed ones, for who has the budget. */
const DRAWS = 24;

type Parameters = Readonly<Record<string, number>>;

const forestCost =
  ({ nTrees = 100, maxFeatures = 1 / 3, minLeaf = 1 }: Parameters) =>
  (nRows: number, nCols: number): number => {
    const looked = Math.max(1, (maxFeatures === 0 ? 1 / Math.sqrt(nCols) : maxFeatures) * nCols);
    return nTrees * (150 + 10 * looked * Math.log2(nRows / minLeaf + 2));
  };
const boostingCost =
  ({ nRounds = 100, maxLeaves = 31 }: Parameters) =>
  (nRows: number, nCols: number): number =>
    nRounds * ((6000 * maxLeaves) / nRows + 20 + 1.3 * nCols * Math.log2(maxLeaves));
const linearCost =
  (passes: number) =>
  (nRows: number, nCols: number): number =>
    passes * (500 + 20 * nCols + nCols * nCols + nCols ** 3 / nRows);

const fixedForests: readonly Parameters[] = [
  { nTrees: 50, minLeaf: 8, maxDepth: 12 },
  { nTrees: 100, minLeaf: 2, maxDepth: 20 },
];
const fixedBoosting: readonly Parameters[] = [
  { nRounds: 60, learningRate: 0.1, maxLeaves: 7 },
  { nRounds: 150, learningRate: 0.06, maxLeaves: 15 },
];

/** Between two bounds, evenly on the logarithm. */
function logBetween(random: SeededRandom, low: number, high: number): number {
  return low * (high / low) ** random.next();
}

/** Parameters of trees, drawn by the seed alone. */
function drawn(seed: number): { readonly forests: Parameters[]; readonly boosting: Parameters[] } {
  const random = new SeededRandom(seed);
  const forests: Parameters[] = [];
  const boosting: Parameters[] = [];
  for (let k = 0; k < DRAWS; k++) {
    if (k % 3 === 0)
      forests.push({
        nTrees: 100,
        minLeaf: Math.round(logBetween(random, 1, 30)),
        maxFeatures: logBetween(random, 0.1, 1),
        maxDepth: Math.round(logBetween(random, 4, 24)),
      });
    else
      boosting.push({
        nRounds: Math.round(logBetween(random, 40, 400)),
        learningRate: logBetween(random, 0.02, 0.3),
        maxLeaves: Math.round(logBetween(random, 3, 63)),
        minLeaf: Math.round(logBetween(random, 5, 60)),
        l2: logBetween(random, 0.01, 100),
        columnShare: logBetween(random, 0.3, 1),
      });
  }
  return { forests, boosting };
}

/** Forests and boosting, the fixed settings first. */
function trees<C>(seed: number, forest: (parameters: Parameters) => C, boosting: (parameters: Parameters) => C): C[] {
  const more = drawn(seed);
  return [
    ...fixedForests.map(forest),
    ...fixedBoosting.map(boosting),
    ...more.boosting.map(boosting),
    ...more.forests.map(forest),
  ];
}

/** Reads the bytes of a chosen one, by its name. */
export const regressorLoaders: Readonly<Record<string, (bytes: Uint8Array) => Regressor>> = {
  ridge: Ridge.fromBytes,
  'random-forest-regressor': RandomForestRegressor.fromBytes,
  'gradient-boosting-regressor': GradientBoostingRegressor.fromBytes,
};
/** Reads the bytes of a chosen one, by its name. */
export const classifierLoaders: Readonly<Record<string, (bytes: Uint8Array) => Classifier>> = {
  'logistic-regression': LogisticRegression.fromBytes,
  'random-forest-classifier': RandomForestClassifier.fromBytes,
  'gradient-boosting-classifier': GradientBoostingClassifier.fromBytes,
};

/** What stands for choice where a number is foretold, the simplest first. */
export function regressionCandidates(seed: number): Candidate<Regressor>[] {
  const ridge = (l2: number): Candidate<Regressor> => ({
    name: 'ridge',
    parameters: { l2 },
    nsARow: linearCost(1),
    create: () => new Ridge({ l2 }),
  });
  const forest = (parameters: Parameters): Candidate<Regressor> => ({
    name: 'random-forest-regressor',
    parameters,
    nsARow: forestCost(parameters),
    create: () => new RandomForestRegressor({ ...parameters, seed }),
  });
  const boosting = (parameters: Parameters): Candidate<Regressor> => ({
    name: 'gradient-boosting-regressor',
    parameters,
    nsARow: boostingCost(parameters),
    create: () => new GradientBoostingRegressor({ ...parameters, seed }),
  });
  return [...penalties.map(ridge), ...trees(seed, forest, boosting)];
}

/** What stands for choice where a class is foretold, the simplest first. Logistic regression knows two classes. */
export function classificationCandidates(seed: number, nClasses: number): Candidate<Classifier>[] {
  const logistic = (l2: number): Candidate<Classifier> => ({
    name: 'logistic-regression',
    parameters: { l2 },
    nsARow: linearCost(5),
    create: () => new LogisticRegression({ l2 }),
  });
  const forest = (parameters: Parameters): Candidate<Classifier> => ({
    name: 'random-forest-classifier',
    parameters,
    nsARow: forestCost({ maxFeatures: 0, ...parameters }),
    create: () => new RandomForestClassifier({ ...parameters, seed }),
  });
  const boosting = (parameters: Parameters): Candidate<Classifier> => ({
    name: 'gradient-boosting-classifier',
    parameters,
    nsARow: (nRows, nCols) => boostingCost(parameters)(nRows, nCols) * (nClasses > 2 ? nClasses : 1),
    create: () => new GradientBoostingClassifier({ ...parameters, seed }),
  });
  return [...(nClasses > 2 ? [] : penalties.map(logistic)), ...trees(seed, forest, boosting)];
}
