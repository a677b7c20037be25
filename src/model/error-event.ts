import type { Labels } from './labels.ts';

/** An error as it was met, in a log or a job's output: not yet masked. */
export interface ErrorEvent {
  /** ms UTC. */
  readonly at: number;
  /** Of whom it speaks: leads to the entity. */
  readonly labels: Labels;
  /** The part that said it: a logger's name; empty for none. */
  readonly component: string;
  /** `TypeError`, `java.io.IOException`; empty for none. */
  readonly type: string;
  /** The code that the system or a protocol gave it: `ECONNREFUSED`, `53300`; empty for none. */
  readonly code: string;
  readonly message: string;
  /** The whole stack trace; empty for none. */
  readonly stack: string;
  /** Read late, after a pause of Auspex: kept at its time, and no error of now. */
  readonly isPast?: boolean;
}

/** Counters of log records by sender and severity, and of the errors among them by class and code. */
export const LOG_RECORDS_METRIC = 'log_records_total';
export const LOG_ERRORS_METRIC = 'log_errors_total';

export const ERROR_CLASSES = [
  'connection',
  'timeout',
  'not_found',
  'permission',
  'port_conflict',
  'dependency',
  'syntax',
  'memory',
  'general',
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

/** One kind of error, over all times that it was met. */
export interface ErrorPattern {
  /** The fingerprint: SHA-256 as hexadecimal text. */
  readonly id: string;
  readonly class: ErrorClass;
  readonly type: string;
  /** Masked, without secrets. */
  readonly message: string;
  /** The topmost frame of one's own code; empty for none. */
  readonly topFrame: string;
  readonly component: string;
  /** Where it was met last. */
  readonly entityId: string;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly count: number;
  /** What helped, once that is known. */
  readonly solution: string | null;
  readonly successes: number;
  readonly failures: number;
  /** That the solution helps; a prior of 0.5 before anything was tried. */
  readonly confidence: number;
}
