import { metricName, type Labels } from '../../model/labels.ts';
import { type MetricType, seriesKindOf } from '../../model/series-kind.ts';
import { ByteTable } from './decode-byte-table.ts';
import { type LabelLimits, readLabels } from './decode-labels.ts';
import { shortened, tooMany } from './decode-refusals.ts';
import { type RequestForm, RequestReader, type Resolve } from './decode-reader.ts';
import type { DecodeState, SeriesTarget } from './decode-series.ts';
import { METRIC_TYPES } from './decode-v1.ts';
import { BYTES, ProtoReader, VARINT } from './decode-wire.ts';

const FORM: RequestForm = { seriesField: 5, firstField: 4, histogramsField: 3, labelWireTypes: [BYTES, VARINT] };
const METADATA_FIELD = 5;
const PACKED_REFS_TAG = 0x0a;
const SINGLE_REF_TAG = 0x08;
const NOTHING = new ProtoReader(new Uint8Array(0));

/**
 * Reads `io.prometheus.write.v2.Request`. Symbol numbers differ from request to request, so each symbol that a label
 * refers to is looked up once a request in a lasting table; a series is then found by its row of lasting numbers,
 * 4 bytes each.
 */
export class RequestV2Reader extends RequestReader {
  private readonly symbols: ByteTable;
  private readonly table: ByteTable;
  private readonly key: Uint32Array;
  private readonly keyBytes: Uint8Array;
  private readonly keyView: DataView;
  /** Of this request: where each symbol's bytes lie, and its lasting number once it is known (else -1). */
  private starts = new Uint32Array(1024);
  private ends = new Uint32Array(1024);
  private lasting = new Int32Array(1024);
  private symbolCount = 0;
  private reader = NOTHING;
  private refs: number[] = [];

  constructor(resolve: Resolve, limits: LabelLimits, seed: number) {
    super(FORM, resolve, limits);
    this.symbols = new ByteTable(seed);
    this.table = new ByteTable(seed ^ 0x5bd1e995);
    this.key = new Uint32Array(2 * limits.labelsPerSeries);
    this.keyBytes = new Uint8Array(this.key.buffer);
    this.keyView = new DataView(this.key.buffer);
  }

  get cacheBytes(): number {
    return this.symbols.bytes + this.table.bytes;
  }

  /** Both tables at once: the series' keys are made of the symbols' numbers. */
  forget(): void {
    this.symbols.clear();
    this.table.clear();
  }

  /** Lets go of the last request's bytes, and of the memory for an unusual number of symbols. */
  release(): void {
    this.reader = NOTHING;
    if (this.starts.length <= 65_536) return;
    this.starts = new Uint32Array(1024);
    this.ends = new Uint32Array(1024);
    this.lasting = new Int32Array(1024);
  }

  protected begin(reader: ProtoReader): void {
    this.reader = reader;
    this.symbolCount = 0;
  }

  protected readFirst(state: DecodeState, reader: ProtoReader, end: number): void {
    const i = this.symbolCount;
    if (i >= state.mostSymbols) throw tooMany('symbols', state.mostSymbols);
    this.symbolCount++;
    if (i === this.starts.length) {
      this.starts = widened(this.starts, new Uint32Array(2 * i));
      this.ends = widened(this.ends, new Uint32Array(2 * i));
      this.lasting = widened(this.lasting, new Int32Array(2 * i));
    }
    this.starts[i] = reader.pos;
    this.ends[i] = end;
    this.lasting[i] = -1;
  }

  protected passLabels(reader: ProtoReader, end: number): number {
    this.refs.length = 0;
    let count = 0;
    while (reader.pos < end) {
      const tag = reader.bytes[reader.pos];
      if (tag !== PACKED_REFS_TAG && tag !== SINGLE_REF_TAG) break;
      reader.pos++;
      if (tag === SINGLE_REF_TAG) this.keepRef(reader.uint32(end), count++);
      else for (const to = reader.messageEnd(end); reader.pos < to; ) this.keepRef(reader.uint32(to), count++);
    }
    return count;
  }

