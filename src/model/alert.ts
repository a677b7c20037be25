import type { Resource, Severity } from './finding.ts';

/** inactive → pending (condition holds, not long enough) → firing → held (condition gone, waiting to be sure) → resolved */
export type AlertState = 'pending' | 'firing' | 'held' | 'resolved';

/** The label by which Auspex knows its own alerts where another system sends them back; its value is the alert's kind. */
export const OWN_LABEL = 'auspex_kind';

export interface Alert {
  readonly id: string;
  readonly rule: string;
  /** `external`: another system says so (Alertmanager, Grafana). */
  readonly kind: 'threshold' | 'anomaly' | 'absence' | 'external';
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
}

/** A person's order not to tell about something for a while. Matches on all conditions given. */
export interface Silence {
  readonly id: string;
  readonly entityId: string | null;
  readonly rule: string | null;
  readonly subject: string | null;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: number;
}

/** A message that is to reach people: one row of the outbox. */
export interface Notification {
  readonly id: string;
  readonly kind: 'firing' | 'resolved' | 'test';
  readonly alertId: string | null;
  readonly channel: string;
  /** The same for every try and for firing and resolved of one alert: the receiver can tell a repeat. */
  readonly deduplicationKey: string;
  readonly title: string;
  readonly body: string;
  readonly severity: Severity;
  readonly createdAt: number;
}
