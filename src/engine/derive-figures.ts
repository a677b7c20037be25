import {
  type Emission,
  type FigureReceiver,
  feedsServiceFigures,
  HOST_EVENT_METRIC,
  HOST_EVENT_TYPES,
  type HostEventType,
  HostFigureDeriver,
  isStaleMarker,
  type Labels,
  labelPairs,
  labelsFrom,
  labelsKey,
  labelValue,
  METRIC_NAME,
  metricName,
  SERVICE_FIGURE_PREFIX,
  type SampleBatch,
  type Series,
  ServiceFigureDeriver,
} from '../model/index.ts';

/** The `job` of figures that the engine derived; the own collector's and the agents' carry `auspex`. */
export const DERIVED_JOB = 'auspex-derived';
const COLLECTOR_JOB = 'auspex';
/** Comes with every collection of a collector, on every platform: while it comes, nothing is derived here. */
const COLLECTOR_SIGN = 'auspex_host_memory_ratio';
/** What tells series of one host apart; the other labels tell who sent them. */
const OWN_LABELS = new Set([METRIC_NAME, 'cpu', 'mode', 'device', 'mountpoint', 'fstype', 'state']);
const IDENTITY_LABELS = new Set(['instance', 'host_id', 'host.id']);
/** A service's figures bear what its own series do: they lead to the same entity. */
const SERVICE_LABELS = new Set([...IDENTITY_LABELS, 'job', 'service_name', 'service_namespace', 'service.name']);
/** A sender that was silent for so long has its place taken by another. */
const SILENT_MS = 300_000;
/** A collection to which nothing came for so long is complete: what is missing is gone. */
const SETTLED_MS = 4_000;
/** Prometheus sends by several connections: so many collections of a host may be under way. */
const OPEN_AT_MOST = 8;
const GAP_INTERVALS = 3;
/** The kernel works the boot time out anew each time: it may tremble by a second. */
const SAME_BOOT_SECONDS = 2;

/** Puts a series' value of the collection that closes in its place. */
type Setter = (value: number) => void;

/** Figures from the values of one collection. */
interface Deriver {
  bootTimes(): { readonly now: number; readonly before: number };
  derive(elapsedSeconds: number, give: FigureReceiver): void;
}

interface Collection {
  readonly at: number;
  readonly setters: Setter[];
  readonly values: number[];
  touchedAt: number;
}

/** One exporter of a host or service: a host that two Prometheus servers send has two, of which one counts. */
interface Sender {
  readonly host: Host;
  /** One instance of a service: all of them count. */
  readonly isInstance: boolean;
  readonly identity: readonly (readonly [string, string])[];
  readonly deriver: Deriver;
  /** The places of a series' value; none where no figure needs it. */
  readonly settersOf: (labels: Labels) => readonly Setter[];
  readonly open: Collection[];
  /** How many values the last collection had. */
  expected: number;
  /** Figures of the last collection by their labels' key. */
  present: Map<string, Labels>;
  derivedAt: number;
  closedAt: number;
  intervalMs: number;
  afterGap: boolean;
}

interface Host {
  readonly entityId: string;
  readonly senders: Map<string, Sender>;
  active: Sender | null;
  hasCollector: boolean;
  collectorAt: number;
  derivedAt: number;
  present: Map<string, Labels>;
  readonly labels: Map<string, Labels>;
}

interface Role {
  readonly kind: 'input' | 'collector' | 'derived' | 'event';
  readonly host: Host;
  readonly sender: Sender | null;
  readonly set: Setter | null;
  readonly type: HostEventType;
}

/**
 * Gives a host that is known only by node_exporter's series the main figures that a collector of ours would give it, by
 * the same definition (`HostFigureDeriver`), as samples with `job="auspex-derived"`; and a service the main figures of
 * what it exposes (`ServiceFigureDeriver`). A collection is complete when as
 * many values have come as the time before, or when nothing more came for some seconds.
 * While a collector of ours sends figures of that host, it derives nothing. Time is the samples' own, so that a replay
 * derives the same; what a replay finds derived already is not derived again.
 * Weak: of several senders of one host only one is used, until it falls silent for five minutes; each instance of a service
 * has figures of its own.
 * Cost: one array read a sample for all other series; some 150 bytes for each of the 100 or so series a host that count.
 */
