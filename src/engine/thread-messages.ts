import type { SeriesDefinition } from '../detect/detector.ts';
import type { SampleBatch } from '../model/index.ts';
import type { DetectionProgress } from './detection-port.ts';
import type { TrainingEntry } from './training-calendar.ts';

export type EntityEventType = 'reboot' | 'resume' | 'clock-step' | 'gap';

/** What the engine sends a detection thread. Batches lie in shared memory and are not copied. */
export type ToThread =
  | { readonly kind: 'define'; readonly series: readonly SeriesDefinition[] }
  | { readonly kind: 'advance'; readonly batch: SampleBatch; readonly position: number; readonly receivedAt: number }
  | { readonly kind: 'calendar'; readonly entries: readonly TrainingEntry[] }
  | { readonly kind: 'asked'; readonly metrics: readonly string[] }
  | { readonly kind: 'event'; readonly entityId: string; readonly at: number; readonly type: EntityEventType }
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly args: readonly unknown[] };

export type FromThread =
  | { readonly kind: 'progress'; readonly progress: DetectionProgress }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
