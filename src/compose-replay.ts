import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PrometheusReader, type PrometheusSource, type ReadSeries } from './collect/prometheus/api-reader.ts';
import type { FileRule, RuleGroup } from './decide/rules/rule-file.ts';
import { starterRules } from './decide/starter-rules.ts';
import type { ThresholdRule } from './decide/threshold-rules.ts';
import { DetectionThreads } from './engine/detection-threads.ts';
import { Engine } from './engine/engine.ts';
import { EntityRegistry, loadEntities } from './engine/entity-registry.ts';
import type { ObjectiveView } from './engine/objective-keeper.ts';
import type { RuleHealth } from './engine/rule-keeper.ts';
import { samplesByTime, turnsOf } from './engine/samples-by-time.ts';
import type { SnapshotStore } from './engine/snapshots.ts';
import { VirtualTime } from './engine/virtual-time.ts';
import { AuspexError } from './errors.ts';
import {
  type Alert,
  allRows,
  type AnomalyRow,
  type CalendarEntry,
  type Entity,
  type Incident,
  type Labels,
  type MetricStore,
  type Objective,
  type RecordStore,
  type SeriesKind,
  type SeriesPoints,
} from './model/index.ts';
import { openStores } from './store/open-stores.ts';
import type { Logger } from './telemetry/log.ts';

const DAY = 86_400_000;
/** Nothing of a replay is so old that it would be let go. */
const FOREVER = 100 * 365 * DAY;

export interface ReplayOptions {
  /** A folder of the replay's own; what is in it from a replay before is gone on with. */
  readonly home: string;
  /** When it begins, ms UTC. */
  readonly at: number;
  /** How often the hosts report, ms. */
  readonly intervalMs: number;
  readonly timeZone: string;
  /** Who was known when the samples were taken. */
  readonly entities: readonly Entity[];
  /** Points that lie no further apart than this are taken in together, ms. */
  readonly turnMs: number;
  readonly rules?: readonly ThresholdRule[];
  /** The calendar as it was: with the same one a replay gives what live gave. */
  readonly calendar?: readonly CalendarEntry[];
  /** Rules of Prometheus's files, evaluated beside them; none unless given. */
  readonly ruleGroups?: readonly RuleGroup[];
  readonly objectives?: readonly Objective[];
  /** What was learnt by a replay before; kept here when this one is closed. */
  readonly learnt: LearntState;
  readonly log: Logger;
}

/** What the detectors have learnt, in memory. */
export class LearntState implements SnapshotStore {
  readonly #states: Map<string, Uint8Array>;

  constructor(states: Iterable<readonly [string, Uint8Array]> = []) {
    this.#states = new Map(states);
  }

