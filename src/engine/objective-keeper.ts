import type { Observation } from '../decide/alert-book.ts';
import { type ObjectiveStatus, objectiveStatus, observeBurns } from '../decide/objective-burn.ts';
import { ObjectiveCounts } from '../decide/objective-counts.ts';
import { type IndicatorQueries, indicatorQueries } from '../decide/objective-indicator.ts';
import type { PromqlValue } from '../decide/promql/values.ts';
import { AuspexError } from '../errors.ts';
import {
  type Clock,
  type Emission,
  labelsFrom,
  type Labels,
  METRIC_NAME,
  type MetricStore,
  type Objective,
  OBJECTIVE_METRICS,
  type SeriesRollup,
} from '../model/index.ts';
import type { AlertKeeper } from './alert-keeper.ts';
import type { WatchedBudget } from './foresight-budget.ts';
import { entityOfLabels } from './entity-of-labels.ts';
import type { EntityRegistry } from './entity-registry.ts';
import type { PromqlReader } from './promql-reader.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const FINE_MS = 6 * HOUR;

/** An objective with how it stands. */
export interface ObjectiveView {
  readonly objective: Objective;
  readonly status: ObjectiveStatus;
  readonly entityId: string;
  /** Why it was not counted the last time; null when it was. */
  readonly fault: string | null;
}

/** Whether what happens now is planned and does not count: maintenance in the calendar. */
export type IsExcluded = (objective: Objective, entityId: string, at: number) => boolean;

interface Kept {
  readonly objective: Objective;
  readonly queries: IndicatorQueries;
  readonly counts: ObjectiveCounts;
  readonly good: Labels;
  readonly all: Labels;
  goodTotal: number;
  allTotal: number;
  fault: string | null;
}

/** Counts the objectives' events once a minute, keeps them as counters, and watches how fast the budgets are spent. */
export class ObjectiveKeeper {
  readonly #reader: PromqlReader;
  readonly #alerts: AlertKeeper;
  readonly #registry: EntityRegistry;
  readonly #metrics: Pick<MetricStore, 'index' | 'downsample' | 'last'>;
  readonly #clock: Clock;
  readonly #write: (emissions: readonly Emission[]) => Promise<void>;
  readonly #isExcluded: IsExcluded;
  #kept = new Map<string, Kept>();

  constructor(options: {
    reader: PromqlReader;
    alerts: AlertKeeper;
    registry: EntityRegistry;
    metrics: Pick<MetricStore, 'index' | 'downsample' | 'last'>;
    clock: Clock;
    write: (emissions: readonly Emission[]) => Promise<void>;
    isExcluded?: IsExcluded | undefined;
  }) {
    this.#reader = options.reader;
    this.#alerts = options.alerts;
    this.#registry = options.registry;
    this.#metrics = options.metrics;
    this.#clock = options.clock;
    this.#write = options.write;
    this.#isExcluded = options.isExcluded ?? (() => false);
  }

  /** From now on these. What is counted of one that stays the same stays; alerts of those that are gone are over. */
  async set(objectives: readonly Objective[]): Promise<void> {
    const kept = new Map<string, Kept>();
    for (const objective of objectives) {
      const before = this.#kept.get(objective.id);
      const isSame = before !== undefined && JSON.stringify(before.objective) === JSON.stringify(objective);
      kept.set(objective.id, isSame ? before : await this.#load(objective));
    }
    this.#kept = kept;
    const names = new Set(objectives.map(({ name }) => name));
    const at = this.#clock.now();
    const gone = this.#alerts.open().filter(({ kind, subject }) => kind === 'objective' && !names.has(subject));
    this.#alerts.observe(
      gone.map((alert) => ({ ...alert, reading: 'clear', at, timing: { forMs: 0, holdMs: 0 } }) satisfies Observation),
    );
  }

