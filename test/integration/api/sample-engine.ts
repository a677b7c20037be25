import { ChangeKeeper } from '../../../src/engine/change-keeper.ts';
import { EntityRegistry } from '../../../src/engine/entity-registry.ts';
import { snapshotsOf } from '../../../src/engine/incident-diagnostics.ts';
import { similarIncidents } from '../../../src/engine/incident-past.ts';
import { KnownServices } from '../../../src/engine/known-services.ts';
import { CalendarKeeper } from '../../../src/engine/calendar-keeper.ts';
import { tasks } from '../../../src/engine/tasks.ts';
import type { EngineEvent, EngineView, EntityState, Gauge } from '../../../src/engine/engine-view.ts';
import { scoreSamples } from '../../../src/detect/stream-scores.ts';
import { restoreIncidents } from '../../../src/decide/incident-book.ts';
import { changeIncident } from '../../../src/decide/incident-change.ts';
import { bookJudgements, precisionBySource } from '../../../src/decide/priority.ts';
import { routeAnswer, type RouteQuestion } from '../../../src/engine/route-answer.ts';
import { AuspexError } from '../../../src/errors.ts';
import {
  type AnomalyRow,
  type Clock,
  confidence,
  type Finding,
  type Incident,
  type IncidentChange,
  type ModelMetadata,
  type RecordStore,
  type ReportedChange,
} from '../../../src/model/index.ts';
import { sampleBusiness, sampleIncidents } from './sample-incidents.ts';
import { sampleChannels, sampleRouting } from './sample-routing.ts';
import { sampleServices } from './sample-services.ts';

const DAY = 86_400_000;
/** The tests' now. */
export const NOW = Date.UTC(2026, 5, 1, 12);
export const clock: Clock = { now: () => NOW, monotonic: () => performance.now() };

export const gauge: Gauge = {
  name: 'cpu',
  label: 'CPU',
  value: 0.5,
  unit: 'ratio',
  at: NOW,
  lower: 0.1,
  upper: Number.NaN,
  unusual: false,
  detail: '2 of 4 cores',
};

export function finding(id: string, more: Partial<Finding> = {}): Finding {
  return {
    id,
    entityId: 'host:a',
    detector: 'metric',
    subject: 'node_load1{instance="web-1"}',
    resource: 'cpu',
    severity: 'high',
    score: 0.99,
    direction: 'high',
    onsetAt: NOW - 60_000,
    detectedAt: NOW - 50_000,
    lastAt: NOW - 1000,
    endedAt: null,
    status: 'open',
    verdict: 'none',
    confidence: confidence(0.8, 'prior', 0),
    summary: 'Load is 9, usually 0.5–2, since 1 min.',
    contributions: [],
    culprits: [],
    actions: ['Look at process make.'],
    counterfactual: 'Below 2.4 it would have been usual.',
    pages: false,
    ...more,
  };
}

/** A finding as its row is stored: without the evidence. */
export function anomalyRow(id: string, more: Partial<Finding> = {}): AnomalyRow {
  const { contributions: _, culprits: __, actions: ___, counterfactual: ____, ...row } = finding(id, more);
  return row;
}

export const model: ModelMetadata = {
  name: 'performance',
  entityId: 'host:a',
  version: 2,
  algorithm: 'random-forest',
  status: 'serving',
  trainedAt: NOW - DAY,
  trainedFrom: NOW - 8 * DAY,
  trainedTo: NOW - DAY,
  sampleCount: 1000,
  featureNames: ['cpu'],
  sizeBytes: 1234,
  checksum: 'ab',
  metrics: { meanAbsoluteError: 3, broken: Number.NaN },
  trainingMs: 500,
  fault: null,
};

function entityState(id: string, name: string, kind: 'host' | 'service'): EntityState {
  return {
    entity: {
      id,
      kind,
      name,
      timeZone: 'Europe/Berlin',
      firstSeenAt: NOW - DAY,
      lastSeenAt: NOW,
      aliases: [`instance=${name}`],
      attributes: { os: 'linux' },
    },
    state: 'ok',
    sentence: `${name} is well.`,
    health: { score: 93, sentence: 'Well.', dimensions: [{ name: 'cpu', score: 90, weight: 1, reason: 'CPU 50 %' }] },
    gauges: [gauge],
    processes: [{ name: 'make', pid: 42, cpuCores: 1.5, residentBytes: 1e6, count: 3 }],
    openFindings: 1,
    firingAlerts: 0,
    seriesCount: 3,
    learning: null,
    unseen: [],
  };
}

/**
 * A small engine for tests of the border: two entities, answers that are fixed, and a real ring of events with
 * sequence numbers, which is what the live socket leans on.
 */
export class SampleEngine implements EngineView {
  readonly #records: RecordStore;
  readonly #changes: ChangeKeeper;
  readonly #held: EngineEvent[] = [];
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #states = [entityState('host:a', 'web-1', 'host'), entityState('service:b', 'shop', 'service')];
  #sequence = 0;
  ringSize = 100;

  /** The real calendar, on the records of the test. */
  readonly calendar: CalendarKeeper;

