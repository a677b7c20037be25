import { ProtoReader, VARINT } from '../remote-write/decode-wire.ts';
import { type Attribute, attributeAt, attributesOf } from './attributes.ts';
import { identityOf, type ResourceIdentity } from './resource.ts';
import {
  type Budget,
  doubleAt,
  eachField,
  fixed64At,
  numbersAt,
  type Range,
  rangeAt,
  rangesOf,
  signedFixed64At,
  signedVarintAt,
  textAt,
  timeAt,
  varintAt,
} from './wire.ts';

type MetricType = 'gauge' | 'sum' | 'histogram' | 'exponential' | 'summary';

/** A metric without its points. */
export interface MetricHead {
  readonly name: string;
  readonly unit: string;
  readonly type: MetricType;
  readonly temporality: 'unspecified' | 'delta' | 'cumulative';
  readonly isMonotonic: boolean;
}

interface AnyPoint {
  readonly attributes: readonly Attribute[];
  /** ms UTC; 0 where the sender gave none. */
  readonly at: number;
  /** The sender says that there is nothing: the series has ended. */
  readonly isAbsent: boolean;
}

export interface NumberPoint extends AnyPoint {
  readonly value: number | null;
}

export interface HistogramPoint extends AnyPoint {
  readonly count: number;
  readonly sum: number | null;
  readonly counts: readonly number[];
  readonly bounds: readonly number[];
  /** It has more buckets than are read. */
  readonly isTooWide: boolean;
}

export interface ExponentialBuckets {
  readonly offset: number;
  readonly counts: readonly number[];
}

export interface ExponentialPoint extends AnyPoint {
  readonly count: number;
  readonly sum: number | null;
  readonly scale: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: ExponentialBuckets;
  readonly negative: ExponentialBuckets;
  readonly isTooWide: boolean;
}

export interface SummaryPoint extends AnyPoint {
  readonly count: number;
  readonly sum: number;
  readonly quantiles: readonly (readonly [quantile: number, value: number])[];
}

/** Told of everything in a request, in order. */
export interface MetricsVisitor {
  beginResource(identity: ResourceIdentity): void;
  number(head: MetricHead, point: NumberPoint): void;
  histogram(head: MetricHead, point: HistogramPoint): void;
  exponential(head: MetricHead, point: ExponentialPoint): void;
  summary(head: MetricHead, point: SummaryPoint): void;
  endResource(): void;
}

/** What a request may have: messages that are kept in lists at once, and all parts of attributes. */
export interface Budgets {
  readonly messages: Budget;
  readonly attributes: Budget;
}

const TYPES: Readonly<Record<number, MetricType>> = {
  5: 'gauge',
  7: 'sum',
  9: 'histogram',
  10: 'exponential',
  11: 'summary',
};
const TEMPORALITIES = ['unspecified', 'delta', 'cumulative'] as const;
const MOST_BUCKETS = 500;
const MOST_QUANTILES = 50;
const NO_VALUE_FLAG = 1;
/** After so many points the walk lets others have the thread. */
const POINTS_A_STEP = 500;

/**
 * Walks through an `ExportMetricsServiceRequest`, tells the visitor, and yields now and then, so that a large request does not
 * hold the thread. Fields may come in any order; those not known are passed over. @throws AuspexError BAD_ENCODING, TOO_LARGE.
 */
export function* walkMetrics(bytes: Uint8Array, visitor: MetricsVisitor, budgets: Budgets): Generator<void> {
  const reader = new ProtoReader(bytes);
  let points = 0;
  for (const resource of rangesOf(reader, { from: 0, to: bytes.length }, 1, budgets.messages)) {
    visitor.beginResource(identityIn(reader, resource, budgets));
    for (const scope of rangesOf(reader, resource, 2, budgets.messages))
      for (const metric of rangesOf(reader, scope, 2, budgets.messages)) {
        const found = headIn(reader, metric);
        if (found === undefined) continue;
        for (const point of rangesOf(reader, found.data, 1, budgets.messages)) {
          tell(reader, point, found.head, visitor, budgets);
          if (++points % POINTS_A_STEP === 0) yield;
        }
      }
    visitor.endResource();
  }
}

