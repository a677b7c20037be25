import type { Resource, Severity } from './finding.ts';

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
  'security',
  'unknown',
] as const;
/** What kind of trouble an incident is. */
export type IncidentClass = (typeof incidentClasses)[number];

/** A class as a person reads it. */
export const incidentClassWords: Readonly<Record<IncidentClass, string>> = {
  crash: 'Crash',
  hang: 'Hang',
  'memory-leak': 'Memory leak',
  'cpu-saturation': 'CPU saturation',
  'disk-full': 'Disk full',
  'resource-limit': 'Resource limit reached',
  network: 'Network trouble',
  'dependency-failure': 'Dependency failure',
  'bad-deployment': 'Bad deployment',
  'bad-configuration': 'Bad configuration',
  'traffic-surge': 'Traffic surge',
  clock: 'Wrong clock',
  'telemetry-lost': 'Figures lost',
  security: 'Security',
  unknown: 'Trouble',
};

/** One finding or alert that belongs to an incident. */
export interface IncidentSign {
  /** The finding's or alert's id. */
  readonly id: string;
  readonly kind: 'finding' | 'alert';
  readonly entityId: string;
  readonly resource: Resource;
  readonly severity: Exclude<Severity, 'none'>;
  readonly startedAt: number;
  /** Null while it goes on. */
  readonly endedAt: number | null;
  readonly summary: string;
  /** Why it belongs to the incident, as a sentence; empty for the one that opened it. */
  readonly reason: string;
}

/** Who or what may be behind an incident. */
export interface IncidentCause {
  /** A host's or service's name, a process, a mount. */
  readonly name: string;
  /** The host or service it is or belongs to. */
  readonly entityId: string;
  /** 0..1; all scores of an incident sum to 1. A rank by weight of evidence, not a probability. */
  readonly score: number;
  readonly reasons: readonly string[];
}

export type IncidentStepKind =
  | 'opened'
  | 'joined'
  | 'merged'
  | 'split'
  | 'class'
  | 'severity'
  | 'cause'
  | 'told'
  | 'acknowledged'
  | 'assigned'
  | 'judged'
  | 'resolved'
  | 'reopened';

/** What became of an incident, in order: each with its reason. */
export interface IncidentStep {
  readonly at: number;
  readonly kind: IncidentStepKind;
  /** What and why, as a sentence. */
  readonly text: string;
  /** The person who did it; null where Auspex did. */
  readonly by: string | null;
}

export type IncidentVerdict = 'none' | 'confirmed' | 'dismissed';

/** Signs of one trouble, from its onset to its end. The id is a hash of the sign that opened it. */
export interface Incident {
  readonly id: string;
  /** One sentence. */
  readonly title: string;
  readonly class: IncidentClass;
  readonly severity: Exclude<Severity, 'none'>;
  readonly state: 'open' | 'resolved';
  /** The onset of its first sign. */
  readonly startedAt: number;
  readonly openedAt: number;
  /** When something last spoke of it. */
  readonly lastAt: number;
  readonly resolvedAt: number | null;
  /** When people were first told; null where nobody was. */
  readonly toldAt: number | null;
  /** The alert of which they were told with it. */
  readonly leadAlertId: string | null;
  readonly acknowledgedAt: number | null;
  readonly assignee: string | null;
  readonly verdict: IncidentVerdict;
  /** The incident that this one became part of. */
  readonly mergedInto: string | null;
  /** Incidents that a person said are another trouble: they are never made one. */
  readonly apartFrom: readonly string[];
  /** The host or service that the trouble began on or is caused by. */
  readonly entityId: string;
  readonly entityIds: readonly string[];
  /** What a person set by hand, which nothing changes any more. */
  readonly pinned: { readonly class: boolean; readonly severity: boolean };
  readonly signs: readonly IncidentSign[];
  readonly causes: readonly IncidentCause[];
  readonly steps: readonly IncidentStep[];
}

/** What a person does with an incident. */
export type IncidentChange =
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'assign'; readonly to: string | null }
  | { readonly kind: 'judge'; readonly verdict: Exclude<IncidentVerdict, 'none'> }
  | {
      readonly kind: 'override';
      readonly class?: IncidentClass | undefined;
      readonly severity?: Incident['severity'] | undefined;
    }
  | { readonly kind: 'merge'; readonly into: string }
  /** These signs are another trouble. */
  | { readonly kind: 'split'; readonly signs: readonly string[] };
