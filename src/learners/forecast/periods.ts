import { autocorrelation, periodogram, powerOfTwo } from '../../stats/fft.ts';
import { medianOf } from '../../stats/theil-sen.ts';

/** Chance of a false peak in the whole spectrum. */
const FALSE_PEAK = 1e-4;
/** Share of the variance that a rhythm must foretell in cycles it was not read from. */
const MIN_EXPLAINED = 0.15;
const MIN_CYCLES = 4;
const MAX_PERIODS = 3;
const CALENDAR_MS = [3_600_000, 43_200_000, 86_400_000, 604_800_000];

export interface Period {
  readonly steps: number;
  /** Share of the variance that this rhythm explains in cycles it was not read from, 0..1. */
  readonly strength: number;
  /** What each phase adds. `profile[i % steps]` belongs to position i, for whole steps. */
  readonly profile: Float64Array;
}

/**
 * Rhythms in an evenly spaced series without trend. A candidate must stand out of its neighbourhood in the spectrum or
 * of the autocorrelation, and then each of its cycles must be foretold by the others. Noise, trends, random walks and
 * level shifts pass the first now and then, and not the second. At least four whole cycles are needed.
 * Weak for rhythms whose length varies. O(n log n).
 */
export function periodsOf(signal: Float64Array, stepMs: number): Period[] {
  const found: Period[] = [];
  let rest = centred(signal);
  for (let round = 0; round < MAX_PERIODS; round++) {
    const best = strongest(rest, stepMs, found);
    if (best === null) break;
    found.push(best);
    rest = centred(rest.map((value, i) => value - best.profile[i % best.steps]));
  }
  return found;
}

function strongest(signal: Float64Array, stepMs: number, known: readonly Period[]): Period | null {
  let best: Period | null = null;
  for (const steps of candidateSteps(signal, stepMs)) {
    if (known.some((period) => period.steps === steps)) continue;
    const strength = explainedByOthers(signal, steps);
    if (
      strength > MIN_EXPLAINED &&
      (best === null || strength > best.strength * leadNeeded(steps, best.steps, stepMs))
    ) {
      best = { steps, strength, profile: profileOf(signal, steps) };
    }
  }
  return best;
}

/** How much better a longer candidate must be: a multiple explains as much as the rhythm itself, and a day is likelier than 23.8 h. */
function leadNeeded(steps: number, than: number, stepMs: number): number {
  const isCalendar = CALENDAR_MS.includes(steps * stepMs);
  const wasCalendar = CALENDAR_MS.includes(than * stepMs);
  if (steps < than * 1.2) return isCalendar ? 0.85 : wasCalendar ? 1.15 : 1;
  return 1.1;
}

/** Period lengths worth a closer look, shortest first. */
function candidateSteps(signal: Float64Array, stepMs: number): number[] {
  const n = signal.length;
  const longest = Math.floor(n / MIN_CYCLES);
  const lengths = new Set<number>();
  const add = (period: number): void => {
    for (const calendar of CALENDAR_MS) {
      const steps = calendar / stepMs;
      if (Number.isInteger(steps) && Math.abs(period - steps) <= Math.max(1, (period * period) / n)) lengths.add(steps);
    }
    lengths.add(Math.round(period));
  };
  const length = powerOfTwo(n) * 2;
  for (const k of spectralPeaks(periodogram(signal, length), n)) add(length / k);
  const acf = autocorrelation(signal, longest + 1);
  const threshold = Math.max(0.2, 4 / Math.sqrt(n));
  const peaks: number[] = [];
  for (let lag = 3; lag <= longest; lag++) {
    if (acf[lag] > threshold && acf[lag] >= acf[lag - 1] && acf[lag] > acf[lag + 1]) peaks.push(lag);
  }
  for (const lag of peaks.sort((a, b) => acf[b] - acf[a]).slice(0, 5)) add(lag);
  return [...lengths].filter((steps) => steps >= 3 && steps <= longest).sort((a, b) => a - b);
}

