import type { Labels } from '../../model/labels.ts';
import type { SeriesKind, SeriesRef } from '../../model/series.ts';
import type { LabelLimits } from './decode-labels.ts';
import { tooMany } from './decode-refusals.ts';
import { type DecodeState, hasSamples, labelsFirst, readSamples, type SeriesTarget } from './decode-series.ts';
import { BYTES, ProtoReader } from './decode-wire.ts';

export type Resolve = (labels: Labels, kind: SeriesKind) => SeriesRef;

/** Where the two versions of the protocol put the same things. */
export interface RequestForm {
  readonly seriesField: number;
  /** What has to be known before any series is read: metadata in 1.0, symbols in 2.0. */
  readonly firstField: number;
  readonly histogramsField: number;
  /** How labels may be written. */
  readonly labelWireTypes: readonly number[];
}

/** The way through a request that both versions share; each says how its labels are read and found again. */
export abstract class RequestReader {
  protected readonly resolve: Resolve;
  protected readonly limits: LabelLimits;
  private readonly form: RequestForm;
  private readonly target: { ref: number } = { ref: 0 };

  constructor(form: RequestForm, resolve: Resolve, limits: LabelLimits) {
    this.form = form;
    this.resolve = resolve;
    this.limits = limits;
  }

  /** Memory for recognising series by their bytes. */
  abstract get cacheBytes(): number;
  abstract forget(): void;
  /** Lets go of the last request's bytes. */
  abstract release(): void;

  protected abstract begin(reader: ProtoReader): void;
  /** Reads one message of `firstField`, up to `end`. */
  protected abstract readFirst(state: DecodeState, reader: ProtoReader, end: number): void;
  /** Moves past the labels at the start of a series, keeping what `targetOf` needs; how many there are. */
  protected abstract passLabels(reader: ProtoReader, end: number): number;
  protected abstract targetOf(reader: ProtoReader, end: number, count: number): SeriesTarget;
  /** Of the series whose labels were passed last; none when they are faulty. */
  protected abstract readonly labelsOfCurrent: () => Labels;

  /** Two passes: what has to be known first, with the series counted; then the series. */
  read(state: DecodeState, bytes: Uint8Array): void {
    const { seriesField, firstField } = this.form;
    const reader = new ProtoReader(bytes);
    const end = bytes.length;
    this.begin(reader);
    let series = 0;
    while (reader.pos < end) {
      const tag = reader.uint32(end);
      if (tag >>> 3 === firstField) {
        reader.expect(tag, BYTES);
        const to = reader.messageEnd(end);
        this.readFirst(state, reader, to);
        reader.pos = to;
      } else {
        if (tag >>> 3 === seriesField) {
          reader.expect(tag, BYTES);
          if (++series > state.mostSeries) throw tooMany('series', state.mostSeries);
        }
        reader.skip(tag, end);
      }
    }
    reader.pos = 0;
    while (reader.pos < end) {
      const tag = reader.uint32(end);
      if (tag >>> 3 === seriesField) this.readSeries(state, reader, reader.messageEnd(end));
      else reader.skip(tag, end);
    }
  }

  /** One object for all: a series a request must not cost garbage. */
  protected known(ref: number): SeriesTarget {
    this.target.ref = ref;
    return this.target;
  }

  private readSeries(state: DecodeState, reader: ProtoReader, end: number): void {
    const { histogramsField, labelWireTypes } = this.form;
    const start = reader.pos;
    const count = this.passLabels(reader, end);
    const target = hasSamples(reader, end) ? this.targetOf(reader, end, count) : this.known(0);
    if (readSamples(state, reader, end, target, histogramsField, this.labelsOfCurrent)) return;
    const ordered = new ProtoReader(labelsFirst(reader, start, end, labelWireTypes));
    this.readSeries(state, ordered, ordered.bytes.length);
    reader.pos = end;
  }
}