  /** Everything with how it stands now. */
  views(): readonly ObjectiveView[] {
    const now = this.#clock.now();
    return [...this.#kept.values()].map(({ objective, counts, fault }) => ({
      objective,
      status: objectiveStatus(objective, counts, now),
      entityId: this.#entityOf(objective),
      fault,
    }));
  }

  /** What is left of each budget and how it was spent, hour by hour: for what foresees its end. Those without events are left out. */
  budgets(): readonly WatchedBudget[] {
    const now = this.#clock.now();
    return [...this.#kept.values()].flatMap(({ objective, counts }) => {
      const { budgetLeft, total, historyMs } = objectiveStatus(objective, counts, now);
      if (budgetLeft === null || !(historyMs > 0)) return [];
      const { name, target, windowMs } = objective;
      // The budget of a whole window with this traffic, as the status has it.
      const allowed = (1 - target) * total * (windowMs / historyMs);
      const hours = counts.lastHours(windowMs / HOUR, now);
      const spentByHour = Float64Array.from(hours, (hour) => (hour.total - hour.good) / allowed);
      return [{ entityId: this.#entityOf(objective), name, left: budgetLeft, spentByHour, windowMs }];
    });
  }

  /** Counts the minute that ends now. Run it once a minute. */
  async count(): Promise<void> {
    const now = this.#clock.now();
    const emissions: Emission[] = [];
    const observations: Observation[] = [];
    for (const kept of this.#kept.values()) {
      const entityId = this.#entityOf(kept.objective);
      if (!this.#isExcluded(kept.objective, entityId, now)) {
        const counted = await this.#countOne(kept, now);
        if (counted) emissions.push(...emissionsOf(kept, now));
      }
      observations.push(...observeBurns(kept.objective, kept.counts, { entityId }, now));
    }
    if (emissions.length > 0) await this.#write(emissions);
    this.#alerts.observe(observations);
  }

  async #countOne(kept: Kept, now: number): Promise<boolean> {
    try {
      const good = numberOf((await this.#reader.at(kept.queries.good, now)).value, 'good');
      const total = numberOf((await this.#reader.at(kept.queries.total, now)).value, 'total');
      kept.fault = null;
      if (total === null || !(total >= 0)) return false;
      // Where nothing is good there may be no series of it.
      const ofMinute = [Math.min(Math.max(0, good ?? 0), total) * 60, total * 60] as const;
      kept.counts.add(now, ...ofMinute);
      kept.goodTotal += ofMinute[0];
      kept.allTotal += ofMinute[1];
      return true;
    } catch (thrown) {
      kept.fault = AuspexError.from(thrown).message;
      return false;
    }
  }

  #entityOf({ name, service }: Objective): string {
    const given: Record<string, string> = { service_name: service ?? name };
    const known =
      service === null ? undefined : (this.#registry.byAlias(`service=${service}`) ?? this.#registry.find(service));
    return (
      known?.id ?? entityOfLabels(given, { registry: this.#registry, metrics: this.#metrics }, this.#clock.now()).id
    );
  }

  /** What was counted before, from the counters: a restart loses nothing but its own minutes. */
  async #load(objective: Objective): Promise<Kept> {
    const { id, service, name, windowMs } = objective;
    const labels = (metric: string): Labels =>
      labelsFrom([
        [METRIC_NAME, metric],
        ['objective', id],
        ['service_name', service ?? name],
      ]);
    const counts = new ObjectiveCounts(windowMs);
    const kept: Kept = {
      objective,
      queries: indicatorQueries(objective),
      counts,
      good: labels(OBJECTIVE_METRICS.good),
      all: labels(OBJECTIVE_METRICS.all),
      goodTotal: 0,
      allTotal: 0,
      fault: null,
    };
    const refOf = (metric: string): number | undefined =>
      this.#metrics.index.select(
        [
          { name: METRIC_NAME, op: '=', value: metric },
          { name: 'objective', op: '=', value: id },
        ],
        1,
      )[0]?.ref;
    const good = refOf(OBJECTIVE_METRICS.good);
    const all = refOf(OBJECTIVE_METRICS.all);
    if (good === undefined || all === undefined) return kept;
    const now = this.#clock.now();
    const grown = async (from: number, stepMs: number): Promise<readonly Grown[]> =>
      grownOf(await this.#metrics.downsample([good, all], from, now, stepMs), good, all);
    const from = Math.floor((now - windowMs) / HOUR) * HOUR;
    for (const { endsAt, good: some, all: total } of await grown(from, HOUR)) counts.addHour(endsAt, some, total);
    for (const { endsAt, good: some, all: total } of await grown(Math.floor((now - FINE_MS) / MINUTE) * MINUTE, MINUTE))
      counts.addMinute(endsAt, some, total);
    for (const { ref, values } of await this.#metrics.last([good, all], now, windowMs)) {
      if (ref === good) kept.goodTotal = values[0] ?? 0;
      else kept.allTotal = values[0] ?? 0;
    }
    return kept;
  }
}

interface Grown {
  readonly endsAt: number;
  readonly good: number;
  readonly all: number;
}

function grownOf(rollups: readonly SeriesRollup[], good: number, all: number): Grown[] {
  const goods = rollups.find(({ ref }) => ref === good);
  const totals = rollups.find(({ ref }) => ref === all);
  if (totals === undefined) return [];
  const goodAt = new Map(
    goods === undefined ? [] : Array.from(goods.times, (at, i) => [at, goods.increase[i]] as const),
  );
  return Array.from(totals.times, (at, i) => ({
    endsAt: at + totals.stepMs,
    good: goodAt.get(at) ?? 0,
    all: totals.increase[i],
  }));
}

function emissionsOf({ good, all, goodTotal, allTotal }: Kept, at: number): Emission[] {
  return [
    { labels: good, kind: 'counter', at, value: goodTotal },
    { labels: all, kind: 'counter', at, value: allTotal },
  ];
}

/** One number; null where there is none. */
function numberOf(value: PromqlValue, what: string): number | null {
  if (value.type === 'scalar') return Number.isFinite(value.value) ? value.value : null;
  const samples = value.type === 'vector' ? value.samples : [];
  if (samples.length > 1)
    throw new AuspexError(
      'BAD_REQUEST',
      `${what}: the expression gives ${samples.length} numbers; one is expected, so put sum(…) around it.`,
    );
  const number = samples[0]?.value ?? null;
  return number !== null && Number.isFinite(number) ? number : null;
}
