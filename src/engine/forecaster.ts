import type { ForecastWatch, ForetoldCrossing } from '../decide/threshold-rules.ts';
import type { Clock, Entity, Forecast, MetricStore, SeriesRollup } from '../model/index.ts';
import { historyForHorizon, stepForHorizon } from '../predict/horizons.ts';
import { crossing } from '../predict/crossing.ts';
import { exhaustion, exhaustionSentence } from '../predict/exhaustion.ts';
import { reaches, type Statement } from '../predict/ledger.ts';
import type { ForecastRequest, SeriesForecast } from '../predict/forecast.ts';
import type { Outlook } from './engine-view.ts';
import type { HostBoard } from './host-board.ts';
import { figuresOf, type HostFigure } from './host-figures.ts';
import type { LedgerKeeper } from './ledger-keeper.ts';

export type ForecastWithHistory = Forecast & {
  readonly history: { readonly times: Float64Array; readonly values: Float64Array };
};
export type RunForecast = (request: ForecastRequest) => Promise<SeriesForecast>;

/** Something bounded that is foretold to reach its limit. */
export interface Filling {
  readonly figure: HostFigure;
  readonly entityId: string;
  readonly madeAt: number;
  readonly exhaustion: { readonly at: number | null; readonly from: number | null; readonly to: number | null };
}

interface Held {
  readonly forecast: ForecastWithHistory;
  readonly figure: HostFigure;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
/** What is forecast without being asked, and kept in the ledger. */
const LEDGER_HORIZONS = [15 * MINUTE, DAY, 7 * DAY];
const LEVEL = 0.9;
/** What was said so long ago says nothing of now. */
const STALE_MS = 2 * 3_600_000;
/** One name in the ledger, whichever method won this time: it is the choice that is judged. */
const MODEL = 'forecast';
/** An answer this young is given again. */
const FRESH_SHARE = 0.02;
/** A disk is not foretold to be full because of 0.1 % that the file system keeps for itself. */
const FULL_RATIO = 0.98;

/** Forecasts of hosts' main figures, on demand and every so often, with what they foretell to run out. */
export class Forecaster {
  readonly #metrics: MetricStore;
  readonly #board: HostBoard;
  readonly #ledger: LedgerKeeper;
  readonly #clock: Clock;
  readonly #run: RunForecast;
  /** By entity, horizon and component. */
  readonly #held = new Map<string, Held>();
  /** By entity and component: what the last quick look found to fill up. */
  readonly #filling = new Map<string, Filling>();
  /** By entity: what rules asked to be foretold. */
  readonly #crossings = new Map<string, readonly ForetoldCrossing[]>();

  constructor(options: {
    metrics: MetricStore;
    board: HostBoard;
    ledger: LedgerKeeper;
    clock: Clock;
    run: RunForecast;
  }) {
    this.#metrics = options.metrics;
    this.#board = options.board;
    this.#ledger = options.ledger;
    this.#clock = options.clock;
    this.#run = options.run;
  }

