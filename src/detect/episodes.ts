import {
  type Contribution,
  confidence,
  type Culprit,
  type Finding,
  type Resource,
  type Severity,
} from '../model/index.ts';
import { accumulationOf, type Accumulation, type EntityRecord, type Episode, isHabit } from './entity.ts';
import type { MemberEvidence, VectorEvidence } from './entity-evidence.ts';
import { findingId } from './finding-id.ts';
import { actionsFor, counterfactualOf, figureSummary, formatClock, jointSummary } from './finding-text.ts';
import { features, hasFallen } from './features.ts';
import { expectedOf } from './metric-model.ts';
import { culpritsOf } from './process-culprits.ts';
import type { SeriesSlab } from './series-slab.ts';
import { learnTail, returnLevel } from './tail-threshold.ts';

export interface DetectionEvent {
  readonly change: 'opened' | 'updated' | 'ended';
  readonly finding: Finding;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
/** What evidence may have in a quiet moment without adding up. */
const DRIFT = 1.2;
/** Accumulated evidence at which a host's finding opens at the least: three moments of one in 1,600. */
const HOST_LEAST = 6;
const HOST_MOST = 8;
/** Vectors without evidence, and time, after which an episode is over. */
const CALM_VECTORS = 4;
const CALM_MS = 45_000;
const REPORT_MS = 5 * MINUTE;
/** Faults begin in one place and show in others: later resources within this time are the same event. */
const SAME_EVENT_MS = 5 * MINUTE;
/** A hogged CPU is often meant; only one that lasts is worth waking someone. Other resources that run out wait less. */
const PAGE_CPU_AFTER_MS = 5 * MINUTE;
const PAGE_AFTER_MS = 2 * MINUTE;
/** A service that is down for one collection is being restarted. */
const PAGE_SERVICE_AFTER_MS = 20_000;
/** Hours of history before a joint state without known meaning may open a finding, and page. */
const JOINT_FINDING_BLOCKS = 24;
const JOINT_PAGE_BLOCKS = 48;
/** A joint state opens a finding at what its own tail exceeds once in two days, and pages at once in a month. */
const FINDING_RETURN_HOURS = 48;
const PAGE_RETURN_HOURS = 720;

/** What users feel first, then the nearer to a cause, the earlier: whatever is wrong, the CPU is busy with it. A wrong clock is always the cause. */
const precedence: readonly Resource[] = [
  'availability',
  'clock',
  'errors',
  'memory',
  'disk',
  'processes',
  'disk-io',
  'files',
  'network',
  'saturation',
  'latency',
  'traffic',
  'cpu',
];

export interface EpisodeContext {
  readonly slab: SeriesSlab;
  readonly offsetMs: number;
  /** The present by the caller's clock; NaN in a replay that has none. */
  readonly now: number;
  emit(event: DetectionEvent): void;
}

/** Takes the evidence of a closed vector's figures of known meaning: opens, goes on with and ends findings by resource. */
export function advanceFigures(
  context: EpisodeContext,
  entity: EntityRecord,
  vector: VectorEvidence,
  at: number,
): void {
  for (const resource of precedence) {
    const evidence = vector.byResource.get(resource) ?? 0;
    let subject = entity.subjects[resource];
    if (subject === undefined && evidence === 0) continue;
    subject ??= accumulationOf(entity, resource);
    const threshold = hostThreshold(subject);
    const before = subject.sum;
    subject.sum = Math.min(3 * HOST_MOST, Math.max(0, before + evidence - DRIFT));
    if (before === 0 && subject.sum > 0) subject.risingSince = at;
    if (subject.episode === null) learnTail(subject.tail, at, subject.sum, threshold * 1.2);
    const behind = vector.members.filter((m) => m.resource === resource);
    if (subject.episode !== null) {
      goOn(context, entity, resource, subject, behind, evidence, at, (f) => figurePages(entity, subject, f, at));
    } else if (subject.sum >= threshold && behind.length > 0 && at >= entity.quietUntil) {
      subject.sum = threshold;
      if (!mayOpen(entity, resource, subject.risingSince)) continue;
      entity.onsets.push({ at: subject.risingSince, subject: resource });
      if (entity.onsets.length > 300) entity.onsets.shift();
      if (isHabit(entity, resource, subject.risingSince)) {
        subject.sum = 0;
        continue;
      }
      open(context, entity, resource, subject, behind, at, false);
    }
  }
}

/** Takes the evidence of any other entity's closed vector: an average over about three, against its own learnt tail. */
export function advanceJoint(context: EpisodeContext, entity: EntityRecord, vector: VectorEvidence, at: number): void {
  const subject = accumulationOf(entity, 'other');
  const evidence = vector.byResource.get('other') ?? 0;
  const recent = entity.pages.length === 0 ? 0 : entity.pages.filter((p) => at - p < 30 * DAY).length;
  const findingLevel = Math.max(4, returnLevel(subject.tail, FINDING_RETURN_HOURS));
  const pageLevel =
    Math.max(9, returnLevel(subject.tail, PAGE_RETURN_HOURS), subject.tail.highest * 1.2) * 1.5 ** recent;
  const before = subject.sum;
  subject.sum = before + (evidence - before) / 3;
  if (before < findingLevel / 2 && subject.sum >= findingLevel / 2) subject.risingSince = at;
  learnTail(subject.tail, at, subject.sum, subject.tail.blocks < JOINT_FINDING_BLOCKS ? Infinity : pageLevel * 1.5);
  const pages = (f: Finding): boolean => {
    if (f.pages) return true;
    if (subject.tail.blocks < JOINT_PAGE_BLOCKS || subject.sum < pageLevel || isOld(context, at)) return false;
    entity.pages = [...entity.pages.filter((p) => at - p < 30 * DAY), at];
    return true;
  };
  if (subject.episode !== null) {
    const calm = subject.sum < findingLevel / 2 ? 0 : 1;
    goOn(context, entity, 'other', subject, vector.members, calm, at, pages);
  } else if (
    subject.sum >= findingLevel &&
    subject.tail.blocks >= JOINT_FINDING_BLOCKS &&
    vector.members.length > 0 &&
    at >= entity.quietUntil
  ) {
    if (subject.risingSince === 0) subject.risingSince = at;
    const known = isHabit(entity, 'other', subject.risingSince);
    entity.onsets.push({ at: subject.risingSince, subject: 'other' });
    if (entity.onsets.length > 300) entity.onsets.shift();
    if (!known) open(context, entity, 'other', subject, vector.members, at, false, pages);
  }
}

function hostThreshold(subject: Accumulation): number {
  if (subject.tail.blocks < 24) return HOST_LEAST;
  return Math.max(HOST_LEAST, Math.min(HOST_MOST, returnLevel(subject.tail, FINDING_RETURN_HOURS)));
}

/** A resource that is only a symptom of another open finding does not open one of its own. */
function mayOpen(entity: EntityRecord, resource: Resource, since: number): boolean {
  const rank = precedence.indexOf(resource);
  for (const other of precedence) {
    const episode = entity.subjects[other]?.episode;
    if (!episode || other === resource) continue;
    const near = since - episode.finding.onsetAt <= SAME_EVENT_MS;
    if (precedence.indexOf(other) < rank && (near || resource === 'cpu')) return false;
  }
  return true;
}

function figurePages(entity: EntityRecord, subject: Accumulation, finding: Finding, at: number): boolean {
  if (finding.pages) return true;
  if (subject.sum < hostThreshold(subject)) return false;
  const recent = entity.pages.filter((p) => at - p < 30 * DAY).length;
  const patience = (finding.resource === 'cpu' ? PAGE_CPU_AFTER_MS : PAGE_AFTER_MS) * 1.5 ** Math.min(recent, 6);
  const lasted = at - finding.onsetAt;
  const isOut = finding.severity === 'critical' && (entity.isHost || lasted >= PAGE_SERVICE_AFTER_MS);
  const severe = isOut || (finding.severity === 'high' && lasted >= patience);
  if (severe) entity.pages = [...entity.pages.filter((p) => at - p < 30 * DAY), at];
  return severe;
}

function isOld(context: EpisodeContext, at: number): boolean {
  return context.now - at > 10 * MINUTE;
}

function open(
  context: EpisodeContext,
  entity: EntityRecord,
  resource: Resource,
  subject: Accumulation,
  behind: readonly MemberEvidence[],
  at: number,
  pages: boolean,
  mayPage?: (f: Finding) => boolean,
): void {
  const onsetAt = subject.risingSince;
  const name = resource === 'other' ? 'joint state' : resource;
  const contributions = contributionsOf(context.slab, behind);
  const base: Finding = {
    id: findingId(entity.id, 'entity', name, onsetAt),
    entityId: entity.id,
    detector: 'entity',
    subject: name,
    resource,
    severity: 'medium',
    score: 0,
    direction: contributions[0].value >= contributions[0].expected ? 'high' : 'low',
    onsetAt,
    detectedAt: at,
    lastAt: at,
    endedAt: null,
    status: 'open',
    verdict: 'none',
    confidence: confidence(0.7, 'prior', 0),
    summary: '',
    contributions,
    culprits: [],
    actions: [],
    counterfactual: '',
    pages,
  };
  const episode: Episode = {
    finding: base,
    calm: 0,
    calmSince: 0,
    reportedAt: at,
    range: {},
    blame: { figure: leadOf(behind), measure: 9, groups: {} },
  };
  episode.finding = describe(context, entity, resource, episode, behind, at);
  if (mayPage?.(episode.finding)) episode.finding = { ...episode.finding, pages: true, severity: 'high' };
  extendRange(episode, behind);
  subject.episode = episode;
  context.emit({ change: 'opened', finding: episode.finding });
}

function goOn(
  context: EpisodeContext,
  entity: EntityRecord,
  resource: Resource,
  subject: Accumulation,
  behind: readonly MemberEvidence[],
  evidence: number,
  at: number,
  mayPage: (f: Finding) => boolean,
): void {
  const episode = subject.episode;
  if (episode === null) return;
  if (evidence <= 0) {
    if (episode.calm++ === 0) episode.calmSince = at;
    if (episode.calm >= CALM_VECTORS && at - episode.calmSince >= CALM_MS)
      endEpisode(context, entity, subject, episode.calmSince);
    return;
  }
  episode.calm = 0;
  if (behind.length === 0) return;
  const before = episode.finding;
  extendRange(episode, behind);
  let next = describe(context, entity, resource, episode, behind, at);
  if (!isOld(context, at) && mayPage(next)) {
    next = { ...next, pages: true, severity: next.severity === 'medium' ? 'high' : next.severity };
  }
  const worse = next.severity !== before.severity || next.pages !== before.pages;
  const named = next.culprits.length > 0 && next.culprits[0].name !== before.culprits[0]?.name;
  episode.finding = next;
  if (worse || named || at - episode.reportedAt >= REPORT_MS) {
    episode.reportedAt = at;
    context.emit({ change: 'updated', finding: next });
  }
}

/** Ends an episode; its ranges stay, so that a person can call it normal afterwards. */
export function endEpisode(
  context: EpisodeContext,
  entity: EntityRecord,
  subject: Accumulation,
  endedAt: number,
): void {
  const episode = subject.episode;
  if (episode === null) return;
  const finding: Finding = { ...episode.finding, status: 'ended', endedAt };
  entity.lastEpisodes[finding.subject] = episode.range;
  subject.episode = null;
  subject.sum = 0;
  context.emit({ change: 'ended', finding });
}

const severities: readonly Severity[] = ['none', 'medium', 'high', 'critical'];

function describe(
  context: EpisodeContext,
  entity: EntityRecord,
  resource: Resource,
  episode: Episode,
  behind: readonly MemberEvidence[],
  at: number,
): Finding {
  const before = episode.finding;
  const contributions = contributionsOf(context.slab, behind);
  const since = formatClock(before.onsetAt, context.offsetMs);
  const isKnown = resource !== 'other';
  const severity = isKnown ? worseOf(before.severity, severityOf(behind)) : before.severity;
  const found = entity.isHost ? culpritsOf(context.slab, entity, resource, at, episode.blame) : [];
  const mount = resource === 'disk' ? mountOf(contributions[0]) : [];
  const culprits: Culprit[] = found.length > 0 || mount.length > 0 ? [...mount, ...found] : [...before.culprits];
  const lead = contributions[0];
  const processes = culprits.filter((c) => c.kind === 'process');
  return {
    ...before,
    severity,
    score: Math.max(before.score, 1 - 10 ** -Math.min(6, behind[0].evidence)),
    lastAt: at,
    contributions,
    culprits,
    summary: isKnown
      ? figureSummary(entity.name, resource, lead, since, processes)
      : jointSummary(entity.name, contributions, entity.members.length, since),
    actions: actionsFor(resource, lead, culprits, severity),
    counterfactual: counterfactualOf(lead),
  };
}

/** The figure that says most, where its meaning is known. */
function leadOf(behind: readonly MemberEvidence[]): string {
  return features[behind[0].member.feature]?.name ?? '';
}

function worseOf(a: Severity, b: Severity): Severity {
  return severities.indexOf(a) >= severities.indexOf(b) ? a : b;
}

function severityOf(behind: readonly MemberEvidence[]): Severity {
  let worst: Severity = 'medium';
  for (const { member, value, expected } of behind) {
    const feature = features[member.feature];
    if (feature.critical !== null && value >= feature.critical) return 'critical';
    if (feature.high !== null && feature.weight >= 1 && value >= feature.high) worst = 'high';
    if (hasFallen(feature, value, expected)) worst = 'high';
  }
  return worst;
}

function contributionsOf(slab: SeriesSlab, behind: readonly MemberEvidence[]): Contribution[] {
  let total = 0;
  for (const { evidence } of behind) total += evidence;
  return behind.slice(0, 12).map(({ member, value, expected, evidence }) => {
    const band = expectedOf(slab, member.slot, member.floor);
    const feature = features[member.feature] ?? null;
    return {
      feature: feature?.title ?? member.name,
      labels: member.labels,
      value,
      expected,
      lower: feature === null ? (band?.lower ?? expected) : Math.max(0, band?.lower ?? expected),
      upper: band?.upper ?? expected,
      unit: feature?.unit ?? '',
      share: evidence / total,
    };
  });
}

function mountOf(lead: Contribution): Culprit[] {
  for (let i = 0; i < lead.labels.length; i += 2) {
    if (lead.labels[i] === 'mountpoint') {
      const used = Math.round(lead.value * 100);
      return [
        {
          kind: 'mount',
          name: lead.labels[i + 1],
          pid: null,
          evidence: `is ${used} % full, usually ${Math.round(lead.expected * 100)} %`,
        },
      ];
    }
  }
  return [];
}

function extendRange(episode: Episode, behind: readonly MemberEvidence[]): void {
  for (const { member, value, expected } of behind) {
    const low = Math.min(value, expected);
    const high = Math.max(value, expected);
    const range = episode.range[member.slot];
    episode.range[member.slot] =
      range === undefined ? [low, high] : [Math.min(range[0], low), Math.max(range[1], high)];
  }
}
