import type { Resource } from './finding.ts';
import type { SeriesKind } from './series.ts';

/** Units as a person reads them; a ratio is 0..1 and is shown in per cent. */
export type FigureUnit = 'ratio' | 'bytes' | 'bytes/s' | 'count' | 'count/s' | 'cores' | 'seconds';

/** One figure that is derived of a host or a service: a gauge, one series an entity (one a mount where `perLabel` says so). */
export interface FigureMetric {
  readonly name: string;
  /** As a person reads it, lower case: `memory used`. */
  readonly title: string;
  readonly unit: FigureUnit;
  readonly resource: Resource;
  readonly kind: Extract<SeriesKind, 'gauge' | 'counter'>;
  /** The label beside `instance` and `job` that tells several series of one host apart; null where there is one series a host. */
  readonly perLabel: string | null;
  /** What the value cannot leave: a forecast is cut here. An upper bound of null is open. */
  readonly lower: number;
  readonly upper: number | null;
  /** The value at which the resource is exhausted, for "full in N days"; null where none is. */
  readonly limit: number | null;
  /** Read as a feature of the host's joint state (isolation forest, performance score), in this order. */
  readonly feature: boolean;
}

/** Makes figures whose names begin alike. */
export function figuresNamed(prefix: string): {
  readonly figure: (
    name: string,
    title: string,
    unit: FigureUnit,
    resource: Resource,
    more?: Partial<FigureMetric>,
  ) => FigureMetric;
  readonly ratio: (name: string, title: string, resource: Resource, more?: Partial<FigureMetric>) => FigureMetric;
} {
  const figure = (
    name: string,
    title: string,
    unit: FigureUnit,
    resource: Resource,
    more: Partial<FigureMetric> = {},
  ): FigureMetric => ({
    name: `${prefix}${name}`,
    title,
    unit,
    resource,
    kind: 'gauge',
    perLabel: null,
    lower: 0,
    upper: null,
    limit: null,
    feature: true,
    ...more,
  });
  return {
    figure,
    ratio: (name, title, resource, more) => figure(name, title, 'ratio', resource, { upper: 1, ...more }),
  };
}
