import {
  isStaleMarker,
  labelPairs,
  labelValue,
  METRIC_NAME,
  metricName,
  type MetricStore,
  type ReportedChange,
  type SampleBatch,
  type Series,
  type SeriesRef,
} from '../model/index.ts';

interface Version {
  lastAt: number;
  /** The first sample since it was there again, and how many there were. */
  since: number;
  samples: number;
  /** The shortest time between two of its samples. */
  gapMs: number;
}

/** Whatever has one version at a time: a program on a target, a service. */
interface Subject {
  readonly entityId: string;
  readonly what: string | null;
  readonly versions: Map<string, Version>;
  /** The one that was taken up last. */
  current: string | null;
}

type Watched =
  | { readonly kind: 'version'; readonly subject: Subject; readonly version: string }
  | { readonly kind: 'start'; readonly entityId: string; readonly what: string | null; value: number; at: number };

const DAY_MS = 86_400_000;
/** A version that was not heard of for so long is taken up anew when it is there again. */
const ABSENT_MS = 120_000;
/** A start time that moves by less is the clock's doing. */
const LEAST_JUMP_MS = 5_000;
/** Clocks of two machines may differ by so much. */
const SLACK_MS = 60_000;
/** Versions of one subject that are remembered; what has more counts something else. */
const MOST_VERSIONS = 20;
/** Changes that wait to be taken; a fleet that starts anew as a whole tells no more than that. */
const MOST_WAITING = 200;
const VERSION_LABELS = ['version', 'service_version', 'short_version'];
/** Labels that go with a version, and are no part of who it is. */
const WITH_VERSION =
  /version|revision|branch|commit|hash|date|^tags?$|^sha|^go|user|major|minor|patch|dirty|build|process|^pid$/i;
const OF_HOST = /^(node_|auspex_|namedprocess_|system_)/;

/**
 * Sees in the samples when another version of a program runs than before (`…_info` with a version, a label `version`, OpenTelemetry's
 * `service.version`), and when a process was started anew (`…start_time_seconds`). A version counts from its second sample on. O(1) a sample.
 *
 * Weak: going back to a version that was seen less than two minutes ago is not told.
 */
export class SeriesChanges {
  readonly #nameOf: (entityId: string) => string;
  readonly #watched: (Watched | undefined)[] = [];
  readonly #subjects = new Map<string, Subject>();
  /** When the processes of entities began. */
  readonly #startedAt = new Map<string, number>();
  #waiting: ReportedChange[] = [];

  constructor(nameOf: (entityId: string) => string) {
    this.#nameOf = nameOf;
  }

