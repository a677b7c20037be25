import { hostOf, type Refusals, type RefusalReason, shortened } from './decode-refusals.ts';
import type { SampleColumns } from './decode-columns.ts';
import { BYTES, FIXED64, type ProtoReader, VARINT } from './decode-wire.ts';
import type { Labels } from '../../model/labels.ts';

/** One series as its samples see it: a reference, or the reason why there is none. */
export type SeriesTarget =
  | { readonly ref: number }
  | { readonly ref: -1; readonly reason: RefusalReason; readonly example: string };

/** What both versions share while one request is decoded. */
export interface DecodeState {
  readonly columns: SampleColumns;
  readonly refusals: Refusals;
  /** Samples later than this (ms UTC) are refused. */
  readonly latest: number;
  /** What one request may have at most. */
  readonly mostSeries: number;
  readonly mostSymbols: number;
}

/** The last instant that a calendar date has, in ms: what lies beyond is no time. */
const LAST_INSTANT = 8.64e15;
/** Labels and samples have the same field numbers in both versions; native histograms have not. */
const LABELS_FIELD = 1;
const SAMPLES_FIELD = 2;
const SAMPLES_TAG = 0x12;

/**
 * Reads what follows the labels of one series: samples into the columns, native histograms counted, exemplars passed over. Returns false,
 * with nothing taken, when more labels come after other fields: the caller then puts the labels first and comes again.
 *
 * The loop has a short cut for the two shapes in which senders write a sample (value and 6-byte time; zero value left
 * out), because all of a server's ingest passes here; anything else takes the general way.
 */
export function readSamples(
  state: DecodeState,
  reader: ProtoReader,
  end: number,
  target: SeriesTarget,
  histogramsField: number,
  labels: () => Labels,
): boolean {
  const { columns, latest } = state;
  const { bytes, view } = reader;
  const ref = target.ref;
  const before = columns.count;
  let future = 0;
  let misdated = 0;
  let histograms = 0;
  let unknown = 0;
  let badTime = 0;
  while (reader.pos < end) {
    const p = reader.pos;
    let time: number;
    let low = 0;
    let high = 0;
    if (
      bytes[p] === SAMPLES_TAG &&
      p + 18 <= end &&
      bytes[p + 1] === 16 &&
      bytes[p + 2] === 0x09 &&
      bytes[p + 11] === 0x10 &&
      sixByteVarint(bytes, p + 12)
    ) {
      low = view.getUint32(p + 3, true);
      high = view.getUint32(p + 7, true);
      time = sixByteTime(bytes, p + 12);
      reader.pos = p + 18;
    } else if (
      bytes[p] === SAMPLES_TAG &&
      p + 9 <= end &&
      bytes[p + 1] === 7 &&
      bytes[p + 2] === 0x10 &&
      sixByteVarint(bytes, p + 3)
    ) {
      time = sixByteTime(bytes, p + 3);
      reader.pos = p + 9;
    } else {
      const tag = reader.uint32(end);
      const field = tag >>> 3;
      if (tag !== SAMPLES_TAG) {
        if (field === LABELS_FIELD) {
          columns.count = before;
          return false;
        }
        if (field === histogramsField) histograms++;
        if (field === SAMPLES_FIELD) reader.expect(tag, BYTES);
        reader.skip(tag, end);
        continue;
      }
      const sampleEnd = reader.messageEnd(end);
      time = 0;
      while (reader.pos < sampleEnd) {
        const inner = reader.uint32(sampleEnd);
        if (inner >>> 3 === 1) {
          reader.expect(inner, FIXED64);
          reader.advance(8, sampleEnd);
          low = view.getUint32(reader.pos - 8, true);
          high = view.getUint32(reader.pos - 4, true);
        } else if (inner >>> 3 === 2) {
          reader.expect(inner, VARINT);
          time = reader.int64(sampleEnd);
        } else {
          reader.skip(inner, sampleEnd);
        }
      }
    }
    if (ref < 0) unknown++;
    else if (time > LAST_INSTANT || time < 0) {
      misdated++;
      badTime = time;
    } else if (time > latest) future++;
    else columns.add(ref, time, low, high);
  }
  if (unknown + future + misdated + histograms > 0) {
    report(state.refusals, target, labels, { unknown, future, misdated, histograms, badTime });
  }
  return true;
}

function report(
  refusals: Refusals,
  target: SeriesTarget,
  labels: () => Labels,
  counts: { unknown: number; future: number; misdated: number; histograms: number; badTime: number },
): void {
  if ('reason' in target) refusals.add(target.reason, counts.unknown, () => target.example);
  refusals.add('future', counts.future, () => hostOf(labels()));
  refusals.add('time', counts.misdated, () => `${counts.badTime} in ${shortened(labels())}`);
  refusals.add('histogram', counts.histograms, () => shortened(labels()));
}

/** Whether a sample lies ahead in [pos, end); the position stays. Usually it is the very next field. */
export function hasSamples(reader: ProtoReader, end: number): boolean {
  if (reader.bytes[reader.pos] === SAMPLES_TAG) return true;
  const start = reader.pos;
  let found = false;
  while (!found && reader.pos < end) {
    const tag = reader.uint32(end);
    found = tag >>> 3 === SAMPLES_FIELD;
    if (!found) reader.skip(tag, end);
  }
  reader.pos = start;
  return found;
}

/**
 * A series message with its labels moved to the front and their tags in the shortest form: order and form mean nothing in
 * protobuf, but ours is the quick one. A label field of a wrong wire type fails, since it would be met again for ever.
 */
export function labelsFirst(reader: ProtoReader, start: number, end: number, wireTypes: readonly number[]): Uint8Array {
  const labels: Uint8Array[] = [];
  const others: Uint8Array[] = [];
  reader.pos = start;
  while (reader.pos < end) {
    const from = reader.pos;
    const tag = reader.uint32(end);
    const content = reader.pos;
    reader.skip(tag, end);
    if (tag >>> 3 !== LABELS_FIELD) {
      others.push(reader.bytes.subarray(from, reader.pos));
      continue;
    }
    if (!wireTypes.includes(tag & 7)) reader.expect(tag, BYTES);
    labels.push(Uint8Array.of(tag), reader.bytes.subarray(content, reader.pos));
  }
  return concatenated([...labels, ...others]);
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Times between 2004 and 2109 take six bytes: five that go on and one that ends. */
function sixByteVarint(bytes: Uint8Array, p: number): boolean {
  return (
    ((bytes[p] as number) &
      (bytes[p + 1] as number) &
      (bytes[p + 2] as number) &
      (bytes[p + 3] as number) &
      (bytes[p + 4] as number)) >=
      0x80 && (bytes[p + 5] as number) < 0x80
  );
}

function sixByteTime(bytes: Uint8Array, p: number): number {
  const low =
    ((bytes[p] as number) & 0x7f) |
    (((bytes[p + 1] as number) & 0x7f) << 7) |
    (((bytes[p + 2] as number) & 0x7f) << 14) |
    (((bytes[p + 3] as number) & 0x7f) << 21);
  const high = ((bytes[p + 4] as number) & 0x7f) | ((bytes[p + 5] as number) << 7);
  return low + high * 0x10000000;
}