  constructor(records: RecordStore) {
    this.#records = records;
    this.#changes = new ChangeKeeper({
      records,
      ring: { publish: (event) => this.publish(event) },
      clock,
      graph: new KnownServices(new EntityRegistry('UTC')),
    });
    const registry = new EntityRegistry('UTC');
    registry.load(this.#states.map(({ entity }) => entity));
    this.calendar = new CalendarKeeper({
      records,
      ring: { publish: (event) => this.publish(event) },
      clock,
      registry,
      timeZone: 'UTC',
      tasks: { run: async (name, argument) => (tasks[name] as (given: never) => unknown)(argument as never) as never },
      onChange: () => {},
    });
  }

  publish(event: EngineEvent extends infer E ? (E extends unknown ? Omit<E, 'sequence'> : never) : never): void {
    const numbered = { ...event, sequence: ++this.#sequence } as EngineEvent;
    this.#held.push(numbered);
    if (this.#held.length > this.ringSize) this.#held.shift();
    for (const listener of this.#listeners) listener(numbered);
  }

  subscribe(after: number | null, listener: (event: EngineEvent) => void) {
    const oldest = this.#held[0]?.sequence ?? this.#sequence + 1;
    const complete = after === null || (after >= oldest - 1 && after <= this.#sequence);
    if (after !== null) for (const event of this.#held) if (event.sequence > after) listener(event);
    this.#listeners.add(listener);
    return { complete, sequence: this.#sequence, stop: () => void this.#listeners.delete(listener) };
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  states = () => this.#states;
  state = (idOrName: string) =>
    this.#states.find(
      ({ entity }) => entity.id === idOrName || entity.name === idOrName || entity.aliases.includes(idOrName),
    );
  nameOf = (id: string) => this.#states.find(({ entity }) => entity.id === id)?.entity.name;
  overview = (most: number) => {
    const others = this.#states.filter(({ entity }) => entity.kind !== 'host');
    return {
      hosts: this.#states.filter(({ entity }) => entity.kind === 'host'),
      others: others.slice(0, most),
      othersCount: others.length,
    };
  };
  sentence = () => '1 host is well.';
  readonly #services = sampleServices(NOW);
  services = this.#services.services;
  servicesSentence = this.#services.servicesSentence;
  service = this.#services.service;
  fleetHealth = this.#services.fleetHealth;
  registerService = this.#services.registerService;
  changeService = this.#services.changeService;
  removeService = this.#services.removeService;
  changeDependency = this.#services.changeDependency;
  learning = () => null;
  performance = async (entityId: string) => ({
    entityId,
    value: 88,
    load: 85,
    at: NOW,
    dueAt: NOW + 900_000,
    confidence: confidence(0.75, 'measured', 40),
    lower: 80,
    upper: 95,
    baseline: 90,
    contributions: [
      {
        feature: 'CPU used',
        labels: ['instance', 'web-1'],
        value: 0.5,
        expected: 0.3,
        lower: Number.NEGATIVE_INFINITY,
        upper: 0.4,
        unit: 'ratio',
        share: 1,
      },
    ],
    explanation: 'CPU is higher than usual.',
    recommendations: [],
    model: 'performance',
    learning: null,
  });
  patterns = async (entityId: string) => [
    {
      entityId,
      component: 'CPU used',
      unit: 'ratio',
      type: 'stable' as const,
      strength: 0.9,
      at: NOW,
      confidence: confidence(0.9, 'prior', 0),
      trendPerDay: 0,
      robustTrendPerDay: 0,
      polynomial: [0.5, 0],
      periods: [{ seconds: 86_400, strength: 0.4 }],
      changePoints: [{ at: NOW - DAY, before: 0.2, after: 0.5 }],
      explanation: 'Stable around 50 %.',
      recommendations: [],
    },
  ];
  expected = async () => ({ mean: 1, lower: 0.5, upper: 2, learning: null });
  /** Learns through the first step, expects 0.5–2 at those behind it. */
  expectedOver = async (_ref: number, from: number, to: number, stepMs: number) => {
    const times = Float64Array.from({ length: Math.floor((to - from) / stepMs) + 1 }, (_, i) => from + i * stepMs);
    const of = (value: number) => times.map((_, i) => (i === 0 ? Number.NaN : value));
    return { times, mean: of(1), lower: of(0.5), upper: of(2) };
  };
  seriesScores = async (_ref: number, from: number, to: number) => {
    const times = Float64Array.from({ length: 11 }, (_, i) => from + ((to - from) * i) / 10);
    return scoreSamples({ times, values: times.map((_, i) => i), from, isTotal: false });
  };
  forecasts = async (entityId: string, horizonMs: number, component?: string) => [
    {
      entityId,
      component: component ?? 'disk used /',
      unit: 'ratio',
      model: 'theta',
      madeAt: NOW,
      stepMs: horizonMs / 2,
      level: 0.9,
      points: [
        { at: NOW + horizonMs / 2, mean: 0.6, lower: 0.5, upper: 0.7 },
        { at: NOW + horizonMs, mean: 0.7, lower: 0.5, upper: 0.9 },
      ],
      explanation: 'Grows by 1 % a day.',
      confidence: confidence(0.9, 'measured', 20),
      backtest: { error: 0.01, naiveError: 0.02, folds: 5 },
      exhaustion: { limit: 1, at: NOW + 9 * DAY, from: NOW + 7 * DAY, to: NOW + 12 * DAY },
      learning: null,
      history: { times: Float64Array.of(NOW - 1000, NOW), values: Float64Array.of(0.5, Number.NaN) },
    },
  ];
  outlook = () => [
    {
      kind: 'capacity' as const,
      entityId: 'host:a',
      component: 'disk used /',
      sentence: 'web-1: / fills in 9 days (7–12).',
      severity: 'medium' as const,
      dueAt: NOW + 9 * DAY,
      from: NOW + 7 * DAY,
      to: NOW + 12 * DAY,
      advice: 'Free space or add some.',
      confidence: confidence(0.9, 'measured', 20),
      record: 'Of 20 such forecasts 18 held.',
    },
  ];
  models = async () => [
    { metadata: model, health: 'good' as const, healthReason: 'Error as at training.', nextTrainingAt: null },
  ];
  train = async (name: string, entityId: string | undefined) => [
    { name, entityId: entityId ?? 'host:a', trained: true, reason: 'Enough data.', model },
  ];
  promote = async (name: string, entityId: string, version: number) => ({ ...model, name, entityId, version });
  predict = async (name: string, entityId: string | undefined, rows: readonly unknown[]) => ({
    name,
    entityId: entityId ?? 'host:a',
    version: 2,
    algorithm: 'random-forest',
    meaning: 'health in 15 minutes',
    items: rows.map(() => ({ value: 80, lower: 70, upper: 90, isUnusual: null })),
  });
  judge = async (findingId: string, verdict: 'confirmed' | 'normal' | 'dismissed') => {
    if ((await this.#records.update('anomalies', { id: findingId }, { verdict })) === 0)
      throw new AuspexError('NOT_FOUND', `There is no finding ${findingId}.`);
    return finding(findingId, { verdict });
  };
  /** The real rules of what people may change, over incidents that are fixed. */
  #incidents: readonly Incident[] = sampleIncidents(NOW);
  incidents = () => this.#incidents.filter(({ state }) => state === 'open');
  incidentSnapshots = (id: string) => snapshotsOf(this.#records, id);
  incidentBusiness = async ({ id }: Incident) => (id === 'i-disk' ? sampleBusiness(NOW) : null);
  similarIncidents = (incident: Incident) => similarIncidents(this.#records, incident);
  changeIncident = async (id: string, change: IncidentChange, by: string) => {
    const changed = changeIncident(restoreIncidents(this.#incidents, NOW), id, change, by, NOW);
    const ids = new Set(changed.map((one) => one.id));
    this.#incidents = [...changed, ...this.#incidents.filter((one) => !ids.has(one.id))];
    await this.#records.put('incidents', changed);
    return changed[0];
  };
  /** The real keeper of changes over the test's records. */
  recordChanges = (changes: readonly ReportedChange[]) => this.#changes.record(changes);
  servicesOf = () => ['shop'];
  route = (question: RouteQuestion) => {
    const registry = new EntityRegistry('UTC');
    return routeAnswer(
      { ...question, entity: undefined },
      {
        policy: { channels: sampleChannels, routing: sampleRouting },
        registry,
        graph: new KnownServices(registry),
        clock,
      },
    );
  };
  routing = () => sampleRouting;
  keptUntil = (row: Parameters<EngineView['keptUntil']>[0]) => (row.receiver === 'team' ? NOW + 3_600_000 : null);
  precision = () =>
    precisionBySource(bookJudgements([{ source: 'metric', resource: 'cpu', group: 'hosts', verdict: 'confirmed' }]));
  alertRules = () => [
    {
      name: 'disk-full',
      kind: 'threshold' as const,
      summary: 'A disk is nearly full',
      condition: 'disk used > 95 %',
      forMs: 60_000,
      severity: 'high' as const,
      action: 'Free space.',
      source: 'starter' as const,
      enabled: true,
    },
  ];
  readonly reported: Parameters<EngineView['takeReported']>[0][number][] = [];
  takeReported = async (reported: Parameters<EngineView['takeReported']>[0]) => {
    this.reported.push(...reported);
    return { taken: reported.length, leftOut: 0 };
  };
  enrol = async (agent: Parameters<EngineView['enrol']>[0]) => ({
    agentId: 'agent-1',
    entityId: `host:${agent.machineId}`,
    instance: agent.hostname,
    intervalSeconds: 10,
  });
  components = () => [
    {
      name: 'host collector',
      kind: 'collector' as const,
      state: 'ok' as const,
      since: NOW - DAY,
      message: 'Every 10 s.',
      remedy: null,
    },
  ];
  ingestStats = () => ({ samplesPerSecond: 12.5, waiting: 0, scoreLagMs: 3, refused: 1 });
  ingest = async () => ({ stored: 0, outOfOrder: 0, duplicates: 0, position: 0 });
  resolveSeries = (): number => {
    throw new AuspexError('SERIES_LIMIT', 'No series in this test.');
  };
}
