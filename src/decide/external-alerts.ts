import type { Alert } from '../model/index.ts';
import { OWN_LABEL } from '../model/index.ts';
import type { Observation } from './alert-book.ts';
import { EXTERNAL_TIMING } from './alert-state.ts';
import { stableId } from './stable-id.ts';

/** One alert as another system reports it: what Alertmanager's and Grafana's webhooks have in common. */
export interface ReportedAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** ms UTC; null where it does not say. */
  readonly startsAt: number | null;
  readonly endsAt: number | null;
  readonly generatorUrl: string | null;
  /** The other system's name for this label set. */
  readonly fingerprint: string | null;
}

const LONGEST_RULE = 200;
const LONGEST_LABELS = 160;
const LONGEST_TEXT = 1000;
/** What an entity or the rule says already. */
const saidElsewhere = new Set(['alertname', 'severity', 'instance', 'job']);

/** Ours for theirs: what each calls it, in lower case. Anything else, and none at all, is medium. */
const severities: ReadonlyMap<string, Alert['severity'] | null> = new Map([
  ['critical', 'critical'],
  ['page', 'critical'],
  ['high', 'high'],
  ['error', 'high'],
  ['major', 'high'],
  ['info', null],
  ['none', null],
]);

/** Why an alert is not taken, or null: it asks for nobody, it is Auspex's own come back, or what Grafana's test button sends, which never ends. */
export function leftOut({ labels }: Pick<ReportedAlert, 'labels'>): 'severity' | 'own' | 'test' | null {
  if (labels[OWN_LABEL] !== undefined) return 'own';
  if (labels['alertname'] === 'TestAlert' && labels['instance'] === 'Grafana') return 'test';
  return severityOf(labels) === null ? 'severity' : null;
}

/**
 * A reported alert as the alert machine sees it, null for one that is left out. It is known by its fingerprint, so that a
 * repeat changes nothing and an end finds its beginning.
 */
export function observeReported(reported: ReportedAlert, entityId: string, now: number): Observation | null {
  const severity = severityOf(reported.labels);
  if (severity === null || leftOut(reported) !== null) return null;
  const fires = reported.status === 'firing';
  const reportedAt = fires ? reported.startsAt : reported.endsAt;
  return {
    rule: ruleOf(reported),
    kind: 'external',
    entityId,
    subject: subjectOf(reported),
    resource: 'other',
    severity,
    reading: fires ? 'breach' : 'clear',
    at: now,
    value: null,
    limit: null,
    unit: '',
    summary: summaryOf(reported),
    action: actionOf(reported),
    findingId: null,
    // It has been decided elsewhere: it fires and ends when we are told.
    timing: EXTERNAL_TIMING,
    ...(reportedAt === null ? {} : { reportedAt }),
  };
}

/** Ours for what others call it; null: nobody is to be told. */
export function severityOfLabel(severity: string | undefined): Alert['severity'] | null {
  const mapped = severities.get((severity ?? '').toLowerCase());
  return mapped === undefined ? 'medium' : mapped;
}

function severityOf(labels: ReportedAlert['labels']): Alert['severity'] | null {
  return severityOfLabel(labels['severity']);
}

function ruleOf({ labels }: ReportedAlert): string {
  return cut(labels['alertname'] ?? 'alert', LONGEST_RULE);
}

/** What tells it apart for people, and behind it the fingerprint, which tells it apart for good. */
function subjectOf(reported: ReportedAlert): string {
  const telling = Object.entries(reported.labels)
    .filter(([name]) => !saidElsewhere.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}="${value}"`)
    .join(',');
  const mark = `#${fingerprintOf(reported)}`;
  return telling === '' ? mark : `{${cut(telling, LONGEST_LABELS)}} ${mark}`;
}

function fingerprintOf({ fingerprint, labels }: ReportedAlert): string {
  if (fingerprint !== null) return fingerprint;
  const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return stableId(...sorted.flat()).slice(0, 16);
}

function summaryOf(reported: ReportedAlert): string {
  const { summary, description, message } = reported.annotations;
  const words = [summary, description, message].find((text) => text !== undefined && text.trim() !== '');
  return cut((words ?? ruleOf(reported)).replaceAll(/\s+/g, ' ').trim(), LONGEST_TEXT);
}

function actionOf({ annotations, generatorUrl }: ReportedAlert): string {
  const place = annotations['runbook_url'] ?? generatorUrl ?? '';
  return place === '' ? '' : cut(`See ${place}`, LONGEST_TEXT);
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1).toWellFormed()}…`;
}
