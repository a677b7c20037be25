/** What a detection, a miss and a false alarm weigh in one of the benchmark's profiles. */
export interface NabProfile {
  readonly tp: number;
  readonly fn: number;
  readonly fp: number;
}

/** Numenta Anomaly Benchmark, Lavin and Ahmad, 2015. */
export const NAB_STANDARD: NabProfile = { tp: 1, fn: 1, fp: 0.11 };

/** One labelled series: a score a row, higher is more unusual; windows are first and last rows, both inside, ascending. */
export interface NabSeries {
  readonly score: Float64Array;
  readonly windows: readonly (readonly [number, number])[];
}

export interface NabResult {
  /** 0 is a detector that says nothing, 100 one that hits every window at its first row and nothing else. */
  readonly score: number;
  readonly threshold: number;
  readonly windows: number;
  readonly hit: number;
  /** Rows reported outside of every window. */
  readonly falseRows: number;
}

const PROBATION_SHARE = 0.15;
const PROBATION_MOST = 750;

/** Rows at the beginning of a series that are not judged. */
export function nabProbation(rows: number): number {
  return Math.floor(Math.min(PROBATION_SHARE * rows, PROBATION_MOST));
}

interface Event {
  readonly score: number;
  /** The window it lies in, numbered through all series; −1 outside. */
  readonly window: number;
  readonly worth: number;
}

/** The benchmark's figure at the threshold that suits all series best. O(n log n) over all rows. */
export function nabBest(series: readonly NabSeries[], profile = NAB_STANDARD): NabResult {
  const events = eventsOf(series, profile).sort((a, b) => b.score - a.score);
  let best: Counts | null = null;
  let threshold = Infinity;
  const counts = newCounts(series, profile);
  if (counts.windows === 0) return { score: Number.NaN, threshold, windows: 0, hit: 0, falseRows: 0 };
  best = { ...counts };
  for (let i = 0; i < events.length; i++) {
    take(counts, events[i] as Event);
    // All rows of one score are reported together.
    if (events[i + 1]?.score === events[i]?.score) continue;
    if (counts.total <= best.total) continue;
    best = { ...counts };
    threshold = (events[i] as Event).score;
  }
  return resultOf(best, threshold, profile);
}

/** The figure when all rows whose score is at least `threshold` are reported. O(rows). */
export function nabAt(series: readonly NabSeries[], threshold: number, profile = NAB_STANDARD): NabResult {
  const counts = newCounts(series, profile);
  for (const event of eventsOf(series, profile)) if (event.score >= threshold) take(counts, event);
  return resultOf(counts, threshold, profile);
}

interface Counts {
  total: number;
  hit: number;
  falseRows: number;
  readonly windows: number;
  readonly missed: number;
  readonly bestOf: Float64Array;
}

function newCounts(series: readonly NabSeries[], { fn }: NabProfile): Counts {
  const windows = series.reduce((sum, one) => sum + one.windows.length, 0);
  return {
    total: -fn * windows,
    hit: 0,
    falseRows: 0,
    windows,
    missed: -fn,
    bestOf: new Float64Array(windows).fill(-Infinity),
  };
}

/** Of a window only its earliest, best reported row counts. */
function take(counts: Counts, { window, worth }: Event): void {
  if (window < 0) {
    counts.total += worth;
    counts.falseRows++;
    return;
  }
  const before = counts.bestOf[window] as number;
  if (worth <= before) return;
  counts.total += worth - (before === -Infinity ? counts.missed : before);
  if (before === -Infinity) counts.hit++;
  counts.bestOf[window] = worth;
}

function resultOf({ total, hit, falseRows, windows }: Counts, threshold: number, { tp, fn }: NabProfile): NabResult {
  const nothing = -fn * windows;
  return { score: (100 * (total - nothing)) / (tp * windows - nothing), threshold, windows, hit, falseRows };
}

function eventsOf(series: readonly NabSeries[], { tp, fp }: NabProfile): Event[] {
  const events: Event[] = [];
  const most = sigmoid(-1);
  let first = 0;
  for (const { score, windows } of series) {
    let next = 0;
    for (let row = 0; row < score.length; row++) {
      while (next < windows.length && row > (windows[next] as readonly [number, number])[1]) next++;
      if (row < nabProbation(score.length)) continue;
      const window = windows[next];
      if (window !== undefined && row >= window[0]) {
        const width = window[1] - window[0] + 1;
        const worth = (sigmoid(-(window[1] - row + 1) / width) * tp) / most;
        events.push({ score: score[row] as number, window: first + next, worth });
        continue;
      }
      const last = windows[next - 1];
      const far = last === undefined ? Infinity : (row - last[1]) / Math.max(1, last[1] - last[0]);
      events.push({ score: score[row] as number, window: -1, worth: sigmoid(far) * fp });
    }
    first += windows.length;
  }
  return events;
}

/** From 1 well before to −1 well behind the end of a window. */
function sigmoid(x: number): number {
  return x > 3 ? -1 : 2 / (1 + Math.exp(5 * x)) - 1;
}
