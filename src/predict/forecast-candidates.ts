import {
  Analogues,
  ExponentialSmoothing,
  type Forecaster,
  LagRegression,
  LinearTrend,
  MultiSeasonalSmoothing,
  Naive,
  RobustTrend,
  SeasonalNaive,
  Theta,
} from '../learners/index.ts';

/** A learner with its settings, in the order of simplicity. */
export interface Candidate {
  readonly name: string;
  /** Steps of the season it uses; 1 for none. */
  readonly season: number;
  readonly create: () => Forecaster;
}

/** Longest season that exponential smoothing keeps a state for. */
const MAX_SMOOTHED_SEASON = 200;

/** Steps whose mean a quantity without a trend is expected to return to. */
const MEAN_STEPS = 500;

const HOUR_MS = 3_600_000;

/** The seasons that a series of `n` steps is long enough for (two and a half of each): an hour, a day, a week. */
export function seasonsOf(stepMs: number, n: number): number[] {
  return [HOUR_MS, 24 * HOUR_MS, 168 * HOUR_MS]
    .map((ms) => ms / stepMs)
    .filter((steps) => Number.isInteger(steps) && steps >= 4 && n >= 2.5 * steps);
}

/** What stands for choice on a series of `n` steps with these seasons, simplest first; the first is always `naive`. */
export function candidatesFor(seasons: readonly number[], n: number): Candidate[] {
  const out: Candidate[] = [{ name: 'naive', season: 1, create: () => new Naive() }];
  const add = (name: string, season: number, create: () => Forecaster) => out.push({ name, season, create });
  // The two longest seasons: a shorter one is part of them.
  for (const season of seasons.slice(-2)) {
    add('seasonal-naive', season, () => new SeasonalNaive({ season }));
    if (n >= 4 * season) add('seasonal-mean', season, () => new SeasonalNaive({ season, nSeasons: 3 }));
  }
  add('mean', 1, () => new SeasonalNaive({ season: 1, nSeasons: MEAN_STEPS }));
  add('exponential-smoothing', 1, () => new ExponentialSmoothing());
  add('theta', 1, () => new Theta());
  add('linear-trend', 1, () => new LinearTrend());
  add('robust-trend', 1, () => new RobustTrend());
  for (const season of seasons.slice(-2)) {
    add('theta', season, () => new Theta({ season }));
    if (season <= MAX_SMOOTHED_SEASON) {
      add('exponential-smoothing', season, () => new ExponentialSmoothing({ season }));
    }
  }
  const longest = seasons[seasons.length - 1];
  if (longest === undefined) {
    add('lag-regression', 1, () => new LagRegression());
    return out;
  }
  const shorter = seasons[seasons.length - 2] ?? longest;
  const both = { season: shorter, longSeason: longest > shorter ? longest : 1 };
  add('analogues', shorter, () => new Analogues({ season: shorter }));
  add('lag-regression', longest, () => new LagRegression(both));
  if (shorter <= MAX_SMOOTHED_SEASON) add('multi-seasonal-smoothing', longest, () => new MultiSeasonalSmoothing(both));
  add('robust-trend', longest, () => new RobustTrend({ season: longest }));
  return out;
}
