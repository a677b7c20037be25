import { AuspexError } from '../errors.ts';
import { RandomForestRegressor } from '../learners/index.ts';
import { ModelReader, ModelWriter } from '../learners/model-bytes.ts';
import { type Contribution, formatDuration, figureMetric } from '../model/index.ts';
import { hostHealth, hostLoad } from './host-health.ts';
import {
  type FigureHistory,
  figureOfFeature,
  figuresAt,
  healthOf,
  PERFORMANCE_FIGURES,
  performanceFeatureNames,
  summaryOf,
  writeFeatures,
} from './performance-features.ts';
import { explainPerformance, recommendationsFor } from './performance-words.ts';

const KIND = 'performance';
const VERSION = 1;
/** How far ahead the score looks. */
export const PERFORMANCE_HORIZON_MS = 15 * 60_000;
/** Coverage that its interval states. */
export const PERFORMANCE_LEVEL = 0.9;
/** What a forest has to be better by than "nothing changes", on later rows that it has not seen. */
const LEAD_NEEDED = 0.98;
const MIN_ROWS = 200;
const MAX_ROWS = 2500;
const HELD_OUT = 0.2;
/** Rows that neither champion nor challenger has seen, before they are compared. */
const LEAST_COMPARED = 50;
const N_TREES = 50;
const QUANTILES = 101;
const HEALTH_NOW = performanceFeatureNames.indexOf('health 0 ago');

export interface PerformanceTraining {
  /** Null when there is too little history; `reason` then says what is missing. */
  readonly bytes: Uint8Array | null;
  /** Which of the two answers: the forest only where it beat persistence on the last fifth in time order. */
  readonly serves: 'random-forest' | 'persistence';
  readonly reason: string;
  readonly sampleCount: number;
  readonly featureNames: readonly string[];
  /** By the last fifth of the rows: mean absolute errors in points of health, coverage of the interval. */
  readonly metrics: Readonly<Record<string, number>>;
  /** How long until there is enough; 0 when there is. */
  readonly readyInMs: number;
  /** Why the model that serves goes on, in words: it erred less on rows that neither had seen. Null where this one takes its place. */
  readonly champion: string | null;
}

/** The model that serves, and the end of what it was trained on. */
export interface Champion {
  readonly version: number;
  readonly bytes: Uint8Array;
  readonly trainedTo: number;
}

export interface PerformancePrediction {
  /** Health expected in 15 minutes, 0..100; null when the last row has no figures. */
  readonly value: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  /** What "nothing changes" says. */
  readonly baseline: number | null;
  readonly load: number | null;
  readonly at: number;
  readonly dueAt: number;
  readonly level: number;
  readonly model: 'random-forest' | 'persistence';
  readonly contributions: readonly Contribution[];
  readonly explanation: string;
  readonly recommendations: readonly string[];
}

/**
 * Learns how a host's health changes within 15 minutes from its last ten points. The forest learns the change, is
 * judged on the last fifth of the history (nothing of it seen, 15 minutes between), and serves only where it beats
 * "nothing changes" there; else persistence answers, labelled, with its own interval. At most 2,500 rows are used, evenly chosen: about 0.5 s.
 * A champion goes on where it errs clearly less than this challenger on those of the held-out rows that came after its own training.
 */
