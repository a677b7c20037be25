import { metricName, type Labels } from '../../model/labels.ts';
import { declaredType, guessSeriesKind, type MetricType, seriesKindOf } from '../../model/series-kind.ts';
import type { SeriesKind, SeriesRef } from '../../model/series.ts';
import { ByteTable } from './decode-byte-table.ts';
import { type LabelLimits, readLabels, textOf } from './decode-labels.ts';
import { shortened, tooMany } from './decode-refusals.ts';
import {
  type DecodeState,
  hasField,
  HISTOGRAMS_FIELD_V1,
  labelsFirst,
  readSamples,
  type SeriesTarget,
} from './decode-series.ts';
import { BYTES, ProtoReader, VARINT } from './decode-wire.ts';

const SERIES_FIELD = 1;
const METADATA_FIELD = 3;
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

export type Resolve = (labels: Labels, kind: SeriesKind) => SeriesRef;

/** Reads `prometheus.WriteRequest`. A known series is found by the bytes of its labels, without a string being made. */
export class WriteRequestReader {
  private readonly table: ByteTable;
  private readonly types = new Map<string, MetricType>();
  private readonly resolve: Resolve;
  private readonly limits: LabelLimits;
  private readonly target: { ref: number } = { ref: 0 };
  private current: { readonly reader: ProtoReader; readonly from: number; readonly to: number } = NOTHING;

  constructor(resolve: Resolve, limits: LabelLimits, seed: number) {
    this.resolve = resolve;
    this.limits = limits;
    this.table = new ByteTable(seed);
  }

  get cacheBytes(): number {
    return this.table.bytes;
  }

  forget(): void {
    this.table.clear();
  }

  /** Two passes: the outer frame and metadata first, so that a series' declared type is known when it is first seen. */
  read(state: DecodeState, bytes: Uint8Array): void {
    const reader = new ProtoReader(bytes);
    const end = bytes.length;
    let series = 0;
    while (reader.pos < end) {
      const tag = reader.uint32(end);
      if (tag >>> 3 === METADATA_FIELD) {
        reader.expect(tag, BYTES);
        this.readMetadata(reader, reader.messageEnd(end));
      } else {
        if (tag >>> 3 === SERIES_FIELD) {
          reader.expect(tag, BYTES);
          if (++series > state.mostSeries) throw tooMany('series', state.mostSeries);
        }
        reader.skip(tag, end);
      }
    }
    reader.pos = 0;
    while (reader.pos < end) {
      const tag = reader.uint32(end);
      if (tag >>> 3 === SERIES_FIELD) this.readSeries(state, reader, reader.messageEnd(end));
      else reader.skip(tag, end);
    }
  }

  /** Lets go of the last request's bytes. */
  release(): void {
    this.current = NOTHING;
  }

  private readSeries(state: DecodeState, reader: ProtoReader, end: number): void {
    const start = reader.pos;
    const { bytes } = reader;
    let labelCount = 0;
    while (reader.pos < end && bytes[reader.pos] === LABEL_TAG) {
      reader.pos++;
      reader.pos = reader.messageEnd(end);
      labelCount++;
    }
    this.current = { reader, from: start, to: reader.pos };
    const target = bytes[reader.pos] === 0x12 || hasField(reader, end, 2) ? this.targetOf(labelCount) : this.known(0);
    if (readSamples(state, reader, end, target, HISTOGRAMS_FIELD_V1, this.labelsOfCurrent)) return;
    const ordered = new ProtoReader(labelsFirst(reader, start, end, [BYTES]));
    this.readSeries(state, ordered, ordered.bytes.length);
    reader.pos = end;
  }

  private targetOf(labelCount: number): SeriesTarget {
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

  /** One object for all: a series a request must not cost garbage. */
  private known(ref: number): SeriesTarget {
    this.target.ref = ref;
    return this.target;
  }

  private readonly labelsOfCurrent = (): Labels => {
    const { reader, from, to } = this.current;
    const at = reader.pos;
    const labels = readLabels({ bytes: reader.bytes, ranges: labelRanges(reader, from, to) }, this.limits);
    reader.pos = at;
    return typeof labels === 'string' ? [] : labels;
  };

  private readMetadata(reader: ProtoReader, end: number): void {
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