/** The identity in a `ResourceMetrics` or `ResourceLogs`. */
export function identityIn(reader: ProtoReader, range: Range, budgets: Budgets): ResourceIdentity {
  const found = rangesOf(reader, range, 1, budgets.messages);
  return identityOf(found.flatMap((one) => attributesOf(reader, one, 1, budgets.attributes)));
}

/** Undefined for a metric without data. */
function headIn(reader: ProtoReader, range: Range): { readonly head: MetricHead; readonly data: Range } | undefined {
  let name = '';
  let unit = '';
  let type: MetricType | undefined;
  let data: Range | undefined;
  eachField(reader, range, (field, tag, end) => {
    const known = TYPES[field];
    if (field === 1) name = textAt(reader, tag, end);
    else if (field === 3) unit = textAt(reader, tag, end);
    else if (known !== undefined) {
      type = known;
      data = rangeAt(reader, tag, end);
    } else return false;
    return true;
  });
  if (type === undefined || data === undefined) return undefined;
  let temporality = 0;
  let isMonotonic = false;
  eachField(reader, data, (field, tag, end) => {
    if (field === 2) temporality = varintAt(reader, tag, end);
    else if (field === 3) isMonotonic = varintAt(reader, tag, end) !== 0;
    else return false;
    return true;
  });
  return { head: { name, unit, type, temporality: TEMPORALITIES[temporality] ?? 'unspecified', isMonotonic }, data };
}

function tell(reader: ProtoReader, range: Range, head: MetricHead, visitor: MetricsVisitor, budgets: Budgets): void {
  switch (head.type) {
    case 'gauge':
    case 'sum':
      return visitor.number(head, numberPointIn(reader, range, budgets.attributes));
    case 'histogram':
      return visitor.histogram(head, histogramPointIn(reader, range, budgets.attributes));
    case 'exponential':
      return visitor.exponential(head, exponentialPointIn(reader, range, budgets.attributes));
    case 'summary':
      return visitor.summary(head, summaryPointIn(reader, range, budgets.attributes));
  }
}

interface Basics {
  readonly attributes: Attribute[];
  at: number;
  isAbsent: boolean;
}

function numberPointIn(reader: ProtoReader, range: Range, budget: Budget): NumberPoint {
  const basics: Basics = { attributes: [], at: 0, isAbsent: false };
  let value: number | null = null;
  eachField(reader, range, (field, tag, end) => {
    if (field === 7) basics.attributes.push(attributeAt(reader, tag, end, budget));
    else if (field === 3) basics.at = timeAt(reader, tag, end);
    else if (field === 4) value = doubleAt(reader, tag, end);
    else if (field === 6) value = signedFixed64At(reader, tag, end);
    else if (field === 8) basics.isAbsent = isAbsentAt(reader, tag, end);
    else return false;
    return true;
  });
  return { ...basics, value };
}

function histogramPointIn(reader: ProtoReader, range: Range, budget: Budget): HistogramPoint {
  const basics: Basics = { attributes: [], at: 0, isAbsent: false };
  const counts: number[] = [];
  const bounds: number[] = [];
  let count = 0;
  let sum: number | null = null;
  let isWhole = true;
  eachField(reader, range, (field, tag, end) => {
    if (field === 9) basics.attributes.push(attributeAt(reader, tag, end, budget));
    else if (field === 3) basics.at = timeAt(reader, tag, end);
    else if (field === 4) count = fixed64At(reader, tag, end);
    else if (field === 5) sum = doubleAt(reader, tag, end);
    else if (field === 6) {
      if (!numbersAt(reader, tag, end, { kind: 'fixed64', into: counts, most: MOST_BUCKETS })) isWhole = false;
    } else if (field === 7) {
      if (!numbersAt(reader, tag, end, { kind: 'double', into: bounds, most: MOST_BUCKETS })) isWhole = false;
    } else if (field === 10) basics.isAbsent = isAbsentAt(reader, tag, end);
    else return false;
    return true;
  });
  return { ...basics, count, sum, counts, bounds, isTooWide: !isWhole };
}

