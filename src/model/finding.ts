import type { Confidence } from './confidence.ts';
import type { Labels } from './labels.ts';

export type Severity = 'none' | 'medium' | 'high' | 'critical';

/** Greater is worse. */
export const severityRank: Readonly<Record<Severity, number>> = { none: 0, medium: 1, high: 2, critical: 3 };

/** One reason behind a score: the part of it that this feature explains. */
export interface Contribution {
  /** A metric as a person reads it (`memory used`), with the labels that tell it apart. */
  readonly feature: string;
  readonly labels: Labels;
  readonly value: number;
  /** What the value usually is at this time. */
  readonly expected: number;
  readonly lower: number;
  readonly upper: number;
  readonly unit: string;
  /** 0..1, of the whole score. */
  readonly share: number;
}

/** The process, mount or device that is behind a finding, where it could be told. */
export interface Culprit {
  readonly kind: 'process' | 'mount' | 'device' | 'interface' | 'container';
  readonly name: string;
  readonly pid: number | null;
  /** `uses 188 % of a core, usually 2 %` */
  readonly evidence: string;
}

/** The resource or sign that a finding speaks of. */
export const resources = [
  'cpu',
  'memory',
  'disk',
  'disk-io',
  'network',
  'processes',
  'files',
  'clock',
  'availability',
  'errors',
  'latency',
  'traffic',
  'saturation',
  'other',
] as const;
export type Resource = (typeof resources)[number];

export type FindingStatus = 'open' | 'ended';
/** A person's word on a finding. `normal`: this is how it should be here, learn it. */
export type FindingVerdict = 'none' | 'confirmed' | 'normal' | 'dismissed';

/**
 * Something unusual, from its onset to its end. The id is a hash of entity, detector, subject and onset, so that a
 * replay finds the same id again and changes nothing.
 */
export interface Finding {
  readonly id: string;
  readonly entityId: string;
  readonly detector: 'metric' | 'entity' | 'threshold' | 'absence';
  /** What it is about: a series (`node_load1{…}`), a resource, a rule. Together with entity and detector it is the same finding again. */
  readonly subject: string;
  readonly resource: Resource;
  readonly severity: Severity;
  /** 0..1: 1 − the share of normal moments that score as high. */
  readonly score: number;
  readonly direction: 'high' | 'low' | 'change';
  readonly onsetAt: number;
  readonly detectedAt: number;
  readonly lastAt: number;
  readonly endedAt: number | null;
  readonly status: FindingStatus;
  readonly verdict: FindingVerdict;
  readonly confidence: Confidence;
  /** One sentence: what, how far from usual, since when. */
  readonly summary: string;
  readonly contributions: readonly Contribution[];
  readonly culprits: readonly Culprit[];
  /** What a person could do, naming the process or the mount. */
  readonly actions: readonly string[];
  /** What would have had to be different for this not to be a finding. */
  readonly counterfactual: string;
  /** Whether it may page: the entity's evidence passed the budget of one needless page a host-month. */
  readonly pages: boolean;
}
