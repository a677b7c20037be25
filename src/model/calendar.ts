import type { Matcher } from './series.ts';

export const calendarKinds = ['maintenance', 'holiday', 'freeze', 'silence', 'quiet-hours'] as const;
export type CalendarKind = (typeof calendarKinds)[number];

/** What a calendar entry can govern. */
export const governables = ['alerting', 'training', 'objectives', 'remediation'] as const;
export type Governable = (typeof governables)[number];

/** What an entry of a kind governs unless told otherwise. */
export const governsByKind: Readonly<Record<CalendarKind, readonly Governable[]>> = {
  maintenance: ['alerting', 'training', 'objectives'],
  holiday: ['training'],
  freeze: ['remediation'],
  silence: ['alerting'],
  'quiet-hours': ['alerting'],
};

/** Whom an entry is about: all conditions given must hold; none is everything. */
export interface CalendarScope {
  readonly entityId: string | null;
  /** A service's or job's name. */
  readonly service: string | null;
  readonly rule: string | null;
  /** A mount, a series: what tells alerts of one rule and entity apart. */
  readonly subject: string | null;
  /** Labels of an alert as other systems get it: alertname, entity, instance, job, resource, severity, subject. */
  readonly labels: readonly Matcher[];
}

export const everything: CalendarScope = { entityId: null, service: null, rule: null, subject: null, labels: [] };

/** Time that is not like other time, once or again and again, and what holds in it. */
export interface CalendarEntry {
  readonly id: string;
  readonly kind: CalendarKind;
  readonly title: string;
  readonly scope: CalendarScope;
  /** Of the first occurrence. */
  readonly startsAt: number;
  readonly endsAt: number;
  /** An RRULE of RFC 5545 without its name, `FREQ=WEEKLY;BYDAY=SU`; null where it is once. */
  readonly recurrence: string | null;
  /** IANA name of the civil time in which it recurs. */
  readonly timeZone: string;
  /** Begins of occurrences that are left out. */
  readonly except: readonly number[];
  readonly governs: readonly Governable[];
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: number;
  /** When its last occurrence ends; null where it recurs for ever. */
  readonly overAt: number | null;
  /** The configured file that it stands in; null for one that is kept here. */
  readonly file: string | null;
}

/** One time at which an entry holds. */
export interface Occurrence {
  readonly entry: CalendarEntry;
  readonly startsAt: number;
  readonly endsAt: number;
}
