import { type Labels, labelPairs, labelsFrom, labelsKey, METRIC_NAME } from '../../model/index.ts';
import { promqlFault } from './fault.ts';
import { quantile } from './quantile.ts';
import type { AggregateNode } from './syntax.ts';
import { distinct, type InSlices, type InstantSample, labelsOnly, labelsWithout, SLICE } from './values.ts';

interface Group {
  readonly labels: Labels;
  readonly samples: InstantSample[];
}

/** An aggregation of one instant. `parameter` is a number for topk, bottomk and quantile, a text for count_values. */
export function* aggregate(
  node: AggregateNode,
  samples: readonly InstantSample[],
  parameter: number | string | null,
): InSlices<readonly InstantSample[]> {
  const groups = yield* grouped(node, samples);
  if (node.op === 'topk' || node.op === 'bottomk') {
    const k = typeof parameter === 'number' ? Math.trunc(parameter) : 0;
    if (!(k >= 1)) return [];
    return groups.flatMap((group) => best(group.samples, node.op === 'topk').slice(0, k));
  }
  if (node.op === 'count_values') return countValues(node, groups, String(parameter));
  const phi = typeof parameter === 'number' ? parameter : Number.NaN;
  return groups.map((group) => ({ labels: group.labels, value: reduced(node, group.samples, phi) }));
}

function* grouped(node: AggregateNode, samples: readonly InstantSample[]): InSlices<Group[]> {
  const { labels: names, isWithout } = node;
  const wanted = new Set(isWithout ? [...names, METRIC_NAME] : names);
  const groups = new Map<string, Group>();
  let done = 0;
  for (const sample of samples) {
    const labels = isWithout
      ? labelsWithout(sample.labels, wanted)
      : wanted.size === 0
        ? []
        : labelsOnly(sample.labels, wanted);
    const key = labelsKey(labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels, samples: [sample] });
    else group.samples.push(sample);
    if (++done % SLICE === 0) yield;
  }
  return [...groups.values()];
}

function reduced({ op, position }: AggregateNode, samples: readonly InstantSample[], phi: number): number {
  const first = (samples[0] as InstantSample).value;
  switch (op) {
    case 'sum':
      return samples.reduce((sum, { value }) => sum + value, 0);
    case 'avg':
      return average(samples);
    case 'count':
      return samples.length;
    case 'group':
      return 1;
    case 'min':
      return samples.reduce((least, { value }) => (value < least || Number.isNaN(least) ? value : least), first);
    case 'max':
      return samples.reduce((most, { value }) => (value > most || Number.isNaN(most) ? value : most), first);
    case 'stddev':
      return Math.sqrt(variance(samples));
    case 'stdvar':
      return variance(samples);
    case 'quantile':
      return quantile(
        phi,
        samples.map(({ value }) => value),
      );
    default:
      throw promqlFault(`the aggregation ${op} is not supported`, position);
  }
}

function average(samples: readonly InstantSample[]): number {
  let mean = 0;
  samples.forEach(({ value }, i) => {
    if (Math.abs(mean) === Number.POSITIVE_INFINITY && (value === mean || Number.isFinite(value))) return;
    mean += value / (i + 1) - mean / (i + 1);
  });
  return mean;
}

function variance(samples: readonly InstantSample[]): number {
  let mean = 0;
  let squares = 0;
  samples.forEach(({ value }, i) => {
    const delta = value - mean;
    mean += delta / (i + 1);
    squares += delta * (value - mean);
  });
  return squares / samples.length;
}

/** Largest or smallest first; NaN last either way. */
function best(samples: readonly InstantSample[], isTop: boolean): readonly InstantSample[] {
  return [...samples].sort(({ value: a }, { value: b }) => {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return isTop ? b - a : a - b;
  });
}

function countValues(node: AggregateNode, groups: readonly Group[], label: string): readonly InstantSample[] {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label)) throw promqlFault(`"${label}" is no label name`, node.position);
  return distinct(
    groups.flatMap((group) => {
      const counts = new Map<string, number>();
      for (const { value } of group.samples) counts.set(written(value), (counts.get(written(value)) ?? 0) + 1);
      return [...counts].map(([text, value]) => ({
        labels: labelsFrom([...labelPairs(group.labels), [label, text]]),
        value,
      }));
    }),
    node.position,
  );
}

/** A number as Prometheus writes it into a label: no exponent. */
function written(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const text = String(value);
  if (!text.includes('e')) return text;
  const [digits = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = digits.replace('-', '').split('.');
  const shift = Number(exponent);
  const plain =
    shift < 0 ? `0.${'0'.repeat(-shift - whole.length)}${whole}${fraction}` : `${whole}${fraction.padEnd(shift, '0')}`;
  return value < 0 ? `-${plain}` : plain;
}