  /** References past the limit on labels are only counted. */
  private keepRef(ref: number, at: number): void {
    if (at < 2 * this.limits.labelsPerSeries) this.refs.push(ref);
  }

  protected targetOf(reader: ProtoReader, end: number, count: number): SeriesTarget {
    const fault = this.faultOf(count);
    if (fault !== undefined) return { ref: -1, reason: 'labels', example: fault };
    const refs = this.refs;
    let storable = true;
    for (let i = 0; i < refs.length; i++) {
      const number = this.lastingNumber(refs[i] as number);
      if (number < 0) storable = false;
      this.key[i] = number;
    }
    const keyEnd = 4 * refs.length;
    if (storable) {
      const ref = this.table.find(this.keyBytes, this.keyView, 0, keyEnd);
      if (ref >= 0) return this.known(ref);
    }
    const labels = this.readCurrent();
    if (typeof labels === 'string') return { ref: -1, reason: 'labels', example: labels };
    const resolved = this.resolve(labels, seriesKindOf(this.typeOf(reader, end), metricName(labels)));
    if (resolved < 0) return { ref: -1, reason: 'series-limit', example: shortened(labels) };
    if (storable) this.table.insertMissed(this.keyBytes, 0, keyEnd, resolved);
    return this.known(resolved);
  }

  /** What is wrong with the references themselves, as a phrase. */
  private faultOf(count: number): string | undefined {
    if (count % 2 !== 0) return `an odd number of label references (${count})`;
    if (count > 2 * this.limits.labelsPerSeries) {
      return `a series with ${(count / 2).toLocaleString('en-US')} labels, the limit is ${this.limits.labelsPerSeries}`;
    }
    for (const ref of this.refs) {
      if (ref >= this.symbolCount) return `a reference to symbol ${ref} in a table of ${this.symbolCount}`;
    }
    return undefined;
  }

  /** The number that this symbol has in all requests; -1 for one too long to be worth keeping. */
  private lastingNumber(symbol: number): number {
    const known = this.lasting[symbol] as number;
    if (known >= 0) return known;
    const from = this.starts[symbol] as number;
    const to = this.ends[symbol] as number;
    if (to - from > Math.max(this.limits.labelNameBytes, this.limits.labelValueBytes)) return -1;
    let number = this.symbols.find(this.reader.bytes, this.reader.view, from, to);
    if (number < 0) {
      number = this.symbols.size;
      this.symbols.insertMissed(this.reader.bytes, from, to, number);
    }
    this.lasting[symbol] = number;
    return number;
  }

  private readCurrent(): Labels | string {
    const ranges: number[] = [];
    for (const ref of this.refs) ranges.push(this.starts[ref] as number, this.ends[ref] as number);
    return readLabels({ bytes: this.reader.bytes, ranges }, this.limits);
  }

  protected readonly labelsOfCurrent = (): Labels => {
    const labels = this.faultOf(this.refs.length) === undefined ? this.readCurrent() : '';
    return typeof labels === 'string' ? [] : labels;
  };

  /** The type in the series' own metadata, which stands behind its samples. */
  private typeOf(reader: ProtoReader, end: number): MetricType {
    const start = reader.pos;
    let type: MetricType = 'unknown';
    while (reader.pos < end) {
      const tag = reader.uint32(end);
      if (tag >>> 3 !== METADATA_FIELD) {
        reader.skip(tag, end);
        continue;
      }
      reader.expect(tag, BYTES);
      const to = reader.messageEnd(end);
      while (reader.pos < to) {
        const inner = reader.uint32(to);
        if (inner >>> 3 === 1) {
          reader.expect(inner, VARINT);
          type = METRIC_TYPES[reader.uint32(to)] ?? 'unknown';
        } else {
          reader.skip(inner, to);
        }
      }
    }
    reader.pos = start;
    return type;
  }
}

function widened<T extends Uint32Array | Int32Array>(old: T, wider: T): T {
  wider.set(old);
  return wider;
}
