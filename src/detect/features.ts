import { type FigureMetric, hostMetrics, type Resource, serviceMetrics } from '../model/index.ts';

/**
 * What a deviation of one figure of a host or service must be for it to be worth a person's time. Statistics alone would report that an
 * idle machine went from 1 % to 6 % of CPU.
 */
export interface Feature {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly resource: Resource;
  /** The smallest spread that is assumed, in the figure's unit: below it differences mean nothing. */
  readonly floor: number;
  /** A deviation of half of this counts nothing, one of this or more counts fully. */
  readonly effect: number;
  /** The same as a share of what is expected, where that is more: an answer of 2 s is nothing where it always takes 2 s. */
  readonly relative: number;
  /** A value below this counts nothing, however unusual; a fall from below this neither. */
  readonly level: number;
  /** A fall to this share of what is expected counts fully, one to half of it nothing; null: less is never harm. */
  readonly fall: number | null;
  /** From here on the resource is nearly used up: severity rises. null: it has no end. */
  readonly high: number | null;
  readonly critical: number | null;
  /** Weight of its evidence: 1 may open a finding alone, more at once; less supports others. */
  readonly weight: number;
}

type Rule = readonly [
  floor: number,
  effect: number,
  level: number,
  high: number | null,
  critical: number | null,
  weight: number,
  relative?: number,
  fall?: number,
];

/** One row a figure: floor, effect, level, high, critical, weight, relative, fall. */
const rules: Readonly<Record<string, Rule>> = {
  auspex_host_cpu_ratio: [0.02, 0.3, 0.5, 0.9, null, 1],
  auspex_host_cpu_iowait_ratio: [0.02, 0.2, 0.25, 0.6, null, 1],
  auspex_host_cpu_steal_ratio: [0.02, 0.2, 0.25, 0.5, null, 1],
  auspex_host_load_per_core: [0.15, 1, 1.2, 4, null, 0.5],
  auspex_host_memory_ratio: [0.01, 0.2, 0.25, 0.9, 0.97, 1],
  auspex_host_swap_ratio: [0.01, 0.15, 0.2, 0.8, 0.97, 1],
  auspex_host_major_fault_rate: [20, 200, 200, null, null, 0.5],
  auspex_host_oom_kills: [0.2, 1, 1, null, null, 0],
  auspex_host_disk_ratio: [0.004, 0.08, 0.1, 0.9, 0.97, 1],
  auspex_host_inode_ratio: [0.004, 0.08, 0.1, 0.9, 0.97, 1],
  auspex_host_disk_io_ratio: [0.04, 0.4, 0.5, 0.9, null, 1],
  auspex_host_disk_read_bytes_per_second: [2e6, 4e7, 4e7, null, null, 0.7],
  auspex_host_disk_write_bytes_per_second: [2e6, 4e7, 4e7, null, null, 0.7],
  auspex_host_network_receive_bytes_per_second: [5e5, 2e7, 2e7, null, null, 0.9],
  auspex_host_network_transmit_bytes_per_second: [5e5, 2e7, 2e7, null, null, 0.9],
  auspex_host_tcp_connections: [10, 200, 250, null, null, 0.7],
  auspex_host_process_count: [5, 100, 150, null, null, 1],
  auspex_host_fork_rate: [5, 100, 100, null, null, 1],
  auspex_host_context_switch_rate: [2000, 40_000, 40_000, null, null, 0.3],
  auspex_host_open_files_ratio: [0.005, 0.15, 0.3, 0.85, 0.95, 1],
  auspex_host_pressure_cpu_ratio: [0.02, 0.3, 0.35, 0.8, null, 0.7],
  auspex_host_pressure_memory_ratio: [0.01, 0.1, 0.12, 0.4, null, 1],
  auspex_host_pressure_io_ratio: [0.02, 0.3, 0.35, 0.8, null, 1],
  auspex_service_down_ratio: [0.02, 0.5, 0.5, null, 1, 1.6],
  auspex_service_restarts: [0.02, 1, 1, null, null, 0.8],
  auspex_service_error_ratio: [0.005, 0.05, 0.02, 0.1, 0.5, 1.4],
  auspex_service_error_rate: [0.05, 1, 0.5, null, null, 0.8, 1],
  auspex_service_latency_seconds: [0.005, 0.05, 0.05, 1, null, 1, 1],
  auspex_service_request_rate: [0.2, 10, 5, null, null, 1, 2, 0.1],
  auspex_service_connections_ratio: [0.02, 0.3, 0.5, 0.9, 0.98, 1],
  auspex_service_open_files_ratio: [0.01, 0.3, 0.4, 0.85, 0.95, 1],
  auspex_service_memory_ratio: [0.01, 0.2, 0.5, 0.9, 0.98, 1],
  auspex_service_resident_bytes: [5e6, 1e8, 1e8, null, null, 0.8, 0.5],
  auspex_service_cpu_cores: [0.05, 0.4, 0.5, null, null, 0.6, 0.5],
  auspex_service_loop_lag_seconds: [0.005, 0.1, 0.1, 1, null, 1],
  auspex_service_refused_ratio: [0.005, 0.2, 0.1, 0.3, null, 1.2],
  auspex_service_clock_offset_seconds: [0.5, 4, 3, 30, null, 1.4],
};

function featuresOf(metrics: readonly FigureMetric[]): readonly Feature[] {
  return metrics
    .filter((m) => m.feature)
    .map(({ name, title, unit, resource }) => {
      const [floor, effect, level, high, critical, weight, relative = 0, fall = null] = rules[name] ?? [
        0,
        1,
        0,
        null,
        null,
        0,
      ];
      return { name, title, unit, resource, floor, effect, level, fall, high, critical, weight, relative };
    });
}

/** In the order of the host's figures that make up its joint state. */
export const hostFeatures: readonly Feature[] = featuresOf(hostMetrics);

/** All figures of known meaning: a host's first, then a service's. */
export const features: readonly Feature[] = [...hostFeatures, ...featuresOf(serviceMetrics)];

const indexByName: ReadonlyMap<string, number> = new Map(features.map((f, i) => [f.name, i]));

/** The place of a metric among the features, or -1; a host's lies below `hostFeatures.length`. O(1). */
export function featureIndex(metric: string): number {
  return indexByName.get(metric) ?? -1;
}

/** 0 to the feature's weight: how much a deviation means in practice; upwards, and downwards where a fall is harm. */
export function practicalWeight(feature: Feature, value: number, expected: number): number {
  if (value < expected) {
    if (feature.fall === null || expected < feature.level) return 0;
    const lost = (1 - value / expected - 0.5) / (0.5 - feature.fall);
    return Math.max(0, Math.min(1, lost)) * feature.weight;
  }
  if (value < feature.level) return 0;
  const share = (value - expected) / Math.max(feature.effect, feature.relative * expected);
  return Math.max(0, Math.min(1, 2 * share - 1)) * feature.weight;
}

/** Whether next to nothing is left of what is expected. */
export function hasFallen({ fall, level }: Feature, value: number, expected: number): boolean {
  return fall !== null && expected >= level && value <= fall * expected;
}
