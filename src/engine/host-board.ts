import type { LatestReading } from '../decide/threshold-rules.ts';
import {
  isStaleMarker,
  type Labels,
  labelValue,
  METRIC_NAME,
  metricName,
  processGroupMetrics,
  type SampleBatch,
  type Series,
  type SeriesIndex,
  type SeriesRef,
} from '../model/index.ts';
import type { Gauge, GaugeName, ProcessGroup } from './engine-view.ts';

interface Slot {
  value: number;
  at: number;
  previousValue: number;
  previousAt: number;
  readonly ref: SeriesRef;
  readonly labels: Labels;
  /** Mount point, process group or control group, where one host has several. */
  readonly part: string;
}

/** The newest value of one series, and the one before. */
export type Reading = Readonly<Pick<Slot, 'value' | 'at' | 'previousValue' | 'previousAt' | 'ref' | 'labels'>>;

interface EntitySlots {
  readonly byMetric: Map<string, Slot[]>;
  lastAt: number;
}

/** A reading with the series that it is of, and the mount or process group where one host has several. */
export interface FollowedReading extends LatestReading {
  readonly ref: SeriesRef;
  readonly part: string;
}

/** The expected range of a series as the detector last said it; null while it learns. */
export type BandLookup = (ref: SeriesRef) => { readonly lower: number; readonly upper: number } | null;

const GIB = 1024 ** 3;
const PART_LABELS = ['mountpoint', 'groupname', 'cgroup'] as const;
/** A series this far behind its host's others is of something that is no more. */
const GONE_MS = 600_000;
const GAUGE_METRICS = [
  'auspex_host_cpu_ratio',
  'auspex_host_memory_ratio',
  'auspex_host_swap_ratio',
  'auspex_host_disk_ratio',
  'auspex_host_disk_io_ratio',
  'auspex_host_network_receive_bytes_per_second',
  'auspex_host_network_transmit_bytes_per_second',
  'auspex_host_load_per_core',
  'auspex_host_process_count',
  'auspex_host_pressure_cpu_ratio',
];
const MAIN_FIGURE = /^(auspex_host_|namedprocess_namegroup_)|^node_memory_MemTotal_bytes$/;

/**
 * The newest values of the series that the live page and the rules look at, kept beside the stream so that neither needs
 * a query. Which series those are: a host's main figures from the start, the metrics of rules once a rule has asked.
 * All others cost one array read a sample.
 */
export class HostBoard {
  readonly #index: SeriesIndex;
  readonly #entities = new Map<string, EntitySlots>();
  readonly #asked = new Set<string>();
  #slotOf: (Slot | undefined)[] = [];
  #ownerOf: (EntitySlots | undefined)[] = [];

  constructor(index: SeriesIndex) {
    this.#index = index;
  }

