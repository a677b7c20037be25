/** What the parts of a gameday say to one another: the stack and its faults, the probe outside, the arms, the judge. */

/** How fast a fault shows: at once, or by growing. */
export type Pace = 'hard' | 'slow';

export type Severity = 'none' | 'medium' | 'high' | 'critical';

export const incidentClasses = [
  'crash',
  'hang',
  'memory-leak',
  'cpu-saturation',
  'disk-full',
  'resource-limit',
  'network',
  'dependency-failure',
  'bad-deployment',
  'bad-configuration',
  'traffic-surge',
  'clock',
  'telemetry-lost',
] as const;
export type IncidentClass = (typeof incidentClasses)[number];

/** What is the case while a scenario runs, known because the gameday does it. */
export interface Truth {
  readonly class: IncidentClass;
  readonly severity: Exclude<Severity, 'none'>;
  /** The part at fault, by the name that an operator would use: `api-1`, `redis`, `/…/spool`, `stress-ng`; others that are as right. */
  readonly culprits: readonly string[];
  /** The repair that is safe to do without a person; null when a person has to. */
  readonly fix: string | null;
}

/** One second, seen from outside as a user would. */
export interface ProbeSecond {
  readonly at: number;
  readonly sent: number;
  /** Answered with the right content. */
  readonly right: number;
  /** Answered, but wrong or with an error. */
  readonly wrong: number;
  /** Not answered in time, or refused. */
  readonly lost: number;
  /** Slowest answer of the second; null where there was none. */
  readonly slowestMs: number | null;
  /** What went wrong, in the words of the client: `HTTP 500`, `ECONNREFUSED`, `time-out`. */
  readonly faults: Readonly<Record<string, number>>;
}

/** One thing that somebody on watch said, with its time: a finding, or a page (a message that wakes a person). */
export interface Told {
  readonly at: number;
  readonly kind: 'finding' | 'page' | 'incident' | 'foreseen';
  readonly id: string;
  readonly severity: Severity;
  readonly class: IncidentClass | null;
  /** Best first. */
  readonly culprits: readonly string[];
  readonly summary: string;
}

export type ArmName = 'none' | 'restart' | 'auspex';

/** All that is known of one run, and all that its score is made of. */
export interface RunRecord {
  readonly scenario: string;
  readonly arm: ArmName;
  readonly seed: number;
  readonly isHarmless: boolean;
  readonly isExam: boolean;
  readonly pace: Pace;
  /** Null where nothing is wrong (harmless). */
  readonly truth: Truth | null;
  readonly startedAt: number;
  readonly injectedAt: number;
  readonly undoneAt: number;
  readonly endedAt: number;
  readonly probe: readonly ProbeSecond[];
  readonly told: readonly Told[];
  /** Why the run does not count; null when it does. */
  readonly broken: string | null;
  /** When the fault showed as its scenario describes; null when it did not. */
  readonly shownAt?: number | null;
  /** When the probe was well again after undo; null when it was not within the time. */
  readonly healthyAt?: number | null;
  /** What of the undo failed, in words. */
  readonly undoFailures?: readonly string[];
}
