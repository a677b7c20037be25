import { AuspexError } from '../../errors.ts';
import { Analogues } from './analogues.ts';
import { Arima } from './arima.ts';
import { AutomaticSmoothing } from './automatic-smoothing.ts';
import type { Forecaster } from './forecaster.ts';
import { LagForest } from './lag-forest.ts';
import { LagRegression } from './lag-regression.ts';
import { Logged } from './logged.ts';
import { MultiSeasonalSmoothing } from './multi-seasonal-smoothing.ts';
import { Naive } from './naive.ts';
import { PiecewiseTrend } from './piecewise-trend.ts';
import { SeasonalDecomposition } from './seasonal-decomposition.ts';
import { SeasonalNaive } from './seasonal-naive.ts';
import { Theta } from './theta.ts';
import { WindowRegression } from './window-regression.ts';

/** A model that stands for choice. */
export interface ForecastCandidate {
  readonly name: string;
  /** What fitting and forecasting cost, as measured once: ns of one core a value. */
  readonly nsAValue: number;
  readonly create: () => Forecaster;
}

const LOG = 'log ';
/** Above this a regression on whole windows is too dear. */
const MAX_WINDOW = 200;

const loaders: Readonly<Record<string, (bytes: Uint8Array) => Forecaster>> = {
  naive: Naive.fromBytes,
  'seasonal-naive': SeasonalNaive.fromBytes,
  theta: Theta.fromBytes,
  'automatic-smoothing': AutomaticSmoothing.fromBytes,
  'multi-seasonal-smoothing': MultiSeasonalSmoothing.fromBytes,
  'seasonal-decomposition': SeasonalDecomposition.fromBytes,
  'lag-regression': LagRegression.fromBytes,
  'window-regression': WindowRegression.fromBytes,
  'lag-forest': LagForest.fromBytes,
  'piecewise-trend': PiecewiseTrend.fromBytes,
  analogues: Analogues.fromBytes,
  arima: Arima.fromBytes,
};

/** A member of an average, read back. Throws MODEL_DAMAGED for a name that is not among the candidates. */
export function loadCandidate(name: string, bytes: Uint8Array): Forecaster {
  const isLog = name.startsWith(LOG);
  const loader = loaders[(isLog ? name.slice(LOG.length) : name).split(' ')[0]];
  if (loader === undefined) {
    throw new AuspexError('MODEL_DAMAGED', `There is no forecaster "${name}".`, { data: { kind: name } });
  }
  return isLog ? Logged.fromBytes(bytes, loader) : loader(bytes);
}

/** What stands for choice on a series without gaps, the simplest first. */
export function forecastCandidates(
  y: Float64Array,
  season: number,
  longSeason: number,
  horizon: number,
): ForecastCandidate[] {
  const n = y.length;
  const out: ForecastCandidate[] = [];
  const add = (name: string, nsAValue: number, create: () => Forecaster) => out.push({ name, nsAValue, create });
  add('naive', 2, () => new Naive());
  if (n < 8) return out;
  const isSeasonal = season > 1 && n >= 2.5 * season;
  const isLong = longSeason > season && n >= 2.5 * longSeason;
  const seasons = { season: isSeasonal ? season : 1, longSeason: isLong ? longSeason : 1 };
  if (isSeasonal) add('seasonal-naive', 30, () => new SeasonalNaive({ season }));
  if (isSeasonal && n >= 5 * season) add('seasonal-naive mean', 30, () => new SeasonalNaive({ season, nSeasons: 3 }));
  if (isLong) add('seasonal-naive long', 3, () => new SeasonalNaive({ season: longSeason }));
  if (isLong && n >= 3 * longSeason) {
    add('seasonal-naive long-mean', 5, () => new SeasonalNaive({ season: longSeason, nSeasons: 3 }));
  }
  add('theta', 200, () => new Theta({ season: seasons.season }));
  add('lag-regression', 800, () => new LagRegression(seasons));
  if (isSeasonal) {
    add('multi-seasonal-smoothing', 1200, () => new MultiSeasonalSmoothing(seasons));
    add('seasonal-decomposition', 2000, () => new SeasonalDecomposition(seasons));
    add('analogues', 100, () => new Analogues({ season }));
    const width = isLong ? longSeason : 2 * season;
    if (width <= MAX_WINDOW && n >= 2.5 * width) {
      const parameters = { ...seasons, horizon: Math.min(horizon, width) };
      add('window-regression', 1.2 * width * width, () => new WindowRegression(parameters));
    }
    if (n >= 10 * season) add('lag-forest', 12_000, () => new LagForest(seasons));
    if (isLong) add('analogues long', 200, () => new Analogues({ season: longSeason }));
  }
  add('automatic-smoothing', isSeasonal ? 8000 : 3000, () => new AutomaticSmoothing({ season: seasons.season }));
  if (growsWithLevel(y)) {
    add(`${LOG}lag-regression`, 800, () => new Logged(new LagRegression(seasons)));
    if (isSeasonal) {
      add(`${LOG}multi-seasonal-smoothing`, 1500, () => new Logged(new MultiSeasonalSmoothing(seasons)));
    }
  }
  add('arima', 150_000, () => new Arima({ season: seasons.season }));
  return out;
}

/** Positive throughout and far enough from 0 for a logarithm. */
function growsWithLevel(y: Float64Array): boolean {
  let least = Infinity;
  let sum = 0;
  for (let i = 0; i < y.length; i++) {
    if (y[i] < least) least = y[i];
    sum += y[i];
  }
  return least > 0.01 * (sum / y.length);
}
