import { AuspexError } from '../errors.ts';
import { ModelReader, ModelWriter } from '../learners/model-bytes.ts';
import { IsolationForest } from '../learners/outlier/isolation-forest.ts';
import {
  type Finding,
  type FindingVerdict,
  formatDuration,
  formatLabels,
  type Labels,
  labelValue,
  metricName,
  processGroupMetrics,
  type Resource,
  type SampleBatch,
  type SeriesKind,
  type SeriesRef,
} from '../model/index.ts';
import { absentFinding, returnedFinding } from './absence.ts';
import { ApartStates, type TeachingAt } from './apart.ts';
import { CivilTime } from './civil-time.ts';
import { type EntityRecord, type Member, newEntity, type ProcessGroupSlots } from './entity.ts';
import { figureEvidence, jointEvidence } from './entity-evidence.ts';
import { advanceFigures, advanceJoint, type DetectionEvent, endEpisode, type EpisodeContext } from './episodes.ts';
import { featureIndex, features, hostFeatures } from './features.ts';
import { expectedOf, LEARNING_SAMPLES, observe, OUTCOME, resetShortTerm, setHoliday } from './metric-model.ts';
import { MetricEpisodes } from './metric-episodes.ts';
import { F32, FLAG, I32, SeriesSlab } from './series-slab.ts';
import { isTotal, possibleRange } from './series-traits.ts';
import { TrainingRows } from './training-rows.ts';

export type { DetectionEvent } from './episodes.ts';

export interface SeriesDefinition {
  readonly ref: SeriesRef;
  readonly labels: Labels;
  readonly kind: SeriesKind;
  readonly entityId: string;
  /** IANA name of the entity's civil time. */
  readonly timeZone: string;
  /** What people call the entity; its id's last part where this is missing. */
  readonly entityName?: string;
}

export interface DetectorOptions {
  /** The collector's interval, ms: what absence is measured by until an entity's own rhythm is known. */
  readonly intervalMs: number;
}

/** What the detector knows of an entity at the last vector it closed. */
export interface EntityDetectionState {
  readonly at: number;
  readonly features: readonly string[];
  readonly values: readonly number[];
  readonly openFindings: readonly Finding[];
  readonly vectors: number;
  /** What is still missing, in words; null when it knows. */
  readonly learning: string | null;
}

export interface TrainingData {
  readonly featureNames: readonly string[];
  /** Row-major, NaN = missing. */
  readonly rows: Float64Array;
  readonly count: number;
  readonly cols: number;
  readonly from: number;
  readonly to: number;
}

const KIND = 'detector';
const VERSION = 3;
/** How an entity's samples are taken, by entity index. */
const TEACHING = { learn: 0, holiday: 1, apart: 2 } as const;
const MAX_MEMBERS = 64;
/** Vectors before an entity's joint state is judged. */
const LEARNING_VECTORS = 60;
const QUIET_AFTER_EVENT_MS = 120_000;
/** Raw series of a host lie behind its derived figures; they are charted and banded but make no findings of their own. */
const SILENT_METRIC = /^(node_|auspex_|namedprocess_|scrape_|go_|process_|promhttp_|up$)/;
/** What says nothing of how an entity does: its exporter's own health, histograms' single buckets, constants. */
const NOT_JOINT = /^(scrape_|go_|promhttp_|node_scrape_|auspex_)|_(bucket|info)$/;
/** A member that did not report in so many vectors is of something that is gone. */
const GONE_ROUNDS = 20;
/** So often, in vectors, flat members make room for series that move. */
const RESELECT_VECTORS = 360;

/**
 * One shard-worker's detection: series in, findings out. It has no clock and no randomness: the same samples in the same
 * order by entity give the same findings with the same ids, however batches are cut and entities are spread over workers.
 *
 * State: 576 bytes a series plus about 10 of index, about 5 kB an entity, 2,048 rows of its vectors for training.
 */
