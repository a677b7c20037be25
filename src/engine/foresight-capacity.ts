import {
  type Clock,
  type Entity,
  type FigureMetric,
  figureMetric,
  type MetricStore,
  type SeriesRef,
  type SeriesRollup,
} from '../model/index.ts';
import { CAPACITY_HORIZON_MS, CAPACITY_MOST_DAYS, type Capacity, dailyPeaks } from '../predict/capacity.ts';
import { capacityAdvice, capacitySentence } from '../predict/capacity-words.ts';
import { type Exhaustion, exhaustionPhrase } from '../predict/exhaustion.ts';
import type { Statement } from '../predict/ledger.ts';
import type { HostBoard } from './host-board.ts';
import type { LedgerKeeper } from './ledger-keeper.ts';
import type { TaskPool } from './task-pool.ts';

/** What goes up and down with its users, with the limit at which there is too little of it. Disks are the forecaster's: they only fill. */
const CAPACITY_FIGURES: readonly (readonly [metric: string, limit: number])[] = [
  ['auspex_host_cpu_ratio', 0.95],
  ['auspex_host_memory_ratio', 0.95],
  ['auspex_host_open_files_ratio', 0.95],
  ['auspex_service_connections_ratio', 0.95],
  ['auspex_service_open_files_ratio', 0.95],
  ['auspex_service_memory_ratio', 0.95],
];

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Weeks do not change by the hour. */
const REVIEW_MS = 6 * HOUR;
const STALE_MS = 13 * HOUR;

/** What is foreseen of one figure's capacity. */
export interface CapacityOutlook {
  readonly entityId: string;
  readonly component: string;
  readonly metric: FigureMetric;
  readonly part: string;
  readonly limit: number;
  readonly madeAt: number;
  /** Null: not within 30 days. */
  readonly at: number | null;
  readonly from: number | null;
  readonly to: number | null;
  readonly sentence: string;
  readonly advice: string;
}

/** What the pool works out of each figure's weeks: growth without a stop, and peaks. */
export interface CapacityFound {
  readonly filling: Exhaustion | null;
  readonly capacity: Capacity | null;
}

export const CAPACITY_TYPE = 'capacity';
export const CAPACITY_MODEL = 'peaks';

/** Capacity days ahead, of what has a limit and is used more in some hours than in others. Four times a day, a read of hourly means each. */
export class CapacityKeeper {
  readonly #metrics: MetricStore;
  readonly #board: HostBoard;
  readonly #ledger: LedgerKeeper;
  readonly #clock: Clock;
  readonly #tasks: TaskPool;
  readonly #reviewedAt = new Map<string, number>();
  readonly #said = new Map<string, readonly CapacityOutlook[]>();

  constructor(parts: { metrics: MetricStore; board: HostBoard; ledger: LedgerKeeper; clock: Clock; tasks: TaskPool }) {
    this.#metrics = parts.metrics;
    this.#board = parts.board;
    this.#ledger = parts.ledger;
    this.#clock = parts.clock;
    this.#tasks = parts.tasks;
  }

