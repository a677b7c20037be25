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
  /** What found it: the detector, or the rule; absent where an older version wrote it. */
  readonly source?: string;
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
  /** What would have changed its place, as a sentence; rows of before have none. */
  readonly counterfactual?: string;
  /** The series of it that changed most, by their numbers. */
  readonly figures?: readonly number[];
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
  | 'escalated'
  | 'acknowledged'
  | 'assigned'
  | 'judged'
  | 'noted'
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

/** Where an escalation stands: what is told next, and when. */
export interface EscalationState {
  readonly policy: string;
  /** Counted on through repeats, from 0. */
  readonly step: number;
  readonly dueAt: number;
  /** When people were told. */
  readonly startedAt: number;
}

/** A channel that a message about an incident was written for. */
export interface ToldChannel {
  readonly channel: string;
  readonly receiver: string;
  /** The alert that the message speaks of. */
  readonly alertId: string | null;
  /** As it was told there. */
  readonly severity: Incident['severity'];
}

/** Who was told of an incident, under which key. It stays with the sign that it was told for, whatever is merged or split. */
export interface IncidentTold {
  /** The same in every message about it. */
  readonly key: string;
  readonly signId: string;
  /** None where no channel takes it: people would have been told. */
  readonly channels: readonly ToldChannel[];
  readonly escalation: EscalationState | null;
}

/** How much an incident matters, by what people said of those like it. */
export interface IncidentPriority {
  /** 0..100: severity × how many it affects × how likely it is real. */
  readonly value: number;
  /** How likely it is trouble, and the 80 % interval of that. */
  readonly probability: number;
  readonly lower: number;
  readonly upper: number;
  /** What people said of those that are most like it. */
  readonly confirmed: number;
  readonly dismissed: number;
  /** How severe it is told as; `nobody` where only the page shows it. */
  readonly toldAs: 'critical' | 'high' | 'medium' | 'nobody';
  /** Why, as a sentence. */
  readonly reason: string;
  /** What would have changed it, as a sentence; null where nothing was lowered. */
  readonly counterfactual: string | null;
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
  /** When people were told, or would have been where no channel takes it; null where nobody was to be. Whom a message was written for says `told`. */
  readonly toldAt: number | null;
  /** The alert of which they were told with it. */
  readonly leadAlertId: string | null;
  /** Null before people are told, and of what an older version told. */
  readonly told: IncidentTold | null;
  /** Null before it was looked at. */
  readonly priority: IncidentPriority | null;
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
  /** What was found or done, for those who meet the like again. */
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'judge'; readonly verdict: Exclude<IncidentVerdict, 'none'> }
  | {
      readonly kind: 'override';
      readonly class?: IncidentClass | undefined;
      readonly severity?: Incident['severity'] | undefined;
    }
  | { readonly kind: 'merge'; readonly into: string }
  /** These signs are another trouble. */
  | { readonly kind: 'split'; readonly signs: readonly string[] };
