import type { ForecastPoint } from '../model/index.ts';

/** When a forecast reaches a limit; null where it does not within its points. */
export interface Crossing {
  /** By the mean. */
  readonly at: number | null;
  /** Even by the interval's slow side. */
  readonly to: number | null;
}

/** When a figure is foretold to be above (or below) a limit. Pure, O(points). */
export function crossing(points: readonly ForecastPoint[], op: '>' | '<', limit: number): Crossing {
  const isBeyond = (value: number): boolean => (op === '>' ? value > limit : value < limit);
  const first = (valueOf: (point: ForecastPoint) => number): number | null =>
    points.find((point) => isBeyond(valueOf(point)))?.at ?? null;
  return { at: first(({ mean }) => mean), to: first((point) => (op === '>' ? point.lower : point.upper)) };
}