export class DerivedFigures {
  readonly #hosts = new Map<string, Host>();
  readonly #onEvent: (entityId: string, at: number, type: HostEventType) => void;
  /** By series, 1 where it has a role: all that other series cost. */
  #flags = new Uint8Array(1024);
  readonly #roles = new Map<number, Role>();
  #ready: { readonly holder: Host | Sender; readonly collectedAt: number; readonly emission: Emission }[] = [];

  constructor(onEvent: (entityId: string, at: number, type: HostEventType) => void) {
    this.#onEvent = onEvent;
  }

  /** Told of every series once, before its samples. */
  watch(series: Series): void {
    const { labels, ref, entityId } = series;
    if (this.#roles.has(ref)) return;
    const name = metricName(labels);
    if (!entityId.startsWith('host:')) return this.#watchService(series, name);
    const job = labelValue(labels, 'job');
    if (name === HOST_EVENT_METRIC) {
      const type = labelValue(labels, 'type') ?? '';
      if (isEventType(type)) this.#mark(ref, 'event', this.#host(entityId), null, null, type);
    } else if (name === COLLECTOR_SIGN) {
      const host = this.#host(entityId);
      if (job !== DERIVED_JOB) host.hasCollector = true;
      this.#mark(ref, job === DERIVED_JOB ? 'derived' : 'collector', host);
    } else if (name.startsWith('node_') && job !== COLLECTOR_JOB) {
      const sender = this.#sender(entityId, labels);
      this.#markInput(ref, sender, labels);
    }
  }

  #watchService({ labels, ref, entityId }: Series, name: string): void {
    if (name.startsWith(SERVICE_FIGURE_PREFIX))
      this.#mark(ref, 'derived', this.#host(entityId), this.#serviceSender(entityId, labels));
    else if (feedsServiceFigures(labels)) this.#markInput(ref, this.#serviceSender(entityId, labels), labels);
  }