/** The highest peaks that noise with the spectrum of their neighbourhood would not show. */
function spectralPeaks(power: Float64Array, n: number): number[] {
  const oversampling = (2 * (power.length - 1)) / n;
  const threshold = Math.log(n / 2 / FALSE_PEAK);
  const first = Math.max(2, Math.ceil(MIN_CYCLES * oversampling * 0.9));
  const peaks: number[] = [];
  // The usual power near a frequency is the median over a band around it: bands of half an octave up and down.
  for (let low = first; low < power.length - 1; ) {
    const high = Math.max(low + 1, Math.ceil(low * 1.25));
    const half = Math.max(Math.ceil(8 * oversampling), low >> 1);
    const usual = medianOf(power.slice(Math.max(1, low - half), Math.min(power.length, high + half))) / Math.LN2;
    for (let k = low; k < Math.min(high, power.length - 1); k++) {
      if (power[k] >= power[k - 1] && power[k] > power[k + 1] && power[k] > threshold * usual) peaks.push(k);
    }
    low = high;
  }
  return peaks.sort((a, b) => power[b] - power[a]).slice(0, 6);
}

/** How much of the variance a rhythm of so many steps explains in cycles that it was not read from, 0..1. O(n). */
export function rhythmStrength(signal: Float64Array, steps: number): number {
  return explainedByOthers(centred(signal), steps);
}

/** Share of the variance of a cycle that the mean of the other cycles explains, the slow part (a mean over one period) taken out; 0 unless most cycles agree. */
function explainedByOthers(signal: Float64Array, steps: number): number {
  const cycles = Math.floor(signal.length / steps);
  if (cycles < MIN_CYCLES) return 0;
  const from = signal.length - cycles * steps;
  const fast = withoutSlowPart(signal, steps, from);
  const sums = new Float64Array(steps);
  for (let i = 0; i < fast.length; i++) sums[i % steps] += fast[i];
  let total = 0;
  let left = 0;
  let agreeing = 0;
  for (let c = 0; c < cycles; c++) {
    let cycleTotal = 0;
    let cycleLeft = 0;
    for (let j = 0; j < steps; j++) {
      const value = fast[c * steps + j];
      const others = (sums[j] - value) / (cycles - 1);
      cycleTotal += value * value;
      cycleLeft += (value - others) ** 2;
    }
    total += cycleTotal;
    left += cycleLeft;
    if (cycleLeft < cycleTotal) agreeing++;
  }
  if (!(total > 0) || agreeing < Math.max(MIN_CYCLES, 0.75 * cycles)) return 0;
  // The slow part counts too: a rhythm on a wandering level is weaker than one on a steady level.
  let power = 0;
  for (let i = from; i < signal.length; i++) power += signal[i] * signal[i];
  return Math.max(0, Math.min(1, (total - left) / Math.max(power, total)));
}

function withoutSlowPart(signal: Float64Array, steps: number, from: number): Float64Array {
  const n = signal.length - from;
  const sums = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) sums[i + 1] = sums[i] + signal[from + i];
  const half = steps >> 1;
  return Float64Array.from({ length: n }, (_, i) => {
    const start = Math.max(0, Math.min(n - steps, i - half));
    return signal[from + i] - (sums[start + steps] - sums[start]) / steps;
  });
}

function profileOf(signal: Float64Array, steps: number): Float64Array {
  const sums = new Float64Array(steps);
  const counts = new Float64Array(steps);
  for (let i = 0; i < signal.length; i++) {
    sums[i % steps] += signal[i];
    counts[i % steps]++;
  }
  return sums.map((sum, j) => sum / counts[j]);
}

function centred(signal: Float64Array): Float64Array {
  let mean = 0;
  for (const value of signal) mean += value / signal.length;
  return signal.map((value) => value - mean);
}
