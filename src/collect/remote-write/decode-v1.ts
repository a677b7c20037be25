import { metricName, type Labels } from '../../model/labels.ts';
import { declaredType, guessSeriesKind, type MetricType, seriesKindOf } from '../../model/series-kind.ts';
import { ByteTable } from './decode-byte-table.ts';
import { type LabelLimits, readLabels, textOf } from './decode-labels.ts';
import { shortened } from './decode-refusals.ts';
import { type RequestForm, RequestReader, type Resolve } from './decode-reader.ts';
import type { DecodeState, SeriesTarget } from './decode-series.ts';
import { BYTES, ProtoReader, VARINT } from './decode-wire.ts';

const FORM: RequestForm = { seriesField: 1, firstField: 3, histogramsField: 4, labelWireTypes: [BYTES] };
const LABEL_TAG = 0x0a;
/** Families of which a declared type is remembered: far more than a fleet has, and a bound on what a sender can fill. */
const MAX_FAMILIES = 20_000;

export const METRIC_TYPES: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];

const NOTHING = { reader: new ProtoReader(new Uint8Array(0)), from: 0, to: 0 };

/** Reads `prometheus.WriteRequest`. A known series is found by the bytes of its labels, without a string being made. */
export class WriteRequestReader extends RequestReader {
  private readonly table: ByteTable;
  private readonly types = new Map<string, MetricType>();
  private current: { readonly reader: ProtoReader; readonly from: number; readonly to: number } = NOTHING;

  constructor(resolve: Resolve, limits: LabelLimits, seed: number) {
    super(FORM, resolve, limits);
    this.table = new ByteTable(seed);
  }

  get cacheBytes(): number {
    return this.table.bytes;
  }

  forget(): void {
    this.table.clear();
  }

  release(): void {
    this.current = NOTHING;
  }

  protected begin(): void {
    this.current = NOTHING;
  }

  protected passLabels(reader: ProtoReader, end: number): number {
    const from = reader.pos;
    let count = 0;
    while (reader.pos < end && reader.bytes[reader.pos] === LABEL_TAG) {
      reader.pos++;
      reader.pos = reader.messageEnd(end);
      count++;
    }
    this.current = { reader, from, to: reader.pos };
    return count;
  }

  protected targetOf(_reader: ProtoReader, _end: number, labelCount: number): SeriesTarget {
    const { reader, from, to } = this.current;
    const ref = this.table.find(reader.bytes, reader.view, from, to);
    if (ref >= 0) return this.known(ref);
    // Counted before anything is decoded: 10,000 labels must not cost 10,000 strings.
    const labels =
      labelCount > this.limits.labelsPerSeries
        ? `a series with ${labelCount.toLocaleString('en-US')} labels, the limit is ${this.limits.labelsPerSeries}`
        : readLabels({ bytes: reader.bytes, ranges: labelRanges(reader, from, to) }, this.limits);
    if (typeof labels === 'string') return { ref: -1, reason: 'labels', example: labels };
    const name = metricName(labels);
    const type = declaredType(this.types, name);
    const resolved = this.resolve(labels, type === undefined ? guessSeriesKind(name) : seriesKindOf(type, name));
    if (resolved < 0) return { ref: -1, reason: 'series-limit', example: shortened(labels) };
    this.table.insertMissed(reader.bytes, from, to, resolved);
    return this.known(resolved);
  }

  protected readonly labelsOfCurrent = (): Labels => {
    const { reader, from, to } = this.current;
    const at = reader.pos;
    const labels = readLabels({ bytes: reader.bytes, ranges: labelRanges(reader, from, to) }, this.limits);
    reader.pos = at;
    return typeof labels === 'string' ? [] : labels;
  };

  /** Metadata: so that a series' declared type is known when it is first seen. */
  protected readFirst(_state: DecodeState, reader: ProtoReader, end: number): void {
    let type: MetricType = 'unknown';
    let family = '';
    while (reader.pos < end) {
      const tag = reader.uint32(end);
      if (tag >>> 3 === 1) {
        reader.expect(tag, VARINT);
        type = METRIC_TYPES[reader.uint32(end)] ?? 'unknown';
      } else if (tag >>> 3 === 2) {
        reader.expect(tag, BYTES);
        const to = reader.messageEnd(end);
        if (to - reader.pos <= this.limits.labelValueBytes) family = textOf(reader.bytes, reader.pos, to) ?? '';
        reader.pos = to;
      } else {
        reader.skip(tag, end);
      }
    }
    // The first word on a family holds: two exporters that disagree must not empty the table again and again.
    if (family === '' || type === 'unknown' || this.types.has(family) || this.types.size >= MAX_FAMILIES) return;
    this.types.set(family, type);
    // Prometheus sends metadata a minute after the first samples: series whose guess was wrong are resolved once more.
    if (seriesKindOf(type, family) !== guessSeriesKind(family)) this.table.clear();
  }
}

/** Where the labels' names and values lie in a run of label fields. A missing name or value is empty, of a repeated one the last holds. */
function labelRanges(reader: ProtoReader, from: number, to: number): number[] {
  const ranges: number[] = [];
  const at = reader.pos;
  reader.pos = from;
  while (reader.pos < to) {
    reader.pos++;
    const end = reader.messageEnd(to);
    let [nameFrom, nameTo, valueFrom, valueTo] = [end, end, end, end];
    while (reader.pos < end) {
      const tag = reader.uint32(end);
      if (tag >>> 3 !== 1 && tag >>> 3 !== 2) {
        reader.skip(tag, end);
        continue;
      }
      reader.expect(tag, BYTES);
      const textEnd = reader.messageEnd(end);
      if (tag >>> 3 === 1) [nameFrom, nameTo] = [reader.pos, textEnd];
      else [valueFrom, valueTo] = [reader.pos, textEnd];
      reader.pos = textEnd;
    }
    ranges.push(nameFrom, nameTo, valueFrom, valueTo);
  }
  reader.pos = at;
  return ranges;
}