  watch(series: Series): void {
    if (this.#watched[series.ref] !== undefined) return;
    const metric = metricName(series.labels);
    const { entityId } = series;
    if (OF_HOST.test(metric)) return;
    const [, started] = /^(?:(.+)_)?start_time_seconds$/.exec(metric) ?? [];
    if (metric.endsWith('start_time_seconds')) {
      const what = started === undefined || started === 'process' ? null : started;
      this.#watched[series.ref] = { kind: 'start', entityId, what, value: Number.NaN, at: 0 };
      return;
    }
    const version = VERSION_LABELS.map((name) => labelValue(series.labels, name)).find((value) => value !== undefined);
    if (version === undefined || !/\d/.test(version)) return;
    const isInfo = /(^|_)(info|static)$/.test(metric);
    // Of figures that bear a version one series a version is enough, and none where the program says its version itself.
    if (!isInfo && this.#subjects.has(keyOf(entityId, 'info'))) return;
    const key = isInfo ? keyOf(entityId, identityOf(series)) : keyOf(entityId, 'label');
    const subject = this.#subject(key, entityId, isInfo ? programOf(metric) : null);
    if (isInfo) this.#subjects.set(keyOf(entityId, 'info'), subject);
    const shown = version.slice(0, 60);
    if (subject.versions.has(shown) && !isInfo) return;
    if (!subject.versions.has(shown) && subject.versions.size >= MOST_VERSIONS) return;
    if (!subject.versions.has(shown)) subject.versions.set(shown, { lastAt: 0, since: 0, samples: 0, gapMs: 0 });
    this.#watched[series.ref] = { kind: 'version', subject, version: shown };
  }

  #subject(key: string, entityId: string, what: string | null): Subject {
    const known = this.#subjects.get(key);
    if (known !== undefined) return known;
    const made: Subject = { entityId, what, versions: new Map(), current: null };
    this.#subjects.set(key, made);
    return made;
  }

  /** What ran before this process began. */
  async load(metrics: MetricStore, now: number): Promise<void> {
    const refs = Object.keys(this.#watched).map(Number);
    if (refs.length === 0) return;
    const last = (await metrics.last(refs, now, DAY_MS)).flatMap(({ ref, times, values }) => {
      const at = times.at(-1);
      const value = values.at(-1);
      return at === undefined || value === undefined || Number.isNaN(value) ? [] : [{ ref, at, value }];
    });
    for (const { ref, at, value } of last.sort((a, b) => a.at - b.at)) {
      const one = this.#watched[ref];
      if (one?.kind === 'start') {
        one.value = value;
        one.at = at;
      } else if (one !== undefined) {
        one.subject.current = one.version;
        one.subject.versions.set(one.version, { lastAt: at, since: at, samples: 2, gapMs: 0 });
      }
    }
  }

  take({ count, refs, times, values }: SampleBatch): void {
    for (let i = 0; i < count; i++) {
      const one = this.#watched[refs[i] as SeriesRef];
      if (one === undefined) continue;
      const value = values[i] as number;
      if (isStaleMarker(value) || Number.isNaN(value)) continue;
      const at = times[i] as number;
      if (one.kind === 'start') this.#takeStart(one, at, value);
      else this.#takeVersion(one.subject, one.version, at);
    }
  }

  #takeStart(one: Extract<Watched, { kind: 'start' }>, at: number, value: number): void {
    if (at <= one.at) return;
    const startedAt = Math.min(at, Math.round(value * 1000));
    if (one.what === null) this.#startedAt.set(one.entityId, startedAt);
    const jump = startedAt - Math.round(one.value * 1000);
    if (jump > LEAST_JUMP_MS && startedAt >= one.at - SLACK_MS)
      this.#tell({
        at: startedAt,
        kind: 'restart',
        entityId: one.entityId,
        what: one.what,
        from: null,
        to: null,
        source: 'start time',
      });
    one.value = value;
    one.at = at;
  }

  #takeVersion(subject: Subject, version: string, at: number): void {
    const seen = subject.versions.get(version);
    if (seen === undefined || at <= seen.lastAt) return;
    const gap = at - seen.lastAt;
    const isBack = seen.lastAt === 0 || gap >= Math.max(ABSENT_MS, 3 * seen.gapMs);
    if (isBack) {
      seen.since = at;
      seen.samples = 1;
    } else {
      seen.samples++;
      if (seen.gapMs === 0 || gap < seen.gapMs) seen.gapMs = gap;
    }
    seen.lastAt = at;
    if (subject.current === null) subject.current = version;
    if (seen.samples !== 2 || subject.current === version) return;
    const from = subject.current;
    subject.current = version;
    this.#tell({
      at: this.#whenOf(subject, subject.versions.get(from)?.lastAt ?? 0, seen.since),
      kind: 'deployment',
      entityId: subject.entityId,
      what: subject.what,
      from,
      to: version,
      source: 'version',
    });
  }

  /**
   * When a version was taken up that is there since `since`. Where nothing was heard for a while before that, the start of the process says; else all that is
   * known is that it was after the other one was last seen.
   */
  #whenOf({ entityId }: Subject, lastAt: number, since: number): number {
    if (since - lastAt < ABSENT_MS) return since;
    const startedAt = this.#startedAt.get(entityId) ?? 0;
    return startedAt > lastAt && startedAt <= since ? startedAt : lastAt;
  }

  #tell(
    change: Pick<ReportedChange, 'at' | 'kind' | 'from' | 'to' | 'source'> & { entityId: string; what: string | null },
  ): void {
    if (this.#waiting.length >= MOST_WAITING) return;
    this.#waiting.push({
      ...change,
      what: change.what ?? this.#nameOf(change.entityId),
      service: null,
      by: null,
      url: null,
    });
  }

  /** What was seen since the last call. */
  takeReady(): readonly ReportedChange[] {
    const ready = this.#waiting;
    this.#waiting = [];
    return ready;
  }
}

function keyOf(entityId: string, part: string): string {
  return `${entityId}\u0000${part}`;
}

/** Who a series of information speaks of, whatever version it has. OpenTelemetry's instances have a new name with each start: its service is one. */
function identityOf({ labels }: Series): string {
  const metric = metricName(labels);
  if (metric === 'target_info') return metric;
  return [...labelPairs(labels)]
    .filter(([name]) => name === METRIC_NAME || !WITH_VERSION.test(name))
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

/** `redis_exporter_build_info` speaks of redis_exporter; `build_info` of the target itself. */
function programOf(metric: string): string | null {
  const name = metric.replace(/(^|_)(build_info|version_info|instance_info|info|static)$/, '');
  return name === '' || name === 'target' ? null : name;
}
