import { figureMetric, type SeriesKind } from '../model/index.ts';

const TOTAL_METRIC = /_(total|count|sum|bucket)$/;

/** Whether a series only grows, so that its rate is what is modelled. A guess by name where its kind is unknown. */
export function isTotal(metric: string, kind: SeriesKind): boolean {
  return kind === 'counter' || kind === 'histogram' || (kind === 'unknown' && TOTAL_METRIC.test(metric));
}

/** What a quantity cannot be is not expected of it: a rate below nothing, a share above all. */
export function possibleRange(metric: string, isRate: boolean): { readonly least: number; readonly most: number } {
  const isRatio = metric.endsWith('_ratio');
  const known = figureMetric(metric);
  return {
    least: isRatio || isRate ? 0 : (known?.lower ?? -Infinity),
    most: isRatio ? 1 : (known?.upper ?? Infinity),
  };
}
