import type { SeriesRef, SeriesRollup } from '../model/index.ts';
import { BOTTLENECK_HISTORY, BOTTLENECK_MINUTES } from '../predict/bottleneck-evidence.ts';

/* Rollups as the means of minutes that foresight asks for. */

const MINUTE = 60_000;

export function byRef(rollups: readonly SeriesRollup[]): ReadonlyMap<SeriesRef, SeriesRollup> {
  return new Map(rollups.map((rollup) => [rollup.ref, rollup]));
}

export function meansOf(rollup: SeriesRollup): Float64Array {
  return rollup.sum.map((sum, i) => sum / (rollup.count[i] ?? Number.NaN));
}

/** Longer silences are no gaps that a value beside them fills. */
const SILENCE_MINUTES = 3;
/** The figure is where it was before a silence: within such a share of its limit. */
const ALIKE = 0.05;

/**
 * Behind a silence (a restart, a way that was cut) what stood before it goes before what came since: at once where the figure goes on from
 * where it was, otherwise when there is a quarter of an hour of the new. Yesterday then has no place any more.
 */
export function bridged(values: Float64Array, limit: number): Float64Array {
  let silent = 0;
  let longest = 0;
  let since = 0;
  for (let i = values.length - BOTTLENECK_HISTORY; i < values.length; i++) {
    silent = Number.isNaN(values[i]) ? silent + 1 : 0;
    longest = Math.max(longest, silent);
    if (silent > SILENCE_MINUTES) since = 0;
    else if (silent === 0) since++;
  }
  if (longest <= SILENCE_MINUTES) return values;
  const known = values.filter((value) => !Number.isNaN(value)).slice(-BOTTLENECK_HISTORY);
  const isAlike = Math.abs((known.at(-since) ?? Number.NaN) - (known.at(-since - 1) ?? Number.NaN)) < ALIKE * limit;
  return isAlike || since >= BOTTLENECK_MINUTES ? known : values;
}

/** Puts the means of a rollup's steps in their minutes. */
export function lay(values: Float64Array, from: number, rollup: SeriesRollup | undefined): void {
  if (rollup === undefined) return;
  const means = meansOf(rollup);
  const width = rollup.stepMs / MINUTE;
  for (const [i, at] of rollup.times.entries()) {
    const minute = Math.round((at - from) / MINUTE);
    values.fill(means[i] ?? Number.NaN, Math.max(0, minute), Math.min(values.length, minute + width));
  }
}
