import type { InstanceFigures, ServiceFigures, UsualFigure } from '../decide/service-health.ts';
import { isTotal } from '../detect/series-traits.ts';
import { type Execution, labelValue, type SeriesRef, serviceMetrics } from '../model/index.ts';
import type { DetectionPort } from './detection-port.ts';
import type { ExpectedBand } from './engine-view.ts';
import type { HostBoard, Reading } from './host-board.ts';

/** A figure this old tells nothing of now. */
const OLD_MS = 5 * 60_000;
/** What is usual changes slowly: of so many entities it is asked anew at each look, the longest unasked first. */
const ASKED_A_LOOK = 300;
const ASKED_EVERY_MS = 60_000;

/** What the figures of services say now, beside what is usual for them. */
export class ServiceFiguresNow {
  readonly #board: HostBoard;
  readonly #detection: Pick<DetectionPort, 'expected'>;
  readonly #bands = new Map<SeriesRef, ExpectedBand>();
  readonly #askedAt = new Map<string, number>();

  constructor(board: HostBoard, detection: Pick<DetectionPort, 'expected'>) {
    this.#board = board;
    this.#detection = detection;
  }

  /** Asks what is usual now. `business`: names of metrics by entity. */
  async refresh(entities: ReadonlyMap<string, readonly string[]>, now: number): Promise<void> {
    const due = [...entities]
      .filter(([id]) => now - (this.#askedAt.get(id) ?? 0) >= ASKED_EVERY_MS)
      .sort(([a], [b]) => (this.#askedAt.get(a) ?? 0) - (this.#askedAt.get(b) ?? 0));
    for (const [entityId, business] of due.slice(0, ASKED_A_LOOK)) {
      this.#askedAt.set(entityId, now);
      const names = [...serviceMetrics.map(({ name }) => name), ...business];
      const refs = names.flatMap((name) => this.#board.readings(entityId, name).map(({ ref }) => ref));
      if (refs.length === 0) continue;
      const bands = await this.#detection.expected(entityId, refs);
      refs.forEach((ref, i) =>
        this.#bands.set(ref, bands[i] ?? { mean: null, lower: null, upper: null, learning: null }),
      );
    }
    for (const id of this.#askedAt.keys()) if (!entities.has(id)) this.#askedAt.delete(id);
  }

  of(
    service: { readonly name: string; readonly listens: boolean; readonly business: readonly string[] },
    entityIds: readonly string[],
    runs: readonly Execution[],
    now: number,
  ): ServiceFigures {
    return {
      instances: entityIds.flatMap((id) => this.#instances(id, now)),
      listens: service.listens,
      business: new Map(
        service.business.flatMap((name) => {
          const all = entityIds.flatMap((id) => this.#board.readings(id, name).filter(({ at }) => now - at < OLD_MS));
          const values = all.map((reading) => this.#figure(reading, rateOf(name, reading)));
          return values.length === 0 ? [] : [[name, sumOf(values)] as const];
        }),
      ),
      jobs: lastRuns(service.name, runs),
    };
  }

  /** Ports of one host are instances of their own. */
  #instances(entityId: string, now: number): InstanceFigures[] {
    const instances = new Map<string, Map<string, UsualFigure>>();
    for (const { name } of serviceMetrics)
      for (const reading of this.#board.readings(entityId, name)) {
        if (now - reading.at >= OLD_MS) continue;
        const instance = labelValue(reading.labels, 'instance') ?? '';
        const figures = instances.get(instance) ?? new Map<string, UsualFigure>();
        instances.set(instance, figures.set(name, this.#figure(reading, reading.value)));
      }
    return [...instances.values()].map((figures) => ({ figures }));
  }

  #figure({ ref }: Reading, value: number): UsualFigure {
    const { mean, lower, upper } = this.#bands.get(ref) ?? { mean: null, lower: null, upper: null };
    return { value, mean, lower, upper };
  }
}

/** Of what only grows the growth a second counts: its usual is one, too. */
function rateOf(metric: string, { value, at, previousValue, previousAt }: Reading): number {
  if (!isTotal(metric, 'unknown')) return value;
  const grown = value < previousValue ? value : value - previousValue;
  return previousAt === 0 || Number.isNaN(grown) ? 0 : (grown * 1000) / (at - previousAt);
}

function sumOf(figures: readonly UsualFigure[]): UsualFigure {
  const sum = (side: 'mean' | 'lower' | 'upper'): number | null =>
    figures.some((one) => one[side] === null) ? null : figures.reduce((total, one) => total + (one[side] ?? 0), 0);
  const value = figures.reduce((total, one) => total + one.value, 0);
  return { value, mean: sum('mean'), lower: sum('lower'), upper: sum('upper') };
}

/** Jobs that are named after the service, or say in their context whose they are; newest runs first. */
function lastRuns(service: string, runs: readonly Execution[]): Map<string, boolean> {
  const last = new Map<string, boolean>();
  for (const { job, success, context } of runs) {
    const isOwn =
      context.service === service ||
      job === service ||
      ['-', ':', '/', '_'].some((mark) => job.startsWith(service + mark));
    if (isOwn && !last.has(job)) last.set(job, success);
  }
  return last;
}