export function trainPerformance(
  history: FigureHistory,
  seed: number,
  champion: Champion | null = null,
): PerformanceTraining {
  const data = rowsOf(history);
  const featureNames = performanceFeatureNames;
  if (data.n < MIN_ROWS) {
    const readyInMs = (MIN_ROWS - data.n) * history.stepMs;
    return {
      bytes: null,
      serves: 'persistence',
      reason: `Needs ${MIN_ROWS} moments whose next 15 minutes are known and has ${data.n}: ready in ${formatDuration(readyInMs)}.`,
      sampleCount: data.n,
      featureNames,
      metrics: {},
      readyInMs,
      champion: null,
    };
  }
  const width = featureNames.length;
  const split = Math.floor(data.n * (1 - HELD_OUT));
  const gap = Math.ceil(PERFORMANCE_HORIZON_MS / history.stepMs / data.stride);
  const parameters = { nTrees: N_TREES, maxFeatures: 0.25, minLeaf: 8, maxDepth: 12, seed };
  const nTraining = Math.max(1, split - gap);
  const trial = new RandomForestRegressor(parameters).fit(data.x, data.change, nTraining, width);
  const errors = new Float64Array(data.n - split);
  const naiveErrors = data.change.slice(split);
  for (let i = split; i < data.n; i++) {
    errors[i - split] = data.change[i] - trial.predict(data.x.subarray(i * width, (i + 1) * width));
  }
  const mae = meanAbsolute(errors);
  const naiveMae = meanAbsolute(naiveErrors);
  const isBetter = mae < naiveMae * LEAD_NEEDED;
  const forest = isBetter ? new RandomForestRegressor(parameters).fit(data.x, data.change, data.n, width) : null;
  // What the interval is made of is judged apart from it: widths from the first half held out, coverage on the second.
  const residuals = isBetter ? errors : naiveErrors;
  const half = residuals.length >> 1;
  const metrics = {
    meanAbsoluteErrorPoints: mae,
    persistenceMeanAbsoluteErrorPoints: naiveMae,
    heldOutCoverageRatio: coverage(quantilesOf(residuals.slice(0, half)), residuals.slice(half)),
    heldOutCount: errors.length,
  };
  const writer = new ModelWriter(KIND, VERSION)
    .number(history.stepMs)
    .float64s(quantilesOf(residuals))
    .float64s(usualOf(history))
    .bytes(forest === null ? new Uint8Array(0) : forest.toBytes());
  return {
    bytes: writer.finish(),
    serves: isBetter ? 'random-forest' : 'persistence',
    reason: isBetter
      ? `On the last fifth of its history the forest errs by ${mae.toFixed(2)} points, "nothing changes" by ${naiveMae.toFixed(2)}.`
      : `On the last fifth of its history "nothing changes" errs by ${naiveMae.toFixed(2)} points and the forest by ${mae.toFixed(2)}: persistence answers.`,
    sampleCount: data.n,
    featureNames,
    metrics,
    readyInMs: 0,
    champion: champion === null ? null : whyItStays(champion, history, data, split, residuals),
  };
}

/** In words, null where the challenger is as good or there is too little to compare. `residuals`: the challenger's from row `split` on. */
function whyItStays(
  { version, bytes, trainedTo }: Champion,
  { stepMs }: FigureHistory,
  data: Rows,
  split: number,
  residuals: Float64Array,
): string | null {
  const model = new PerformanceModel(bytes);
  if (model.stepMs !== stepMs) return null;
  const width = performanceFeatureNames.length;
  let compared = 0;
  let own = 0;
  let other = 0;
  for (let i = split; i < data.n; i++) {
    if (data.at[i] <= trainedTo) continue;
    compared++;
    own += Math.abs(residuals[i - split]);
    other += Math.abs(data.change[i] - model.changeOf(data.x.subarray(i * width, (i + 1) * width)));
  }
  if (compared < LEAST_COMPARED || other >= LEAD_NEEDED * own) return null;
  const points = (sum: number): string => (sum / compared).toFixed(2);
  return `Version ${version} goes on: on the last ${compared} moments, which neither had seen, it errs by ${points(other)} points and a new one by ${points(own)}.`;
}

/** A trained score, read once and asked often. */
export class PerformanceModel {
  readonly stepMs: number;
  readonly #residuals: Float64Array;
  /** Median, 5 % and 95 % quantile by figure. */
  readonly #usual: Float64Array;
  readonly #forest: RandomForestRegressor | null;

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  constructor(bytes: Uint8Array) {
    const reader = new ModelReader(bytes, KIND, VERSION);
    this.stepMs = reader.number();
    this.#residuals = reader.float64s();
    this.#usual = reader.float64s();
    const forest = reader.bytes();
    this.#forest = forest.length > 0 ? RandomForestRegressor.fromBytes(forest) : null;
  }

  get serves(): 'random-forest' | 'persistence' {
    return this.#forest === null ? 'persistence' : 'random-forest';
  }

