import { type DetectionEvent, Detector, type SeriesDefinition } from '../detect/detector.ts';
import { calibrateForest } from './host-model.ts';
import { type Tasks, tasks } from './tasks.ts';
import { teachingOf, type TrainingEntry } from './training-calendar.ts';
import type { EntityEventType } from './thread-messages.ts';
import type { SampleBatch } from '../model/index.ts';
import type { ExpectedBand } from './engine-view.ts';

export interface ShardOptions {
  readonly intervalMs: number;
  /** A snapshot to go on from; null to begin anew. */
  readonly snapshot: Uint8Array | null;
}

export interface EntityModel {
  readonly bytes: Uint8Array;
  readonly rows: number;
  readonly from: number;
  readonly to: number;
  readonly featureNames: readonly string[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** One thread's detector with the position it has reached; what the thread's messages call, and what tests call directly. */
export class DetectionShard {
  readonly #detector: Detector;
  #position = 0;
  readonly #strings = new Map<string, string>();

  constructor(options: ShardOptions) {
    this.#detector =
      options.snapshot === null ? new Detector({ intervalMs: options.intervalMs }) : Detector.restore(options.snapshot);
  }

  get position(): number {
    return this.#position;
  }

  define(series: readonly SeriesDefinition[]): void {
    for (const one of series) this.#detector.define({ ...one, labels: one.labels.map((text) => this.#intern(text)) });
  }

  /** Labels come over as copies: one string for all series that share it saves a third of their memory. */
  #intern(text: string): string {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    this.#strings.set(text, text);
    return text;
  }

  advance(batch: SampleBatch, position: number): void {
    this.#detector.advance(batch);
    if (position > this.#position) this.#position = position;
  }

  setCalendar(entries: readonly TrainingEntry[]): void {
    this.#detector.setTeaching(teachingOf(entries));
  }

  setAsked(metrics: readonly string[]): void {
    this.#detector.setAsked(metrics);
  }

  markEvent(entityId: string, at: number, type: EntityEventType): void {
    this.#detector.markEvent(entityId, at, type);
  }

  drain(): DetectionEvent[] {
    return this.#detector.drain();
  }

  /** The calls that have an answer, by name. */
  readonly calls = {
    advanceTime: (now: number): void => this.#detector.advanceTime(now),
    settled: (): void => {},
    expected: (refs: readonly number[]): ExpectedBand[] => refs.map((ref) => this.#detector.expected(ref)),
    learning: (entityId: string): string | null => this.#detector.entityState(entityId)?.learning ?? null,
    feedback: (
      entityId: string,
      detector: string,
      subject: string,
      verdict: 'confirmed' | 'normal' | 'dismissed',
      at: number,
    ): void => this.#detector.feedback(entityId, detector, subject, verdict, at),
    trainEntityModel: (entityId: string): EntityModel | null => {
      const data = this.#detector.trainingRows(entityId);
      return data === undefined ? null : calibrateForest(data);
    },
    task: (name: keyof Tasks, argument: unknown): unknown =>
      (tasks[name] as (given: never) => unknown)(argument as never),
    setModel: (entityId: string, bytes: Uint8Array): void => this.#detector.setModel(entityId, bytes),
    snapshot: (): { position: number; bytes: Uint8Array } => ({
      position: this.#position,
      bytes: this.#detector.snapshot(),
    }),
  };

  call(method: string, args: readonly unknown[]): unknown {
    const work = (this.calls as Readonly<Record<string, ((...given: never[]) => unknown) | undefined>>)[method];
    if (work === undefined) throw new Error(`A detection thread has no call "${method}".`);
    return work(...(args as never[]));
  }
}

export type ShardCalls = DetectionShard['calls'];
