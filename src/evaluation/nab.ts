/** One series of the benchmark with what a detector said of each row. */
export interface NabSeries {
  /** Higher is more anomalous. */
  readonly scores: Float64Array;
  /** First and last row of each labelled window, ascending. */
  readonly windows: readonly (readonly [number, number])[];
}

/** What hits, misses and false alarms count. */
export interface NabProfile {
  readonly hit: number;
  readonly miss: number;
  readonly falseAlarm: number;
}

export const NAB_STANDARD: NabProfile = { hit: 1, miss: 1, falseAlarm: 0.11 };

export interface NabResult {
  /** 0: a detector that says nothing; 100: a perfect one. Can be far below 0. */
  readonly score: number;
  readonly threshold: number;
  readonly windowsHit: number;
  readonly windows: number;
  /** Rows outside the windows at or over the threshold. */
  readonly falseAlarms: number;
  /** Mean share of a hit window that had passed at its first detection. */
  readonly delay: number;
}

/** The part of a series that is not judged: 15 %, at most of 5,000 rows. */
export function nabProbation(rows: number): number {
  return Math.floor(0.15 * Math.min(rows, 5000));
}

/**
 * The score of the Numenta Anomaly Benchmark (Lavin and Ahmad 2015): the earliest detection in a window earns by a sigmoid
 * of its place, rows outside cost, the less the nearer behind a window; one threshold for all series. With no threshold
 * given, the best one is looked for, as the benchmark does for those it publishes. The score is contested (one false
 * alarm costs a ninth of a hit, whatever the length of a series), so counts stand beside it. O(rows log rows).
 */
export function nabScore(
  series: readonly NabSeries[],
  profile: NabProfile = NAB_STANDARD,
  threshold?: number,
): NabResult {
  const rows: { score: number; gain: number; window: number; place: number }[] = [];
  let nWindows = 0;
  for (const one of series) {
    const first = nWindows;
    nWindows += one.windows.length;
    const gains = rowGains(one, profile);
    for (let i = nabProbation(one.scores.length); i < one.scores.length; i++) {
      const within = one.windows.findIndex(([from, to]) => i >= from && i <= to);
      const [from, to] = within >= 0 ? one.windows[within] : [0, 0];
      rows.push({
        score: one.scores[i],
        gain: gains[i],
        window: within >= 0 ? first + within : -1,
        place: (i - from) / (to - from + 1),
      });
    }
  }
  rows.sort((a, b) => b.score - a.score);
  const earned = new Float64Array(nWindows).fill(-profile.miss);
  const places = new Float64Array(nWindows).fill(Number.NaN);
  let falseAlarms = 0;
  let lost = 0;
  const worst = -profile.miss * nWindows;
  const result = (at: number): NabResult => {
    const total = earned.reduce((sum, gain) => sum + gain, lost);
    const hit = places.filter((place) => place === place);
    return {
      score: (100 * (total - worst)) / (profile.hit * nWindows - worst),
      threshold: at,
      windowsHit: hit.length,
      windows: nWindows,
      falseAlarms,
      delay: hit.reduce((sum, place) => sum + place, 0) / hit.length,
    };
  };
  let best = result(Infinity);
  for (let i = 0; i < rows.length; ) {
    const at = rows[i].score;
    if (threshold !== undefined && !(at >= threshold)) break;
    for (; i < rows.length && rows[i].score === at; i++) {
      const { gain, window, place } = rows[i];
      if (window < 0) {
        falseAlarms++;
        lost += gain;
      } else if (gain > earned[window]) {
        earned[window] = gain;
        places[window] = place;
      }
    }
    const total = earned.reduce((sum, gain) => sum + gain, lost);
    if (threshold === undefined && (100 * (total - worst)) / (profile.hit * nWindows - worst) > best.score)
      best = result(at);
  }
  return threshold === undefined ? best : { ...result(threshold) };
}

/** What a detection at each row earns or costs. */
function rowGains({ scores, windows }: NabSeries, profile: NabProfile): Float64Array {
  const most = sigmoid(-1);
  const gains = new Float64Array(scores.length);
  let next = 0;
  for (let i = 0; i < gains.length; i++) {
    while (next < windows.length && windows[next][1] < i) next++;
    if (next < windows.length && windows[next][0] <= i) {
      const [from, to] = windows[next];
      gains[i] = (profile.hit * sigmoid(-(to - i + 1) / (to - from + 1))) / most;
    } else if (next === 0) gains[i] = -profile.falseAlarm;
    else {
      const [from, to] = windows[next - 1];
      gains[i] = profile.falseAlarm * sigmoid((i - to) / (to - from));
    }
  }
  return gains;
}

/** 1 well before 0, 0 at 0, −1 behind it. */
function sigmoid(x: number): number {
  return x > 3 ? -1 : 2 / (1 + Math.exp(5 * x)) - 1;
}
