import type { z } from 'zod';
import type {
  EntityState,
  Gauge,
  IncidentBusiness,
  Likeness,
  ModelState,
  Outlook,
  Pattern,
  PerformanceScore,
  TrainOutcome,
} from '../../engine/engine-view.ts';
import {
  type Alert,
  type CalendarEntry,
  type AnomalyRow,
  type Change,
  changeText,
  type Confidence,
  type Contribution,
  confidence,
  type Execution,
  type Forecast,
  type Incident,
  type IncidentSnapshot,
  type Labels,
  labelPairs,
  type ModelMetadata,
  type Prediction,
  type TokenRow,
  type TrackRecordRow,
} from '../../model/index.ts';
import type * as s from '../contract/index.ts';

/* From the domain (ms integers, NaN for missing) to what crosses the border (ISO 8601 under …At, null for missing): one place. */

type Wire<T extends z.ZodType> = z.infer<T>;
/** An entity's name by its id. */
export type NameOf = (entityId: string) => string;

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
export function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms);
}
export function finite(value: number | null | undefined): number | null {
  return value !== null && value !== undefined && Number.isFinite(value) ? value : null;
}
/** JSON knows no NaN and no infinity; where the contract wants a number, a broken one is 0 rather than an answer that cannot be read. */
function number(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
function share(value: number): number {
  return Math.min(1, Math.max(0, number(value)));
}

export function labelsToWire(labels: Labels): Record<string, string> {
  return Object.fromEntries(labelPairs(labels));
}

export function confidenceToWire(c: Confidence): Wire<typeof s.confidence> {
  return { value: share(c.value), band: c.band, source: c.source, sampleCount: c.sampleCount };
}

export function contributionToWire(c: Contribution): Wire<typeof s.contribution> {
  return {
    feature: c.feature,
    labels: labelsToWire(c.labels),
    value: finite(c.value),
    expected: finite(c.expected),
    lower: finite(c.lower),
    upper: finite(c.upper),
    unit: c.unit,
    share: share(c.share),
  };
}

export function anomalyToWire(row: AnomalyRow, nameOf: NameOf): s.Anomaly {
  return {
    id: row.id,
    type: 'anomaly',
    entityId: row.entityId,
    entityName: nameOf(row.entityId),
    detector: row.detector,
    subject: row.subject,
    resource: row.resource,
    severity: row.severity,
    score: share(row.score),
    direction: row.direction,
    onsetAt: iso(row.onsetAt),
    detectedAt: iso(row.detectedAt),
    lastAt: iso(row.lastAt),
    endedAt: isoOrNull(row.endedAt),
    status: row.status,
    verdict: row.verdict,
    confidence: confidenceToWire(row.confidence),
    summary: row.summary,
    pages: row.pages,
  };
}

export function alertToWire(alert: Alert, nameOf: NameOf): s.AlertView {
  return {
    id: alert.id,
    rule: alert.rule,
    kind: alert.kind,
    entityId: alert.entityId,
    entityName: nameOf(alert.entityId),
    subject: alert.subject,
    resource: alert.resource,
    severity: alert.severity,
    state: alert.state,
    startedAt: iso(alert.startedAt),
    firedAt: isoOrNull(alert.firedAt),
    resolvedAt: isoOrNull(alert.resolvedAt),
    lastAt: iso(alert.lastAt),
    value: finite(alert.value),
    limit: finite(alert.limit),
    unit: alert.unit,
    summary: alert.summary,
    action: alert.action,
    findingId: alert.findingId,
    suppressedBy: alert.suppressedBy,
    incidentId: alert.incidentId,
  };
}

export function alertDetailToWire(alert: Alert, nameOf: NameOf): Wire<typeof s.alertDetail> {
  const steps = (alert.steps ?? []).map((step) => ({ ...step, at: iso(step.at) }));
  return { ...alertToWire(alert, nameOf), steps };
}

export function incidentToWire(incident: Incident, nameOf: NameOf): Wire<typeof s.incident> {
  const { id, title, severity, state, assignee, verdict, mergedInto, entityId } = incident;
  return {
    id,
    title,
    class: incident.class,
    severity,
    state,
    startedAt: iso(incident.startedAt),
    openedAt: iso(incident.openedAt),
    lastAt: iso(incident.lastAt),
    resolvedAt: isoOrNull(incident.resolvedAt),
    // What an older version told it told.
    toldAt: incident.told?.channels.length === 0 ? null : isoOrNull(incident.toldAt),
    wouldBeToldAt: isoOrNull(incident.toldAt),
    priority: incident.priority,
    acknowledgedAt: isoOrNull(incident.acknowledgedAt),
    assignee,
    verdict,
    mergedInto,
    entityId,
    entityName: nameOf(entityId),
    entities: incident.entityIds.map((one) => ({ id: one, name: nameOf(one) })),
    cause: incident.causes[0]?.name ?? null,
    signCount: incident.signs.length,
  };
}

export function incidentDetailToWire(
  incident: Incident,
  {
    snapshots,
    business,
    messages,
  }: {
    readonly snapshots: readonly IncidentSnapshot[];
    readonly business: IncidentBusiness | null;
    readonly messages: Wire<typeof s.incidentDetail>['messages'];
  },
  nameOf: NameOf,
): Wire<typeof s.incidentDetail> {
  const escalation = incident.told?.escalation ?? null;
  return {
    ...incidentToWire(incident, nameOf),
    signs: incident.signs.map((sign) => {
      const { source: _, ...shown } = sign;
      return {
        ...shown,
        entityName: nameOf(sign.entityId),
        startedAt: iso(sign.startedAt),
        endedAt: isoOrNull(sign.endedAt),
      };
    }),
    causes: incident.causes.map(({ name, entityId, score, reasons, counterfactual = '', figures = [] }) => ({
      name,
      entityId,
      score,
      reasons: [...reasons],
      counterfactual,
      figures: [...figures],
    })),
    diagnostics: snapshots.map(({ at, reason, suspect, sections }) => ({
      at: iso(at),
      reason,
      suspect,
      sections: sections.map(({ title, lines }) => ({ title, lines: [...lines] })),
    })),
    business: business === null ? null : businessToWire(business),
    steps: incident.steps.map((step) => ({ ...step, at: iso(step.at) })),
    pinned: incident.pinned,
    messages,
    escalation:
      escalation === null
        ? null
        : { policy: escalation.policy, step: escalation.step + 1, dueAt: iso(escalation.dueAt) },
  };
}

function businessToWire({ from, to, items, leftOut }: IncidentBusiness): Wire<typeof s.incidentDetail>['business'] {
  return {
    from: iso(from),
    to: iso(to),
    items: items.map((one) => ({
      ...one,
      value: finite(one.value),
      usual: finite(one.usual),
      difference: finite(one.difference),
    })),
    leftOut,
  };
}

export function similarToWire({ incident, why }: Likeness, nameOf: NameOf): Wire<typeof s.similarIncident> {
  const said = incident.steps.filter(({ kind }) => kind === 'noted');
  const end = incident.steps.findLast(({ kind, by }) => kind === 'resolved' || (kind === 'judged' && by !== null));
  return {
    incident: incidentToWire(incident, nameOf),
    why,
    notes: said.map(({ at, by, text }) => ({ at: iso(at), by: by ?? 'Auspex', text })),
    end: incident.state === 'open' ? null : (end?.text ?? ''),
  };
}

export function changeToWire(change: Change, nameOf: NameOf): Wire<typeof s.change> {
  const { entityId } = change;
  return {
    ...change,
    at: iso(change.at),
    entityName: entityId === null ? null : nameOf(entityId),
    text: changeText(change),
  };
}

/** An entry of kind silence as its own routes show it. */
export function silenceToWire({
  id,
  scope,
  startsAt,
  endsAt,
  reason,
  title,
  createdBy,
  createdAt,
}: CalendarEntry): Wire<typeof s.silence> {
  const { entityId, rule, subject } = scope;
  return {
    id,
    entityId,
    rule,
    subject,
    startsAt: iso(startsAt),
    endsAt: iso(endsAt),
    reason: reason === '' ? title : reason,
    createdBy,
    createdAt: iso(createdAt),
  };
}

export function calendarEntryToWire(entry: CalendarEntry, nameOf: NameOf): s.CalendarEntryView {
  const { except: _, ...shown } = entry;
  return {
    ...shown,
    scope: { ...entry.scope, labels: entry.scope.labels.map((one) => ({ ...one })) },
    entityName: entry.scope.entityId === null ? null : nameOf(entry.scope.entityId),
    governs: [...entry.governs],
    startsAt: iso(entry.startsAt),
    endsAt: iso(entry.endsAt),
    createdAt: iso(entry.createdAt),
    overAt: isoOrNull(entry.overAt),
  };
}

export function gaugeToWire(gauge: Gauge): s.GaugeView {
  return {
    name: gauge.name,
    label: gauge.label,
    value: finite(gauge.value),
    unit: gauge.unit,
    at: isoOrNull(gauge.at),
    lower: finite(gauge.lower),
    upper: finite(gauge.upper),
    unusual: gauge.unusual,
    detail: gauge.detail,
  };
}

export function entityToWire(state: EntityState): s.EntityView {
  const { entity } = state;
  return {
    id: entity.id,
    kind: entity.kind,
    name: entity.name,
    timeZone: entity.timeZone,
    firstSeenAt: iso(entity.firstSeenAt),
    lastSeenAt: iso(entity.lastSeenAt),
    aliases: [...entity.aliases],
    attributes: { ...entity.attributes },
    state: state.state,
    sentence: state.sentence,
    health: finite(state.health.score),
    openAnomalies: state.openFindings,
    firingAlerts: state.firingAlerts,
    seriesCount: state.seriesCount,
  };
}

export function entityDetailToWire(state: EntityState): s.EntityDetail {
  return {
    ...entityToWire(state),
    healthDetail: {
      score: finite(state.health.score),
      sentence: state.health.sentence,
      dimensions: state.health.dimensions.map((d) => ({ ...d, score: number(d.score), weight: share(d.weight) })),
    },
    gauges: state.gauges.map(gaugeToWire),
    processes: state.processes.map((p) => ({
      name: p.name,
      pid: p.pid,
      cpuCores: number(p.cpuCores),
      residentBytes: number(p.residentBytes),
      count: p.count,
    })),
    learning: state.learning,
    unseen: [...state.unseen],
  };
}

export function performanceToWire(score: PerformanceScore): s.PerformanceView {
  const load = finite(score.load);
  return {
    type: 'performance',
    entityId: score.entityId,
    value: finite(score.value),
    load,
    loadWarning: load !== null && load > 80,
    at: iso(score.at),
    dueAt: isoOrNull(score.dueAt),
    confidence: confidenceToWire(score.confidence),
    lower: finite(score.lower),
    upper: finite(score.upper),
    baseline: finite(score.baseline),
    features: score.contributions.map(contributionToWire),
    explanation: score.explanation,
    recommendations: [...score.recommendations],
    model: score.model,
    learning: score.learning,
  };
}

export function patternToWire(pattern: Pattern): s.PatternView {
  return {
    type: pattern.type,
    entityId: pattern.entityId,
    component: pattern.component,
    unit: pattern.unit,
    value: number(pattern.strength),
    at: iso(pattern.at),
    confidence: confidenceToWire(pattern.confidence),
    trendPerDay: number(pattern.trendPerDay),
    robustTrendPerDay: number(pattern.robustTrendPerDay),
    polynomial: pattern.polynomial.map(number),
    periods: pattern.periods.map((p) => ({ seconds: number(p.seconds), strength: number(p.strength) })),
    changePoints: pattern.changePoints.map((c) => ({
      at: iso(c.at),
      before: number(c.before),
      after: number(c.after),
    })),
    features: [pattern.component],
    explanation: pattern.explanation,
    recommendations: [...pattern.recommendations],
  };
}

export function outlookToWire(outlook: Outlook, nameOf: NameOf): s.OutlookView {
  return {
    kind: outlook.kind,
    entityId: outlook.entityId,
    entityName: nameOf(outlook.entityId),
    component: outlook.component,
    sentence: outlook.sentence,
    severity: outlook.severity,
    dueAt: isoOrNull(outlook.dueAt),
    fromAt: isoOrNull(outlook.from),
    toAt: isoOrNull(outlook.to),
    advice: outlook.advice,
    confidence: confidenceToWire(outlook.confidence),
    record: outlook.record,
  };
}

type ForecastWithHistory = Forecast & {
  readonly history: { readonly times: Float64Array; readonly values: Float64Array };
};

export function forecastToWire(forecast: ForecastWithHistory, horizonMs: number, nameOf: NameOf): s.ForecastView {
  const last = forecast.points.at(-1);
  return {
    type: 'forecast',
    entityId: forecast.entityId,
    entityName: nameOf(forecast.entityId),
    component: forecast.component,
    unit: forecast.unit,
    value: finite(last?.mean),
    horizonSeconds: horizonMs / 1000,
    model: forecast.model,
    madeAt: iso(forecast.madeAt),
    level: share(forecast.level),
    points: forecast.points.map((p) => ({
      at: iso(p.at),
      mean: number(p.mean),
      lower: number(p.lower),
      upper: number(p.upper),
    })),
    history: { timesMs: Array.from(forecast.history.times), values: Array.from(forecast.history.values, finite) },
    explanation: forecast.explanation,
    features: [forecast.component],
    recommendations: exhaustionAdvice(forecast),
    confidence: confidenceToWire(forecast.confidence),
    backtest: forecast.backtest === null ? null : { ...forecast.backtest },
    exhaustion: exhaustionToWire(forecast),
    learning: forecast.learning,
  };
}

const DAY_MS = 86_400_000;

function exhaustionToWire(forecast: Forecast): s.ForecastView['exhaustion'] {
  const { exhaustion } = forecast;
  if (exhaustion === null) return null;
  return {
    limit: exhaustion.limit,
    at: isoOrNull(exhaustion.at),
    fromAt: isoOrNull(exhaustion.from),
    toAt: isoOrNull(exhaustion.to),
    sentence: exhaustionSentence(forecast),
  };
}

function exhaustionSentence(forecast: Forecast): string {
  const { exhaustion, component, madeAt } = forecast;
  if (exhaustion?.at == null) return `${component} does not reach its limit within what can be foreseen.`;
  const from = exhaustion.from === null ? null : spanOf(exhaustion.from - madeAt);
  const to = exhaustion.to === null ? 'later' : spanOf(exhaustion.to - madeAt);
  // `9 days (8–9)`: the unit once, and no range of one value.
  const unit = to.slice(to.indexOf(' '));
  const range =
    from === null || from === to
      ? ''
      : ` (${from.endsWith(unit) ? from.slice(0, -unit.length) : from}–${to.replace(from.endsWith(unit) ? unit : '\0', '')})`;
  return `${component} reaches its limit in ${spanOf(exhaustion.at - madeAt)}${range}.`;
}

function exhaustionAdvice(forecast: Forecast): string[] {
  return forecast.exhaustion?.at == null
    ? []
    : [`Free or add room for ${forecast.component} before ${iso(forecast.exhaustion.at)}.`];
}

function spanOf(ms: number): string {
  const hours = Math.max(0, ms) / 3_600_000;
  return hours < 48 ? `${Math.max(1, Math.round(hours))} h` : `${Math.round(Math.max(0, ms) / DAY_MS)} days`;
}

export function modelToWire(model: ModelMetadata, nameOf: NameOf): Wire<typeof s.modelMetadata> {
  return {
    name: model.name,
    entityId: model.entityId,
    entityName: nameOf(model.entityId),
    version: model.version,
    algorithm: model.algorithm,
    status: model.status,
    trainedAt: iso(model.trainedAt),
    trainedFromAt: iso(model.trainedFrom),
    trainedToAt: iso(model.trainedTo),
    sampleCount: model.sampleCount,
    featureNames: [...model.featureNames],
    sizeBytes: model.sizeBytes,
    checksum: model.checksum,
    metrics: Object.fromEntries(Object.entries(model.metrics).filter(([, value]) => Number.isFinite(value))),
    trainingMs: number(model.trainingMs),
    fault: model.fault,
  };
}

export function modelStateToWire(state: ModelState, nameOf: NameOf): s.ModelSummary {
  return {
    ...modelToWire(state.metadata, nameOf),
    health: state.health,
    healthReason: state.healthReason,
    nextTrainingAt: isoOrNull(state.nextTrainingAt),
  };
}

export function trainOutcomeToWire(outcome: TrainOutcome, nameOf: NameOf): Wire<typeof s.trainResult> {
  return {
    name: outcome.name,
    entityId: outcome.entityId,
    trained: outcome.trained,
    reason: outcome.reason,
    model: outcome.model === null ? null : modelToWire(outcome.model, nameOf),
  };
}

/** Below so many scored statements a calibration error is noise. */
const MIN_SCORED_FOR_CALIBRATION = 50;

export function trackRecordToWire(row: TrackRecordRow): s.TrackRecordView {
  const { scored, held } = row;
  return {
    type: row.type,
    model: row.model,
    entityId: row.entityId === '' ? null : row.entityId,
    horizonSeconds: row.horizonMs / 1000,
    scored,
    held,
    stated: scored === 0 ? null : finite(row.stated),
    observed: scored === 0 ? null : finite(row.observed),
    meanAbsoluteError: finite(row.meanAbsoluteError),
    baselineMeanAbsoluteError: finite(row.baselineMeanAbsoluteError),
    calibrationError: calibrationErrorOf(row),
    pending: row.pending,
    unknown: row.unknown,
    averted: row.averted,
    confidence: confidenceToWire(
      scored === 0 ? confidence(share(row.stated), 'prior', 0) : confidence(share(held / scored), 'measured', scored),
    ),
    sentence: scored === 0 ? 'None has fallen due yet.' : `Of ${scored} such statements ${held} held.`,
  };
}

function calibrationErrorOf(row: TrackRecordRow): number | null {
  if (row.scored < MIN_SCORED_FOR_CALIBRATION) return null;
  let count = 0;
  let sum = 0;
  for (const bin of row.bins) {
    count += bin.count;
    sum += Math.abs(bin.stated - bin.observed);
  }
  return count === 0 ? null : finite(sum / count);
}

export function predictionToWire(row: Prediction, nameOf: NameOf): s.PredictionView {
  return {
    id: row.id,
    type: row.type,
    entityId: row.entityId,
    entityName: nameOf(row.entityId),
    component: row.component,
    model: row.model,
    modelVersion: row.modelVersion,
    madeAt: iso(row.madeAt),
    dueAt: iso(row.dueAt),
    horizonSeconds: row.horizonMs / 1000,
    value: number(row.value),
    unit: row.unit,
    probability: share(row.probability),
    rule:
      row.rule.kind === 'interval'
        ? { kind: 'interval', lower: number(row.rule.lower), upper: number(row.rule.upper) }
        : { kind: 'event', event: row.rule.event },
    outcome: row.outcome,
    actual: finite(row.actual),
    scoredAt: isoOrNull(row.scoredAt),
    baseline: finite(row.baseline),
  };
}

export function executionToWire(row: Execution): Wire<typeof s.execution> {
  return {
    id: row.id,
    job: row.job,
    command: row.command,
    userId: row.userId,
    host: row.host,
    startedAt: iso(row.startedAt),
    durationMs: number(row.durationMs),
    exitCode: row.exitCode,
    success: row.success,
    errorMessage: row.errorMessage,
    context: { ...row.context },
  };
}

export function tokenToWire(row: TokenRow): Wire<typeof s.token> {
  return {
    id: row.id,
    name: row.name,
    scope: row.scope,
    createdAt: iso(row.createdAt),
    expiresAt: isoOrNull(row.expiresAt),
    lastUsedAt: isoOrNull(row.lastUsedAt),
  };
}