export class Detector {
  readonly #options: DetectorOptions;
  readonly #civil = new CivilTime();
  #slab = new SeriesSlab();
  #slotOf = new Int32Array(1024).fill(-1);
  #refOf: number[] = [];
  #labels: (Labels | undefined)[] = [];
  #entities: EntityRecord[] = [];
  #byId = new Map<string, EntityRecord>();
  /** By entity index: where its civil offset holds, and its last event time. */
  #zoneFrom = new Float64Array(64);
  #zoneUntil = new Float64Array(64);
  #zoneOffset = new Float64Array(64);
  #lastAt = new Float64Array(64);
  #teaching = new Uint8Array(64);
  #teachingAt: TeachingAt | null = null;
  #apart = new ApartStates();
  #slots: number[][] = [];
  #forests = new Map<number, IsolationForest>();
  #forestBytes = new Map<number, Uint8Array>();
  #rows = new Map<number, TrainingRows>();
  #metrics = new MetricEpisodes();
  #asked: ReadonlySet<string> = new Set();
  #events: DetectionEvent[] = [];
  #now = Number.NaN;
  #graceUntil = 0;

  constructor(options: DetectorOptions) {
    if (!(options.intervalMs > 0)) {
      throw new AuspexError('BAD_REQUEST', `The detector's interval must be above 0 ms, not ${options.intervalMs}.`);
    }
    this.#options = options;
  }

  /** Series known. */
  get size(): number {
    return this.#slab.size;
  }

  /** Bytes of learnt state of all series, without labels. */
  get stateBytes(): number {
    return this.#slab.pages.length * (this.#slab.pages[0]?.bytes.length ?? 0) + this.#slotOf.byteLength;
  }

  /** Makes a series known; again for a known one (after a restore) only renews its labels and names. */
  define(series: SeriesDefinition): void {
    const entity = this.#entityFor(series);
    this.#growRefs(series.ref);
    const known = this.#slotOf[series.ref];
    const metric = metricName(series.labels);
    if (known >= 0) {
      this.#labels[known] = series.labels;
      this.#setSilent(known, metric);
      return;
    }
    let flags = isTotal(metric, series.kind) ? FLAG.counter : 0;
    if (series.kind === 'info') flags |= FLAG.ignored;
    const slot = this.#slab.allocate(entity.index, flags);
    this.#setSilent(slot, metric);
    this.#slotOf[series.ref] = slot;
    this.#refOf[slot] = series.ref;
    this.#labels[slot] = series.labels;
    this.#slots[entity.index].push(slot);
    if (series.kind !== 'info') this.#enlist(entity, slot, metric, series.labels);
  }

