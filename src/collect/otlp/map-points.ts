import {
  formatLabels,
  type Labels,
  labelsFrom,
  METRIC_NAME,
  type SampleBatch,
  type SeriesKind,
  type SeriesRef,
  STALE_NAN_HIGH,
  STALE_NAN_LOW,
} from '../../model/index.ts';
import { SampleColumns } from '../remote-write/decode-columns.ts';
import type { LabelLimits } from '../remote-write/decode-labels.ts';
import type { Attribute } from './attributes.ts';
import type {
  ExponentialPoint,
  HistogramPoint,
  MetricHead,
  MetricsVisitor,
  NumberPoint,
  SummaryPoint,
} from './decode-metrics.ts';
import type { DeltaChanges, DeltaSums } from './delta-sums.ts';
import { bucketsAtPowersOfTwo } from './exponential.ts';
import { FilesystemSums, nodeSeriesOf } from './host-names.ts';
import { labelNameOf, prometheusName } from './metric-name.ts';
import { type OtlpRefusal, OtlpRefusals } from './refusals.ts';
import type { OtlpHost, ResourceIdentity } from './resource.ts';

/** What outlives a request. */
export interface MapperParts {
  readonly resolve: (labels: Labels, kind: SeriesKind) => SeriesRef;
  /** Told of a host that names itself twice over, before its first series is resolved. */
  readonly onHost: (host: OtlpHost) => void;
  readonly limits: LabelLimits & { readonly samplesPerRequest: number; readonly futureMs: number };
  readonly deltas: DeltaSums;
  readonly hostTimes: HostTimes;
  readonly now: number;
}

type Bits = readonly [low: number, high: number];

const LAST_INSTANT = 8.64e15;
const STALE: Bits = [STALE_NAN_LOW, STALE_NAN_HIGH];
const NOWHERE: ResourceIdentity = { service: null, host: null, serviceLabels: [], hostLabels: null, info: [] };
const valueOf = new Float64Array(1);
const bitsOf = new Uint32Array(valueOf.buffer);

/**
 * Turns the points of one request into samples, by the compatibility specification of OpenTelemetry and Prometheus. A point is
 * taken or refused as a whole; of one that meets the limit on series, the series that exist are kept.
 */
export class PointMapper implements MetricsVisitor {
  readonly refusals: OtlpRefusals;
  /** What was added to sums, to be undone if the batch cannot be stored. */
  readonly changes: DeltaChanges = [];
  readonly #parts: MapperParts;
  readonly #columns: SampleColumns;
  readonly #filesystems = new FilesystemSums();
  readonly #names = new Map<string, string>();
  #resource = NOWHERE;
  #isHostKnown = false;
  #newestAt = 0;

  constructor(parts: MapperParts) {
    this.#parts = parts;
    this.refusals = new OtlpRefusals('data point', parts.limits.futureMs);
    this.#columns = new SampleColumns(parts.limits.samplesPerRequest);
  }

  take(): SampleBatch {
    return this.#columns.take();
  }

  beginResource(identity: ResourceIdentity): void {
    this.#resource = identity;
    this.#isHostKnown = false;
    this.#newestAt = 0;
  }

