import {
  type Confidence,
  confidence,
  type OutcomeRule,
  type Prediction,
  type PredictionOutcome,
  type TrackRecord,
  type TrackRecordRow,
} from '../model/index.ts';
import { stepForHorizon } from './horizons.ts';

const HOUR_MS = 3_600_000;
/** From so many scored predictions on, the ledger's own frequency stands in for the prior. */
export const MIN_SCORED_FOR_MEASURED = 20;
/** From so many on, a calibration error is more than noise. */
export const MIN_SCORED_FOR_CALIBRATION = 50;
const N_BINS = 10;

/** What a row of the ledger is made from. */
export type Statement = Pick<
  Prediction,
  | 'type'
  | 'entityId'
  | 'component'
  | 'model'
  | 'modelVersion'
  | 'madeAt'
  | 'horizonMs'
  | 'value'
  | 'unit'
  | 'probability'
  | 'rule'
  | 'baseline'
>;

/** What was observed of a prediction's target, times ascending in ms. */
export interface ActualPoints {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

export interface JudgeOptions {
  /** When an event that is not a threshold (`>=0.98`) happened; null: it did not; left out: nobody can tell. */
  readonly eventAt?: number | null;
  /** Somebody or something acted on the prediction, so that its outcome says nothing about it. */
  readonly averted?: boolean;
  /** What happened then is out of count: a maintenance. */
  readonly isOutOfCount?: boolean;
}

/** The id of a row: a hash of target, model, horizon and the hour it was made in, so that a second one in the hour is the same row. */
export function predictionId(
  of: Pick<Prediction, 'type' | 'entityId' | 'component' | 'model' | 'horizonMs' | 'madeAt'>,
): string {
  const hour = Math.floor(of.madeAt / HOUR_MS);
  return hash64(
    `${of.type}\u0000${of.entityId}\u0000${of.component}\u0000${of.model}\u0000${of.horizonMs}\u0000${hour}`,
  );
}

/** The id of the running sums that a prediction counts in. */
export function trackRecordId(of: Pick<Prediction, 'type' | 'entityId' | 'model' | 'horizonMs'>): string {
  return hash64(`${of.type}\u0000${of.entityId}\u0000${of.model}\u0000${of.horizonMs}`);
}

/** A new row, waiting for its outcome; null when what it states is not a number (nothing was foretold). */
export function predictionRow(statement: Statement): Prediction | null {
  const { rule, probability, value } = statement;
  if (!Number.isFinite(value) || !(probability >= 0 && probability <= 1)) return null;
  if (rule.kind === 'interval' && !(rule.lower <= rule.upper)) return null;
  return {
    id: predictionId(statement),
    type: statement.type,
    entityId: statement.entityId,
    component: statement.component,
    model: statement.model,
    modelVersion: statement.modelVersion,
    madeAt: statement.madeAt,
    dueAt: statement.madeAt + statement.horizonMs,
    horizonMs: statement.horizonMs,
    value,
    unit: statement.unit,
    probability,
    rule,
    outcome: 'pending',
    actual: null,
    scoredAt: null,
    baseline: statement.baseline,
  };
}

/**
 * Judges a row: the row with its outcome, or null while it cannot be judged yet. An interval is judged by the mean of
 * the step that ends at its due time, an event by its first happening between being foretold and being due; without
 * data near the due time the outcome is unknown. Give the points from `judgementFrom(row)` to `dueAt`.
 */
export function judge(
  row: Prediction,
  actual: ActualPoints,
  now: number,
  options: JudgeOptions = {},
): Prediction | null {
  if (row.outcome !== 'pending') return null;
  const close = (outcome: PredictionOutcome, value: number | null): Prediction => ({
    ...row,
    outcome,
    actual: value,
    scoredAt: now,
  });
  const due = now >= row.dueAt;
  if (options.isOutOfCount === true) return due ? close('unknown', null) : null;
  const value = meanBetween(actual, row.dueAt - judgementWindow(row), row.dueAt);
  if (options.averted === true) return due ? close('averted', value) : null;
  if (row.rule.kind === 'interval') {
    if (!due) return null;
    if (value === null) return close('unknown', null);
    return close(value >= row.rule.lower && value <= row.rule.upper ? 'true' : 'false', value);
  }
  const happenedAt = eventTime(row.rule, row, actual, options.eventAt);
  if (happenedAt !== null && happenedAt !== undefined && happenedAt <= row.dueAt) {
    return close('true', value ?? lastValue(actual));
  }
  if (!due) return null;
  // That nothing was seen says something only where somebody was looking.
  if (happenedAt === undefined || (isThreshold(row.rule) && value === null)) return close('unknown', null);
  return close('false', value);
}

/** Whether a figure that was foretold to pass a limit went away from it instead: at its due time it is further off than when that was said. */
export function hasTurnedAway(row: Prediction, actual: ActualPoints): boolean {
  if (row.rule.kind !== 'event' || !isThreshold(row.rule)) return false;
  const sign = row.rule.event.startsWith('>') ? 1 : -1;
  const then = meanBetween(actual, row.madeAt - 1, row.madeAt + judgementWindow(row));
  const now = meanBetween(actual, row.dueAt - judgementWindow(row), row.dueAt);
  return then !== null && now !== null && sign * now < sign * then;
}

/** Where the points that judge a row begin. */
export function judgementFrom(row: Prediction): number {
  return row.rule.kind === 'event' ? row.madeAt : row.dueAt - judgementWindow(row);
}

function judgementWindow(row: Prediction): number {
  return Math.max(stepForHorizon(row.horizonMs), 60_000);
}

export function emptyTrackRecord(of: Pick<Prediction, 'type' | 'entityId' | 'model' | 'horizonMs'>): TrackRecordRow {
  return {
    id: trackRecordId(of),
    type: of.type,
    entityId: of.entityId,
    model: of.model,
    horizonMs: of.horizonMs,
    scored: 0,
    held: 0,
    stated: 0,
    observed: 0,
    meanAbsoluteError: null,
    baselineMeanAbsoluteError: null,
    pending: 0,
    unknown: 0,
    averted: 0,
    bins: Array.from({ length: N_BINS }, () => ({ count: 0, stated: 0, observed: 0 })),
  };
}

/** The sums after one more row was made. */
export function countMade(record: TrackRecordRow): TrackRecordRow {
  return { ...record, pending: record.pending + 1 };
}

/** The sums after a row was judged. Averted and unknown ones are counted apart and stay out of every frequency. */
export function countJudged(record: TrackRecordRow, judged: Prediction): TrackRecordRow {
  if (judged.outcome === 'pending') return record;
  const pending = Math.max(0, record.pending - 1);
  if (judged.outcome === 'unknown') return { ...record, pending, unknown: record.unknown + 1 };
  if (judged.outcome === 'averted') return { ...record, pending, averted: record.averted + 1 };
  const scored = record.scored + 1;
  const held = record.held + (judged.outcome === 'true' ? 1 : 0);
  const bins = record.bins.map((bin, i) =>
    i === binOf(judged.probability)
      ? {
          count: bin.count + 1,
          stated: bin.stated + judged.probability,
          observed: bin.observed + (judged.outcome === 'true' ? 1 : 0),
        }
      : bin,
  );
  const isInterval = judged.rule.kind === 'interval' && judged.actual !== null;
  return {
    ...record,
    pending,
    scored,
    held,
    stated: bins.reduce((sum, bin) => sum + bin.stated, 0) / scored,
    observed: held / scored,
    bins,
    meanAbsoluteError: isInterval
      ? runningMean(record.meanAbsoluteError, Math.abs((judged.actual ?? 0) - judged.value), scored)
      : record.meanAbsoluteError,
    baselineMeanAbsoluteError:
      isInterval && judged.baseline !== null
        ? runningMean(record.baselineMeanAbsoluteError, Math.abs((judged.actual ?? 0) - judged.baseline), scored)
        : record.baselineMeanAbsoluteError,
  };
}

/** The sums of several rows of one type, model and horizon (a fleet's) as one; null for none. */
export function mergeTrackRecords(records: readonly TrackRecordRow[]): TrackRecordRow | null {
  const first = records[0];
  if (first === undefined) return null;
  const sum = (of: (record: TrackRecordRow) => number) => records.reduce((total, record) => total + of(record), 0);
  const scored = sum((r) => r.scored);
  const mean = (of: (record: TrackRecordRow) => number | null) => {
    const known = records.filter((r) => of(r) !== null && r.scored > 0);
    const weight = known.reduce((total, r) => total + r.scored, 0);
    return weight > 0 ? known.reduce((total, r) => total + (of(r) ?? 0) * r.scored, 0) / weight : null;
  };
  return {
    ...first,
    scored,
    held: sum((r) => r.held),
    stated: scored > 0 ? sum((r) => r.stated * r.scored) / scored : 0,
    observed: scored > 0 ? sum((r) => r.held) / scored : 0,
    meanAbsoluteError: mean((r) => r.meanAbsoluteError),
    baselineMeanAbsoluteError: mean((r) => r.baselineMeanAbsoluteError),
    pending: sum((r) => r.pending),
    unknown: sum((r) => r.unknown),
    averted: sum((r) => r.averted),
    bins: first.bins.map((_, i) => ({
      count: sum((r) => r.bins[i]?.count ?? 0),
      stated: sum((r) => r.bins[i]?.stated ?? 0),
      observed: sum((r) => r.bins[i]?.observed ?? 0),
    })),
  };
}

/** What stands beside every number of the model. `prior` is what the model states where too little has been scored. */
export function trackRecord(record: TrackRecordRow, prior: number): TrackRecord {
  const calibrated = record.scored >= MIN_SCORED_FOR_CALIBRATION;
  return {
    type: record.type,
    model: record.model,
    horizonMs: record.horizonMs,
    scored: record.scored,
    held: record.held,
    stated: record.stated,
    observed: record.observed,
    meanAbsoluteError: record.meanAbsoluteError,
    baselineMeanAbsoluteError: record.baselineMeanAbsoluteError,
    calibrationError: calibrated
      ? record.bins.reduce((sum, bin) => sum + Math.abs(bin.stated - bin.observed), 0) / record.scored
      : null,
    pending: record.pending,
    unknown: record.unknown,
    averted: record.averted,
    confidence: confidenceFrom(record, prior),
  };
}

/**
 * How sure a statement made with `stated` probability is: the frequency with which such statements came true once 20
 * were scored, before that the stated number, labelled as a prior.
 */
export function confidenceFrom(record: TrackRecordRow | null, stated: number): Confidence {
  const bin = record?.bins[binOf(stated)];
  if (bin === undefined || bin.count < MIN_SCORED_FOR_MEASURED) return confidence(stated, 'prior', bin?.count ?? 0);
  return confidence(bin.observed / bin.count, 'measured', bin.count);
}

/** `Of 48 such forecasts 44 held.` */
export function trackRecordSentence(
  record: Pick<TrackRecord, 'scored' | 'held' | 'pending'>,
  noun: { one: string; many: string } = { one: 'forecast', many: 'forecasts' },
): string {
  if (record.scored > 0) {
    return record.scored === 1
      ? `The one such ${noun.one} that was judged ${record.held === 1 ? 'held' : 'did not hold'}.`
      : `Of ${record.scored.toLocaleString('en-US')} such ${noun.many} ${record.held.toLocaleString('en-US')} held.`;
  }
  if (record.pending > 0) {
    return record.pending === 1
      ? `One such ${noun.one} is waiting to be judged.`
      : `${record.pending.toLocaleString('en-US')} such ${noun.many} are waiting to be judged.`;
  }
  return `No such ${noun.one} has been made yet.`;
}

/** The rule "the value reaches a limit": judged from points alone. */
export function reaches(limit: number, direction: 'up' | 'down' = 'up'): OutcomeRule {
  return { kind: 'event', event: `${direction === 'up' ? '>=' : '<='}${limit}` };
}

function isThreshold(rule: OutcomeRule): boolean {
  return rule.kind === 'event' && /^[<>]=/.test(rule.event);
}

/** When the event happened; null: it did not; undefined: nobody can tell. */
function eventTime(
  rule: OutcomeRule & { kind: 'event' },
  row: Prediction,
  actual: ActualPoints,
  given: number | null | undefined,
): number | null | undefined {
  if (given !== undefined || !isThreshold(rule)) return given;
  const limit = Number(rule.event.slice(2));
  const up = rule.event.startsWith('>');
  for (let i = 0; i < actual.times.length; i++) {
    const at = actual.times[i];
    if (at <= row.madeAt || at > row.dueAt) continue;
    if (up ? actual.values[i] >= limit : actual.values[i] <= limit) return at;
  }
  return null;
}

function meanBetween(actual: ActualPoints, from: number, to: number): number | null {
  let sum = 0;
  let n = 0;
  for (let i = 0; i < actual.times.length; i++) {
    if (actual.times[i] <= from || actual.times[i] > to || !Number.isFinite(actual.values[i])) continue;
    sum += actual.values[i];
    n++;
  }
  return n > 0 ? sum / n : null;
}

function lastValue(actual: ActualPoints): number | null {
  const value = actual.values[actual.values.length - 1];
  return value !== undefined && Number.isFinite(value) ? value : null;
}

function binOf(probability: number): number {
  return Math.min(N_BINS - 1, Math.max(0, Math.floor(probability * N_BINS + 1e-9)));
}

function runningMean(mean: number | null, value: number, n: number): number {
  return mean === null ? value : mean + (value - mean) / n;
}

/** 64 bits of a string as hex: two FNV-1a passes with different starts and a final mix. */
function hash64(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x01000193 ^ text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
    b = (b << 13) | (b >>> 19);
  }
  return mix(a) + mix(b ^ Math.imul(a, 0x9e3779b1));
}

function mix(h: number): string {
  let z = h;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return ((z ^ (z >>> 16)) >>> 0).toString(16).padStart(8, '0');
}
