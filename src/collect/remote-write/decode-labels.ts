import { METRIC_NAME, type Labels, labelsFrom } from '../../model/labels.ts';

/** What a label set may have at most. Sizes in bytes of UTF-8. */
export interface LabelLimits {
  readonly labelsPerSeries: number;
  readonly labelNameBytes: number;
  readonly labelValueBytes: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A run of bytes as text, or undefined when it is not UTF-8. */
export function textOf(bytes: Uint8Array, from: number, to: number): string | undefined {
  try {
    return utf8.decode(bytes.subarray(from, to));
  } catch {
    return undefined;
  }
}

/** Label names and values as ranges of bytes: from and to of name, then of value, and so on. */
export interface LabelRanges {
  readonly bytes: Uint8Array;
  readonly ranges: readonly number[];
}

/**
 * Decodes and checks the labels of a series that is seen for the first time. Returns what is wrong as a phrase.
 * Any UTF-8 is a name, as Prometheus has it since version 3. Unsorted labels are sorted, a label with an empty value is no
 * label; a name twice, no metric name, or a zero byte (it separates labels in keys) is refused.
 */
export function readLabels({ bytes, ranges }: LabelRanges, limits: LabelLimits): Labels | string {
  const count = ranges.length / 4;
  if (count > limits.labelsPerSeries) {
    return `a series with ${count.toLocaleString('en-US')} labels, the limit is ${limits.labelsPerSeries}`;
  }
  const pairs: [string, string][] = [];
  const names = new Set<string>();
  for (let i = 0; i < ranges.length; i += 4) {
    const [nameFrom, nameTo, valueFrom, valueTo] = ranges.slice(i, i + 4) as [number, number, number, number];
    const nameBytes = nameTo - nameFrom;
    const valueBytes = valueTo - valueFrom;
    if (nameBytes > limits.labelNameBytes) {
      return `a label name of ${nameBytes.toLocaleString('en-US')} bytes, the limit is ${limits.labelNameBytes}`;
    }
    const name = textOf(bytes, nameFrom, nameTo);
    if (name === undefined) return 'a label name that is not UTF-8';
    if (name === '') return 'a label without a name';
    if (valueBytes > limits.labelValueBytes) {
      return `label ${quoted(name)} with a value of ${valueBytes.toLocaleString('en-US')} bytes, the limit is ${limits.labelValueBytes}`;
    }
    const value = textOf(bytes, valueFrom, valueTo);
    if (value === undefined) return `label ${quoted(name)} with a value that is not UTF-8`;
    if (name.includes('\u0000') || value.includes('\u0000')) return `label ${quoted(name)} with a zero byte`;
    if (names.has(name)) return `label ${quoted(name)} twice in one series`;
    names.add(name);
    pairs.push([name, value]);
  }
  const labels = labelsFrom(pairs);
  if (!labels.some((text, i) => i % 2 === 0 && text === METRIC_NAME)) return 'a series without a metric name';
  return labels;
}

function quoted(name: string): string {
  return JSON.stringify(name.length <= 64 ? name : `${name.slice(0, 63)}…`);
}
