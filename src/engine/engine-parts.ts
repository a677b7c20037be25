import type { AuspexError } from '../errors.ts';
import type { CalendarEntry, Clock, MetricStore, ModelStore, RecordStore } from '../model/index.ts';
import type { Logger } from '../telemetry/log.ts';
import type { AlertPolicy } from './alert-keeper.ts';
import type { DetectionPort, DetectionProgress, Revival } from './detection-port.ts';
import type { ComponentHealth, ExternalModels } from './engine-view.ts';
import type { Repeat } from './every.ts';
import type { EntityRegistry } from './entity-registry.ts';
import type { SnapshotStore } from './snapshots.ts';

export interface EngineOptions {
  readonly intervalMs: number;
  readonly timeZone: string;
  readonly policy: AlertPolicy;
  /** What the policy leaves out on purpose, for the list of rules. */
  readonly disabledRules?: AlertPolicy['rules'];
  /** Entries of the calendar that stand in files. */
  readonly calendar?: readonly CalendarEntry[];
  /** False where nobody looks at how services are, as in a replay: who calls whom is still found. */
  readonly judgesServices?: boolean;
  /** Business metrics by service. */
  readonly business?: Readonly<Record<string, readonly string[]>>;
}

export interface EngineParts {
  readonly metrics: MetricStore;
  readonly records: RecordStore;
  readonly models: ModelStore;
  readonly registry: EntityRegistry;
  readonly snapshots: SnapshotStore;
  readonly clock: Clock;
  /** What makes time pass for whatever is done again and again; the system's timers unless given. */
  readonly repeat?: Repeat;
  readonly log: Logger;
  readonly options: EngineOptions;
  /** Starts the detectors on the state given: one a thread, null for a fresh one. */
  readonly startDetection: (options: {
    snapshots: readonly (Uint8Array | null)[];
    onProgress: (progress: DetectionProgress) => void;
    onFailure: (error: AuspexError, isRestarted: boolean) => void;
    revive: (thread: number) => Promise<Revival>;
  }) => DetectionPort;
  readonly threads: number;
  /** None unless given. */
  readonly externalModels?: ExternalModels;
  /** What other parts say of their health. */
  readonly componentsBeside: () => readonly ComponentHealth[];
  /** Called when messages were put into the outbox. */
  readonly onMessages: () => void;
}
