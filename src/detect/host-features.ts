import { hostMetrics, type Resource } from '../model/index.ts';

/**
 * What a deviation of one host figure must be for it to be worth a person's time. Statistics alone would report that an
 * idle machine went from 1 % to 6 % of CPU.
 */
export interface HostFeature {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly resource: Resource;
  /** The smallest spread that is assumed, in the figure's unit: below it differences mean nothing. */
  readonly floor: number;
  /** A deviation of half of this counts nothing, one of this or more counts fully. */
  readonly effect: number;
  /** A value below this counts nothing, however unusual. */
  readonly level: number;
  /** From here on the resource is nearly used up: severity rises. null: it has no end. */
  readonly high: number | null;
  readonly critical: number | null;
  /** Weight of its evidence: 1 may open a finding alone; less supports others. */
  readonly weight: number;
}

type Rule = readonly [
  floor: number,
  effect: number,
  level: number,
  high: number | null,
  critical: number | null,
  weight: number,
];

/** One row a figure: floor, effect, level, high, critical, weight. */
const rules: Readonly<Record<string, Rule>> = {
  auspex_host_cpu_ratio: [0.02, 0.3, 0.5, 0.9, null, 1],
  auspex_host_cpu_iowait_ratio: [0.02, 0.2, 0.25, 0.6, null, 1],
  auspex_host_cpu_steal_ratio: [0.02, 0.2, 0.25, 0.5, null, 1],
  auspex_host_load_per_core: [0.15, 1, 1.2, 4, null, 0.5],
  auspex_host_memory_ratio: [0.01, 0.2, 0.4, 0.9, 0.97, 1],
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
};

/** In the order of the host's figures that make up its joint state. */
export const hostFeatures: readonly HostFeature[] = hostMetrics
  .filter((m) => m.feature)
  .map((m) => {
    const [floor, effect, level, high, critical, weight] = rules[m.name] ?? [0, 1, 0, null, null, 0];
    return {
      name: m.name,
      title: m.title,
      unit: m.unit,
      resource: m.resource,
      floor,
      effect,
      level,
      high,
      critical,
      weight,
    };
  });

const indexByName: ReadonlyMap<string, number> = new Map(hostFeatures.map((f, i) => [f.name, i]));

/** The place of a metric among the host's features, or -1. O(1). */
export function hostFeatureIndex(metric: string): number {
  return indexByName.get(metric) ?? -1;
}

/** 0..1: how much a deviation on the harmful (upper) side means in practice. */
export function practicalWeight(feature: HostFeature, value: number, expected: number): number {
  if (value < feature.level) return 0;
  const share = (value - expected) / feature.effect;
  return Math.max(0, Math.min(1, 2 * share - 1)) * feature.weight;
}
