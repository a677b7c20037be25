import { type Labels, labelsKey, labelValue, METRIC_NAME } from '../../model/index.ts';
import { promqlFault } from './fault.ts';

/** A series as an expression reads it: times in ms UTC ascending; a staleness mark is a NaN by its bits. */
export interface SeriesSamples {
  readonly labels: Labels;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

export interface InstantSample {
  readonly labels: Labels;
  readonly value: number;
}

/** What an expression is at one instant. */
export type PromqlValue =
  | { readonly type: 'scalar'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'vector'; readonly samples: readonly InstantSample[] }
  | { readonly type: 'matrix'; readonly series: readonly SeriesSamples[] };

/** Work that can be stopped for a while wherever it yields, which it does every few hundred series. */
export type InSlices<T> = Generator<void, T, void>;

/** How many series are worked on between two places to stop at. */
export const SLICE = 512;

/** The labels without the metric's name. */
export function withoutName(labels: Labels): Labels {
  const at = nameIndex(labels);
  if (at < 0) return labels;
  return at === 0 ? labels.slice(2) : [...labels.slice(0, at), ...labels.slice(at + 2)];
}

function nameIndex(labels: Labels): number {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === METRIC_NAME) return i;
  return -1;
}

export function labelsWithout(labels: Labels, names: ReadonlySet<string>): Labels {
  const kept: string[] = [];
  for (let i = 0; i < labels.length; i += 2) if (!names.has(labels[i])) kept.push(labels[i], labels[i + 1]);
  return kept;
}

export function labelsOnly(labels: Labels, names: ReadonlySet<string>): Labels {
  const kept: string[] = [];
  for (let i = 0; i < labels.length; i += 2) if (names.has(labels[i])) kept.push(labels[i], labels[i + 1]);
  return kept;
}

/** The metric names' loss may make two series one, which no answer may hide. Costs nothing where all had one name. */
export function withoutNames(samples: readonly InstantSample[], position: number): readonly InstantSample[] {
  const first = samples[0] === undefined ? undefined : labelValue(samples[0].labels, METRIC_NAME);
  let isOneName = true;
  const bare = samples.map(({ labels, value }) => {
    if (isOneName && labelValue(labels, METRIC_NAME) !== first) isOneName = false;
    return { labels: withoutName(labels), value };
  });
  return isOneName ? bare : distinct(bare, position);
}

export function distinct(samples: readonly InstantSample[], position: number): readonly InstantSample[] {
  const seen = new Set<string>();
  for (const { labels } of samples) {
    const key = labelsKey(labels);
    if (seen.has(key)) throw promqlFault('the answer would have two series with the same labels', position);
    seen.add(key);
  }
  return samples;
}