  /** Looks at a host or service, when it is time to again. */
  async review(entity: Entity): Promise<void> {
    const now = this.#clock.now();
    if (now - (this.#reviewedAt.get(entity.id) ?? 0) < REVIEW_MS) return;
    const figures = this.#figures(entity.id);
    if (figures.length === 0) return;
    this.#reviewedAt.set(entity.id, now);
    const rollups = await this.#metrics.downsample(
      figures.map(({ ref }) => ref),
      now - CAPACITY_MOST_DAYS * DAY,
      now - 1,
      HOUR,
    );
    const byRef = new Map(rollups.map((rollup) => [rollup.ref, rollup]));
    const said: CapacityOutlook[] = [];
    const statements: Statement[] = [];
    for (const figure of figures) {
      const rollup = byRef.get(figure.ref);
      if (rollup === undefined) continue;
      const request = { ...hours(rollup), now, limit: figure.limit };
      const found = await this.#tasks.run('foreseeCapacity', request);
      said.push(...outlookOf(entity, figure, found, now));
      if (found.capacity !== null) statements.push(statementOf(entity.id, figure, found.capacity, now));
    }
    this.#said.set(entity.id, said);
    await this.#ledger.make(statements);
  }

  /** What was last said of a host or service, what is enough included. */
  of(entityId: string): readonly CapacityOutlook[] {
    return this.#said.get(entityId) ?? [];
  }

  /** What will be short within 30 days. */
  short(): readonly CapacityOutlook[] {
    const now = this.#clock.now();
    return [...this.#said.values()].flat().filter(({ at, madeAt }) => at !== null && now - madeAt < STALE_MS);
  }

  /** The peak of the 24 hours before a row fell due, as one point at its due time; null where the figure is gone. */
  async actual(row: {
    readonly entityId: string;
    readonly component: string;
    readonly dueAt: number;
  }): Promise<{ times: Float64Array; values: Float64Array } | null> {
    const figure = this.#figures(row.entityId).find(({ component }) => component === row.component);
    if (figure === undefined) return null;
    const [rollup] = await this.#metrics.downsample([figure.ref], row.dueAt - DAY, row.dueAt - 1, HOUR);
    if (rollup === undefined) return null;
    const { times, values } = hours(rollup);
    return { times: Float64Array.of(row.dueAt), values: dailyPeaks(times, values, row.dueAt, 1) };
  }

  #figures(entityId: string): readonly Figure[] {
    return CAPACITY_FIGURES.flatMap(([name, limit]) => {
      const metric = figureMetric(name);
      if (metric === undefined) return [];
      return this.#board.latest(entityId, name).map(({ ref, part }) => ({
        component: part === '' ? metric.title : `${metric.title} ${part}`,
        metric,
        part,
        limit,
        ref,
      }));
    });
  }
}

interface Figure extends Pick<CapacityOutlook, 'component' | 'metric' | 'part' | 'limit'> {
  readonly ref: SeriesRef;
}

function outlookOf(
  entity: Entity,
  figure: Figure,
  { filling, capacity }: CapacityFound,
  now: number,
): CapacityOutlook[] {
  const { ref: _, ...about } = figure;
  const common = { ...about, entityId: entity.id, madeAt: now };
  const subject = `${entity.name}’s ${figure.component}`;
  if (filling !== null && filling.at !== null && filling.at - now <= 30 * DAY) {
    const { at, from, to } = filling;
    const advice = `Free or add some before then`;
    return [{ ...common, at, from, to, sentence: `${subject} ${exhaustionPhrase(filling, now)}`, advice }];
  }
  if (capacity === null || capacity.inDays === null)
    return [{ ...common, at: null, from: null, to: null, sentence: `${subject} is enough`, advice: '' }];
  const inDays = (days: number | null): number | null => (days === null ? null : now + days * DAY);
  return [
    {
      ...common,
      at: inDays(capacity.inDays),
      from: inDays(capacity.from),
      to: inDays(capacity.to),
      sentence: capacitySentence(capacity, { subject, unit: figure.metric.unit, limit: figure.limit }),
      advice: capacityAdvice(capacity),
    },
  ];
}

function statementOf(entityId: string, figure: Figure, { points }: Capacity, now: number): Statement {
  const point = points[CAPACITY_HORIZON_MS / DAY - 1];
  const [value, lower, upper] = point === undefined ? [Number.NaN, 0, 0] : [point.mean, point.lower, point.upper];
  return {
    type: CAPACITY_TYPE,
    entityId,
    component: figure.component,
    model: CAPACITY_MODEL,
    modelVersion: 1,
    madeAt: now,
    horizonMs: CAPACITY_HORIZON_MS,
    value,
    unit: figure.metric.unit,
    probability: 0.9,
    rule: { kind: 'interval', lower, upper },
    baseline: null,
  };
}

function hours(rollup: SeriesRollup): { times: Float64Array; values: Float64Array } {
  return {
    times: rollup.times.map((at) => at + rollup.stepMs),
    values: rollup.sum.map((sum, i) => sum / (rollup.count[i] ?? Number.NaN)),
  };
}