  #markInput(ref: number, sender: Sender, labels: Labels): void {
    const setters = sender.settersOf(labels);
    if (setters.length === 0) return;
    const set = setters.length === 1 ? (setters[0] as Setter) : (value: number) => setters.forEach((one) => one(value));
    this.#mark(ref, 'input', sender.host, sender, set);
  }

  /** Samples as they come, live or in a replay. */
  take(batch: SampleBatch, now: number): void {
    const { count, refs, times, values } = batch;
    const flags = this.#flags;
    const touched = new Set<Sender>();
    for (let i = 0; i < count; i++) {
      const ref = refs[i] as number;
      if (ref >= flags.length || flags[ref] === 0) continue;
      const role = this.#roles.get(ref) as Role;
      const at = times[i] as number;
      const value = values[i] as number;
      if (role.kind === 'input') {
        gather(role, at, value, now);
        touched.add(role.sender as Sender);
      } else if (isStaleMarker(value)) continue;
      else if (role.kind === 'collector') role.host.collectorAt = Math.max(role.host.collectorAt, at);
      else if (role.kind === 'derived') {
        const holder = role.sender ?? role.host;
        holder.derivedAt = Math.max(holder.derivedAt, at);
      } else this.#onEvent(role.host.entityId, at, role.type);
    }
    for (const sender of touched) this.#closeComplete(sender);
  }

  /** Closes collections to which nothing came any more. Called now and then. */
  settle(now: number): void {
    for (const host of this.#hosts.values()) {
      for (const sender of host.senders.values()) {
        while ((sender.open[0]?.touchedAt ?? Number.POSITIVE_INFINITY) <= now - SETTLED_MS) this.#close(sender);
        this.#closeComplete(sender);
      }
    }
  }

  /** What was derived since the last call, to be stored. */
  takeReady(): readonly Emission[] {
    if (this.#ready.length === 0) return [];
    const ready = this.#ready;
    this.#ready = [];
    // What a replay found stored already is left out.
    return ready.flatMap(({ holder, collectedAt, emission }) => (collectedAt > holder.derivedAt ? [emission] : []));
  }

  #closeComplete(sender: Sender): void {
    for (;;) {
      const oldest = sender.open[0];
      if (oldest === undefined) return;
      const isComplete = sender.expected > 0 && oldest.setters.length >= sender.expected;
      if (!isComplete && sender.open.length <= OPEN_AT_MOST) return;
      this.#close(sender);
    }
  }

  #close(sender: Sender): void {
    const { host, deriver } = sender;
    const collection = sender.open.shift() as Collection;
    const { at, setters, values } = collection;
    setters.forEach((set, i) => set(values[i] ?? Number.NaN));
    const elapsedSeconds = this.#elapsed(sender, at);
    const figures: { readonly labels: Labels; readonly value: number }[] = [];
    deriver.derive(elapsedSeconds, (metric, mountpoint, value) =>
      figures.push({ labels: labelsOf(sender, metric, mountpoint), value }),
    );
    sender.expected = setters.length;
    sender.closedAt = at;
    // After a restart a collector of ours is given time to be heard again.
    if (host.hasCollector && host.collectorAt === 0) host.collectorAt = at;
    if (sender.isInstance) return this.#give(sender, at, figures);
    const isCollected = host.hasCollector && at - host.collectorAt < SILENT_MS;
    if (isCollected) {
      figures.length = 0;
      host.active = null;
    } else if (host.active !== sender) {
      if (figures.length === 0 || (host.active !== null && at - host.active.closedAt < SILENT_MS)) return;
      host.active = sender;
    }
    this.#give(host, at, figures);
  }

  #give(
    holder: Host | Sender,
    at: number,
    figures: readonly { readonly labels: Labels; readonly value: number }[],
  ): void {
    const present = new Map<string, Labels>();
    for (const { labels, value } of figures) {
      present.set(labelsKey(labels), labels);
      this.#emit(holder, at, { labels, kind: 'gauge', at, value });
    }
    for (const [key, labels] of holder.present)
      if (!present.has(key)) this.#emit(holder, at, { labels, kind: 'gauge', at, value: Number.NaN, stale: true });
    holder.present = present;
  }

  #emit(holder: Host | Sender, collectedAt: number, emission: Emission): void {
    this.#ready.push({ holder, collectedAt, emission });
  }

  /** Since the collection before; 0 across a reboot, a gap and at the beginning. */
  #elapsed(sender: Sender, at: number): number {
    if (sender.closedAt === 0) return 0;
    const elapsedMs = at - sender.closedAt;
    const isGap = sender.intervalMs > 0 && elapsedMs > GAP_INTERVALS * sender.intervalMs;
    // Twice in a row: it is sent less often now.
    if (!isGap || sender.afterGap) sender.intervalMs = elapsedMs;
    const isMissing = isGap && !sender.afterGap;
    sender.afterGap = isGap;
    const { now, before } = sender.deriver.bootTimes();
    const isReboot = Math.abs(now - before) > SAME_BOOT_SECONDS;
    // A clock that was set moves the boot time too; only a boot since the last collection is one.
    if (isReboot && now * 1000 > sender.closedAt - SAME_BOOT_SECONDS * 1000)
      this.#reboot(sender, at, Math.round(now * 1000));
    return isMissing || isReboot ? 0 : elapsedMs / 1000;
  }

  #reboot(sender: Sender, collectedAt: number, at: number): void {
    if (sender.host.active !== sender) return;
    const labels = labelsFrom([...sender.identity, [METRIC_NAME, HOST_EVENT_METRIC], ['type', 'reboot']]);
    this.#emit(sender.host, collectedAt, { labels, kind: 'gauge', at, value: 1 });
  }

  #mark(
    ref: number,
    kind: Role['kind'],
    host: Host,
    sender: Sender | null = null,
    set: Setter | null = null,
    type: HostEventType = 'gap',
  ): void {
    if (ref >= this.#flags.length) {
      const grown = new Uint8Array(Math.max(ref + 1, 2 * this.#flags.length));
      grown.set(this.#flags);
      this.#flags = grown;
    }
    this.#flags[ref] = 1;
    this.#roles.set(ref, { kind, host, sender, set, type });
  }

  #host(entityId: string): Host {
    let host = this.#hosts.get(entityId);
    if (host === undefined) {
      host = {
        entityId,
        senders: new Map(),
        active: null,
        hasCollector: false,
        collectorAt: 0,
        derivedAt: 0,
        present: new Map(),
        labels: new Map(),
      };
      this.#hosts.set(entityId, host);
    }
    return host;
  }

  #sender(entityId: string, labels: Labels): Sender {
    const key = [...labelPairs(labels)].filter(([name]) => !OWN_LABELS.has(name)).join('\n');
    return this.#senderNamed(entityId, key, () => {
      const deriver = new HostFigureDeriver();
      const identity = [...labelPairs(labels)].filter(([name]) => IDENTITY_LABELS.has(name));
      return {
        isInstance: false,
        deriver,
        identity: [...identity, ['job', DERIVED_JOB]],
        settersOf: (of) => {
          const input = deriver.input(of);
          return input === undefined ? [] : [(value) => deriver.set(input, value)];
        },
      };
    });
  }

  #serviceSender(entityId: string, labels: Labels): Sender {
    return this.#senderNamed(entityId, labelValue(labels, 'instance') ?? '', () => {
      const deriver = new ServiceFigureDeriver();
      return {
        isInstance: true,
        deriver: {
          bootTimes: () => ({ now: Number.NaN, before: Number.NaN }),
          derive: (elapsed, give) => deriver.derive(elapsed, (metric, value) => give(metric, null, value)),
        },
        identity: [...labelPairs(labels)].filter(([name]) => SERVICE_LABELS.has(name)),
        settersOf: (of) => deriver.input(of).map((input) => (value: number) => deriver.set(input, value)),
      };
    });
  }

  #senderNamed(
    entityId: string,
    key: string,
    make: () => Pick<Sender, 'deriver' | 'identity' | 'settersOf' | 'isInstance'>,
  ): Sender {
    const host = this.#host(entityId);
    let sender = host.senders.get(key);
    if (sender === undefined) {
      const fresh = { open: [], expected: 0, present: new Map(), derivedAt: 0, closedAt: 0, intervalMs: 0 };
      sender = { host, ...make(), ...fresh, afterGap: false };
      host.senders.set(key, sender);
    }
    return sender;
  }
}

function isEventType(text: string): text is HostEventType {
  return (HOST_EVENT_TYPES as readonly string[]).includes(text);
}

function gather(role: Role, at: number, value: number, now: number): void {
  const sender = role.sender as Sender;
  if (at <= sender.closedAt) return;
  const { open } = sender;
  let i = open.length;
  while (i > 0 && (open[i - 1] as Collection).at > at) i--;
  let collection = open[i - 1];
  if (collection?.at !== at) {
    collection = { at, setters: [], values: [], touchedAt: now };
    open.splice(i, 0, collection);
  }
  collection.setters.push(role.set as Setter);
  collection.values.push(value);
  collection.touchedAt = now;
}

function labelsOf(sender: Sender, metric: string, mountpoint: string | null): Labels {
  const { host, identity } = sender;
  const key = `${identity.join('\n')}\n${metric}\n${mountpoint ?? ''}`;
  let labels = host.labels.get(key);
  if (labels === undefined) {
    labels = labelsFrom([
      ...identity,
      [METRIC_NAME, metric],
      ...(mountpoint === null ? [] : [['mountpoint', mountpoint] as const]),
    ]);
    host.labels.set(key, labels);
  }
  return labels;
}
