import type { Segment } from './block-file.ts';
import { type BlockFolder, DAY_MS, dayOf, FIVE_MINUTES_MS, HOUR_MS } from './block-folder.ts';
import { mergedSeries, RowSorter, SegmentWriter } from './block-store.ts';
import { Columns } from './bundle.ts';
import type { RecentBuffer } from './recent-buffer.ts';
import { StepSums } from './step-sums.ts';

/*
 * How points get from the recent buffer into blocks, and small segments into large ones. Each is a generator that yields
 * every few series, so that commits go first; nothing is visible before the last step.
 */

/** Segments of one level that are merged into one of the next. */
const FAN_IN = 8;
/** Points a series in a segment from which on merging gains nothing. */
const FULL_CHUNK = 800;
/** How far back a day's rollup looks for the point before its first one: what a counter grew since then belongs to the day. */
export const LOOK_BACK_MS = HOUR_MS;

const YIELD_POINTS = 8_192;

export interface Blocks {
  readonly raw: BlockFolder;
  readonly fiveMinute: BlockFolder;
  readonly hour: BlockFolder;
}

/** Sorts the sealed half into one segment a day. Gives the days that got points. Points before `oldest` have passed their retention and go nowhere. */
export function* flushSealed(buffer: RecentBuffer, raw: BlockFolder, oldest: number): Generator<void, number[]> {
  const half = buffer.sealed;
  const count = buffer.sealedCount;
  const days = daysIn(half.times, count, oldest);
  yield;
  const { order, starts } = orderByRef(half.refs, count);
  yield;
  const columns = new Columns(1, 4096);
  const sorter = new RowSorter(1);
  for (const day of days) {
    const file = raw.file(day, true);
    if (file === undefined) continue;
    const writer = new SegmentWriter(file, 0, 0);
    let since = 0;
    for (let ref = 0; ref + 1 < starts.length; ref++) {
      const from = starts[ref];
      const to = starts[ref + 1];
      if (from === to) continue;
      columns.ensure(to - from);
      let rows = 0;
      for (let i = from; i < to; i++) {
        const at = order[i];
        const time = half.times[at];
        if (days.length > 1 && dayOf(time) !== day) continue;
        if (time < oldest) continue;
        columns.times[rows] = time;
        columns.bits[0][rows * 2] = half.bits[at * 2];
        columns.bits[0][rows * 2 + 1] = half.bits[at * 2 + 1];
        rows++;
      }
      const sorted = sorter.sort(columns, rows);
      writer.add(ref, sorted.columns, sorted.count);
      since += to - from;
      if (since >= YIELD_POINTS) {
        since = 0;
        yield;
      }
    }
    writer.publish([]);
    yield;
    file.checkpoint();
    yield;
  }
  return days;
}

function daysIn(times: Float64Array, count: number, oldest: number): number[] {
  const days = new Set<number>();
  let previous = Number.NaN;
  for (let i = 0; i < count; i++) {
    if (times[i] < oldest) continue;
    const day = dayOf(times[i]);
    if (day !== previous) days.add(day);
    previous = day;
  }
  return [...days].sort((a, b) => a - b);
}

/** Positions by series, in the order in which they came within each; starts[ref] … starts[ref + 1]. O(count + series). */
function orderByRef(refs: Uint32Array, count: number): { order: Uint32Array; starts: Uint32Array } {
  let highest = -1;
  for (let i = 0; i < count; i++) if (refs[i] > highest) highest = refs[i];
  const starts = new Uint32Array(highest + 3);
  for (let i = 0; i < count; i++) starts[refs[i] + 2]++;
  for (let ref = 2; ref < starts.length; ref++) starts[ref] += starts[ref - 1];
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[starts[refs[i] + 1]++] = i;
  return { order, starts: starts.subarray(0, highest + 2) };
}

/** The segments of a file that should become one, or none. */
export function mergeCandidates(segments: readonly Segment[]): readonly Segment[] {
  const byLevel = new Map<number, Segment[]>();
  for (const segment of segments) {
    if (segment.points >= segment.series * FULL_CHUNK) continue;
    const level = byLevel.get(segment.level);
    if (level === undefined) byLevel.set(segment.level, [segment]);
    else level.push(segment);
  }
  for (const level of byLevel.values()) if (level.length >= FAN_IN) return level;
  return [];
}

/** Merges segments of one day into one of the next level. */
export function* mergeSegments(raw: BlockFolder, day: number, segments: readonly Segment[]): Generator<void, void> {
  const file = raw.file(day);
  if (file === undefined || segments.length === 0) return;
  const sources = segments.map((segment) => ({ file, segment: segment.id, sinceTime: -Infinity }));
  const writer = new SegmentWriter(file, segments[0].level + 1, 0);
  let since = 0;
  for (const run of mergedSeries(raw, sources)) {
    writer.add(run.ref, run.columns, run.count);
    since += run.count;
    if (since >= YIELD_POINTS) {
      since = 0;
      yield;
    }
  }
  writer.publish(segments.map((segment) => segment.id));
  yield;
  file.checkpoint();
}

/** Computes a day's 5-minute and hourly rollups from its raw points, in place of what was there. */
export function* rollUpDay(blocks: Blocks, day: number): Generator<void, void> {
  const from = day * DAY_MS;
  const rawFile = blocks.raw.file(day);
  if (rawFile === undefined) return;
  const before = blocks.raw.file(day - 1);
  const sources = [
    ...(before?.segments() ?? [])
      .filter((s) => s.maxTime >= from - LOOK_BACK_MS)
      .map((s) => ({ file: before as NonNullable<typeof before>, segment: s.id, sinceTime: from - LOOK_BACK_MS })),
    ...rawFile.segments().map((s) => ({ file: rawFile, segment: s.id, sinceTime: -Infinity })),
  ];
  const targets = [blocks.fiveMinute, blocks.hour].map((folder) => {
    const file = folder.file(day, true);
    const replaced = (file?.segments() ?? []).filter((segment) => segment.day === day).map((segment) => segment.id);
    return { folder, file, replaced, writer: file === undefined ? undefined : new SegmentWriter(file, 0, day) };
  });
  const sums = [new StepSums(from, from + DAY_MS - 1, FIVE_MINUTES_MS), new StepSums(from, from + DAY_MS - 1, HOUR_MS)];
  let since = 0;
  for (const run of mergedSeries(blocks.raw, sources)) {
    for (let k = 0; k < targets.length; k++) {
      sums[k].clear();
      sums[k].addPoints(run.columns.times, run.columns.values[0], run.count);
      const rolled = sums[k].toColumns();
      targets[k].writer?.add(run.ref, rolled.columns, rolled.count);
    }
    since += run.count;
    if (since >= YIELD_POINTS) {
      since = 0;
      yield;
    }
  }
  for (const target of targets) {
    target.writer?.publish(target.replaced);
    target.file?.checkpoint();
    yield;
  }
}
