import { type Health, healthOf } from '../decide/health.ts';
import { overviewSentence, worst } from '../decide/sentence.ts';
import {
  type Alert,
  type Clock,
  type Entity,
  formatDuration,
  hostMetrics,
  type SeriesRef,
  severityRank,
  type SystemMetricsRow,
} from '../model/index.ts';
import { hostHealth, type HostFigures, type ObservedHealth } from '../predict/host-health.ts';
import type { AlertKeeper } from './alert-keeper.ts';
import type { EngineView, EntityState, ExpectedBand, Gauge, Outlook } from './engine-view.ts';
import type { EntityRegistry } from './entity-registry.ts';
import type { FindingKeeper } from './finding-keeper.ts';
import type { HostBoard } from './host-board.ts';

const STALE_INTERVALS = 3;
/** Health below which a host is not called well. */
const STRAINED = 50;

export interface EntityStatesParts {
  readonly registry: EntityRegistry;
  readonly board: HostBoard;
  readonly findings: FindingKeeper;
  readonly alerts: AlertKeeper;
  readonly clock: Clock;
  readonly intervalMs: number;
}

/** What is to be said of every host and service now: state, health, gauges, the page's sentence. */
export class EntityStates {
  readonly #parts: EntityStatesParts;
  readonly #seriesCount = new Map<string, number>();
  /** What is usual now, as the detectors last said it. */
  readonly #bands = new Map<SeriesRef, { lower: number; upper: number }>();
  readonly #learning = new Map<string, string | null>();
  readonly #unseen = new Map<string, readonly string[]>();

  constructor(parts: EntityStatesParts) {
    this.#parts = parts;
  }

  countSeries(entityId: string): void {
    this.#seriesCount.set(entityId, (this.#seriesCount.get(entityId) ?? 0) + 1);
  }

  setBands(refs: readonly SeriesRef[], bands: readonly ExpectedBand[]): void {
    bands.forEach(({ lower, upper }, i) => {
      const ref = refs[i] as SeriesRef;
      if (lower === null || upper === null) this.#bands.delete(ref);
      else this.#bands.set(ref, { lower, upper });
    });
  }

  setLearning(entityId: string, learning: string | null): void {
    this.#learning.set(entityId, learning);
  }

  /** What its collector may not read, and what would let it. */
  setUnseen(entityId: string, problems: readonly string[]): void {
    this.#unseen.set(entityId, problems);
  }

  all(): readonly EntityState[] {
    return this.#parts.registry.all().map((entity) => this.#stateOf(entity));
  }

  hosts(): readonly EntityState[] {
    return this.#parts.registry.hosts().map((entity) => this.#stateOf(entity));
  }

  /** Hosts; and of what is none so many, those with something to tell first, and how many there are. */
  overview(most: number): ReturnType<EngineView['overview']> {
    const entities = this.#parts.registry.all();
    const others = entities.filter(({ kind }) => kind !== 'host');
    const troubled: Entity[] = [];
    const quiet: Entity[] = [];
    for (const one of others) (this.#hasNews(one.id) ? troubled : quiet).push(one);
    const state = (entity: Entity): EntityState => this.#stateOf(entity);
    return {
      hosts: this.hosts(),
      others: [...troubled.slice(0, most), ...quiet.slice(0, Math.max(0, most - troubled.length))].map(state),
      othersCount: others.length,
    };
  }

  #hasNews(entityId: string): boolean {
    return this.#parts.findings.openOf(entityId).length > 0 || this.#parts.alerts.active(entityId).length > 0;
  }

  /** By id, name or alias. */
  find(idOrName: string): EntityState | undefined {
    const entity = this.#parts.registry.find(idOrName);
    return entity === undefined ? undefined : this.#stateOf(entity);
  }