  endResource(): void {
    const { hostLabels, service, serviceLabels, info } = this.#resource;
    for (const { name, labels, at, value } of this.#filesystems.take()) {
      const series = this.#labels(name, labels, hostLabels ?? []);
      if (typeof series !== 'string') this.#sample(series, 'gauge', at, bits(value));
    }
    if (service === null || info.length === 0 || this.#newestAt === 0) return;
    const room = Math.max(0, this.#parts.limits.labelsPerSeries - serviceLabels.length - 1);
    const labels = this.#labels('target_info', info.slice(0, room), serviceLabels);
    if (typeof labels !== 'string') this.#sample(labels, 'info', this.#newestAt, bits(1));
  }

  number(head: MetricHead, point: NumberPoint): void {
    const isSum = head.type === 'sum';
    const isCounter = isSum && head.isMonotonic;
    const at = this.#timeOf(head, point.at);
    if (at === undefined) return;
    if (isSum && head.temporality === 'unspecified') return this.refusals.add('temporality', head.name);
    if (!point.isAbsent && point.value === null) return this.refusals.add('value', head.name);
    const own = this.#hostLabels(head);
    const node = own === null ? undefined : nodeSeriesOf(head.name, point.attributes);
    if (own !== null) this.#filesystems.add(head.name, point.attributes, at, point.value ?? Number.NaN);
    const name = node?.name ?? this.#nameOf(head, isCounter ? 'counter' : isSum ? 'other' : 'gauge');
    const labels = this.#labels(name, node?.labels ?? point.attributes, own ?? this.#resource.serviceLabels);
    if (typeof labels === 'string') return this.#refuse(labels, head);
    const isDelta = isSum && head.temporality === 'delta';
    const value = point.isAbsent ? STALE : (point.value ?? Number.NaN);
    this.#done(head, this.#sample(labels, node?.kind ?? (isCounter ? 'counter' : 'gauge'), at, value, isDelta));
  }

  histogram(head: MetricHead, point: HistogramPoint): void {
    const { bounds, counts } = point;
    const isPlain = bounds.length === 0 && counts.length === 0;
    const fits = isPlain || counts.length === bounds.length + 1;
    if (point.isTooWide || !fits || !isAscending(bounds)) return this.refusals.add('histogram', head.name);
    let below = 0;
    const cumulative = bounds.map((_, i) => (below += counts[i] ?? 0));
    this.#buckets(head, point, { bounds, counts: cumulative });
  }

  exponential(head: MetricHead, point: ExponentialPoint): void {
    const buckets = point.isTooWide ? undefined : bucketsAtPowersOfTwo(point);
    if (buckets === undefined) return this.refusals.add('histogram', head.name);
    this.#buckets(head, point, buckets);
  }

  summary(head: MetricHead, point: SummaryPoint): void {
    const at = this.#timeOf(head, point.at);
    if (at === undefined) return;
    const { serviceLabels } = this.#resource;
    const name = this.#nameOf(head, 'other');
    const make = (suffix: string, ...more: Attribute[]): Labels | string =>
      this.#labels(`${name}${suffix}`, point.attributes, [...serviceLabels, ...more]);
    const plan: Planned[] = [
      [make('_sum'), 'counter', point.sum],
      [make('_count'), 'counter', point.count],
      ...point.quantiles.map(([q, value]): Planned => [make('', ['quantile', String(q)]), 'gauge', value]),
    ];
    this.#all(head, at, plan, point.isAbsent, false);
  }

  #buckets(
    head: MetricHead,
    point: HistogramPoint | ExponentialPoint,
    { bounds, counts }: { readonly bounds: readonly number[]; readonly counts: readonly number[] },
  ): void {
    const at = this.#timeOf(head, point.at);
    if (at === undefined) return;
    if (head.temporality === 'unspecified') return this.refusals.add('temporality', head.name);
    const own = this.#hostLabels(head) ?? this.#resource.serviceLabels;
    const name = this.#nameOf(head, 'other');
    const make = (suffix: string, ...more: Attribute[]): Labels | string =>
      this.#labels(`${name}${suffix}`, point.attributes, [...own, ...more]);
    const plan: Planned[] = [
      ...bounds.map((bound, i): Planned => [make('_bucket', ['le', String(bound)]), 'histogram', counts[i] ?? 0]),
      [make('_bucket', ['le', '+Inf']), 'histogram', point.count],
      [make('_count'), 'counter', point.count],
    ];
    if (point.sum !== null || point.isAbsent) plan.push([make('_sum'), 'counter', point.sum ?? 0]);
    this.#all(head, at, plan, point.isAbsent, head.temporality === 'delta');
  }

  /** All series of one point. */
  #all(head: MetricHead, at: number, plan: readonly Planned[], isAbsent: boolean, isDelta: boolean): void {
    const wrong = plan.find(([labels]) => typeof labels === 'string')?.[0];
    if (typeof wrong === 'string') return this.#refuse(wrong, head);
    let worst: OtlpRefusal | null = null;
    let example = '';
    for (const [labels, kind, value] of plan) {
      const outcome = this.#sample(labels as Labels, kind, at, isAbsent ? STALE : value, isDelta);
      if (outcome === null || worst !== null) continue;
      worst = outcome;
      example = outcome === 'series-limit' ? formatLabels(labels as Labels) : head.name;
    }
    if (worst !== null) this.refusals.add(worst, example);
  }

