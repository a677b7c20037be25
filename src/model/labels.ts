/**
 * A label set as a flat array of name, value, name, value …, sorted by name, no name twice, the metric's name under
 * `__name__`. Flat because a fleet has a million of them: one array instead of a map with its entries.
 */
export type Labels = readonly string[];

export const METRIC_NAME = '__name__';

/** Builds a label set from pairs in any order; a pair with an empty value is dropped, of a repeated name the last one holds. O(n log n). */
export function labelsFrom(pairs: Iterable<readonly [string, string]>): Labels {
  const byName = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (value === '') byName.delete(name);
    else byName.set(name, value);
  }
  const names = [...byName.keys()].sort(compareCodeUnits);
  const flat: string[] = [];
  for (const name of names) flat.push(name, byName.get(name) ?? '');
  return flat;
}

/** The value of one label, or undefined. O(n). */
export function labelValue(labels: Labels, name: string): string | undefined {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1];
  return undefined;
}

export function metricName(labels: Labels): string {
  return labelValue(labels, METRIC_NAME) ?? '';
}

/** One string for one label set: the key of every index by series. */
export function labelsKey(labels: Labels): string {
  return labels.join('\u0000');
}

/** `name{a="1",b="2"}`, as Prometheus writes it. */
export function formatLabels(labels: Labels): string {
  const parts: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i] !== METRIC_NAME) parts.push(`${labels[i]}="${escapeLabelValue(labels[i + 1] ?? '')}"`);
  }
  return metricName(labels) + (parts.length > 0 ? `{${parts.join(',')}}` : '');
}

export function* labelPairs(labels: Labels): Generator<[string, string]> {
  for (let i = 0; i < labels.length; i += 2) yield [labels[i] ?? '', labels[i + 1] ?? ''];
}

function escapeLabelValue(value: string): string {
  return value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
}

function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