  /** The page's first sentence. */
  sentence(outlook: readonly Outlook[]): string {
    const { alerts, registry, findings } = this.#parts;
    // Of what alerts, the alert tells, and there may be thousands of it: only what else there is gets a closer look.
    const watched = new Set(registry.hosts().map(({ id }) => id));
    for (const { entityId } of findings.open()) if (findings.openOf(entityId).length > 0) watched.add(entityId);
    const firing: Alert[] = [];
    for (const alert of alerts.active()) {
      if (alert.suppressedBy !== null) continue;
      if (alert.state === 'firing') firing.push(alert);
      else watched.add(alert.entityId);
    }
    const alerting = new Set<string>();
    for (const { entityId } of firing) if (watched.has(entityId)) alerting.add(entityId);
    const named = [...new Set(worst(firing).map(({ entityId }) => entityId))];
    const rest = [...watched].filter((id) => !alerting.has(id)).flatMap((id) => registry.get(id) ?? []);
    const states = rest.map((entity) => ({ state: this.#stateOf(entity), worst: this.#worst(entity.id) }));
    return overviewSentence(
      [
        ...named
          .flatMap((id) => registry.get(id) ?? [])
          .map(({ id, name, kind }) => ({ id, name, kind, state: 'alerting' as const, sentence: '' })),
        ...states
          .toSorted((a, b) => b.worst - a.worst)
          .flatMap(({ state }) => (isWatched(state) ? [spokenOf(state)] : [])),
      ],
      firing,
      outlook,
    );
  }

  #worst(entityId: string): number {
    return Math.max(0, ...this.#parts.findings.openOf(entityId).map((finding) => severityRank[finding.severity]));
  }

  /** What is not learnt yet of the first host that is still being learnt. */
  learning(): string | null {
    for (const entity of this.#parts.registry.all()) {
      const learning = entity.kind === 'host' ? (this.#learning.get(entity.id) ?? null) : null;
      if (learning !== null) return `${entity.name}: ${learning}`;
    }
    return null;
  }

  gauges(entityId: string): readonly Gauge[] {
    return this.#parts.board.gauges(entityId, (ref) => this.#bands.get(ref) ?? null);
  }

  /** Health by the host's figures alone, as the score foretells it. */
  observedHealth(entityId: string): ObservedHealth {
    return hostHealth(this.#figures(entityId));
  }

  /** A host's five-minute row: what history pages draw and people export. */
  systemMetrics(entity: Entity, at: number, performance: number | null): SystemMetricsRow {
    const figure = (name: string): number | null => this.#parts.board.value(entity.id, `auspex_host_${name}`);
    const [received, sent] = [figure('network_receive_bytes_per_second'), figure('network_transmit_bytes_per_second')];
    return {
      id: `${entity.id}:${at}`,
      entityId: entity.id,
      at,
      cpuRatio: figure('cpu_ratio'),
      memoryRatio: figure('memory_ratio'),
      diskRatio: figure('disk_ratio'),
      diskIoRatio: figure('disk_io_ratio'),
      networkBytesPerSecond: received === null || sent === null ? null : received + sent,
      loadPerCore: figure('load_per_core'),
      processCount: figure('process_count'),
      health: this.observedHealth(entity.id).score,
      performance,
    };
  }

  #figures(entityId: string): HostFigures {
    return Object.fromEntries(
      hostMetrics.map((metric) => [metric.name, this.#parts.board.value(entityId, metric.name)]),
    );
  }

  #stateOf(entity: Entity): EntityState {
    const now = this.#parts.clock.now();
    const findings = this.#parts.findings.openOf(entity.id);
    const alerts = this.#parts.alerts.active(entity.id);
    const told = alerts.filter((alert) => alert.suppressedBy === null);
    const lastAt = Math.max(entity.lastSeenAt, this.#parts.board.lastAt(entity.id));
    const age = now - lastAt;
    // What only alerts of other systems speak of has no samples that could be old.
    const isOnlySpokenOf = entity.kind !== 'host' && (this.#seriesCount.get(entity.id) ?? 0) === 0;
    const health: Health = healthOf(
      {
        resources: this.observedHealth(entity.id).dimensions,
        findings,
        alerts: told,
        lastSampleAt: !isOnlySpokenOf ? lastAt : told.length > 0 ? now : null,
        intervalMs: this.#parts.intervalMs,
      },
      now,
    );
    const learning =
      this.#learning.get(entity.id) ??
      (entity.kind === 'host' && !this.#learning.has(entity.id) ? 'needs its first samples' : null);
    const stale = !isOnlySpokenOf && age > Math.max(STALE_INTERVALS * this.#parts.intervalMs, 60_000);
    const worst = findings.toSorted((a, b) => severityRank[b.severity] - severityRank[a.severity])[0];
    const state = stale
      ? 'stale'
      : told.length > 0
        ? 'alerting'
        : worst !== undefined
          ? 'unusual'
          : learning !== null
            ? 'learning'
            : 'ok';
    const sentences = {
      stale: `the last sample is ${formatDuration(age)} old`,
      alerting: told[0]?.summary ?? '',
      unusual: worst?.summary ?? '',
      learning: `still learning what is normal: ${learning ?? ''}`,
      ok: isOnlySpokenOf
        ? 'no samples of its own, and no alert'
        : health.score !== null && health.score < 80
          ? health.sentence
          : 'well',
    };
    return {
      entity,
      state,
      sentence: sentences[state],
      health,
      gauges: this.gauges(entity.id),
      processes: this.#parts.board.processes(entity.id),
      openFindings: findings.length,
      firingAlerts: told.length,
      seriesCount: this.#seriesCount.get(entity.id) ?? 0,
      learning,
      unseen: this.#unseen.get(entity.id) ?? [],
    };
  }
}

function isWatched({ entity, firingAlerts, state }: EntityState): boolean {
  return entity.kind === 'host' || firingAlerts > 0 || state === 'unusual';
}

function spokenOf(s: EntityState): Parameters<typeof overviewSentence>[0][number] {
  const { id, name, kind } = s.entity;
  // Nothing unusual, nothing to tell of, and yet not well: a disk that has always been full, say.
  const strained = s.state === 'ok' && s.health.score !== null && s.health.score < STRAINED;
  const sentence =
    s.state === 'learning' ? `Still learning what is normal on ${name}: it ${s.learning ?? ''}.` : s.sentence;
  return { id, name, kind, state: strained ? 'unusual' : s.state, sentence };
}
