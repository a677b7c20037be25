import { pelt } from '../learners/changepoint/pelt.ts';
import { medianOf, theilSen } from '../stats/theil-sen.ts';

const MAX_BLOCKS = 200;
const MAX_CHANGES = 6;
/** A change is larger than so many times the spread beside it. */
const MIN_CLEARNESS = 4;

export interface LevelChange {
  readonly at: number;
  /** Medians of the stretches before and after. */
  readonly before: number;
  readonly after: number;
}

export interface LevelChanges {
  readonly points: readonly LevelChange[];
  /** Levels explain the series better than a line does, for as many parameters. */
  readonly isStaircase: boolean;
  readonly levelAt: (index: number) => number;
}

/**
 * Changes of level in an evenly spaced series without rhythm. Medians of blocks keep spikes and most autocorrelation
 * out; a change must be larger than four times the spread beside it. With a trend (where a line explains more than
 * levels) changes are looked for beside the line.
 */
export function levelChanges(y: Float64Array, x: Float64Array, timeOf: (index: number) => number): LevelChanges {
  const width = Math.max(1, Math.ceil(y.length / MAX_BLOCKS));
  const n = Math.floor(y.length / width);
  const blocks = Float64Array.from({ length: n }, (_, b) => medianOf(y.slice(b * width, (b + 1) * width)));
  const at = Float64Array.from({ length: n }, (_, b) => x[b * width + (width >> 1)]);
  const line = theilSen(at, blocks);
  const beside = blocks.map((value, i) => value - line.intercept - line.slope * at[i]);
  const steps = cutsOf(blocks);
  const levels = levelsOf(blocks, steps);
  const levelCost = squares(blocks, (i) => levels[i]);
  const lineCost = squares(beside, () => 0);
  const penalty = Math.log(n);
  const isStaircase =
    steps.length > 0 &&
    steps.length <= MAX_CHANGES &&
    n * Math.log(levelCost + 1e-300) + (2 * steps.length + 1) * penalty < n * Math.log(lineCost + 1e-300) + 2 * penalty;
  const cuts = isStaircase || steps.length === 0 ? steps : cutsOf(beside);
  const edges = [0, ...cuts.slice(0, MAX_CHANGES).map((cut) => exactCut(y, cut, width)), y.length];
  const points: LevelChange[] = [];
  for (let k = 1; k < edges.length - 1; k++) {
    points.push({
      at: timeOf(edges[k]),
      before: medianOf(y.slice(Math.max(edges[k - 1], isStaircase ? 0 : edges[k] - 5 * width), edges[k])),
      after: medianOf(y.slice(edges[k], Math.min(edges[k + 1], isStaircase ? y.length : edges[k] + 5 * width))),
    });
  }
  const segmentLevels = edges.slice(1).map((to, k) => medianOf(y.slice(edges[k], to)));
  return {
    points,
    isStaircase,
    levelAt: (index) => {
      let k = 0;
      while (k < segmentLevels.length - 1 && index >= edges[k + 1]) k++;
      return segmentLevels[k];
    },
  };
}

/** Cuts between blocks that survive the check against the spread on both sides. */
function cutsOf(blocks: Float64Array): number[] {
  const n = blocks.length;
  if (n < 12) return [];
  const differences = Float64Array.from({ length: n - 1 }, (_, i) => Math.abs(blocks[i + 1] - blocks[i]));
  const overall = 1.4826 * medianOf(blocks.map((value) => Math.abs(value - medianOf(Float64Array.from(blocks)))));
  // Series that mostly stand still have no spread between neighbours: a step is then measured against the whole.
  const noise = Math.max(
    (1.4826 / Math.SQRT2) * medianOf(differences),
    trimmedDeviation(differences),
    1e-3 * overall,
    1e-12,
  );
  let cuts = pelt(blocks, 4 * noise * noise * Math.log(n), 4);
  for (;;) {
    const weakest = weakestCut(blocks, cuts, noise);
    if (weakest < 0) return cuts;
    cuts = cuts.filter((_, i) => i !== weakest);
  }
}

/** Deviation of the noise from differences without the largest twentieth: counts that flip between two values have a median difference of 0. Sorted input. */
function trimmedDeviation(sortedDifferences: Float64Array): number {
  const kept = Math.floor(sortedDifferences.length * 0.95);
  let sum = 0;
  for (let i = 0; i < kept; i++) sum += sortedDifferences[i] ** 2;
  return Math.sqrt(sum / Math.max(1, kept) / 2);
}

/** The cut that separates its sides least, if it does not separate them clearly; else -1. */
function weakestCut(blocks: Float64Array, cuts: readonly number[], noise: number): number {
  const edges = [0, ...cuts, blocks.length];
  let weakest = -1;
  let least = MIN_CLEARNESS;
  for (let k = 1; k < edges.length - 1; k++) {
    const before = blocks.slice(edges[k - 1], edges[k]);
    const after = blocks.slice(edges[k], edges[k + 1]);
    const middleBefore = medianOf(Float64Array.from(before));
    const middleAfter = medianOf(Float64Array.from(after));
    const spread =
      1.4826 *
      Math.max(
        medianOf(before.map((value) => Math.abs(value - middleBefore))),
        medianOf(after.map((value) => Math.abs(value - middleAfter))),
      );
    const clearness = Math.abs(middleAfter - middleBefore) / Math.max(spread, noise);
    if (clearness < least) {
      least = clearness;
      weakest = k - 1;
    }
  }
  return weakest;
}

/** The point inside the two blocks around a cut where the two levels part best. */
function exactCut(y: Float64Array, cut: number, width: number): number {
  const from = Math.max(0, (cut - 1) * width);
  const to = Math.min(y.length, (cut + 1) * width);
  const before = medianOf(y.slice(Math.max(0, from - 2 * width), from + 1));
  const after = medianOf(y.slice(to - 1, Math.min(y.length, to + 2 * width)));
  let best = cut * width;
  let bestCost = Infinity;
  for (let split = from; split <= to; split++) {
    let cost = 0;
    for (let i = from; i < to; i++) cost += Math.abs(y[i] - (i < split ? before : after));
    if (cost < bestCost) {
      bestCost = cost;
      best = split;
    }
  }
  return Math.max(1, Math.min(y.length - 1, best));
}

/** The median of its segment for each block. */
function levelsOf(blocks: Float64Array, cuts: readonly number[]): Float64Array {
  const edges = [0, ...cuts, blocks.length];
  const out = new Float64Array(blocks.length);
  for (let k = 1; k < edges.length; k++) {
    out.fill(medianOf(blocks.slice(edges[k - 1], edges[k])), edges[k - 1], edges[k]);
  }
  return out;
}

function squares(values: Float64Array, centre: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - centre(i)) ** 2;
  return sum;
}
