import { formatValue, figureMetric } from '../model/index.ts';

/** A host's main figures at one moment, by the names of `hostMetrics`; of several mounts the fullest. Missing ones are left out or null. */
export type HostFigures = Readonly<Record<string, number | null | undefined>>;

export interface HealthDimension {
  readonly name: string;
  /** 100: far from saturated, 0: saturated. */
  readonly score: number;
  readonly weight: number;
  readonly reason: string;
}

export interface ObservedHealth {
  /** 0..100, 100 = best; null when no figure is there. */
  readonly score: number | null;
  readonly dimensions: readonly HealthDimension[];
  readonly sentence: string;
}

interface Saturation {
  readonly metric: string;
  /** Below it nothing is wrong; at `full` the resource is saturated. */
  readonly free: number;
  readonly full: number;
}

interface Dimension {
  readonly name: string;
  readonly weight: number;
  readonly saturations: readonly Saturation[];
}

const at = (metric: string, free: number, full: number): Saturation => ({
  metric: `auspex_host_${metric}`,
  free,
  full,
});

/** What saturates a host, with how much it counts. The worst figure of a dimension speaks for it. */
const DIMENSIONS: readonly Dimension[] = [
  { name: 'cpu', weight: 0.2, saturations: [at('cpu_ratio', 0.75, 1), at('cpu_steal_ratio', 0.05, 0.4)] },
  { name: 'load', weight: 0.1, saturations: [at('load_per_core', 1, 4)] },
  { name: 'memory', weight: 0.2, saturations: [at('memory_ratio', 0.8, 1)] },
  { name: 'swap', weight: 0.05, saturations: [at('swap_ratio', 0.3, 1)] },
  { name: 'disk', weight: 0.15, saturations: [at('disk_ratio', 0.8, 1), at('inode_ratio', 0.8, 1)] },
  { name: 'disk-io', weight: 0.15, saturations: [at('disk_io_ratio', 0.7, 1), at('cpu_iowait_ratio', 0.1, 0.6)] },
  {
    name: 'pressure',
    weight: 0.1,
    saturations: [
      at('pressure_cpu_ratio', 0.2, 0.9),
      at('pressure_memory_ratio', 0.05, 0.5),
      at('pressure_io_ratio', 0.2, 0.9),
    ],
  },
  { name: 'files', weight: 0.05, saturations: [at('open_files_ratio', 0.7, 1)] },
];

/** How much of the score the worst dimension decides alone: one full disk is not made good by idle CPUs. */
const WORST_SHARE = 0.5;

/**
 * The health that is observed: how far a host's resources are from saturation, nothing learnt. It is the target of the
 * performance score and one part of the health that is shown. Missing figures leave their dimension out.
 */
export function hostHealth(figures: HostFigures): ObservedHealth {
  const dimensions: HealthDimension[] = [];
  let weights = 0;
  let sum = 0;
  let worst: HealthDimension | null = null;
  for (const { name, weight, saturations } of DIMENSIONS) {
    const dimension = judged(name, weight, saturations, figures);
    if (dimension === null) continue;
    dimensions.push(dimension);
    weights += weight;
    sum += weight * dimension.score;
    if (worst === null || dimension.score < worst.score) worst = dimension;
  }
  if (worst === null) return { score: null, dimensions, sentence: 'No figure of this host has been seen yet.' };
  const score = (1 - WORST_SHARE) * (sum / weights) + WORST_SHARE * worst.score;
  const sentence = worst.score >= 99.5 ? 'No resource is near its limit.' : `${worst.reason}.`;
  return { score, dimensions, sentence };
}

/** How busy the host is, 0..100: its busiest resource. Above 80 is a warning. Null when no figure is there. */
export function hostLoad(figures: HostFigures): number | null {
  let load: number | null = null;
  for (const name of ['cpu_ratio', 'memory_ratio', 'disk_io_ratio', 'load_per_core']) {
    const value = figures[`auspex_host_${name}`];
    if (value === null || value === undefined || !Number.isFinite(value)) continue;
    load = Math.max(load ?? 0, Math.min(100, Math.max(0, value * 100)));
  }
  return load;
}

function judged(
  name: string,
  weight: number,
  saturations: readonly Saturation[],
  figures: HostFigures,
): HealthDimension | null {
  let score = Infinity;
  let reason = '';
  for (const { metric, free, full } of saturations) {
    const value = figures[metric];
    if (value === null || value === undefined || !Number.isFinite(value)) continue;
    const part = 100 * (1 - Math.max(0, Math.min(1, (value - free) / (full - free))));
    if (part >= score) continue;
    score = part;
    const known = figureMetric(metric);
    const title = known?.title ?? metric;
    const unit = known?.unit ?? 'count';
    reason = `${title} is at ${formatValue(value, unit)}${part < 99.5 ? `, above ${formatValue(free, unit)}` : ''}`;
  }
  return score === Infinity ? null : { name, score, weight, reason: reason.charAt(0).toUpperCase() + reason.slice(1) };
}
