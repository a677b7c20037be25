import { AuspexError } from '../errors.ts';
import {
  type Clock,
  type Entity,
  formatDuration,
  type MetricStore,
  type ModelMetadata,
  type ModelStore,
} from '../model/index.ts';
import type { Champion } from '../predict/performance.ts';
import type { Logger } from '../telemetry/log.ts';
import type { DetectionPort } from './detection-port.ts';
import type { FeatureRow, ModelAnswers, ModelState, TrainOutcome } from './engine-view.ts';
import type { EventRing } from './event-ring.ts';
import type { TeachingAt } from '../detect/apart.ts';
import { figureHistory } from './figure-history.ts';
import type { HostBoard } from './host-board.ts';
import type { LedgerKeeper } from './ledger-keeper.ts';
import { PerformanceScores } from './performance-scores.ts';
import { RowModel } from './row-model.ts';
import type { TaskPool } from './task-pool.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const STEP_MS = 10_000;
const LONG_STEP_MS = 60_000;
const HISTORY_MS = 30 * DAY;
const SEED = 20_26;
/** Live error beyond so many times the error at training, over at least so many judged: what was learnt no longer holds. */
const DRIFT_FACTOR = 1.5;
const DRIFT_SCORED = 20;

export const modelNames = ['host-anomaly', 'performance'] as const;
type ModelName = (typeof modelNames)[number];

export interface TrainerParts {
  metrics: MetricStore;
  models: ModelStore;
  clock: Clock;
  log: Logger;
  board: HostBoard;
  ledger: LedgerKeeper;
  detection: DetectionPort;
  tasks: TaskPool;
  ring: EventRing;
  nameOf: (entityId: string) => string;
  calendar: { readonly teachingAt: TeachingAt };
}

/** Trains what each host needs when the data suffice, keeps versions, notices drift, and answers with the model that serves. */
export class Trainer {
  readonly #parts: TrainerParts;
  readonly #serving = new Map<string, ModelMetadata>();
  /** The model that was asked last for rows: whoever asks, asks again. */
  #asked: RowModel | null = null;
  /** Why there is no model yet, by entity and name, and when that was last looked at. */
  readonly #waiting = new Map<string, { reason: string; at: number }>();

  /** What the serving models say of each host. */
  readonly scores: PerformanceScores;

