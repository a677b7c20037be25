import { SeededRandom } from '../stats/random.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const N_SAMPLES = 400;
/** With less nobody knows how the budget is spent. */
const LEAST_HOURS = 6;
/** Hours that follow one another are alike: they are drawn together. */
const TOGETHER = 3;
const MOST_DAYS = 90;

/** An error budget as its objective sees it. */
export interface ErrorBudget {
  /** Share of the budget that is left, 0..1. */
  readonly left: number;
  /** Share of the budget that was spent in each of the last hours, oldest first; NaN where nothing is known. */
  readonly spentByHour: Float64Array;
  /** The objective's window, ms: what was spent so long ago comes back. */
  readonly windowMs: number;
  readonly now: number;
  /** Chance that the moment lies between `from` and `to`; 0.9 by default. */
  readonly level?: number;
}

/** When a budget is used up if it is spent as in the hours that were seen. */
export interface BudgetExhaustion {
  readonly at: number;
  readonly from: number;
  /** Null: it may last. */
  readonly to: number | null;
  /** Share of the budget a day, on balance. */
  readonly perDay: number;
}

/**
 * Days of error budget left: hours ahead are drawn, three in a row, from those that were seen (bootstrap), and what was
 * spent a window ago comes back. Null where it lasts beyond doubt for as long as the window or 90 days, or where less than six
 * hours are known. Weak where the next days are unlike the last: one bad hour of ten weighs like a tenth of the time to come.
 * O(400 × hours ahead).
 */
export function budgetExhaustion(budget: ErrorBudget): BudgetExhaustion | null {
  const { left, spentByHour, now, windowMs } = budget;
  const known = spentByHour.filter((value) => Number.isFinite(value));
  if (known.length < LEAST_HOURS || !Number.isFinite(left)) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  if (left <= 0) return { at: now, from: now, to: now, perDay: mean * 24 };
  const hours = Math.min(windowMs, MOST_DAYS * DAY_MS) / HOUR_MS;
  const random = new SeededRandom(20_262);
  const waits = Float64Array.from({ length: N_SAMPLES }, () =>
    waitOf(left, known, spentByHour, hours, windowMs, random),
  );
  waits.sort();
  const tail = (1 - (budget.level ?? 0.9)) / 2;
  const at = waits[N_SAMPLES >> 1];
  if (!Number.isFinite(at)) return null;
  const late = waits[Math.ceil((1 - tail) * N_SAMPLES) - 1];
  return {
    at: Math.round(now + at * HOUR_MS),
    from: Math.round(now + waits[Math.floor(tail * N_SAMPLES)] * HOUR_MS),
    to: Number.isFinite(late) ? Math.round(now + late * HOUR_MS) : null,
    perDay: mean * 24,
  };
}

function waitOf(
  left: number,
  known: Float64Array,
  spentByHour: Float64Array,
  hours: number,
  windowMs: number,
  random: SeededRandom,
): number {
  const window = Math.round(windowMs / HOUR_MS);
  let remaining = left;
  let at = 0;
  for (let hour = 0; hour < hours; hour++) {
    if (hour % TOGETHER === 0) at = random.integer(known.length);
    const spent = known[(at + (hour % TOGETHER)) % known.length];
    const back = spentByHour[spentByHour.length - window + hour];
    remaining += (back > 0 ? back : 0) - spent;
    if (remaining <= 0) return hour + (spent > 0 ? 1 + remaining / spent : 1);
  }
  return Number.POSITIVE_INFINITY;
}
