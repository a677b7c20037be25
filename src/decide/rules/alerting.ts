import { type Alert, type Labels, labelPairs, labelsFrom, METRIC_NAME } from '../../model/index.ts';
import type { Observation } from '../alert-book.ts';
import type { AlertTiming } from '../alert-state.ts';
import { severityOfLabel } from '../external-alerts.ts';
import type { Expression } from '../promql/syntax.ts';
import type { InstantSample } from '../promql/values.ts';
import type { AlertingRule } from './rule-file.ts';
import { renderTemplate } from './template.ts';

const LONGEST_LABELS = 200;
const LONGEST_TEXT = 1000;
/** What the entity, the rule or the severity says already. */
const saidElsewhere = new Set([METRIC_NAME, 'alertname', 'instance', 'job', 'severity']);

/** One series for which a rule's condition holds. */
export interface RuleHit {
  readonly labels: Labels;
  readonly value: number;
}

/** The labels that an alert has: its series' own and the rule's, these filled in. */
export function hitsOf(rule: AlertingRule, samples: readonly InstantSample[]): readonly RuleHit[] {
  return samples.map(({ labels, value }) => {
    const data = { labels: new Map(labelPairs(labels)), value };
    const added = [...rule.labels].map(([name, template]) => [name, renderTemplate(template, data)] as const);
    const own = [...labelPairs(labels)].filter(([name]) => name !== METRIC_NAME);
    return { labels: labelsFrom([...own, ...added, ['alertname', rule.alert]]), value };
  });
}

/** What tells alerts of one rule on one entity apart. */
export function subjectOf({ labels }: RuleHit): string {
  const telling = [...labelPairs(labels)]
    .filter(([name]) => !saidElsewhere.has(name))
    .map(([name, value]) => `${name}="${value}"`)
    .join(',');
  return telling === '' ? '' : `{${cut(telling, LONGEST_LABELS)}}`;
}

/** A hit as the alert machine sees it; null where its severity says that nobody is to be told. */
export function observeHit(rule: AlertingRule, hit: RuleHit, entityId: string, at: number): Observation | null {
  const labels = new Map(labelPairs(hit.labels));
  const severity = severityOfLabel(labels.get('severity'));
  if (severity === null) return null;
  const text = (name: string): string => {
    const template = rule.annotations.get(name);
    return template === undefined
      ? ''
      : renderTemplate(template, { labels, value: hit.value }).replaceAll(/\s+/g, ' ').trim();
  };
  const texts = [text('summary') || text('message'), text('description')].filter((one) => one !== '');
  const place = text('runbook_url');
  return {
    rule: rule.name,
    kind: 'rule',
    entityId,
    subject: subjectOf(hit),
    resource: 'other',
    severity,
    reading: 'breach',
    at,
    value: Number.isFinite(hit.value) ? hit.value : null,
    limit: limitIn(rule.query.root),
    unit: '',
    summary: cut([...new Set(texts)].join(' ') || rule.alert, LONGEST_TEXT),
    action: place === '' ? '' : cut(`See ${place}`, LONGEST_TEXT),
    findingId: null,
    timing: timingOf(rule),
  };
}

/** Open alerts of a rule for which its condition no longer holds. */
export function observeGone(
  rule: Pick<AlertingRule, 'name' | 'forMs' | 'keepFiringMs'>,
  open: readonly Alert[],
  isStillThere: (alert: Alert) => boolean,
  at: number,
): Observation[] {
  const gone = open.filter((alert) => alert.kind === 'rule' && alert.rule === rule.name && !isStillThere(alert));
  return gone.map((alert) => ({
    ...alert,
    reading: 'clear',
    at,
    timing: timingOf(rule),
  }));
}

/** As Prometheus has it: over as soon as the condition is gone, and `keep_firing_for` has passed. */
export function timingOf({ forMs, keepFiringMs }: Pick<AlertingRule, 'forMs' | 'keepFiringMs'>): AlertTiming {
  return { forMs, holdMs: 0, keepFiringMs };
}

/** The number that the whole expression is compared with, where it is. */
function limitIn(node: Expression): number | null {
  if (node.kind !== 'binary' || node.right.kind !== 'number') return null;
  return /^(>|<|>=|<=)$/.test(node.op) ? node.right.value : null;
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1).toWellFormed()}…`;
}
