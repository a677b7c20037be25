import type { Anomaly, GaugeView } from '../../src/api/contract/index.ts';

/* Which series stand behind a gauge, and which charts a host's page draws from the figures that every host has. */

export const gaugeMetric: Readonly<Record<GaugeView['name'], string>> = {
  cpu: 'auspex_host_cpu_ratio',
  memory: 'auspex_host_memory_ratio',
  swap: 'auspex_host_swap_ratio',
  disk: 'auspex_host_disk_ratio',
  'disk-io': 'auspex_host_disk_io_ratio',
  network: 'auspex_host_network_receive_bytes_per_second',
  load: 'auspex_host_load_per_core',
  processes: 'auspex_host_process_count',
  pressure: 'auspex_host_pressure_cpu_ratio',
};

/** Gauges that show one series and nothing else: what arrives live continues their history. */
export const oneSeries: ReadonlySet<string> = new Set(['cpu', 'memory', 'swap', 'disk-io', 'load', 'processes']);

export const hostCharts: readonly { readonly title: string; readonly metrics: readonly string[] }[] = [
  { title: 'CPU used', metrics: ['auspex_host_cpu_ratio'] },
  { title: 'Memory used', metrics: ['auspex_host_memory_ratio'] },
  { title: 'Load per core', metrics: ['auspex_host_load_per_core'] },
  { title: 'Busiest disk', metrics: ['auspex_host_disk_io_ratio'] },
  {
    title: 'Network',
    metrics: ['auspex_host_network_receive_bytes_per_second', 'auspex_host_network_transmit_bytes_per_second'],
  },
  {
    title: 'Disk reads and writes',
    metrics: ['auspex_host_disk_read_bytes_per_second', 'auspex_host_disk_write_bytes_per_second'],
  },
  { title: 'Disk used by mount', metrics: ['auspex_host_disk_ratio'] },
  { title: 'Processes', metrics: ['auspex_host_process_count'] },
  {
    title: 'Time tasks waited',
    metrics: ['auspex_host_pressure_cpu_ratio', 'auspex_host_pressure_memory_ratio', 'auspex_host_pressure_io_ratio'],
  },
];

/** The figures that a person asks for first, in this order; other figures of a host follow by their names. */
const first = hostCharts.flatMap((chart) => chart.metrics);

/** Where a metric stands in a list: a host's main figures, what its processes use, everything as it was measured. */
export function metricGroup(name: string): 'Main figures' | 'Processes' | 'As measured' {
  if (name.startsWith('namedprocess_') || name.startsWith('auspex_host_process_group')) return 'Processes';
  return name.startsWith('auspex_host_') ? 'Main figures' : 'As measured';
}

/** Metrics as a list shows them: by group, the well-known ones first. */
export function inReadingOrder<T extends { readonly name: string; readonly title: string }>(items: readonly T[]): T[] {
  const groups = ['Main figures', 'Processes', 'As measured'];
  const place = (m: T) => {
    const at = first.indexOf(m.name);
    return groups.indexOf(metricGroup(m.name)) * 1000 + (at < 0 ? first.length : at);
  };
  return [...items].sort((a, b) => place(a) - place(b) || a.title.localeCompare(b.title, 'en'));
}

const short: Readonly<Record<string, string>> = {
  auspex_host_network_receive_bytes_per_second: 'received',
  auspex_host_network_transmit_bytes_per_second: 'sent',
  auspex_host_disk_read_bytes_per_second: 'read',
  auspex_host_disk_write_bytes_per_second: 'written',
  auspex_host_pressure_cpu_ratio: 'CPU',
  auspex_host_pressure_memory_ratio: 'memory',
  auspex_host_pressure_io_ratio: 'disks',
};

/** What tells a series apart from the others of its chart. */
export function seriesTitle(name: string, labels: Readonly<Record<string, string>>): string {
  const own = Object.entries(labels).filter(([key]) => !['__name__', 'instance', 'job'].includes(key));
  if (own.length === 1 && own[0]?.[0] === 'mountpoint') return own[0][1];
  const text = own.map(([key, value]) => `${key}=${value}`).join(' ');
  return text === '' ? (short[name] ?? name.replace(/^auspex_host_/, '').replaceAll('_', ' ')) : text;
}

/** Gauges that a finding on a resource may show on, beside the resource's own. */
const beside: Partial<Record<Anomaly['resource'], readonly GaugeView['name'][]>> = {
  cpu: ['load', 'pressure', 'processes'],
  memory: ['swap', 'pressure'],
  'disk-io': ['pressure'],
  processes: ['cpu', 'load', 'pressure'],
};

/**
 * Whether a gauge is to stand out: what was found speaks of it, or of what it goes with while it is out of its usual
 * range. A value that leaves its range for a moment is no finding, and eight gauges of a hundred hosts do so all the time.
 */
export function standsOut(
  gauge: Pick<GaugeView, 'name' | 'unusual'>,
  found: readonly Pick<Anomaly, 'resource'>[],
): boolean {
  return found.some(
    ({ resource }) =>
      resource === gauge.name ||
      (gauge.unusual && (resource === 'other' || beside[resource]?.includes(gauge.name) === true)),
  );
}
