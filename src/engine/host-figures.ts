import { type FigureMetric, figureMetric, type SeriesRef } from '../model/index.ts';
import type { HostBoard } from './host-board.ts';

/** One forecastable figure of a host: a derived metric, with the mount where there are several. */
export interface HostFigure {
  /** `disk used /`: as the ledger and the page name it. */
  readonly component: string;
  readonly metric: FigureMetric;
  readonly part: string;
  readonly ref: SeriesRef;
}

const FORECAST: readonly string[] = [
  'auspex_host_cpu_ratio',
  'auspex_host_memory_ratio',
  'auspex_host_swap_ratio',
  'auspex_host_disk_ratio',
  'auspex_host_inode_ratio',
  'auspex_host_disk_io_ratio',
  'auspex_host_network_receive_bytes_per_second',
  'auspex_host_network_transmit_bytes_per_second',
  'auspex_host_load_per_core',
  'auspex_host_process_count',
  'auspex_host_tcp_connections',
];

export const HEALTH_METRIC = 'auspex_host_health';
export const HEALTH_COMPONENT = 'health';

/** The figures of a host that are forecast, in the order in which they are shown. */
export function figuresOf(board: HostBoard, entityId: string, withGone = false): readonly HostFigure[] {
  return FORECAST.flatMap((name) => {
    const metric = figureMetric(name);
    if (metric === undefined) return [];
    return board.refs(entityId, name, withGone).map(({ ref, part }) => ({
      component: part === '' ? metric.title : `${metric.title} ${part}`,
      metric,
      part,
      ref,
    }));
  });
}

/** The series that a ledger row speaks of; undefined when the host no longer has it. */
export function refOfComponent(board: HostBoard, entityId: string, component: string): SeriesRef | undefined {
  if (component === HEALTH_COMPONENT) return board.refs(entityId, HEALTH_METRIC)[0]?.ref;
  return figuresOf(board, entityId, true).find((figure) => figure.component === component)?.ref;
}