  /** The same state, to go on from twice. */
  copy(): LearntState {
    return new LearntState([...this.#states].map(([name, bytes]) => [name, bytes.slice()] as const));
  }

  save(name: string, bytes: Uint8Array): Promise<void> {
    this.#states.set(name, bytes.slice());
    return Promise.resolve();
  }

  load(name: string): Promise<Uint8Array | undefined> {
    // A copy: the threads take what they are given.
    return Promise.resolve(this.#states.get(name)?.slice());
  }

  setAside(name: string): Promise<void> {
    throw new AuspexError('STORE_DAMAGED', `${name} of the replay before cannot be read.`);
  }
}

/** The engine on a time of its own: what it says of samples is what it would have said when they came. */
export interface Replay {
  /** The series' number, which the points of `feed` bear. */
  series(labels: Labels, kind: SeriesKind): number;
  /**
   * Takes points in as they came: turn by turn, each at the time of its last point, while time passes. Ends when all that
   * came of them is known. None may lie before those of the call before.
   */
  feed(points: readonly SeriesPoints[]): Promise<void>;
  /** Lets time pass until then. */
  advanceTo(at: number): Promise<void>;
  /** What was found and told, as records. */
  readonly records: RecordStore;
  /** The samples, with what rules recorded. */
  readonly metrics: MetricStore;
  /** The rules of files, and how each fared the last time. */
  rules(): readonly { readonly rule: FileRule; readonly health: RuleHealth }[];
  /** How the objectives stand. */
  objectives(): readonly ObjectiveView[];
  /** Keeps what is learnt, and ends. */
  close(): Promise<void>;
}

/**
 * Starts a replay: the real stores in a folder of its own, the real engine and detectors, starter rules, no collectors, nobody is told.
 * A minute of a host with 800 series takes about 10 ms. @throws AuspexError STORE_LOCKED, STORE_NEWER, STORE_FAILED.
 */
export async function startReplay(options: ReplayOptions): Promise<Replay> {
  const { log, intervalMs, timeZone, at, learnt } = options;
  const time = new VirtualTime(at);
  const registry = new EntityRegistry(timeZone);
  const stores = await openStores({
    home: options.home,
    limits: { series: 1_000_000, quotaBytes: 2 ** 40, minFreeBytes: 0 },
    retention: { rawMs: FOREVER, fiveMinuteMs: FOREVER, hourMs: FOREVER, recordsMs: FOREVER },
    fsync: false,
    clock: time,
    log,
    entityOf: (labels) => registry.idFor(labels, time.now()),
    beforeSeries: async (records) => {
      await loadEntities(registry, records);
      registry.load(options.entities);
    },
  });
  const engine = await Engine.start({
    metrics: stores.metrics,
    records: stores.records,
    models: stores.models,
    registry,
    snapshots: learnt,
    clock: time,
    repeat: time.repeat,
    log,
    options: {
      judgesServices: false,
      intervalMs,
      timeZone,
      policy: { rules: options.rules ?? starterRules, channels: [] },
      calendar: options.calendar ?? [],
    },
    threads: 1,
    startDetection: (detection) => new DetectionThreads({ threads: 1, intervalMs, ...detection }),
    componentsBeside: () => [],
    onMessages: () => {},
  });
  engine.rules.setGroups(options.ruleGroups ?? []);
  await engine.objectives.set(options.objectives ?? []);
  return {
    series: (labels, kind) => engine.resolveSeries(labels, kind),
    feed: async (points) => {
      for (const { at: when, batch } of turnsOf(samplesByTime(points), options.turnMs)) {
        await time.advanceTo(Math.max(when, time.now()));
        await engine.ingest('replay', batch);
        await engine.settle();
      }
    },
    advanceTo: async (when) => {
      await time.advanceTo(when);
      await engine.settle();
    },
    records: stores.records,
    metrics: stores.metrics,
    rules: () =>
      engine.rules.groups.flatMap((group) =>
        group.rules.map((rule) => ({ rule, health: engine.rules.healthOf(rule) })),
      ),
    objectives: () => engine.objectives.views(),
    close: async () => {
      await engine.close();
      await stores.close();
    },
  };
}

export interface PrometheusReplayOptions {
  readonly source: Omit<PrometheusSource, 'fetch'>;
  /** Which series; all unless given. */
  readonly selector?: string;
  /** ms UTC. */
  readonly from: number;
  readonly to: number;
  readonly timeZone: string;
  readonly rules?: readonly ThresholdRule[];
  /** Rules of Prometheus's files beside them. */
  readonly ruleGroups?: readonly RuleGroup[];
  readonly calendar?: readonly CalendarEntry[];
  readonly log: Logger;
  /** Told after each window how far it has come, ms UTC, and how many samples went through. */
  readonly onProgress: (at: number, samples: number) => void;
  /** Stops between two windows; what was found until then is given. */
  readonly signal: AbortSignal;
}

export interface PrometheusReplay {
  readonly from: number;
  /** How far it came. */
  readonly to: number;
  readonly samples: number;
  readonly series: number;
  readonly entities: readonly Entity[];
  /** Alerts that would have fired, oldest first; those that people would have been told of have no `suppressedBy`. */
  readonly alerts: readonly Alert[];
  readonly findings: readonly AnomalyRow[];
  /** The rules of files, in their order. */
  readonly rules: readonly ReplayedRule[];
  /** What belonged together, oldest first; people would have been told of those with a `toldAt`, once each. What became part of another is left out. */
  readonly incidents: readonly Incident[];
}

/** A rule of a file and what it would have said. */
export interface ReplayedRule {
  readonly rule: FileRule;
  /** How often it fired, over all that it is about. */
  readonly fired: number;
  /** Why it could not be evaluated, at the end of an hour, the last time that it was so; null where it could. */
  readonly fault: string | null;
}

/** So much is read at once: an hour of 1,000 series at 15 s is 240,000 points. */
const WINDOW_MS = 3_600_000;

/**
 * The past of a Prometheus-compatible server through the engine: the alerts that there would have been. Reads it hour by
 * hour and keeps what it needs in a temporary folder. @throws AuspexError UNREACHABLE, BAD_REQUEST.
 */
export async function replayPrometheus(options: PrometheusReplayOptions): Promise<PrometheusReplay> {
  const { from, to, timeZone, log, selector = '{__name__!=""}', signal } = options;
  const reader = new PrometheusReader({ ...options.source, fetch });
  const home = await mkdtemp(join(tmpdir(), 'auspex-replay-'));
  let replay: Replay | null = null;
  let at = from;
  let samples = 0;
  const seen = new Set<number>();
  const faults = new Map<FileRule, string>();
  try {
    const first = await reader.read(selector, from, Math.min(to, from + WINDOW_MS));
    const intervalMs = usualInterval(first);
    replay = await startReplay({
      home,
      at: from,
      intervalMs,
      timeZone,
      entities: [],
      learnt: new LearntState(),
      turnMs: intervalMs / 2,
      log,
      ...(options.rules === undefined ? {} : { rules: options.rules }),
      ...(options.ruleGroups === undefined ? {} : { ruleGroups: options.ruleGroups }),
      ...(options.calendar === undefined ? {} : { calendar: options.calendar }),
    });
    for (let window = first; at < to && !signal.aborted; ) {
      const end = Math.min(to, at + WINDOW_MS);
      if (at > from) window = await reader.read(selector, at, end);
      const points = window.map(({ labels, kind, times, values }) => {
        const ref = (replay as Replay).series(labels, kind);
        seen.add(ref);
        samples += times.length;
        return { ref, times, values };
      });
      await replay.feed(points);
      await replay.advanceTo(end);
      for (const { rule, health } of replay.rules()) if (health.state === 'failed') faults.set(rule, health.message);
      at = end;
      options.onProgress(at, samples);
    }
    const entities = await allRows(replay.records, 'entities');
    const alerts = await allRows(replay.records, 'alerts');
    const findings = await allRows(replay.records, 'anomalies');
    const incidents = await allRows(replay.records, 'incidents');
    const fired = alerts.filter(({ firedAt }) => firedAt !== null).sort((a, b) => (a.firedAt ?? 0) - (b.firedAt ?? 0));
    return {
      from,
      to: at,
      samples,
      series: seen.size,
      entities,
      alerts: fired,
      rules: replay.rules().map(({ rule }) => ({
        rule,
        fired: fired.filter((alert) => alert.kind === 'rule' && alert.rule === rule.name).length,
        fault: faults.get(rule) ?? null,
      })),
      incidents: incidents.filter(({ mergedInto }) => mergedInto === null).sort((a, b) => a.openedAt - b.openedAt),
      findings: findings.filter(({ severity }) => severity !== 'none').sort((a, b) => a.detectedAt - b.detectedAt),
    };
  } finally {
    await replay?.close();
    await rm(home, { recursive: true, force: true });
  }
}

/** The middle one of the intervals between points, of up to a hundred series; 15 s where nothing tells. */
function usualInterval(series: readonly ReadSeries[]): number {
  const intervals = series.slice(0, 100).flatMap(({ times }) => {
    const [first, second] = times;
    return first === undefined || second === undefined ? [] : [second - first];
  });
  intervals.sort((a, b) => a - b);
  return Math.max(1_000, intervals[intervals.length >> 1] ?? 15_000);
}
