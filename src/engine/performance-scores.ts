import {
  type Clock,
  confidence,
  type Entity,
  type MetricStore,
  type ModelMetadata,
  type ModelStore,
} from '../model/index.ts';
import {
  PERFORMANCE_HORIZON_MS,
  PERFORMANCE_LEVEL,
  PerformanceModel,
  type PerformancePrediction,
} from '../predict/performance.ts';
import type { FigureHistory } from '../predict/performance-features.ts';
import type { PerformanceScore } from './engine-view.ts';
import { figureHistory } from './figure-history.ts';
import type { HostBoard } from './host-board.ts';
import { HEALTH_COMPONENT } from './host-figures.ts';
import type { LedgerKeeper } from './ledger-keeper.ts';

const WINDOW_ROWS = 10;
const HELD_MODELS = 64;
/** Of the hosts with a model, so many with the longest past are looked at for one that is like a new host. */
const MOST_ALIKE = 8;
/** Below this share of figures that are usual there, no other host is like it. */
const LEAST_ALIKE = 0.7;
/** The ledger's name for what the model of another host says: judged apart, it shows what borrowing is worth. */
const BORROWED = 'borrowed';

export interface PerformanceScoresParts {
  readonly metrics: MetricStore;
  readonly models: ModelStore;
  readonly clock: Clock;
  readonly board: HostBoard;
  readonly ledger: LedgerKeeper;
  readonly nameOf: (entityId: string) => string;
}

/** Which models serve. */
export interface ServingModels {
  serving(entityId: string): ModelMetadata | undefined;
  all(): readonly ModelMetadata[];
  /** Why there is none yet. */
  waiting(entityId: string): string | undefined;
  isDamaged(entityId: string): void;
}

/** What answers for a host: its own model, or that of one that is like it. */
interface Score {
  readonly prediction: PerformancePrediction;
  readonly metadata: ModelMetadata;
  /** The other host's name; null for its own model. */
  readonly lender: string | null;
}

/** The performance score of each host: by its own model, and until that is trained by the model of the host that is most like it. */
export class PerformanceScores {
  readonly #parts: PerformanceScoresParts;
  readonly #models: ServingModels;
  readonly #loaded = new Map<string, PerformanceModel>();

  constructor(parts: PerformanceScoresParts, models: ServingModels) {
    this.#parts = parts;
    this.#models = models;
  }

  /** Another version serves. */
  forget(entityId: string): void {
    this.#loaded.delete(entityId);
  }

  /** The score of a host now. Before a model exists the answer says so and has no value. */
  async of(entity: Entity): Promise<PerformanceScore> {
    const now = this.#parts.clock.now();
    const answer = await this.#predict(entity, now);
    const stated = confidence(PERFORMANCE_LEVEL, 'prior', 0);
    if (typeof answer === 'string') {
      return {
        entityId: entity.id,
        value: null,
        load: null,
        at: now,
        dueAt: null,
        confidence: stated,
        lower: null,
        upper: null,
        baseline: null,
        contributions: [],
        explanation: answer,
        recommendations: [],
        model: null,
        learning: answer,
      };
    }
    const { prediction, metadata, lender } = answer;
    const model = lender === null ? prediction.model : BORROWED;
    return {
      ...prediction,
      entityId: entity.id,
      explanation:
        lender === null
          ? prediction.explanation
          : `It has no model of its own yet and is judged as ${lender}, whose figures are most like its own. ${prediction.explanation}`,
      confidence: this.#parts.ledger.confidence(
        { type: 'performance', entityId: entity.id, model, horizonMs: PERFORMANCE_HORIZON_MS },
        prediction.level,
      ),
      model: `${prediction.model} version ${metadata.version}${lender === null ? '' : ` of ${lender}`}`,
      learning: null,
    };
  }

  /** Writes the score down, to be judged when its 15 minutes are over. */
  async foretell(entity: Entity): Promise<void> {
    const answer = await this.#predict(entity, this.#parts.clock.now());
    if (typeof answer === 'string') return;
    const { prediction, metadata, lender } = answer;
    if (prediction.value === null || prediction.lower === null || prediction.upper === null) return;
    await this.#parts.ledger.make([
      {
        type: 'performance',
        entityId: entity.id,
        component: HEALTH_COMPONENT,
        model: lender === null ? prediction.model : BORROWED,
        modelVersion: metadata.version,
        madeAt: prediction.at,
        horizonMs: PERFORMANCE_HORIZON_MS,
        value: prediction.value,
        unit: 'points',
        probability: prediction.level,
        rule: { kind: 'interval', lower: prediction.lower, upper: prediction.upper },
        baseline: prediction.baseline,
      },
    ]);
  }

  async #predict(entity: Entity, now: number): Promise<Score | string> {
    const metadata = this.#models.serving(entity.id);
    if (metadata === undefined)
      return (
        (await this.#borrowed(entity, now)) ??
        this.#models.waiting(entity.id) ??
        'No model yet: the first is trained when about 35 minutes have been seen.'
      );
    const model = await this.#performanceModel(entity.id);
    if (model === undefined) return 'The model’s file was damaged and set aside; it is trained anew.';
    const window = await this.#window(entity, now, model.stepMs);
    if (window === null) return 'No figures of this host in the last minutes.';
    return { prediction: model.predict(window), metadata, lender: null };
  }

  /** What the model of the host says whose figures are most like this one's; null where none is like it. */
  async #borrowed(entity: Entity, now: number): Promise<Score | null> {
    const others = this.#models
      .all()
      .filter(({ entityId }) => entityId !== entity.id)
      .sort((a, b) => b.sampleCount - a.sampleCount || (a.entityId < b.entityId ? -1 : 1))
      .slice(0, MOST_ALIKE);
    const windows = new Map<number, FigureHistory | null>();
    let best: { score: Score; likeness: number } | null = null;
    for (const metadata of others) {
      const model = await this.#performanceModel(metadata.entityId);
      if (model === undefined) continue;
      const known = windows.get(model.stepMs);
      const window = known === undefined ? await this.#window(entity, now, model.stepMs) : known;
      windows.set(model.stepMs, window);
      if (window === null) continue;
      const likeness = model.likeness(window);
      if (likeness < LEAST_ALIKE || likeness <= (best?.likeness ?? 0)) continue;
      const lender = this.#parts.nameOf(metadata.entityId);
      best = { score: { prediction: model.predict(window), metadata, lender }, likeness };
    }
    return best?.score ?? null;
  }

  #window(entity: Entity, now: number, stepMs: number): Promise<FigureHistory | null> {
    return figureHistory({
      entity,
      board: this.#parts.board,
      metrics: this.#parts.metrics,
      now,
      stepMs,
      rows: WINDOW_ROWS,
    });
  }

  async #performanceModel(entityId: string): Promise<PerformanceModel | undefined> {
    const held = this.#loaded.get(entityId);
    if (held !== undefined) return held;
    const stored = await this.#parts.models.load('performance', entityId);
    if (stored === undefined) {
      this.#models.isDamaged(entityId);
      return undefined;
    }
    const model = new PerformanceModel(stored.bytes);
    if (this.#loaded.size >= HELD_MODELS) this.#loaded.delete(this.#loaded.keys().next().value ?? '');
    this.#loaded.set(entityId, model);
    return model;
  }
}