  /** Forecasts of one component (part of its name will do) or of all. A few milliseconds a figure, on a pool thread. */
  async forecasts(entity: Entity, horizonMs: number, component?: string): Promise<readonly ForecastWithHistory[]> {
    const now = this.#clock.now();
    const wanted = component?.toLowerCase();
    const figures = figuresOf(this.#board, entity.id).filter(
      (figure) =>
        wanted === undefined || figure.component.toLowerCase().includes(wanted) || figure.metric.resource === wanted,
    );
    const held = figures.map((figure) => this.#held.get(keyOf(entity.id, horizonMs, figure.component)));
    const missing = figures.filter(
      (_, i) => now - (held[i]?.forecast.madeAt ?? 0) > Math.max(10_000, FRESH_SHARE * horizonMs),
    );
    for (const fresh of await this.#make(entity, horizonMs, missing, now))
      this.#held.set(keyOf(entity.id, horizonMs, fresh.figure.component), fresh);
    return figures.flatMap((figure) => this.#held.get(keyOf(entity.id, horizonMs, figure.component))?.forecast ?? []);
  }

  /** Forecasts a host at the ledger's horizons and writes down what was said. */
  async review(entity: Entity): Promise<void> {
    for (const horizonMs of LEDGER_HORIZONS) {
      const forecasts = await this.forecasts(entity, horizonMs);
      await this.#ledger.make(
        forecasts.flatMap((forecast) => statementsOf(forecast, horizonMs, this.#baselines.get(forecast) ?? null)),
      );
    }
  }

  /** Looks at what may fill up within minutes: a read and a millisecond, done far more often than a review. */
  async watchDisks(entity: Entity): Promise<void> {
    const now = this.#clock.now();
    const disks = figuresOf(this.#board, entity.id).filter((figure) => figure.metric.resource === 'disk');
    const rollups = await this.#metrics.downsample(
      disks.map((figure) => figure.ref),
      now - DAY,
      now,
      MINUTE,
    );
    const histories = new Map(rollups.map((rollup) => [rollup.ref, historyOf(rollup)]));
    for (const figure of disks) {
      const key = `${entity.id}\u0000${figure.component}`;
      const history = histories.get(figure.ref);
      const found = history === undefined ? null : exhaustion({ ...history, now, limit: FULL_RATIO, level: LEVEL });
      if (found === null) this.#filling.delete(key);
      else this.#filling.set(key, { figure, entityId: entity.id, madeAt: now, exhaustion: found });
    }
  }

  /** Looks whether figures will cross limits in time, for the rules that ask, and writes down what is foretold. */
  async foretell(entity: Entity, watches: readonly (ForecastWatch & { readonly rule: string })[]): Promise<void> {
    const found: ForetoldCrossing[] = [];
    const statements: Statement[] = [];
    for (const { rule, component, op, limit, withinMs } of watches) {
      for (const forecast of await this.forecasts(entity, withinMs, component)) {
        const { at, to } = crossing(forecast.points, op, limit);
        const { madeAt, unit } = forecast;
        found.push({ rule, subject: forecast.component, unit, at, to, madeAt });
        if (to === null) continue;
        statements.push({
          type: 'crossing',
          entityId: entity.id,
          component: forecast.component,
          model: MODEL,
          modelVersion: 1,
          madeAt,
          horizonMs: withinMs,
          value: limit,
          unit,
          probability: (1 + forecast.level) / 2,
          rule: reaches(limit, op === '>' ? 'up' : 'down'),
          baseline: null,
        });
      }
    }
    this.#crossings.set(entity.id, found);
    await this.#ledger.make(statements);
  }

  /** What was foretold of a host for rules. */
  crossings(entityId: string): readonly ForetoldCrossing[] {
    return this.#crossings.get(entityId) ?? [];
  }

  /** What runs out, soonest first. */
  outlook(nameOf: (entityId: string) => string, horizonMs: number): readonly Outlook[] {
    const now = this.#clock.now();
    const soonest = new Map<string, Outlook>();
    for (const { figure, entityId, madeAt, exhaustion: found } of this.#fillings()) {
      if (found.at === null || found.at - now > horizonMs || now - madeAt > STALE_MS) continue;
      const key = `${entityId}\u0000${figure.component}`;
      const known = soonest.get(key);
      if (known !== undefined && (known.dueAt ?? 0) <= found.at) continue;
      const left = found.at - now;
      soonest.set(key, {
        kind: 'capacity',
        entityId,
        component: figure.component,
        sentence: exhaustionSentence(`${nameOf(entityId)}’s ${figure.component.replace(' used', '')}`, found, now),
        severity: left < 3_600_000 ? 'critical' : left < DAY ? 'high' : left < 14 * DAY ? 'medium' : 'none',
        dueAt: found.at,
        from: found.from,
        to: found.to,
        advice: 'Free space or add some before then',
        record: this.#ledger.recordSentence({ type: 'exhaustion', model: 'growth' }),
        confidence: this.#ledger.confidence(
          { type: 'exhaustion', entityId, model: 'growth', horizonMs: exhaustionHorizon(left) },
          (1 + LEVEL) / 2,
        ),
      });
    }
    return [...soonest.values()].sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0));
  }

  /** What of a host fills up, for the rules that ask. */
  exhaustions(entityId: string): readonly Filling[] {
    const now = this.#clock.now();
    return [...this.#fillings()].filter(
      (filling) => filling.entityId === entityId && filling.exhaustion.at !== null && now - filling.madeAt < STALE_MS,
    );
  }

  readonly #baselines = new WeakMap<ForecastWithHistory, number>();

  async #make(entity: Entity, horizonMs: number, figures: readonly HostFigure[], now: number): Promise<Held[]> {
    if (figures.length === 0) return [];
    const stepMs = stepForHorizon(horizonMs);
    const rollups = await this.#metrics.downsample(
      figures.map((figure) => figure.ref),
      now - historyForHorizon(horizonMs),
      now,
      stepMs,
    );
    const byRef = new Map(rollups.map((rollup) => [rollup.ref, historyOf(rollup)]));
    const none = { times: new Float64Array(0), values: new Float64Array(0) };
    const histories = figures.map((figure) => byRef.get(figure.ref) ?? none);
    const made: Held[] = [];
    for (const [i, figure] of figures.entries()) {
      const { metric } = figure;
      const { baseline, ...rest } = await this.#run({
        ...(histories[i] ?? none),
        horizonMs,
        now,
        bounds: { lower: metric.lower, upper: metric.upper },
        limit: metric.resource === 'disk' ? FULL_RATIO : null,
        timeZone: entity.timeZone,
        level: LEVEL,
      });
      const confidence = this.#ledger.confidence(
        { type: 'forecast', entityId: entity.id, model: MODEL, horizonMs },
        LEVEL,
      );
      const forecast: ForecastWithHistory = {
        ...rest,
        entityId: entity.id,
        component: figure.component,
        unit: figure.metric.unit,
        confidence,
        history: histories[i] ?? none,
      };
      if (baseline !== null) this.#baselines.set(forecast, baseline);
      made.push({ figure, forecast });
    }
    return made;
  }

  /** The newest word on what fills up: of the quick looks, and of forecasts for what fills slowly. */
  *#fillings(): Generator<Filling> {
    yield* this.#filling.values();
    for (const { figure, forecast } of this.#held.values()) {
      if (forecast.exhaustion !== null)
        yield { figure, entityId: forecast.entityId, madeAt: forecast.madeAt, exhaustion: forecast.exhaustion };
    }
  }
}

