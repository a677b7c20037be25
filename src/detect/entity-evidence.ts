import { IsolationForest } from '../learners/outlier/isolation-forest.ts';
import type { Resource } from '../model/index.ts';
import type { EntityRecord, Member } from './entity.ts';
import { features, hostFeatures, practicalWeight } from './features.ts';
import { binOf, countTail, leastHeldBack } from './metric-model.ts';
import { F32, F64, type SeriesSlab, TAIL_AT } from './series-slab.ts';

/** No deviation counts for more than one in a million moments: below that, tails are guesses. */
const MOST = 6;
/** An unusual host figure is learnt after so many hours, unless a person confirmed it. */
const QUARANTINE_HOURS = 6;
/** A run above the band counts for itself from here on, more with each doubling. */
const LONG_RUN_SECONDS = 180;
const HOUR = 3_600_000;

/** What one member says about the moment. */
export interface MemberEvidence {
  readonly member: Member;
  readonly place: number;
  readonly resource: Resource;
  readonly value: number;
  readonly expected: number;
  readonly evidence: number;
}

/** Evidence of one closed vector, by resource; the members behind it, strongest first. */
export interface VectorEvidence {
  readonly byResource: ReadonlyMap<Resource, number>;
  readonly members: readonly MemberEvidence[];
}

/** Evidence of a host's or service's figures of known meaning: harmful deviations, weighed by what they mean in practice. O(members). */
export function figureEvidence(
  slab: SeriesSlab,
  entity: EntityRecord,
  forest: IsolationForest | undefined,
  at: number,
): VectorEvidence {
  const members: MemberEvidence[] = [];
  const byResource = new Map<Resource, number>();
  const vector = entity.isHost ? new Array<number>(hostFeatures.length).fill(Number.NaN) : null;
  const hour = Math.floor(at / HOUR);
  for (let m = 0; m < entity.members.length; m++) {
    const member = entity.members[m];
    if (member.feature < 0 || member.seen !== entity.round) continue;
    const value = slab.f64(member.slot, F64.lastValue);
    if (value !== value) continue;
    const feature = features[member.feature];
    if (vector !== null) {
      const before = vector[member.feature];
      vector[member.feature] = before === before ? Math.max(before, value) : value;
    }
    if (member.pending.length > 0) release(slab, member, hour);
    const surprise = slab.f32(member.slot, F32.surprise);
    if (Math.abs(surprise) >= leastHeldBack(slab.flags(member.slot))) quarantine(slab, member, hour);
    if (surprise < 1 && (feature.fall === null || surprise > -1)) continue;
    if (isNormal(entity, member.slot, value)) continue;
    const expected = slab.f64(member.slot, F64.level) + slab.f32(member.slot, F32.season);
    // A burst that is usual is not usual any more when it does not end.
    const run = Math.abs(slab.f32(member.slot, F32.run));
    const lasting = Math.max(0, Math.min(3, Math.log2(run / LONG_RUN_SECONDS)));
    const evidence = Math.min(MOST, Math.abs(surprise) + lasting) * practicalWeight(feature, value, expected);
    if (evidence > 0) members.push({ member, place: m, resource: feature.resource, value, expected, evidence });
  }
  members.sort((a, b) => b.evidence - a.evidence || a.place - b.place);
  for (const { resource, evidence } of members) {
    const strongest = byResource.get(resource);
    byResource.set(resource, strongest === undefined ? evidence : Math.min(MOST + 2, strongest + evidence / 2));
  }
  if (vector === null) return { byResource, members };
  entity.vector = vector;
  if (forest !== undefined && byResource.size > 0) {
    const support = forestSupport(entity, forest, vector);
    for (const [resource, evidence] of byResource) byResource.set(resource, evidence + support);
  }
  return { byResource, members };
}

/** What most vectors of most entities say; shared, since nobody writes to it. */
const NOTHING: VectorEvidence = { byResource: new Map(), members: [] };

/**
 * Evidence of any other entity: how many of its series of unknown meaning are how unusual at once. O(members). Writes into the entity's
 * vector in place and makes nothing new unless something is unusual: a sender that catches up closes a vector every few
 * dozen samples.
 */
export function jointEvidence(slab: SeriesSlab, entity: EntityRecord): VectorEvidence {
  const { round, members, vector } = entity;
  let found: MemberEvidence[] | null = null;
  let sum = 0;
  vector.length = members.length;
  for (let m = 0; m < members.length; m++) {
    const member = members[m];
    vector[m] = Number.NaN;
    if (member.seen !== round) continue;
    const page = slab.page(member.slot);
    const base = slab.base(member.slot);
    const value = page.f64[(base >> 3) + F64.lastValue];
    if (value !== value) continue;
    vector[m] = value;
    if (member.feature >= 0) continue;
    const surprise = Math.abs(page.f32[(base >> 2) + F32.surprise]);
    if (surprise < 2 || isNormal(entity, member.slot, value)) continue;
    const evidence = Math.min(MOST, surprise) - 2;
    const expected = page.f64[(base >> 3) + F64.level] + page.f32[(base >> 2) + F32.season];
    if (evidence > 0) (found ??= []).push({ member, place: m, resource: 'other', value, expected, evidence });
    sum += evidence;
  }
  if (found === null) return NOTHING;
  found.sort((a, b) => b.evidence - a.evidence || a.place - b.place);
  return { byResource: new Map<Resource, number>([['other', sum]]), members: found };
}

function isNormal(entity: EntityRecord, slot: number, value: number): boolean {
  const range = entity.normal[slot];
  return range !== undefined && value >= range[0] && value <= range[1];
}

/** The forest supports what the figures say with up to two orders of magnitude, by how rare its score has been. */
function forestSupport(entity: EntityRecord, forest: IsolationForest, vector: readonly number[]): number {
  if (forest.nCols !== vector.length) return 0;
  const score = forest.score(Float64Array.from(vector));
  const bin = Math.max(0, Math.min(31, Math.floor((score - 0.3) * 40)));
  const tail = entity.forestTail;
  let total = 20;
  let beyond = 1;
  for (let b = 0; b < 32; b++) {
    total += tail[b];
    if (b >= bin) beyond += tail[b];
  }
  tail[bin]++;
  if (total > 50_000) for (let b = 0; b < 32; b++) tail[b] /= 2;
  return Math.min(2, -Math.log10(beyond / total));
}

function quarantine(slab: SeriesSlab, member: Member, hour: number): void {
  const z = slab.f32(member.slot, F32.z);
  const bin = binOf(Math.abs(z)) + (z < 0 ? 16 : 0);
  const pending = member.pending;
  for (let i = pending.length - 3; i >= 0 && pending[i] === hour + QUARANTINE_HOURS; i -= 3) {
    if (pending[i + 1] === bin) {
      pending[i + 2]++;
      return;
    }
  }
  pending.push(hour + QUARANTINE_HOURS, bin, 1);
}

function release(slab: SeriesSlab, member: Member, hour: number): void {
  const pending = member.pending;
  let done = 0;
  while (done < pending.length && pending[done] <= hour) {
    const at = (slab.base(member.slot) + TAIL_AT) >> 1;
    for (let n = 0; n < pending[done + 2]; n++) countTail(slab.page(member.slot).u16, at, pending[done + 1]);
    done += 3;
  }
  if (done > 0) member.pending = pending.slice(done);
}
