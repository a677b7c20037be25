/**
 * What each phase of a season adds to the level, the mean over the phases being 0: the mean of the distance to a
 * centred moving average over one season, over the last `maxSeasons`, outer values weighed down. Needs two seasons;
 * all 0 with less. `profile[i % season]` belongs to position i of the series. O(n).
 */
export function seasonalProfile(y: Float64Array, season: number, maxSeasons = 8): Float64Array {
  const profile = new Float64Array(season);
  const n = y.length;
  if (season < 2 || n < 2 * season) return profile;
  const from = Math.max(0, n - maxSeasons * season);
  const smooth = centredMean(y, season, from);
  const byPhase: number[] = [];
  let mean = 0;
  for (let phase = 0; phase < season; phase++) {
    byPhase.length = 0;
    for (let i = from + ((((phase - from) % season) + season) % season); i < n; i += season) {
      byPhase.push(y[i] - smooth[i - from]);
    }
    profile[phase] = winsorisedMean(byPhase);
    mean += profile[phase] / season;
  }
  for (let phase = 0; phase < season; phase++) profile[phase] -= mean;
  return profile;
}

/** Mean over one season around each position (half a season inward at the ends). */
function centredMean(y: Float64Array, season: number, from: number): Float64Array {
  const n = y.length - from;
  const sums = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) sums[i + 1] = sums[i] + y[from + i];
  const out = new Float64Array(n);
  const half = season >> 1;
  for (let i = 0; i < n; i++) {
    const start = Math.max(0, Math.min(n - season, i - half));
    out[i] = (sums[start + season] - sums[start]) / season;
  }
  return out;
}

/** Mean of the values with the lowest and highest pulled in to the next ones, where there are five or more. */
function winsorisedMean(values: number[]): number {
  const sorted = values.sort((a, b) => a - b);
  const n = sorted.length;
  if (n >= 5) {
    sorted[0] = sorted[1];
    sorted[n - 1] = sorted[n - 2];
  }
  let sum = 0;
  for (const value of sorted) sum += value;
  return n > 0 ? sum / n : 0;
}