function statementsOf(forecast: ForecastWithHistory, horizonMs: number, baseline: number | null): Statement[] {
  const last = forecast.points.at(-1);
  const common = {
    entityId: forecast.entityId,
    component: forecast.component,
    modelVersion: 1,
    madeAt: forecast.madeAt,
    unit: forecast.unit,
  } as const;
  const statements: Statement[] = [];
  if (last !== undefined) {
    statements.push({
      ...common,
      type: 'forecast',
      model: MODEL,
      horizonMs,
      value: last.mean,
      probability: forecast.level,
      rule: { kind: 'interval', lower: last.lower, upper: last.upper },
      baseline,
    });
  }
  const { exhaustion } = forecast;
  if (
    exhaustion !== null &&
    exhaustion.at !== null &&
    exhaustion.to !== null &&
    exhaustion.at > forecast.madeAt &&
    exhaustion.to - forecast.madeAt <= 30 * DAY
  ) {
    // "Full by the late end of the range" comes true unless the growth was slower than the whole range.
    statements.push({
      ...common,
      type: 'exhaustion',
      model: 'growth',
      horizonMs: exhaustionHorizon(exhaustion.to - forecast.madeAt),
      value: exhaustion.limit,
      probability: (1 + forecast.level) / 2,
      rule: reaches(exhaustion.limit),
      baseline: null,
    });
  }
  return statements;
}

/** Exhaustions are counted together by the order of their distance, or each would have a record of its own. */
function exhaustionHorizon(leftMs: number): number {
  return leftMs < 3_600_000 ? 3_600_000 : leftMs < DAY ? DAY : leftMs < 7 * DAY ? 7 * DAY : 30 * DAY;
}

/** Means of the steps, each at its end: what forecasts read. */
function historyOf(rollup: SeriesRollup): { times: Float64Array; values: Float64Array } {
  return {
    times: rollup.times.map((at) => at + rollup.stepMs),
    values: rollup.sum.map((sum, i) => sum / (rollup.count[i] ?? Number.NaN)),
  };
}

function keyOf(entityId: string, horizonMs: number, component: string): string {
  return `${entityId}\u0000${horizonMs}\u0000${component}`;
}