  /** Scores samples in their order. Unknown series are passed over; a sample behind its series' last one is not scored. */
  advance(batch: SampleBatch): void {
    const { count, refs, times, values } = batch;
    const slotOf = this.#slotOf;
    const slab = this.#slab;
    const pages = slab.pages;
    for (let i = 0; i < count; i++) {
      const ref = refs[i];
      const slot = ref < slotOf.length ? slotOf[ref] : -1;
      if (slot < 0) continue;
      const page = pages[slot >> 10];
      const base = slab.base(slot);
      const b4 = base >> 2;
      if ((page.i32[b4 + I32.flags] & FLAG.ignored) !== 0) continue;
      const e = page.i32[b4 + I32.entity];
      const time = times[i];
      if (time - time !== 0) continue;
      if (time < this.#zoneFrom[e] || time >= this.#zoneUntil[e]) this.#turnZone(e, time);
      if (time > this.#lastAt[e]) this.#seen(e, time);
      const teaching = this.#teaching[e];
      if (teaching === TEACHING.apart) this.#apart.keep(e, slot, slab);
      let flags = page.i32[b4 + I32.flags];
      if (((flags & FLAG.holiday) !== 0) !== (teaching === TEACHING.holiday)) {
        setHoliday(page, base, teaching === TEACHING.holiday);
        flags = page.i32[b4 + I32.flags];
      }
      const member = (flags & FLAG.member) !== 0;
      const floor = member ? this.#entities[e].members[(flags >> 16) & 255].floor : 0;
      const outcome = observe(page, base, time, values[i], this.#zoneOffset[e], floor);
      if (member) {
        if (outcome !== OUTCOME.behind)
          this.#memberReported(this.#entities[e], (flags >> 16) & 255, time, page.f32[b4 + F32.interval], values[i]);
      }
      if (outcome === OUTCOME.scored && (flags & FLAG.silent) === 0 && teaching !== TEACHING.apart)
        this.#metricEvidence(slot, page.f32, b4, e, time);
    }
  }

  /**
   * Tells what time it is: entities that have not reported for three of their intervals (60 s at least) are absent, and
   * what is older than 10 minutes pages no more. After a pause of this process of its own nothing is absent for a while.
   */
  advanceTime(now: number): void {
    if (now - this.#now > 60_000) this.#graceUntil = now + 60_000;
    this.#now = now;
    if (now < this.#graceUntil) return;
    for (const entity of this.#entities) {
      const last = this.#lastAt[entity.index];
      if (entity.absence !== null || entity.closed < LEARNING_SAMPLES || last === 0) continue;
      const interval = this.#intervalOf(entity);
      if (now - last <= Math.max(3 * interval, 60_000)) {
        entity.live = true;
        continue;
      }
      if (!entity.live) continue;
      entity.absence = absentFinding(entity, last, now, interval, this.#offsetAt(entity, last));
      this.#events.push({ change: 'opened', finding: entity.absence });
    }
  }

  /** What has happened since the last call, in order. */
  drain(): DetectionEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** What is expected of a series now. */
  expected(ref: SeriesRef): {
    mean: number | null;
    lower: number | null;
    upper: number | null;
    learning: string | null;
  } {
    const slot = ref < this.#slotOf.length ? this.#slotOf[ref] : -1;
    if (slot < 0) return { mean: null, lower: null, upper: null, learning: 'no samples yet' };
    const band = expectedOf(this.#slab, slot, this.#floorOf(slot));
    if (band === null) {
      const missing = LEARNING_SAMPLES - this.#slab.f32(slot, F32.count);
      const interval = (this.#slab.f32(slot, F32.interval) || this.#options.intervalMs / 1000) * 1000;
      return { mean: null, lower: null, upper: null, learning: `needs ${formatDuration(missing * interval)} more` };
    }
    const isRate = (this.#slab.flags(slot) & FLAG.counter) !== 0;
    const { least, most } = possibleRange(metricName(this.#labels[slot] ?? []), isRate);
    return {
      mean: band.mean,
      lower: Math.max(least, band.lower),
      upper: Math.min(most, band.upper),
      learning: null,
    };
  }

  /** The score of a series' last sample: 1 − the share of normal moments that deviate as far; direction by sign of z. */
  scoreOf(ref: SeriesRef): { readonly score: number; readonly z: number } | null {
    const slot = ref < this.#slotOf.length ? this.#slotOf[ref] : -1;
    if (slot < 0 || this.#slab.f32(slot, F32.count) <= LEARNING_SAMPLES) return null;
    return { score: 1 - 10 ** -Math.abs(this.#slab.f32(slot, F32.surprise)), z: this.#slab.f32(slot, F32.z) };
  }

  entityState(entityId: string): EntityDetectionState | undefined {
    const entity = this.#byId.get(entityId);
    if (entity === undefined) return undefined;
    const missing = LEARNING_VECTORS - entity.closed;
    const open = Object.values(entity.subjects).flatMap((s) => (s.episode ? [s.episode.finding] : []));
    if (entity.absence?.status === 'open') open.push(entity.absence);
    return {
      at: entity.lastClosedAt,
      features: this.#featureNames(entity),
      values: [...entity.vector],
      openFindings: [...open, ...this.#metrics.openOf(entity.id)],
      vectors: entity.closed,
      learning: missing > 0 ? `needs ${formatDuration(missing * this.#intervalOf(entity))} more` : null,
    };
  }

  /** The joint states kept for training, about one a minute, oldest first; undefined for an unknown entity. */
  trainingRows(entityId: string): TrainingData | undefined {
    const entity = this.#byId.get(entityId);
    if (entity === undefined) return undefined;
    const featureNames = this.#featureNames(entity);
    const data = this.#rows.get(entity.index)?.read(featureNames.length);
    const cols = featureNames.length;
    return { featureNames, cols, ...(data ?? { rows: new Float64Array(0), count: 0, from: 0, to: 0 }) };
  }

  /** Gives an entity its isolation forest. Throws MODEL_DAMAGED. */
  setModel(entityId: string, bytes: Uint8Array): void {
    const entity = this.#byId.get(entityId);
    if (entity === undefined) return;
    this.#forests.set(entity.index, IsolationForest.fromBytes(bytes));
    this.#forestBytes.set(entity.index, bytes.slice());
    entity.forestTail.fill(0);
    this.#apart.change(entity.index, (kept) => void kept.forestTail.fill(0));
  }

  /**
   * Tells what is learnt when: what comes at a time that teaches nothing is scored, and afterwards the state is as if nothing
   * had come. It belongs to the input as samples do, and is told anew after a restore. O(entities).
   */
  setTeaching(teachingAt: TeachingAt): void {
    this.#teachingAt = teachingAt;
    this.#zoneUntil.fill(0);
  }

  /** Names of metrics that a person wants to know of when they are unusual. O(series). Part of the input as well, and told anew after a restore. */
  setAsked(metrics: readonly string[]): void {
    this.#asked = new Set(metrics);
    for (const [slot, labels] of this.#labels.entries())
      if (labels !== undefined) this.#setSilent(slot, metricName(labels));
  }

  /** Of what collectors measure by the hundred, single series are no findings, unless somebody asked for them. */
  #setSilent(slot: number, metric: string): void {
    const flags = this.#slab.flags(slot);
    const isSilent = SILENT_METRIC.test(metric) && !this.#asked.has(metric);
    this.#slab.setFlags(slot, isSilent ? flags | FLAG.silent : flags & ~FLAG.silent);
  }

  /** A person's word: what is normal is learnt as a range and not reported again inside it; what is confirmed is never learnt. */
  feedback(
    entityId: string,
    detector: string,
    subject: string,
    verdict: Exclude<FindingVerdict, 'none'>,
    at: number,
  ): void {
    const entity = this.#byId.get(entityId);
    if (entity === undefined) return;
    if (detector === 'metric') {
      const slot = this.#metrics.feedback(entity, subject, verdict, at, this.#slab);
      if (slot >= 0) this.#drainMetric();
      return;
    }
    if (detector === 'absence') {
      if (verdict !== 'normal' || entity.absence?.status !== 'open') return;
      // It stays where it is, ended: the entity is not missed again before it has come back.
      entity.absence = returnedFinding(entity.absence, at);
      this.#events.push({ change: 'ended', finding: entity.absence });
      return;
    }
    const found = Object.values(entity.subjects).find((s) => s.episode?.finding.subject === subject);
    if (verdict === 'confirmed') {
      for (const member of entity.members) member.pending = [];
      this.#apart.change(entity.index, (kept) => {
        for (const member of kept.members) member.pending = [];
      });
      return;
    }
    if (verdict !== 'normal') return;
    const range = found?.episode?.range ?? entity.lastEpisodes[subject] ?? {};
    for (const [slot, [low, high]] of Object.entries(range)) {
      const margin = 0.1 * (high - low);
      const old = entity.normal[Number(slot)] ?? [low, high];
      entity.normal[Number(slot)] = [Math.min(old[0], low - margin), Math.max(old[1], high + margin)];
    }
    this.#apart.change(entity.index, (kept) => {
      kept.normal = entity.normal;
    });
    if (found) endEpisode(this.#context(this.#offsetAt(entity, at)), entity, found, at);
  }

  /** A reboot, resumption, clock step or gap: short-term state of the entity's series starts anew, and nothing opens for two minutes. */
  markEvent(entityId: string, at: number, _type: 'reboot' | 'resume' | 'clock-step' | 'gap'): void {
    const entity = this.#byId.get(entityId);
    if (entity === undefined) return;
    for (const slot of this.#slots[entity.index]) {
      this.#apart.keep(entity.index, slot, this.#slab);
      resetShortTerm(this.#slab.page(slot), this.#slab.base(slot));
    }
    for (const subject of Object.values(entity.subjects)) if (subject.episode === null) subject.sum = 0;
    entity.quietUntil = at + QUIET_AFTER_EVENT_MS;
    entity.roundStart = 0;
    for (const member of entity.members) if (member.seen === entity.round) member.seen--;
    entity.roundCount = 0;
  }

  /** All learnt state; labels of series that have no part in a joint state are not in it: define the series again after a restore. */
  snapshot(): Uint8Array {
    const writer = new ModelWriter(KIND, VERSION)
      .number(this.#options.intervalMs)
      .number(this.#now)
      .number(this.#graceUntil);
    writer.bytes(this.#slab.toBytes());
    writer.int32s(Int32Array.from(this.#refOf));
    writer.text(JSON.stringify(this.#entities)).text(this.#metrics.toJson()).text(JSON.stringify(this.#events));
    writer.float64s(this.#lastAt.slice(0, this.#entities.length));
    for (const entity of this.#entities) {
      writer.bytes(this.#forestBytes.get(entity.index) ?? new Uint8Array(0));
      const rows = this.#rows.get(entity.index);
      writer.float64s(rows?.toNumbers() ?? new Float64Array(0));
    }
    const apart = this.#apart.toParts();
    writer.text(apart.json).bytes(apart.bytes);
    return writer.finish();
  }

  /** Throws MODEL_DAMAGED for bytes that restore would refuse; by their checksum alone. */
  static verify(bytes: Uint8Array): void {
    new ModelReader(bytes, KIND, VERSION);
  }

  /** Throws MODEL_DAMAGED for bytes that are cut, altered or of a later version. */
  static restore(bytes: Uint8Array): Detector {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const detector = new Detector({ intervalMs: reader.number() });
    detector.#now = reader.number();
    detector.#graceUntil = reader.number();
    detector.#slab = SeriesSlab.fromBytes(reader.bytes());
    detector.#refOf = [...reader.int32s()];
    const entities = JSON.parse(reader.text()) as EntityRecord[];
    detector.#metrics = MetricEpisodes.fromJson(reader.text());
    detector.#events = JSON.parse(reader.text()) as DetectionEvent[];
    const lastAt = reader.float64s();
    for (const entity of entities) {
      entity.vector = entity.vector.map((v) => (v === null ? Number.NaN : v));
      detector.#addEntity(entity);
      detector.#lastAt[entity.index] = lastAt[entity.index];
      for (const member of entity.members) detector.#labels[member.slot] = member.labels;
      const forest = reader.bytes();
      if (forest.length > 0) {
        detector.#forests.set(entity.index, IsolationForest.fromBytes(forest));
        detector.#forestBytes.set(entity.index, forest);
      }
      const rows = reader.float64s();
      if (rows.length > 0) detector.#rows.set(entity.index, TrainingRows.fromNumbers(rows));
    }
    if (reader.version >= 3) detector.#apart = ApartStates.fromParts(reader.text(), reader.bytes());
    for (const index of detector.#apart.indices()) detector.#teaching[index] = TEACHING.apart;
    for (let slot = 0; slot < detector.#refOf.length; slot++) {
      detector.#growRefs(detector.#refOf[slot]);
      detector.#slotOf[detector.#refOf[slot]] = slot;
      const e = detector.#slab.page(slot).i32[(detector.#slab.base(slot) >> 2) + I32.entity];
      detector.#slots[e].push(slot);
    }
    return detector;
  }

  #entityFor(series: SeriesDefinition): EntityRecord {
    let entity = this.#byId.get(series.entityId);
    const id = series.entityId;
    if (entity === undefined) {
      const colon = id.indexOf(':');
      const instance = labelValue(series.labels, 'instance')?.replace(/:\d+$/, '');
      const name = series.entityName ?? instance ?? id.slice(colon + 1);
      entity = newEntity(id, this.#entities.length, id.slice(0, Math.max(0, colon)), name, series.timeZone);
      this.#addEntity(entity);
    } else {
      if (series.entityName !== undefined) entity.name = series.entityName;
      if (series.timeZone !== entity.timeZone) {
        entity.timeZone = series.timeZone;
        this.#zoneUntil[entity.index] = 0;
      }
    }
    return entity;
  }

  #addEntity(entity: EntityRecord): void {
    this.#entities.push(entity);
    this.#byId.set(entity.id, entity);
    this.#slots.push([]);
    if (entity.index >= this.#lastAt.length) {
      this.#zoneFrom = grow(this.#zoneFrom);
      this.#zoneUntil = grow(this.#zoneUntil);
      this.#zoneOffset = grow(this.#zoneOffset);
      this.#lastAt = grow(this.#lastAt);
      const teaching = new Uint8Array(this.#teaching.length * 2);
      teaching.set(this.#teaching);
      this.#teaching = teaching;
    }
  }

  #growRefs(ref: number): void {
    if (ref < this.#slotOf.length) return;
    const grown = new Int32Array(Math.max(ref + 1, Math.ceil(this.#slotOf.length * 1.5))).fill(-1);
    grown.set(this.#slotOf);
    this.#slotOf = grown;
  }

  /** Takes a series into its entity's joint state where it belongs there. */
  #enlist(entity: EntityRecord, slot: number, metric: string, labels: Labels): void {
    const group = labelValue(labels, 'groupname');
    if (group !== undefined && (metric.startsWith('namedprocess_') || metric.startsWith('auspex_host_process_group'))) {
      addToGroup(entity, group, metric, labels, slot);
      return;
    }
    const feature = featureIndex(metric);
    const isHostFigure = feature >= 0 && feature < hostFeatures.length;
    if (isHostFigure && !entity.isHost) {
      // The first of a host's derived figures: from now on these make up its joint state, nothing else.
      entity.isHost = true;
      for (const member of entity.members)
        this.#slab.setFlags(member.slot, this.#slab.flags(member.slot) & ~(FLAG.member | (255 << 16)));
      entity.members = [];
      entity.roundCount = 0;
      entity.expected = 0;
    }
    const isKnown = feature >= 0;
    const gone = isKnown && !isHostFigure ? this.#goneMember(entity, feature) : -1;
    if ((gone < 0 && entity.members.length >= 255) || (entity.isHost && !isHostFigure)) return;
    if (!isKnown && (NOT_JOINT.test(metric) || unknownMembers(entity) >= MAX_MEMBERS)) return;
    const place = gone >= 0 ? gone : entity.members.length;
    const name = isKnown ? features[feature].title : formatLabels(withoutIdentity(labels));
    const floor = isKnown ? features[feature].floor : 0;
    entity.expected++;
    entity.members[place] = { slot, feature, name, labels, floor, seen: entity.round - 1, before: null, pending: [] };
    this.#slab.setFlags(
      slot,
      this.#slab.flags(slot) |
        FLAG.member |
        (place << 16) |
        (isKnown ? FLAG.quarantine : 0) |
        (entity.held ? FLAG.held : 0),
    );
  }

  /** The place of the same figure of an instance that is no more: each start of a service may give it a new name. Frees its series. */
  #goneMember(entity: EntityRecord, feature: number): number {
    const place = entity.members.findIndex((one) => one.feature === feature && one.seen < entity.round - GONE_ROUNDS);
    const member = entity.members[place];
    if (member !== undefined)
      this.#slab.setFlags(member.slot, this.#slab.flags(member.slot) & ~(FLAG.member | (255 << 16)));
    return place;
  }

  #seen(e: number, time: number): void {
    this.#lastAt[e] = time;
    const entity = this.#entities[e];
    if (entity.firstAt === 0) entity.firstAt = time;
    if (entity.absence !== null) {
      if (entity.absence.status === 'open') {
        this.#events.push({ change: 'ended', finding: returnedFinding(entity.absence, time) });
      }
      entity.absence = null;
    }
  }

  /** Where the civil offset or what is taught may change. */
  #turnZone(e: number, time: number): void {
    const entity = this.#entities[e];
    const zone = this.#civil.zone(entity.timeZone);
    this.#zoneOffset[e] = zone.offsetAt(time);
    this.#zoneFrom[e] = zone.from;
    this.#zoneUntil[e] = zone.until;
    if (this.#teachingAt === null) return;
    const { teaching, from, until } = this.#teachingAt(entity.id, time);
    this.#zoneFrom[e] = Math.max(zone.from, from);
    this.#zoneUntil[e] = Math.min(zone.until, until);
    const before = this.#teaching[e];
    this.#teaching[e] = TEACHING[teaching];
    if (before === TEACHING.apart && teaching !== 'apart') this.#comeBack(entity);
    if (before !== TEACHING.apart && teaching === 'apart') this.#apart.enter(entity, this.#lastAt[e], this.#slab);
  }

  /** After a time that teaches nothing: what was found in it is over, and the state is as it was before. */
  #comeBack(entity: EntityRecord): void {
    const endedAt = this.#lastAt[entity.index];
    const back = this.#apart.leave(entity, this.#slab);
    if (back === null) return;
    this.#lastAt[entity.index] = back.lastAt;
    for (const finding of back.opened)
      this.#events.push({ change: 'ended', finding: { ...finding, status: 'ended', lastAt: endedAt, endedAt } });
  }

  #offsetAt(entity: EntityRecord, at: number): number {
    return this.#civil.zone(entity.timeZone).offsetAt(at);
  }

  /**
   * A vector closes when all members that report at present have reported, or two intervals after it began. A member that
   * comes again before that has its newer value in it.
   */
  #memberReported(entity: EntityRecord, place: number, time: number, intervalSeconds: number, value: number): void {
    const member = entity.members[place];
    if (value !== value) return this.#memberGone(entity, member, time);
    if (member.seen === entity.round) {
      const waited = time - entity.roundStart;
      if (waited >= 2000 * intervalSeconds * 0.99) {
        this.#close(entity, time);
      } else return;
    }
    if (entity.roundCount === 0) entity.roundStart = time;
    if (entity.closed >= 3 && member.seen < entity.round - 1) entity.expected++;
    member.seen = entity.round;
    entity.roundCount++;
    if (entity.roundCount >= entity.expected) this.#close(entity, time);
  }

  /** A disk was unmounted, a series has ended: nobody waits for it, or a fault that begins now would be seen late. */
  #memberGone(entity: EntityRecord, member: Member, time: number): void {
    if (member.seen === entity.round) return;
    const isAwaited = entity.closed < 3 || member.seen === entity.round - 1;
    member.seen = -1;
    if (!isAwaited) return;
    entity.expected--;
    if (entity.roundCount > 0 && entity.roundCount >= entity.expected) this.#close(entity, time);
  }

  #close(entity: EntityRecord, at: number): void {
    const complete = entity.roundCount === entity.members.length;
    if (entity.roundCount > 0) {
      const context = this.#context(this.#zoneOffset[entity.index]);
      const isKnowing = entity.closed >= LEARNING_VECTORS;
      if (entity.isHost || hasFigures(entity)) {
        const evidence = figureEvidence(this.#slab, entity, this.#forests.get(entity.index), at);
        if (isKnowing) advanceFigures(context, entity, evidence, at);
        this.#holdBack(entity);
      }
      if (!entity.isHost) {
        const evidence = jointEvidence(this.#slab, entity);
        if (isKnowing && unknownMembers(entity) >= 3) advanceJoint(context, entity, evidence, at);
      }
      this.#keepRow(entity, at);
      entity.closed++;
      const isApart = this.#teaching[entity.index] === TEACHING.apart;
      if (!entity.isHost && !isApart && entity.closed % RESELECT_VECTORS === 0) this.#reselect(entity);
      entity.lastClosedAt = at;
    }
    entity.round++;
    entity.roundCount = 0;
    entity.roundStart = at;
    // Members that are expected in the next round: those that reported in this one.
    const { members } = entity;
    let expected = members.length;
    if (entity.closed >= 3 && !complete) {
      const last = entity.round - 1;
      expected = 0;
      for (let m = 0; m < members.length; m++) if (members[m].seen === last) expected++;
    }
    entity.expected = expected;
  }

  /** While a host or service is in an episode, none of its figures learns what is out of the ordinary. O(members) when that turns. */
  #holdBack(entity: EntityRecord): void {
    let held = false;
    for (const resource in entity.subjects) if (entity.subjects[resource as Resource]?.episode) held = true;
    if (held === entity.held) return;
    entity.held = held;
    for (const { slot } of entity.members) {
      const flags = this.#slab.flags(slot);
      this.#slab.setFlags(slot, held ? flags | FLAG.held : flags & ~FLAG.held);
    }
  }

  /** Members that never move give their place to series that do. O(series of the entity), seldom. */
  #reselect(entity: EntityRecord): void {
    const slots = this.#slots[entity.index];
    if (slots.length <= entity.members.length) return;
    const moves = (slot: number): boolean => this.#slab.f32(slot, F32.scale) > 0;
    const waiting = slots.filter((slot) => {
      const barred = FLAG.member | FLAG.ignored;
      if ((this.#slab.flags(slot) & barred) !== 0 || !moves(slot)) return false;
      return (
        this.#slab.f32(slot, F32.count) >= LEARNING_VECTORS && !NOT_JOINT.test(metricName(this.#labels[slot] ?? []))
      );
    });
    let next = 0;
    for (let place = 0; place < entity.members.length && next < waiting.length; place++) {
      const { slot: old, feature } = entity.members[place];
      if (feature >= 0 || moves(old)) continue;
      const slot = waiting[next++];
      const labels = this.#labels[slot] ?? [];
      this.#slab.setFlags(old, this.#slab.flags(old) & ~(FLAG.member | (255 << 16)));
      this.#slab.setFlags(slot, this.#slab.flags(slot) | FLAG.member | (place << 16));
      const name = formatLabels(withoutIdentity(labels));
      entity.members[place] = {
        slot,
        feature: -1,
        name,
        labels,
        floor: 0,
        seen: entity.round,
        before: null,
        pending: [],
      };
    }
    // The columns have changed their meaning: rows kept so far would teach a model nonsense.
    if (next > 0) this.#rows.delete(entity.index);
  }

  #keepRow(entity: EntityRecord, at: number): void {
    if (this.#teaching[entity.index] === TEACHING.apart) return;
    let rows = this.#rows.get(entity.index);
    if (rows === undefined || rows.cols < entity.vector.length) {
      rows = new TrainingRows(entity.vector.length);
      this.#rows.set(entity.index, rows);
    }
    if (!rows.isDue(at)) return;
    // What is happening in a fault is not what a model of the usual should learn.
    const inEpisode = Object.values(entity.subjects).some((s) => s.episode !== null);
    if (!inEpisode) rows.add(at, entity.vector);
  }

  #metricEvidence(slot: number, f32: Float32Array, b4: number, e: number, time: number): void {
    const surprise = Math.abs(f32[b4 + F32.surprise]);
    const before = f32[b4 + F32.evidence];
    if (surprise <= 1.5 && before === 0) return;
    const sum = Math.max(0, before + Math.min(4, surprise) - 1.5);
    f32[b4 + F32.evidence] = Math.min(sum, 60);
    const least = this.#asked.size > 0 ? 5 : 20;
    if (sum >= least || (before > 0 && sum === 0) || before >= least) {
      const entity = this.#entities[e];
      const labels = this.#labels[slot] ?? [];
      const isAsked = this.#asked.has(metricName(labels));
      this.#metrics.judge(this.#slab, slot, entity, labels, time, sum, this.#zoneOffset[e], isAsked);
      this.#drainMetric();
    }
  }

  #drainMetric(): void {
    for (const event of this.#metrics.drain()) this.#events.push(event);
  }

  #context(offsetMs: number): EpisodeContext {
    return { slab: this.#slab, offsetMs, now: this.#now, emit: this.#emit };
  }

  readonly #emit = (event: DetectionEvent): void => {
    this.#events.push(event);
  };

  #intervalOf(entity: EntityRecord): number {
    let longest = 0;
    for (const member of entity.members) longest = Math.max(longest, this.#slab.f32(member.slot, F32.interval));
    return longest > 0 ? longest * 1000 : this.#options.intervalMs;
  }

  #featureNames(entity: EntityRecord): string[] {
    return entity.isHost ? hostFeatures.map((f) => f.name) : entity.members.map((m) => m.name);
  }

  #floorOf(slot: number): number {
    const flags = this.#slab.flags(slot);
    if ((flags & FLAG.member) === 0) return 0;
    const e = this.#slab.page(slot).i32[(this.#slab.base(slot) >> 2) + I32.entity];
    return this.#entities[e].members[(flags >> 16) & 255].floor;
  }
}

/** Whether some of a service's series have a known meaning. */
function hasFigures(entity: EntityRecord): boolean {
  return entity.members.some(({ feature }) => feature >= 0);
}

function unknownMembers(entity: EntityRecord): number {
  let count = 0;
  for (const { feature } of entity.members) if (feature < 0) count++;
  return count;
}

function grow(values: Float64Array): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(values.length * 2);
  grown.set(values);
  return grown;
}

function withoutIdentity(labels: Labels): Labels {
  const out: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    if (!['instance', 'job', 'host_id', 'host.id'].includes(labels[i])) out.push(labels[i], labels[i + 1]);
  }
  return out;
}

function addToGroup(entity: EntityRecord, name: string, metric: string, labels: Labels, slot: number): void {
  const key = `group ${name}`;
  entity.groups[key] ??= {
    name,
    cpuCores: -1,
    cpuSeconds: [],
    memory: -1,
    readBytes: -1,
    writeBytes: -1,
    readRate: -1,
    writeRate: -1,
    count: -1,
    pid: -1,
  };
  const group: ProcessGroupSlots = entity.groups[key];
  if (metric === processGroupMetrics.cpuCores) group.cpuCores = slot;
  else if (metric === processGroupMetrics.cpuSeconds) group.cpuSeconds.push(slot);
  else if (metric === processGroupMetrics.memoryBytes && labelValue(labels, 'memtype') === 'resident')
    group.memory = slot;
  else if (metric === processGroupMetrics.readBytes) group.readBytes = slot;
  else if (metric === processGroupMetrics.writeBytes) group.writeBytes = slot;
  else if (metric === processGroupMetrics.readBytesPerSecond) group.readRate = slot;
  else if (metric === processGroupMetrics.writeBytesPerSecond) group.writeRate = slot;
  else if (metric === processGroupMetrics.processCount) group.count = slot;
  else if (metric === processGroupMetrics.pid) group.pid = slot;
}