  /** The score of the last row of a window of ten or more. Throws BAD_REQUEST for a window without rows or of another step. Below 1 ms. */
  predict(window: FigureHistory): PerformancePrediction {
    if (window.nRows < 1 || window.stepMs !== this.stepMs) {
      throw new AuspexError(
        'BAD_REQUEST',
        `The window has ${window.nRows} rows in steps of ${window.stepMs} ms; the model needs rows in steps of ${this.stepMs} ms.`,
      );
    }
    const last = window.nRows - 1;
    const health = healthOf(window);
    const features = new Float64Array(performanceFeatureNames.length);
    writeFeatures(window, health, last, features, 0);
    const figures = figuresAt(window, last);
    const now = Number.isFinite(health[last]) ? health[last] : null;
    const change = this.#forest?.attribution(features) ?? null;
    const contributions = this.#contributions(window, change?.byColumn ?? null);
    const range =
      now === null
        ? { value: null, lower: null, upper: null }
        : this.#range(now, change === null ? 0 : sumOf(change.byColumn) + change.baseline);
    const common = {
      ...range,
      baseline: now,
      load: hostLoad(figures),
      at: window.endAt,
      dueAt: window.endAt + PERFORMANCE_HORIZON_MS,
      level: PERFORMANCE_LEVEL,
      model: this.serves,
      contributions,
    } as const;
    const slopes = PERFORMANCE_FIGURES.map(
      (figure) =>
        summaryOf(window.values, window.columns.indexOf(figure), window.columns.length, last, window.stepMs)
          .slopePerHour,
    );
    const observed = hostHealth(figures);
    return {
      ...common,
      explanation: explainPerformance(common, slopes),
      recommendations: recommendationsFor(observed, common, slopes),
    };
  }

  /**
   * The score of features in the order of `performanceFeatureNames`; NaN where one is missing. Throws BAD_REQUEST where that
   * is the present health, which every score starts from. 50 µs.
   */
  predictFeatures(features: Float64Array): { readonly value: number; readonly lower: number; readonly upper: number } {
    const now = features[HEALTH_NOW];
    if (!(now >= 0 && now <= 100))
      throw new AuspexError('BAD_REQUEST', `“${performanceFeatureNames[HEALTH_NOW]}” is needed, from 0 to 100.`);
    return this.#range(now, this.changeOf(features));
  }

  /** Share of the window's last figures, 0..1, that are usual for the host that it was trained on. */
  likeness(window: FigureHistory): number {
    const row = (window.nRows - 1) * window.columns.length;
    let known = 0;
    let usual = 0;
    for (const [k, figure] of PERFORMANCE_FIGURES.entries()) {
      const value = window.values[row + window.columns.indexOf(figure)];
      const [middle, lower, upper] = this.#usual.subarray(k * 3, k * 3 + 3);
      const around = Math.max(upper - lower, Math.abs(middle) * 0.25);
      if (!Number.isFinite(value) || !Number.isFinite(middle)) continue;
      known++;
      if (value >= lower - around && value <= upper + around) usual++;
    }
    return known === 0 ? 0 : usual / known;
  }

  /** By how many points health is expected to change. */
  changeOf(features: Float64Array): number {
    return this.#forest?.predict(features) ?? 0;
  }

