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
  const byPhase = new Float64Array(Math.ceil((n - from) / season));
  let mean = 0;
  for (let phase = 0; phase < season; phase++) {
    let count = 0;
    for (let i = from + ((((phase - from) % season) + season) % season); i < n; i += season) {
      byPhase[count++] = y[i] - smooth[i - from];
    }
    profile[phase] = winsorisedMean(byPhase.subarray(0, count));
    mean += profile[phase] / season;
  }
  for (let phase = 0; phase < season; phase++) profile[phase] -= mean;
  return profile;
}

/** The series less its profile. A counter walks the phases: a remainder for each value costs more than all the rest. */
export function withoutSeason(y: Float64Array, profile: Float64Array): Float64Array {
  const out = new Float64Array(y.length);
  let phase = 0;
  for (let i = 0; i < y.length; i++) {
    out[i] = y[i] - profile[phase];
    if (++phase === profile.length) phase = 0;
  }
  return out;
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
function winsorisedMean(values: Float64Array): number {
  const n = values.length;
  // By insertion: there are at most a handful, and as many calls as a season has steps.
  for (let i = 1; i < n; i++) {
    const value = values[i];
    let at = i;
    for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
    values[at] = value;
  }
  if (n >= 5) {
    values[0] = values[1];
    values[n - 1] = values[n - 2];
  }
  let sum = 0;
  for (const value of values) sum += value;
  return n > 0 ? sum / n : 0;
}