function exponentialPointIn(reader: ProtoReader, range: Range, budget: Budget): ExponentialPoint {
  const basics: Basics = { attributes: [], at: 0, isAbsent: false };
  const numbers = { count: 0, scale: 0, zeroCount: 0, zeroThreshold: 0 };
  const none: ReadBuckets = { offset: 0, counts: [], isWhole: true };
  let [positive, negative] = [none, none];
  let sum: number | null = null;
  eachField(reader, range, (field, tag, end) => {
    if (field === 1) basics.attributes.push(attributeAt(reader, tag, end, budget));
    else if (field === 3) basics.at = timeAt(reader, tag, end);
    else if (field === 4) numbers.count = fixed64At(reader, tag, end);
    else if (field === 5) sum = doubleAt(reader, tag, end);
    else if (field === 6) numbers.scale = signedVarintAt(reader, tag, end);
    else if (field === 7) numbers.zeroCount = fixed64At(reader, tag, end);
    else if (field === 8) positive = bucketsAt(reader, tag, end);
    else if (field === 9) negative = bucketsAt(reader, tag, end);
    else if (field === 10) basics.isAbsent = isAbsentAt(reader, tag, end);
    else if (field === 14) numbers.zeroThreshold = doubleAt(reader, tag, end);
    else return false;
    return true;
  });
  return { ...basics, ...numbers, sum, positive, negative, isTooWide: !positive.isWhole || !negative.isWhole };
}

type ReadBuckets = ExponentialBuckets & { readonly isWhole: boolean };

function bucketsAt(reader: ProtoReader, tag: number, end: number): ReadBuckets {
  const range = rangeAt(reader, tag, end);
  const after = reader.pos;
  const counts: number[] = [];
  let offset = 0;
  let isWhole = true;
  eachField(reader, range, (field, inner, to) => {
    if (field === 1) offset = signedVarintAt(reader, inner, to);
    else if (field === 2) {
      if (!numbersAt(reader, inner, to, { kind: 'varint', into: counts, most: MOST_BUCKETS })) isWhole = false;
    } else return false;
    return true;
  });
  reader.pos = after;
  return { offset, counts, isWhole };
}

function summaryPointIn(reader: ProtoReader, range: Range, budget: Budget): SummaryPoint {
  const basics: Basics = { attributes: [], at: 0, isAbsent: false };
  const quantiles: [number, number][] = [];
  let count = 0;
  let sum = 0;
  eachField(reader, range, (field, tag, end) => {
    if (field === 7) basics.attributes.push(attributeAt(reader, tag, end, budget));
    else if (field === 3) basics.at = timeAt(reader, tag, end);
    else if (field === 4) count = fixed64At(reader, tag, end);
    else if (field === 5) sum = doubleAt(reader, tag, end);
    else if (field === 6 && quantiles.length < MOST_QUANTILES) quantiles.push(quantileAt(reader, tag, end));
    else if (field === 8) basics.isAbsent = isAbsentAt(reader, tag, end);
    else return false;
    return true;
  });
  return { ...basics, count, sum, quantiles };
}

function quantileAt(reader: ProtoReader, tag: number, end: number): [number, number] {
  const range = rangeAt(reader, tag, end);
  const after = reader.pos;
  let quantile = 0;
  let value = 0;
  eachField(reader, range, (field, inner, to) => {
    if (field === 1) quantile = doubleAt(reader, inner, to);
    else if (field === 2) value = doubleAt(reader, inner, to);
    else return false;
    return true;
  });
  reader.pos = after;
  return [quantile, value];
}

function isAbsentAt(reader: ProtoReader, tag: number, end: number): boolean {
  reader.expect(tag, VARINT);
  return (reader.uint32(end) & NO_VALUE_FLAG) !== 0;
}
