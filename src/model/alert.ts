import type { Resource, Severity } from './finding.ts';

/**
 * inactive → pending (condition holds, not long enough) → firing → held (condition gone, waiting to be sure) → resolved.
 * From any of the first three to no-data, where values cease to come: nobody knows how it stands.
 */
export type AlertState = 'pending' | 'firing' | 'held' | 'resolved' | 'no-data';

/** What may become of an alert's condition. */
export type AlertTransition =
  | 'started'
  | 'withdrawn'
  | 'fired'
  | 'held'
  | 'returned'
  | 'resolved'
  | 'no-data'
  | 'data-back'
  | 'given-up';

/** What became of an alert, and why. */
export interface AlertStep {
  readonly at: number;
  readonly kind: AlertTransition | 'withheld' | 'told';
  readonly text: string;
}

/** The label by which Auspex knows its own alerts where another system sends them back; its value is the alert's kind. */
export const OWN_LABEL = 'auspex_kind';

export interface Alert {
  readonly id: string;
  readonly rule: string;
  /** `external`: another system says so (Alertmanager, Grafana); `rule`: a rule of Prometheus's form, evaluated here. */
  readonly kind: 'threshold' | 'anomaly' | 'absence' | 'external' | 'rule' | 'objective' | 'forecast';
  readonly entityId: string;
  readonly subject: string;
  readonly resource: Resource;
  readonly severity: Exclude<Severity, 'none'>;
  readonly state: AlertState;
  readonly startedAt: number;
  readonly firedAt: number | null;
  readonly resolvedAt: number | null;
  readonly lastAt: number;
  readonly value: number | null;
  readonly limit: number | null;
  readonly unit: string;
  readonly summary: string;
  readonly action: string;
  readonly findingId: string | null;
  /** The incident that it is part of; null before it fires. */
  readonly incidentId: string | null;
  /** Why nobody is told although it fires: the silence or rule, in words; null when people are told. */
  readonly suppressedBy: string | null;
  /** How it came to stand as it does, the oldest first, the last ones; absent in rows from before they were kept. */
  readonly steps?: readonly AlertStep[] | undefined;
}

/** A message that is to reach people: one row of the outbox. */
export interface Notification {
  readonly id: string;
  /** `escalated`: told again or to others, since nobody has taken it. */
  readonly kind: 'firing' | 'resolved' | 'test' | 'escalated';
  readonly alertId: string | null;
  /** The incident it is about; null for tests and of what an older version wrote. */
  readonly incidentId: string | null;
  readonly channel: string;
  /** By which receiver the channel is reached; its quiet hours count. Null where the channel itself is meant. */
  readonly receiver: string | null;
  /** The same for every try and for firing and resolved of one alert: the receiver can tell a repeat. */
  readonly deduplicationKey: string;
  readonly title: string;
  readonly body: string;
  readonly severity: Severity;
  readonly createdAt: number;
}