  #range(now: number, change: number): { readonly value: number; readonly lower: number; readonly upper: number } {
    const value = within(now + change);
    const tail = (1 - PERFORMANCE_LEVEL) / 2;
    return {
      value,
      lower: within(value + Math.min(-0.5, this.#residual(tail))),
      upper: within(value + Math.max(0.5, this.#residual(1 - tail))),
    };
  }

  /** Shares by figure; under persistence by how far each is from its usual range. */
  #contributions(window: FigureHistory, byFeature: Float64Array | null): Contribution[] {
    const width = window.columns.length;
    const last = window.nRows - 1;
    const weights = new Float64Array(PERFORMANCE_FIGURES.length);
    if (byFeature !== null) {
      for (let j = 0; j < byFeature.length; j++) {
        const figure = figureOfFeature(j);
        if (figure >= 0) weights[figure] += byFeature[j];
      }
    }
    const out: Contribution[] = [];
    for (const [k, figure] of PERFORMANCE_FIGURES.entries()) {
      const { last: value } = summaryOf(window.values, window.columns.indexOf(figure), width, last, window.stepMs);
      if (value !== value) continue;
      const expected = this.#usual[k * 3];
      const [lower, upper] = [this.#usual[k * 3 + 1], this.#usual[k * 3 + 2]];
      const away = Math.max(0, value - upper, lower - value) / Math.max(upper - lower, Math.abs(expected) * 0.05, 1e-9);
      // One wild figure is not to drown the others.
      const share = byFeature === null ? Math.min(away, 3) : Math.abs(weights[k]);
      const metric = figureMetric(figure);
      out.push({
        feature: metric?.title ?? figure,
        labels: [],
        value,
        expected,
        lower,
        upper,
        unit: metric?.unit ?? 'count',
        share,
      });
    }
    const total = out.reduce((sum, one) => sum + one.share, 0);
    return out.map((one) => ({ ...one, share: total > 0 ? one.share / total : 0 })).sort((a, b) => b.share - a.share);
  }

  #residual(q: number): number {
    return this.#residuals[Math.round(q * (QUANTILES - 1))];
  }
}

/** Reads the model and scores one window; keep a PerformanceModel where it is asked more than once. */
export function predictPerformance(bytes: Uint8Array, window: FigureHistory): PerformancePrediction {
  return new PerformanceModel(bytes).predict(window);
}

interface Rows {
  readonly x: Float64Array;
  /** Health 15 minutes later minus health now. */
  readonly change: Float64Array;
  /** When each row was, ms. */
  readonly at: Float64Array;
  readonly n: number;
  /** Every how many steps a row was taken. */
  readonly stride: number;
}

function rowsOf(history: FigureHistory): Rows {
  const ahead = Math.round(PERFORMANCE_HORIZON_MS / history.stepMs);
  // The score is judged by the mean over the minute before its due time.
  const minute = Math.max(1, Math.round(60_000 / history.stepMs));
  const health = healthOf(history);
  const usable = Math.max(0, history.nRows - ahead);
  const stride = Math.max(1, Math.ceil(usable / MAX_ROWS));
  const width = performanceFeatureNames.length;
  const x = new Float64Array(Math.ceil(usable / stride) * width);
  const change = new Float64Array(Math.ceil(usable / stride));
  const at = new Float64Array(change.length);
  let n = 0;
  for (let row = (usable - 1) % stride; row < usable; row += stride) {
    let later = 0;
    let seen = 0;
    for (let k = 0; k < minute; k++) {
      const value = health[row + ahead - k];
      if (value !== value) continue;
      later += value;
      seen++;
    }
    if (seen === 0 || !Number.isFinite(health[row])) continue;
    writeFeatures(history, health, row, x, n * width);
    at[n] = history.endAt - (history.nRows - 1 - row) * history.stepMs;
    change[n++] = later / seen - health[row];
  }
  return { x: x.subarray(0, n * width), change: change.subarray(0, n), at, n, stride };
}

function usualOf(history: FigureHistory): Float64Array {
  const out = new Float64Array(PERFORMANCE_FIGURES.length * 3).fill(Number.NaN);
  for (const [k, figure] of PERFORMANCE_FIGURES.entries()) {
    const column = history.columns.indexOf(figure);
    if (column < 0) continue;
    const values: number[] = [];
    for (let row = 0; row < history.nRows; row++) {
      const value = history.values[row * history.columns.length + column];
      if (Number.isFinite(value)) values.push(value);
    }
    if (values.length === 0) continue;
    const sorted = Float64Array.from(values).sort();
    for (const [i, q] of [0.5, 0.05, 0.95].entries()) out[k * 3 + i] = sorted[Math.round(q * (sorted.length - 1))];
  }
  return out;
}

function quantilesOf(residuals: Float64Array): Float64Array {
  const sorted = Float64Array.from(residuals).sort();
  return Float64Array.from(
    { length: QUANTILES },
    (_, q) => sorted[Math.round((q / (QUANTILES - 1)) * (sorted.length - 1))] ?? 0,
  );
}

function coverage(quantiles: Float64Array, residuals: Float64Array): number {
  const tail = (1 - PERFORMANCE_LEVEL) / 2;
  const low = Math.min(-0.5, quantiles[Math.round(tail * (QUANTILES - 1))]);
  const high = Math.max(0.5, quantiles[Math.round((1 - tail) * (QUANTILES - 1))]);
  let held = 0;
  for (const residual of residuals) if (residual >= low && residual <= high) held++;
  return residuals.length > 0 ? held / residuals.length : Number.NaN;
}

function meanAbsolute(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += Math.abs(value) / values.length;
  return sum;
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

function within(score: number): number {
  return Math.max(0, Math.min(100, score));
}
