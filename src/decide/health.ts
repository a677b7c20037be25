import { type Alert, type Finding, formatDuration, type Severity } from '../model/index.ts';

/** 0 (down) to 100 (well), with what it is made of. The same shape as the engine's. */
export interface Health {
  /** Null where nothing is known. */
  readonly score: number | null;
  readonly sentence: string;
  readonly dimensions: readonly HealthDimension[];
}
export interface HealthDimension {
  readonly name: string;
  /** 0..100 */
  readonly score: number;
  readonly weight: number;
  readonly reason: string;
}

export interface HealthInputs {
  /** How far its resources are from their limits; those that are not known are left out. */
  readonly resources: readonly HealthDimension[];
  readonly findings: readonly Pick<Finding, 'severity' | 'status' | 'verdict' | 'summary'>[];
  readonly alerts: readonly Pick<Alert, 'severity' | 'state' | 'summary'>[];
  readonly lastSampleAt: number | null;
  /** How often samples are due. */
  readonly intervalMs: number;
}

const findingCost: Readonly<Record<Severity, number>> = { none: 0, medium: 25, high: 50, critical: 80 };
const alertCost: Readonly<Record<Alert['severity'], number>> = { medium: 40, high: 70, critical: 95 };
/** Missing so many intervals costs nothing: one sample may come late. */
const LATE_INTERVALS = 3;
const SILENT_MS = 5 * 60_000;

/**
 * Health of a host or service from what it does now: how near its resources are to their limits, what is unusual, what
 * alerts, how fresh it all is. Half of the score is the weighted mean of the dimensions, half the worst one: a full disk
 * is no less full because the CPU is idle. O(inputs).
 *
 * Weak: the weights are chosen, not learnt; compare a host with its own past, not with another host.
 */
export function healthOf(inputs: HealthInputs, now: number): Health {
  if (inputs.lastSampleAt === null) return { score: null, sentence: 'Nothing is known yet.', dimensions: [] };
  const dimensions = [
    ...inputs.resources.map((resource) => ({ ...resource, score: Math.round(resource.score) })),
    findingDimension(inputs.findings),
    alertDimension(inputs.alerts),
    freshnessDimension(now - inputs.lastSampleAt, inputs.intervalMs),
  ];
  const health = blend(dimensions, 'All is well.');
  return { ...health, sentence: upperFirst(health.sentence) };
}

/** Health of a service or the fleet from that of its parts; parts of which nothing is known do not count. */
export function jointHealth(parts: readonly { readonly name: string; readonly health: Health }[]): Health {
  const dimensions = parts.flatMap(({ name, health }) =>
    health.score === null
      ? []
      : [{ name, score: health.score, weight: 1, reason: `${name}: ${lowerFirst(health.sentence)}` }],
  );
  if (dimensions.length === 0) return { score: null, sentence: 'Nothing is known yet.', dimensions };
  return blend(dimensions, parts.length === 1 ? 'All is well.' : `All ${dimensions.length} are well.`);
}

function blend(dimensions: readonly HealthDimension[], well: string): Health {
  const totalWeight = dimensions.reduce((sum, d) => sum + d.weight, 0);
  const mean = dimensions.reduce((sum, d) => sum + d.weight * d.score, 0) / totalWeight;
  const worst = Math.min(...dimensions.map((d) => d.score));
  const score = Math.round((mean + worst) / 2);
  const drags = dimensions.filter((d) => d.score < 80).sort((a, b) => a.score - b.score);
  const named = drags.slice(0, 2).map((d) => withoutStop(d.reason));
  const more = drags.length > 2 ? ` and ${drags.length - 2} more` : '';
  return { score, sentence: drags.length === 0 ? well : `${named.join('; ')}${more}.`, dimensions };
}

function findingDimension(findings: HealthInputs['findings']): HealthDimension {
  const open = findings.filter((f) => f.status === 'open' && f.verdict !== 'normal' && f.verdict !== 'dismissed');
  const worst = open.reduce((most, f) => Math.max(most, findingCost[f.severity]), 0);
  const main = open.find((f) => findingCost[f.severity] === worst);
  const others = Math.max(0, open.length - 1);
  return {
    name: 'unusual',
    score: Math.max(0, 100 - worst - 5 * others),
    weight: 2,
    reason: main === undefined ? 'nothing unusual' : main.summary,
  };
}

function alertDimension(alerts: HealthInputs['alerts']): HealthDimension {
  const firing = alerts.filter((alert) => alert.state !== 'pending' && alert.state !== 'resolved');
  const worst = firing.reduce((most, alert) => Math.max(most, alertCost[alert.severity]), 0);
  const main = firing.find((alert) => alertCost[alert.severity] === worst);
  return {
    name: 'alerts',
    score: Math.max(0, 100 - worst - 5 * Math.max(0, firing.length - 1)),
    weight: 3,
    reason: main === undefined ? 'no alerts' : main.summary,
  };
}

function freshnessDimension(ageMs: number, intervalMs: number): HealthDimension {
  const allowed = Math.max(LATE_INTERVALS * intervalMs, 30_000);
  const late = Math.min(1, Math.max(0, (ageMs - allowed) / SILENT_MS));
  const reason = late === 0 ? 'samples come as they should' : `the last sample is ${formatDuration(ageMs)} old`;
  return { name: 'freshness', score: Math.round(100 * (1 - late)), weight: 2, reason };
}

function withoutStop(text: string): string {
  return text.replace(/\.\s*$/, '');
}
function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
