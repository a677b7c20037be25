import type { Culprit, Finding, Labels, Resource } from '../model/index.ts';
import { newTailThreshold, type TailThreshold } from './tail-threshold.ts';

/** A series that takes part in its entity's joint state. */
export interface Member {
  readonly slot: number;
  /** Place among the features; -1 for a series of unknown meaning. */
  readonly feature: number;
  readonly name: string;
  readonly labels: Labels;
  readonly floor: number;
  /** The round in which it last reported. */
  seen: number;
  /** What was far out and not learnt yet: hour of release, bin, count; one after another. */
  pending: number[];
}

/** Series of one group of processes, by what they tell; -1 where there is none. */
export interface ProcessGroupSlots {
  readonly name: string;
  cpuCores: number;
  cpuSeconds: number[];
  memory: number;
  readBytes: number;
  writeBytes: number;
  readRate: number;
  writeRate: number;
  count: number;
  pid: number;
}

/** A stretch of unusual evidence on one subject. */
export interface Episode {
  finding: Finding;
  /** Consecutive closed vectors without evidence, and when the first of them was. */
  calm: number;
  calmSince: number;
  reportedAt: number;
  /** By member's place: lowest and highest value seen, what "this is normal" would teach. */
  range: Record<number, [number, number]>;
  blame: Blame;
}

/** Who has used most above their usual since an episode began, by the best measure that named anybody. */
export interface Blame {
  /** The figure that led when it began: what a group is measured by depends on it. */
  figure: string;
  /** Place of that measure among the figure's. */
  measure: number;
  groups: Record<string, { sum: number; culprit: Culprit }>;
}

/** Accumulated evidence on one subject (a resource of a host, or the joint state). */
export interface Accumulation {
  sum: number;
  risingSince: number;
  episode: Episode | null;
  tail: TailThreshold;
}

/** Everything known of one entity but its series' records. Plain data: it is written to a snapshot as JSON. */
export interface EntityRecord {
  readonly id: string;
  readonly index: number;
  readonly kind: string;
  name: string;
  timeZone: string;
  isHost: boolean;
  members: Member[];
  firstAt: number;
  /** Number of the vector being filled, when it began, and how many members have reported. */
  round: number;
  roundStart: number;
  roundCount: number;
  /** Members that report at present: the vector closes when all have. */
  expected: number;
  closed: number;
  lastClosedAt: number;
  vector: number[];
  subjects: Partial<Record<Resource, Accumulation>>;
  /** Onsets of episodes, shown or not, to know habits by. */
  onsets: { at: number; subject: Resource }[];
  pages: number[];
  groups: Record<string, ProcessGroupSlots>;
  quietUntil: number;
  /** It is in an episode: its members hold back what is out of the ordinary. */
  held: boolean;
  absence: Finding | null;
  /** It has reported as of now, not of the past: only who was here can be missed. */
  live: boolean;
  metricFindings: number[];
  forestTail: number[];
  /** Range by member's slot that a person called normal. */
  normal: Record<number, [number, number]>;
  lastEpisodes: Record<string, Record<number, [number, number]>>;
}

export function newEntity(id: string, index: number, kind: string, name: string, timeZone: string): EntityRecord {
  return {
    id,
    index,
    kind,
    name,
    timeZone,
    isHost: false,
    members: [],
    firstAt: 0,
    round: 1,
    roundStart: 0,
    roundCount: 0,
    expected: 0,
    closed: 0,
    lastClosedAt: 0,
    vector: [],
    subjects: {},
    onsets: [],
    pages: [],
    groups: {},
    quietUntil: 0,
    held: false,
    absence: null,
    live: false,
    metricFindings: [],
    forestTail: new Array<number>(32).fill(0),
    normal: {},
    lastEpisodes: {},
  };
}

export function accumulationOf(entity: EntityRecord, subject: Resource): Accumulation {
  let found = entity.subjects[subject];
  if (found === undefined) {
    found = { sum: 0, risingSince: 0, episode: null, tail: newTailThreshold() };
    entity.subjects[subject] = found;
  }
  return found;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Whether something like this begins at this minute of each hour, or at this time of day: a cron job, a backup. O(onsets). */
export function isHabit(entity: EntityRecord, subject: Resource, onset: number): boolean {
  const was = (at: number, within: number): boolean =>
    entity.onsets.some((o) => o.subject === subject && Math.abs(o.at - at) <= within);
  if (was(onset - HOUR, 2 * MINUTE) && was(onset - 2 * HOUR, 2 * MINUTE)) return true;
  let days = 0;
  for (let d = 1; d <= 3; d++) if (was(onset - d * DAY, 15 * MINUTE)) days++;
  return days >= 2;
}