  watch(series: Series): void {
    const name = metricName(series.labels);
    if (!MAIN_FIGURE.test(name) && !this.#asked.has(name)) return;
    const memtype = labelValue(series.labels, 'memtype');
    if (this.#slotOf[series.ref] !== undefined || (memtype !== undefined && memtype !== 'resident')) return;
    let owner = this.#entities.get(series.entityId);
    if (owner === undefined) this.#entities.set(series.entityId, (owner = { byMetric: new Map(), lastAt: 0 }));
    const part =
      PART_LABELS.map((label) => labelValue(series.labels, label)).find((value) => value !== undefined) ?? '';
    const slot: Slot = {
      value: Number.NaN,
      at: 0,
      previousValue: Number.NaN,
      previousAt: 0,
      ref: series.ref,
      labels: series.labels,
      part,
    };
    const slots = owner.byMetric.get(name);
    if (slots === undefined) owner.byMetric.set(name, [slot]);
    else slots.push(slot);
    this.#slotOf[series.ref] = slot;
    this.#ownerOf[series.ref] = owner;
  }

  take(batch: SampleBatch): void {
    const { count, refs, times, values } = batch;
    const slotOf = this.#slotOf;
    let unwatched = -1;
    for (let i = 0; i < count; i++) {
      const ref = refs[i] as number;
      if (ref === unwatched) continue;
      const slot = ref < slotOf.length ? slotOf[ref] : undefined;
      if (slot === undefined) {
        unwatched = ref;
        continue;
      }
      const at = times[i] as number;
      if (at <= slot.at) continue;
      const value = values[i] as number;
      slot.previousValue = slot.value;
      slot.previousAt = slot.at;
      slot.value = isStaleMarker(value) ? Number.NaN : value;
      slot.at = at;
      const owner = this.#ownerOf[ref] as EntitySlots;
      if (at > owner.lastAt) owner.lastAt = at;
    }
  }

  /** When a host's main figures last came. */
  lastAt(entityId: string): number {
    return this.#entities.get(entityId)?.lastAt ?? 0;
  }

  /** The newest values of a metric of an entity with their series, those of the last minutes; as `latest` it follows a metric from the first question on. */
  readings(entityId: string, metric: string): readonly Reading[] {
    this.#ask(metric);
    const owner = this.#entities.get(entityId);
    return (owner?.byMetric.get(metric) ?? []).filter(
      (slot) => slot.at > 0 && !Number.isNaN(slot.value) && slot.at >= (owner?.lastAt ?? 0) - GONE_MS,
    );
  }

  /** What rules see of a metric. From the first question on its series are followed; values from before are not known. */
  latest(entityId: string, metric: string): FollowedReading[] {
    this.#ask(metric);
    const slots = this.#entities.get(entityId)?.byMetric.get(metric) ?? [];
    return slots.flatMap((slot) => {
      if (slot.at === 0 || Number.isNaN(slot.value)) return [];
      const seconds = (slot.at - slot.previousAt) / 1000;
      const growth = slot.value - slot.previousValue;
      // Below zero: the counter began anew, and grew by what it shows at least.
      const rate = slot.previousAt === 0 || Number.isNaN(growth) ? null : (growth < 0 ? slot.value : growth) / seconds;
      return [{ labels: slot.labels, value: slot.value, at: slot.at, rate, ref: slot.ref, part: slot.part }];
    });
  }

  #ask(metric: string): void {
    if (MAIN_FIGURE.test(metric) || this.#asked.has(metric)) return;
    this.#asked.add(metric);
    for (const series of this.#index.select([{ name: METRIC_NAME, op: '=', value: metric }], 100_000))
      this.watch(series);
  }

  /** A figure's newest value; of several parts the largest. */
  value(entityId: string, metric: string): number | null {
    const value = this.#slot(entityId, metric)?.value;
    return value === undefined || Number.isNaN(value) ? null : value;
  }

  /** Series behind a host's figure, by part; those that are gone (an unmounted disk) only where asked for. */
  refs(
    entityId: string,
    metric: string,
    withGone = false,
  ): readonly { readonly ref: SeriesRef; readonly part: string }[] {
    const owner = this.#entities.get(entityId);
    const slots = owner?.byMetric.get(metric) ?? [];
    const present = withGone
      ? slots
      : slots.filter((slot) => !Number.isNaN(slot.value) && slot.at >= (owner?.lastAt ?? 0) - GONE_MS);
    return present.map(({ ref, part }) => ({ ref, part }));
  }

  gauges(entityId: string, band: BandLookup): readonly Gauge[] {
    const figure = (
      name: GaugeName,
      label: string,
      unit: string,
      metric: string,
      detail: (slot: Slot) => string,
    ): Gauge[] => {
      const slot = this.#slot(entityId, metric);
      if (slot === undefined) return [];
      const range = band(slot.ref);
      const unusual = range !== null && (slot.value > range.upper || slot.value < range.lower);
      return [
        {
          name,
          label,
          unit,
          value: Number.isNaN(slot.value) ? null : slot.value,
          at: slot.at,
          lower: range?.lower ?? null,
          upper: range?.upper ?? null,
          unusual,
          detail: detail(slot),
        },
      ];
    };
    const attribute = (metric: string): number => this.value(entityId, metric) ?? Number.NaN;
    const total = attribute('auspex_host_memory_limit_bytes') || attribute('node_memory_MemTotal_bytes');
    const gauges: Gauge[] = [
      ...figure('cpu', 'CPU', 'ratio', 'auspex_host_cpu_ratio', () => ''),
      ...figure('memory', 'Memory', 'ratio', 'auspex_host_memory_ratio', (s) =>
        total > 0 ? `${((s.value * total) / GIB).toFixed(1)} of ${(total / GIB).toFixed(1)} GiB` : '',
      ),
      ...figure('swap', 'Swap', 'ratio', 'auspex_host_swap_ratio', () => ''),
      ...figure('disk', 'Disk', 'ratio', 'auspex_host_disk_ratio', (s) => s.part),
      ...figure('disk-io', 'Disk I/O', 'ratio', 'auspex_host_disk_io_ratio', () => 'busiest device'),
      ...this.#network(entityId, band),
      ...figure('load', 'Load', 'per core', 'auspex_host_load_per_core', () => '1 minute, runnable per core'),
      ...figure('processes', 'Processes', 'count', 'auspex_host_process_count', () => ''),
      ...figure(
        'pressure',
        'Pressure',
        'ratio',
        'auspex_host_pressure_cpu_ratio',
        () => 'time that work waited for CPU',
      ),
    ];
    return gauges;
  }

  /** The series behind the gauges. */
  gaugeRefs(entityId: string): readonly SeriesRef[] {
    return GAUGE_METRICS.flatMap((metric) => this.#slot(entityId, metric)?.ref ?? []);
  }

  /** The heaviest process groups, by CPU, then by memory. */
  processes(entityId: string): readonly ProcessGroup[] {
    const owner = this.#entities.get(entityId);
    const cpu = owner?.byMetric.get(processGroupMetrics.cpuCores);
    if (owner === undefined || cpu === undefined) return [];
    const at = (metric: string, group: string): number | null => {
      const value = owner.byMetric.get(metric)?.find((slot) => slot.part === group)?.value;
      return value === undefined || Number.isNaN(value) ? null : value;
    };
    return cpu
      .filter((slot) => slot.at >= owner.lastAt - 60_000 && !Number.isNaN(slot.value))
      .map((slot) => ({
        name: slot.part,
        pid: at(processGroupMetrics.pid, slot.part),
        cpuCores: slot.value,
        residentBytes: at(processGroupMetrics.memoryBytes, slot.part) ?? 0,
        count: at(processGroupMetrics.processCount, slot.part) ?? 1,
      }))
      .sort((a, b) => b.cpuCores - a.cpuCores || b.residentBytes - a.residentBytes)
      .slice(0, 20);
  }

  #network(entityId: string, band: BandLookup): Gauge[] {
    const receive = this.#slot(entityId, 'auspex_host_network_receive_bytes_per_second');
    const transmit = this.#slot(entityId, 'auspex_host_network_transmit_bytes_per_second');
    if (receive === undefined || transmit === undefined) return [];
    const bands = [band(receive.ref), band(transmit.ref)];
    const unusual = [receive, transmit].some((slot, i) => {
      const range = bands[i];
      return range !== null && range !== undefined && (slot.value > range.upper || slot.value < range.lower);
    });
    const sum = (side: 'lower' | 'upper'): number | null =>
      bands[0] && bands[1] ? Math.max(0, bands[0][side]) + Math.max(0, bands[1][side]) : null;
    const value = receive.value + transmit.value;
    return [
      {
        name: 'network',
        label: 'Network',
        unit: 'bytes/s',
        value: Number.isNaN(value) ? null : value,
        at: receive.at,
        lower: sum('lower'),
        upper: sum('upper'),
        unusual,
        detail: 'in and out',
      },
    ];
  }

  #slot(entityId: string, metric: string): Slot | undefined {
    let best: Slot | undefined;
    for (const slot of this.#entities.get(entityId)?.byMetric.get(metric) ?? []) {
      if (best === undefined || Number.isNaN(best.value) || slot.value > best.value) best = slot;
    }
    return best;
  }
}