  /** Stores one value; says why not. */
  #sample(labels: Labels, kind: SeriesKind, at: number, value: number | Bits, isDelta = false): OtlpRefusal | null {
    const ref = this.#parts.resolve(labels, kind);
    if (ref < 0) return 'series-limit';
    let [low, high] = typeof value === 'number' ? bits(value) : value;
    if (isDelta && typeof value === 'number') {
      const sum = this.#parts.deltas.add(ref, at, value, this.changes);
      if (sum === undefined) return 'order';
      [low, high] = bits(sum);
    }
    this.#columns.add(ref, at, low, high);
    return null;
  }

  #done(head: MetricHead, outcome: OtlpRefusal | null): void {
    if (outcome !== null) this.refusals.add(outcome, head.name);
  }

  #refuse(labels: string, head: MetricHead): void {
    this.refusals.add(labels === '' ? 'name' : 'labels', `${labels} (${head.name})`);
  }

  /** Labels for what speaks of the host itself, as the collector's hostmetrics receiver does; null for everything else. */
  #hostLabels(head: MetricHead): readonly Attribute[] | null {
    const { hostLabels, host } = this.#resource;
    if (hostLabels === null || !head.name.startsWith('system.')) return null;
    if (!this.#isHostKnown && host !== null) this.#parts.onHost(host);
    this.#isHostKnown = true;
    return hostLabels;
  }

  #timeOf(head: MetricHead, at: number): number | undefined {
    const { now, limits, hostTimes } = this.#parts;
    const { host, service } = this.#resource;
    if (at <= 0 || at > LAST_INSTANT) this.refusals.add('time', head.name);
    else if (at > now + limits.futureMs) this.refusals.add('future', host?.name ?? service ?? head.name);
    else {
      this.#newestAt = Math.max(this.#newestAt, at);
      if (host === null || !head.name.startsWith('system.')) return at;
      return hostTimes.align(`${host.id ?? ''}\n${host.name ?? ''}`, at);
    }
    return undefined;
  }

  #nameOf(head: MetricHead, type: 'gauge' | 'counter' | 'other'): string {
    const key = `${type}\n${head.unit}\n${head.name}`;
    let name = this.#names.get(key);
    if (name === undefined) this.#names.set(key, (name = prometheusName(head.name, head.unit, type)));
    return name;
  }

  /** The label set, or what is wrong with it; '' for no name. Of two attributes that become one label both values are kept. */
  #labels(name: string, attributes: readonly Attribute[], own: readonly Attribute[]): Labels | string {
    if (name === '') return '';
    const { labelsPerSeries } = this.#parts.limits;
    const count = attributes.length + own.length + 1;
    if (count > labelsPerSeries) return `a series with ${count} labels, the limit is ${labelsPerSeries}`;
    const pairs = new Map<string, string>();
    const sorted = attributes.length > 1 ? attributes.toSorted(([a], [b]) => (a < b ? -1 : 1)) : attributes;
    for (const [key, value] of sorted) {
      if (key === '') return 'an attribute without a name';
      const label = labelNameOf(key);
      const before = pairs.get(label);
      pairs.set(label, before === undefined ? value : `${before};${value}`);
    }
    for (const [label, value] of own) pairs.set(label, value);
    pairs.set(METRIC_NAME, name);
    for (const [label, value] of pairs) {
      const fault = this.#faultOf(label, value);
      if (fault !== undefined) return fault;
    }
    return labelsFrom(pairs);
  }

  #faultOf(label: string, value: string): string | undefined {
    const { labelNameBytes, labelValueBytes } = this.#parts.limits;
    const shown = JSON.stringify(label.slice(0, 64));
    if (isLonger(label, labelNameBytes)) return `a label name of more than ${labelNameBytes} bytes`;
    if (isLonger(value, labelValueBytes)) return `label ${shown} with a value of more than ${labelValueBytes} bytes`;
    return value.includes('\u0000') ? `label ${shown} with a zero byte` : undefined;
  }
}

type Planned = readonly [labels: Labels | string, kind: SeriesKind, value: number];

const SAME_COLLECTION_MS = 1000;
const MOST_HOSTS = 10_000;

/**
 * The receiver's scrapers take their times one after another, some ms apart, where node_exporter's page has one time. What comes of a
 * host within a second of its last collection's beginning gets that time: figures are derived from values of one moment.
 */
export class HostTimes {
  readonly #last = new Map<string, number>();

  align(host: string, at: number): number {
    const last = this.#last.get(host);
    if (last !== undefined && Math.abs(at - last) < SAME_COLLECTION_MS) return last;
    if (last !== undefined && at < last) return at;
    if (this.#last.size >= MOST_HOSTS) this.#last.clear();
    this.#last.set(host, at);
    return at;
  }
}

function bits(value: number): Bits {
  valueOf[0] = value;
  return [bitsOf[0] as number, bitsOf[1] as number];
}

function isAscending(bounds: readonly number[]): boolean {
  return bounds.every((bound, i) => !Number.isNaN(bound) && (i === 0 || bound > (bounds[i - 1] as number)));
}

function isLonger(text: string, bytes: number): boolean {
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes;
}
