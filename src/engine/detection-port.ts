import type { DetectionEvent, SeriesDefinition } from '../detect/detector.ts';
import type { SampleBatch } from '../model/index.ts';
import type { ExpectedBand } from './engine-view.ts';
import type { EntityModel } from './detection-shard.ts';
import type { TaskPool } from './task-pool.ts';
import type { EntityEventType } from './thread-messages.ts';
import type { TrainingEntry } from './training-calendar.ts';

/** What one thread says after each piece of work. */
export interface DetectionProgress {
  /** Position in the write-ahead up to which this thread has scored. */
  readonly position: number;
  readonly samples: number;
  /** When the samples came in, ms UTC: their wait is now minus this. */
  readonly receivedAt: number;
  readonly events: readonly DetectionEvent[];
}

export interface ShardSnapshot {
  readonly thread: number;
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** What a thread goes on with that has ended: its last saved state, and every series there is. */
export interface Revival {
  readonly snapshot: Uint8Array | null;
  readonly series: () => readonly SeriesDefinition[];
}

/** The detectors, one a thread, each with the entities of its shards: however many there are, the findings are the same. */
export interface DetectionPort extends TaskPool {
  readonly threads: number;
  define(series: readonly SeriesDefinition[]): void;
  /** What is learnt when, for all that is handed over from now on. */
  setCalendar(entries: readonly TrainingEntry[]): void;
  /** The metrics that rules on what is unusual ask for. */
  setAsked(metrics: readonly string[]): void;
  advance(batch: SampleBatch, position: number, receivedAt: number): void;
  /** Closes what waits for time alone: vectors, silences of entities. */
  advanceTime(now: number): Promise<void>;
  /** Resolves when everything handed over so far is scored and told. */
  settled(): Promise<void>;
  markEvent(entityId: string, at: number, type: EntityEventType): void;
  expected(entityId: string, refs: readonly number[]): Promise<readonly ExpectedBand[]>;
  learning(entityId: string): Promise<string | null>;
  feedback(
    entityId: string,
    detector: string,
    subject: string,
    verdict: 'confirmed' | 'normal' | 'dismissed',
    at: number,
  ): Promise<void>;
  /** Null while there are too few rows. */
  trainEntityModel(entityId: string): Promise<EntityModel | null>;
  setModel(entityId: string, bytes: Uint8Array): Promise<void>;
  snapshot(): Promise<readonly ShardSnapshot[]>;
  close(): Promise<void>;
}