  constructor(parts: TrainerParts) {
    this.#parts = parts;
    this.scores = new PerformanceScores(parts, {
      serving: (entityId) => this.#serving.get(keyOf('performance', entityId)),
      all: () => [...this.#serving.values()].filter(({ name }) => name === 'performance'),
      waiting: (entityId) => this.#waiting.get(keyOf('performance', entityId))?.reason,
      isDamaged: (entityId) => void this.#serving.delete(keyOf('performance', entityId)),
    });
  }

  /** Gives the detectors their models again after a start. */
  async load(): Promise<void> {
    for (const metadata of await this.#parts.models.list()) {
      if (metadata.status !== 'serving') continue;
      const model = await this.#parts.models.load(metadata.name, metadata.entityId);
      if (model === undefined) continue;
      this.#serving.set(keyOf(metadata.name, metadata.entityId), model.metadata);
      if (metadata.name === 'host-anomaly') await this.#parts.detection.setModel(metadata.entityId, model.bytes);
    }
  }

  /** Trains what is missing, old or no longer right. */
  async review(hosts: readonly Entity[]): Promise<void> {
    const now = this.#parts.clock.now();
    for (const entity of hosts) {
      for (const name of modelNames) {
        const serving = this.#serving.get(keyOf(name, entity.id));
        const tried = this.#waiting.get(keyOf(name, entity.id))?.at ?? 0;
        const due =
          serving === undefined ? now - tried >= 5 * 60_000 : now >= this.#nextTraining(serving) && now - tried >= HOUR;
        if (due && now - this.#parts.board.lastAt(entity.id) < HOUR) await this.train(name, entity, false);
      }
    }
  }

  async train(name: string, entity: Entity, force: boolean): Promise<TrainOutcome> {
    const known = modelNames.find((one) => one === name);
    if (known === undefined)
      throw new AuspexError('NOT_FOUND', `There is no model named ${name}. There are: ${modelNames.join(', ')}.`);
    const now = this.#parts.clock.now();
    const key = keyOf(name, entity.id);
    const serving = this.#serving.get(key);
    if (!force && serving !== undefined && now < this.#nextTraining(serving)) {
      return {
        name,
        entityId: entity.id,
        trained: false,
        reason: `Version ${serving.version} is ${formatDuration(now - serving.trainedAt)} old and still right; --force trains it all the same.`,
        model: serving,
      };
    }
    const outcome =
      known === 'performance'
        ? await this.#trainPerformance(entity, now, force)
        : await this.#trainHostModel(entity, now);
    if (!outcome.trained) this.#waiting.set(key, { reason: outcome.reason, at: now });
    else if (outcome.model !== null) {
      this.#serving.set(key, outcome.model);
      this.#waiting.delete(key);
      this.#parts.ring.publish({ topic: 'models', model: outcome.model });
      this.#parts.log.info(
        { model: name, entity: entity.id, version: outcome.model.version, trainingMs: outcome.model.trainingMs },
        'trained',
      );
    }
    return outcome;
  }

  async promote(name: string, entityId: string, version: number): Promise<ModelMetadata> {
    const metadata = await this.#parts.models.promote(name, entityId, version);
    this.#serving.set(keyOf(name, entityId), metadata);
    this.scores.forget(entityId);
    const model = await this.#parts.models.load(name, entityId);
    if (name === 'host-anomaly' && model !== undefined) await this.#parts.detection.setModel(entityId, model.bytes);
    this.#parts.ring.publish({ topic: 'models', model: metadata });
    return metadata;
  }

  async states(): Promise<readonly ModelState[]> {
    const all = await this.#parts.models.list();
    return all
      .filter((metadata) => metadata.status !== 'previous')
      .map((metadata) => {
        const drift = this.#drift(metadata);
        const health = metadata.status === 'damaged' ? 'damaged' : drift !== null ? 'drifting' : 'good';
        const reasons = {
          damaged: metadata.fault ?? 'the file is damaged; the version before it serves',
          drifting: drift ?? '',
          good: this.#goodReason(metadata),
        };
        return {
          metadata,
          health,
          healthReason: reasons[health],
          nextTrainingAt: metadata.status === 'serving' ? this.#nextTraining(metadata) : null,
        };
      });
  }

  /** What a model says of rows of features. Rejects with NOT_FOUND where there is none, BAD_REQUEST where several hosts have one. */
  async answer(name: string, entityId: string | undefined, rows: readonly FeatureRow[]): Promise<ModelAnswers> {
    const having = [...this.#serving.values()].filter(
      (one) => one.name === name && (entityId === undefined || one.entityId === entityId),
    );
    const [metadata, other] = having;
    if (metadata === undefined)
      throw new AuspexError(
        'NOT_FOUND',
        `No model “${name}” serves${entityId === undefined ? '' : ` ${entityId}`} yet.`,
      );
    if (other !== undefined)
      throw new AuspexError('BAD_REQUEST', `${having.length} hosts have a model ${name}. Say which by \`entity\`.`);
    const held = this.#asked;
    if (held?.metadata === metadata) return held.answer(rows);
    const stored = await this.#parts.models.load(name, metadata.entityId);
    if (stored === undefined)
      throw new AuspexError('MODEL_DAMAGED', `The file of ${name} was damaged and set aside; it is trained anew.`);
    const model = new RowModel(metadata, stored.bytes);
    this.#asked = model;
    return model.answer(rows);
  }

  async #trainPerformance(entity: Entity, now: number, force: boolean): Promise<TrainOutcome> {
    const started = this.#parts.clock.monotonic();
    const { board, metrics, calendar } = this.#parts;
    const source = { entity, board, metrics, now, teachingAt: calendar.teachingAt };
    // Until two days are there every ten seconds count; from then on hours of the day matter more than seconds.
    const long = await figureHistory({ ...source, stepMs: LONG_STEP_MS, rows: HISTORY_MS / LONG_STEP_MS });
    const isLong = long !== null && long.nRows * LONG_STEP_MS >= 2 * DAY;
    const history = isLong ? long : await figureHistory({ ...source, stepMs: STEP_MS, rows: (2 * DAY) / STEP_MS });
    if (history === null) return refused('performance', entity, 'No figures of this host yet.');
    const champion = force ? null : await this.#champion(entity.id);
    const training = await this.#parts.tasks.run('trainScore', { history, seed: SEED, champion });
    const reason = training.bytes === null ? training.reason : training.champion;
    if (training.bytes === null || reason !== null) return refused('performance', entity, reason ?? '');
    const model = await this.#parts.models.save(
      {
        name: 'performance',
        entityId: entity.id,
        algorithm: training.serves,
        trainedAt: now,
        trainedFrom: history.endAt - history.nRows * history.stepMs,
        trainedTo: history.endAt,
        sampleCount: training.sampleCount,
        featureNames: training.featureNames,
        metrics: training.metrics,
        trainingMs: this.#parts.clock.monotonic() - started,
      },
      training.bytes,
    );
    this.scores.forget(entity.id);
    return { name: 'performance', entityId: entity.id, trained: true, reason: training.reason, model };
  }

  /** What a new score has to beat; nothing while none serves or its file is damaged. */
  async #champion(entityId: string): Promise<Champion | null> {
    const serving = this.#serving.get(keyOf('performance', entityId));
    const stored = serving === undefined ? undefined : await this.#parts.models.load('performance', entityId);
    if (serving === undefined || stored === undefined) return null;
    return { version: serving.version, bytes: stored.bytes, trainedTo: serving.trainedTo };
  }

  async #trainHostModel(entity: Entity, now: number): Promise<TrainOutcome> {
    const started = this.#parts.clock.monotonic();
    const trained = await this.#parts.detection.trainEntityModel(entity.id);
    if (trained === null)
      return refused('host-anomaly', entity, 'Needs 20 minutes of the host’s usual state, one row a minute.');
    const model = await this.#parts.models.save(
      {
        name: 'host-anomaly',
        entityId: entity.id,
        algorithm: 'isolation-forest',
        trainedAt: now,
        trainedFrom: trained.from,
        trainedTo: trained.to,
        sampleCount: trained.rows,
        featureNames: trained.featureNames,
        metrics: trained.metrics,
        trainingMs: this.#parts.clock.monotonic() - started,
      },
      trained.bytes,
    );
    await this.#parts.detection.setModel(entity.id, trained.bytes);
    return {
      name: 'host-anomaly',
      entityId: entity.id,
      trained: true,
      reason: `Trained on ${trained.rows} rows.`,
      model,
    };
  }

  /** Soon while young, daily when grown, at once when it drifts. */
  #nextTraining(metadata: ModelMetadata): number {
    if (this.#drift(metadata) !== null) return metadata.trainedAt + HOUR;
    return metadata.trainedAt + Math.min(DAY, Math.max(HOUR, (metadata.trainedTo - metadata.trainedFrom) / 2));
  }

  #drift(metadata: ModelMetadata): string | null {
    const atTraining = metadata.metrics['meanAbsoluteErrorPoints'];
    if (metadata.name !== 'performance' || atTraining === undefined) return null;
    const record = this.#parts.ledger
      .trackRecords()
      .find(
        (one) => one.type === 'performance' && one.entityId === metadata.entityId && one.model === metadata.algorithm,
      );
    if (record === undefined || record.scored < DRIFT_SCORED || record.meanAbsoluteError === null) return null;
    if (record.meanAbsoluteError <= Math.max(2, atTraining * DRIFT_FACTOR)) return null;
    return `Errs by ${record.meanAbsoluteError.toFixed(1)} points live, ${atTraining.toFixed(1)} at training: trained again within the hour.`;
  }

  #goodReason(metadata: ModelMetadata): string {
    const error = metadata.metrics['meanAbsoluteErrorPoints'];
    const naive = metadata.metrics['persistenceMeanAbsoluteErrorPoints'];
    if (error !== undefined && naive !== undefined)
      return `Errs by ${error.toFixed(2)} points on held-out data, "nothing changes" by ${naive.toFixed(2)}.`;
    const above = metadata.metrics['heldOutAboveP99Ratio'];
    return above === undefined
      ? 'Serves.'
      : `${(above * 100).toFixed(1)} % of held-out moments lie above the 99th percentile of the training data.`;
  }
}

function refused(name: ModelName, entity: Entity, reason: string): TrainOutcome {
  return { name, entityId: entity.id, trained: false, reason, model: null };
}

function keyOf(name: string, entityId: string): string {
  return `${name}\u0000${entityId}`;
}
