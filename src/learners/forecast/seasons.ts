import { requireInteger } from '../requirements.ts';
import { prepared } from './forecaster.ts';
import { periodsOf, rhythmStrength } from './periods.ts';

/** Older values say nothing more about which rhythms there are. */
const MOST_VALUES = 65_536;
const DAY_MS = 86_400_000;
/** Steps of a day in whole minutes that are usual: where no times are known, a season of so many is taken for a day. */
const USUAL_DAYS: readonly number[] = [24, 48, 96, 144, 288, 720, 1440];
const DAYS_A_WEEK = 7;
/** Share of the variance that the seventh part of a long rhythm must explain to be its day. */
const MIN_DAY = 0.15;

export interface Seasons {
  /** Steps; 1 for none. */
  readonly season: number;
  /** A season of whole ones of the first, as a week holds days; 1 for none. */
  readonly longSeason: number;
}

/**
 * The seasons that a forecast of this series should try: the shortest clear rhythm and the longer one that holds whole ones of it.
 * `season` says the first beforehand; `stepMs` tells how long a step is, by which a day is known. To a day a week is
 * added even where it does not show: models that use it must win a backtest before they count.
 * Needs four whole cycles of a rhythm; gaps are filled by lines, a straight trend is taken out. O(n log n).
 */
export function seasonsOf(
  values: Float64Array,
  known: { readonly season?: number; readonly stepMs?: number } = {},
): Seasons {
  const stepMs = known.stepMs ?? 0;
  if (known.season !== undefined) {
    const season = requireInteger('season', known.season, 1, 1_000_000);
    return { season, longSeason: isDay(season, stepMs) ? DAYS_A_WEEK * season : 1 };
  }
  const signal = withoutLine(prepared(values.subarray(Math.max(0, values.length - MOST_VALUES))).y);
  const found = periodsOf(signal, stepMs > 0 ? stepMs : 1).map(({ steps }) => steps);
  if (found.length === 0) return { season: 1, longSeason: 1 };
  const shortest = Math.min(...found);
  const part = shortest / DAYS_A_WEEK;
  const isWeek = Number.isInteger(part) && isDay(part, stepMs) && rhythmStrength(signal, part) > MIN_DAY;
  const season = isWeek ? part : shortest;
  const longer = found.filter((steps) => steps > season && steps % season === 0);
  if (isDay(season, stepMs)) return { season, longSeason: DAYS_A_WEEK * season };
  return { season, longSeason: isWeek ? shortest : longer.length > 0 ? Math.min(...longer) : 1 };
}

function isDay(season: number, stepMs: number): boolean {
  return stepMs > 0 ? season * stepMs === DAY_MS : USUAL_DAYS.includes(season);
}

/** What is left of a least squares line. */
function withoutLine(y: Float64Array): Float64Array {
  const n = y.length;
  const middle = (n - 1) / 2;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += y[i] / n;
  let cross = 0;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    cross += (i - middle) * (y[i] - mean);
    squares += (i - middle) ** 2;
  }
  const slope = squares > 0 ? cross / squares : 0;
  return y.map((value, i) => value - mean - slope * (i - middle));
}
