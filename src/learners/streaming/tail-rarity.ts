import type { RecordPage } from '../../stats/record-pages.ts';
import { F32, I8, TAIL_BINS, U8 } from './stream-record.ts';

/** Values before a rarity is given. */
export const LEARNING_VALUES = 20;
/** Pseudo-counts of a heavy tail (Pareto, index 2): what a young series has not shown yet. */
const PRIOR = 20;
/** Beyond the farthest value seen the tail falls off by this a bin: a Pareto tail of index 4. */
const FALL = 0.25;
const SCALE_WEIGHT = 0.0005;
const LEAST_SCALE = 1e-12;
/** A run of unusual values is one event: these of it are counted, and then one of every few. */
const RUN_COUNTED = 3;
const RUN_STRIDE = 8;
const RUN_FROM_SHARE = 0.01;
/** A run's length goes in circles from here on, or a byte would not hold it; a multiple of the stride. */
const RUN_CIRCLE = 112;
/** Of so many values on, old ones fade: all counts are halved. */
const MOST_COUNTED = 4_194_304;

/**
 * A count in a byte: exact up to 32, then four binary digits and an exponent, up to half a million. From there on a count
 * goes up by 2^exponent once in so many times.
 */
const countOf = new Float64Array(256);
const gateOf = new Float64Array(256);
for (let code = 0; code < 256; code++) {
  const exponent = Math.max(0, (code >> 4) - 1);
  countOf[code] = code < 16 ? code : (16 + (code & 15)) * 2 ** exponent;
  gateOf[code] = 2 ** (32 - exponent);
}
/** 2³² ÷ the golden ratio: its multiples fall evenly, whatever steps one takes. */
const GOLDEN = 0x9e3779b1;

const square = new Float32Array(1);
const squareBits = new Int32Array(square.buffer);

/**
 * How rare a value is on its side of zero among those that this view of a stream has shown: the share that lay as far out,
 * from counts in half-octaves of a running scale; 1 for what is not rare at all, and while learning. Counts the value. It
 * needs no shape of the distribution; heavy tails make values less rare, by what was seen. `seen` is the number of the
 * view's values, `turn` any number that goes up with each. O(bins), and O(1) for the nine of ten values that lie near.
 */
export function takeShare(
  page: RecordPage,
  base: number,
  view: number,
  seen: number,
  turn: number,
  value: number,
): number {
  const { f32, bytes, i8 } = page;
  const size = value < 0 ? -value : value;
  const scaleAt = (base >> 2) + F32.scales + view;
  const before = f32[scaleAt];
  if (seen < LEARNING_VALUES) {
    f32[scaleAt] = before + (size - before) / seen;
    return 1;
  }
  const scale = before > LEAST_SCALE ? before : LEAST_SCALE;
  const z = size / scale;
  const tail = base + U8.tails + (2 * view + (value < 0 ? 1 : 0)) * TAIL_BINS;
  let bin = -1;
  let share = 1;
  if (z >= Math.SQRT2) {
    // A half-octave of z is an octave of its square, whose number is the float's exponent.
    square[0] = z * z;
    bin = (squareBits[0] >> 23) - 128;
    if (bin < 0) bin = 0;
    else if (bin >= TAIL_BINS) bin = TAIL_BINS - 1;
    if (bin > 0) share = shareBeyond(bytes, tail, bin, z, f32[(base >> 2) + F32.totals + view]);
  }
  if (share >= RUN_FROM_SHARE) i8[base + I8.runs + view] = 0;
  if (share >= RUN_FROM_SHARE || countsInRun(i8, base + I8.runs + view, value < 0)) {
    count(page, base, view, bin < 0 ? -1 : tail + bin, turn);
  }
  const weight = 1 / (seen + 1);
  const clipped = size < 3 * scale ? size : 3 * scale;
  f32[scaleAt] = before + (weight > SCALE_WEIGHT ? weight : SCALE_WEIGHT) * (clipped - before);
  return share;
}

/** Lengthens the run, whose length stands by its side's sign; whether this value of it counts. */
function countsInRun(i8: Int8Array, at: number, isBelow: boolean): boolean {
  const before = isBelow ? -i8[at] : i8[at];
  const length = before <= 0 ? 1 : before > RUN_CIRCLE ? before - RUN_STRIDE + 1 : before + 1;
  i8[at] = isBelow ? -length : length;
  return length <= RUN_COUNTED || (length - 1) % RUN_STRIDE === 0;
}

/** `place` is the byte of the value's bin, −1 for a value that lies nearer than all bins. */
function count({ f32, bytes }: RecordPage, base: number, view: number, place: number, turn: number): void {
  const totalAt = (base >> 2) + F32.totals + view;
  f32[totalAt]++;
  if (place >= 0) {
    const code = bytes[place];
    if (code < 32 || Math.imul(turn, GOLDEN) >>> 0 < gateOf[code]) bytes[place] = code + 1;
  }
  if (f32[totalAt] < MOST_COUNTED && (place < 0 || bytes[place] < 255)) return;
  f32[totalAt] /= 2;
  const from = base + U8.tails + 2 * view * TAIL_BINS;
  // One exponent less is half; of a small count, half of it.
  for (let at = from; at < from + 2 * TAIL_BINS; at++) bytes[at] = bytes[at] < 32 ? bytes[at] >> 1 : bytes[at] - 16;
}

function shareBeyond(bytes: Uint8Array, tail: number, bin: number, z: number, total: number): number {
  let beyond = 0;
  for (let b = tail; b < tail + TAIL_BINS; b++) beyond += countOf[bytes[b]];
  let continued = beyond;
  for (let b = 0; b < bin; b++) {
    beyond -= countOf[bytes[tail + b]];
    // Not above what so many values without one allow (about three expected, the rule of three).
    const allowed = beyond + 2 * Math.sqrt(beyond) + 3;
    const fallen = continued * FALL;
    continued = Math.max(beyond, fallen < allowed ? fallen : allowed);
  }
  return (continued + (PRIOR * 0.4) / (z * z)) / (total + PRIOR);
}

/** The distance on a side (1 above, −1 below) beyond which the share `tail` of a view's values lies. O(bins). */
export function tailDistance(page: RecordPage, base: number, view: number, side: 1 | -1, tail: number): number {
  const from = base + U8.tails + (2 * view + (side < 0 ? 1 : 0)) * TAIL_BINS;
  const scale = page.f32[(base >> 2) + F32.scales + view];
  const wanted = tail * (page.f32[(base >> 2) + F32.totals + view] + PRIOR);
  let beyond = 0;
  for (let b = TAIL_BINS - 1; b >= 0; b--) {
    const edge = 2 ** ((b + 1) / 2);
    const above = beyond + PRIOR * 0.1 * edge ** -2;
    const all = beyond + countOf[page.bytes[from + b]] + PRIOR * 0.2 * edge ** -2;
    if (all >= wanted) {
      const share = all > above ? Math.min(1, Math.max(0, (wanted - above) / (all - above))) : 0;
      return scale * edge * 2 ** ((1 - share) / 2);
    }
    beyond += countOf[page.bytes[from + b]];
  }
  return scale * Math.SQRT2;
}
