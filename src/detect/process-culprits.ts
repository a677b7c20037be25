import { type Culprit, formatValue, type Resource } from '../model/index.ts';
import type { Blame, EntityRecord, ProcessGroupSlots } from './entity.ts';
import { featureIndex } from './features.ts';
import { LEARNING_SAMPLES } from './metric-model.ts';
import { F32, F64, type SeriesSlab } from './series-slab.ts';

/** What one group of processes uses of a resource now, and what it usually uses. */
interface Use {
  readonly group: ProcessGroupSlots;
  readonly now: number;
  readonly usual: number;
}

interface Measure {
  readonly unit: string;
  /** Differences below this name nobody. */
  readonly least: number;
  slots(group: ProcessGroupSlots): readonly number[];
}

const cores: Measure = {
  unit: 'cores',
  least: 0.15,
  slots: (g) => (g.cpuCores >= 0 ? [g.cpuCores] : g.cpuSeconds),
};
const memory: Measure = { unit: 'bytes', least: 5e7, slots: (g) => [g.memory] };
const transfer: Measure = { unit: 'bytes/s', least: 1e6, slots: (g) => [readsOf(g), writesOf(g)] };
const written: Measure = { unit: 'bytes/s', least: 2e5, slots: (g) => [writesOf(g)] };
const number: Measure = { unit: 'processes', least: 5, slots: (g) => [g.count] };

/** The gauge where there is one: a counter tells nothing of a process that has just begun. */
function readsOf(group: ProcessGroupSlots): number {
  return group.readRate >= 0 ? group.readRate : group.readBytes;
}

function writesOf(group: ProcessGroupSlots): number {
  return group.writeRate >= 0 ? group.writeRate : group.writeBytes;
}

const measures: Partial<Record<Resource, readonly Measure[]>> = {
  cpu: [cores],
  memory: [memory],
  disk: [written],
  'disk-io': [transfer, cores],
  processes: [number, cores],
  network: [transfer, cores],
};

/** Processes that live for milliseconds are not there to be counted: who starts them shows by the CPU that they take. */
function measuresOf(resource: Resource, figure: string): readonly Measure[] {
  return figure === 'auspex_host_fork_rate' ? [cores, number] : (measures[resource] ?? []);
}

const diskTraffic = [
  featureIndex('auspex_host_disk_read_bytes_per_second'),
  featureIndex('auspex_host_disk_write_bytes_per_second'),
];
/** Series of one collection bear the same time, or nearly. */
const SAME_COLLECTION_MS = 500;
/** Who reads and writes less than this share of the disks' traffic is not behind it. */
const TRAFFIC_SHARE = 0.2;

/**
 * The groups of processes behind a deviation: those that used most above their own usual since the episode began, so that
 * who did it stays named when others are busy later. At most three, none below a third of the first. Adds this moment
 * to `blame`. O(groups).
 */
export function culpritsOf(
  slab: SeriesSlab,
  entity: EntityRecord,
  resource: Resource,
  at: number,
  blame: Blame,
): Culprit[] {
  // The collector's rest below the heaviest ten is nobody that could be named.
  const groups = Object.values(entity.groups).filter((group) => group.name !== 'other');
  const since = lastCollection(slab, groups, at);
  const traffic = diskTraffic.reduce((sum, place) => sum + (entity.vector[place] || 0), 0);
  const known = measuresOf(resource, blame.figure);
  for (let place = 0; place < known.length && place <= blame.measure; place++) {
    const measure = known[place];
    const least = measure.unit === 'bytes/s' ? Math.max(measure.least, TRAFFIC_SHARE * traffic) : measure.least;
    const uses = groups
      .map((group) => useOf(slab, group, measure.slots(group), since))
      .filter((use): use is Use => use !== null && use.now - use.usual >= least);
    if (uses.length === 0) continue;
    if (place < blame.measure) Object.assign(blame, { measure: place, groups: {} });
    for (const use of uses) {
      const sum = (blame.groups[use.group.name]?.sum ?? 0) + use.now - use.usual;
      const evidence = `uses ${amount(use.now, measure.unit)}, usually ${use.usual > 0 ? amount(use.usual, measure.unit) : 'nothing'}`;
      const pid = pidOf(slab, use.group, since);
      blame.groups[use.group.name] = { sum, culprit: { kind: 'process', name: use.group.name, pid, evidence } };
    }
    break;
  }
  return mostBlamed(blame);
}

/** The kernel's own threads work for others: they are named where nobody else is. */
function mostBlamed(blame: Blame): Culprit[] {
  const all = Object.values(blame.groups);
  const people = all.filter((one) => !one.culprit.name.startsWith('['));
  const ranked = (people.length > 0 ? people : all).sort(
    (a, b) => b.sum - a.sum || (a.culprit.name < b.culprit.name ? -1 : 1),
  );
  return ranked
    .filter((one) => one.sum >= ranked[0].sum / 3)
    .slice(0, 3)
    .map((one) => one.culprit);
}

function amount(value: number, unit: string): string {
  if (unit === 'cores') return `${value.toFixed(1)} cores`;
  return formatValue(unit === 'processes' ? Math.round(value) : value, unit);
}

function useOf(slab: SeriesSlab, group: ProcessGroupSlots, slots: readonly number[], since: number): Use | null {
  let now = 0;
  let usual = 0;
  let known = false;
  for (const slot of slots) {
    if (slot < 0 || !isRecent(slab, slot, since)) continue;
    const value = slab.f64(slot, F64.lastValue);
    if (value !== value) continue;
    known = true;
    now += value;
    // What has just appeared has no usual of its own: before, it used nothing that was worth listing.
    if (slab.f32(slot, F32.count) > 2 * LEARNING_SAMPLES)
      usual += slab.f64(slot, F64.level) + slab.f32(slot, F32.season);
  }
  return known ? { group, now, usual: Math.max(0, usual) } : null;
}

function pidOf(slab: SeriesSlab, group: ProcessGroupSlots, since: number): number | null {
  if (group.pid < 0 || !isRecent(slab, group.pid, since)) return null;
  const pid = slab.f64(group.pid, F64.lastValue);
  return Number.isInteger(pid) ? pid : null;
}

/** When the groups were last collected, at most one and a half usual intervals ago: a group that was not seen then has ended. */
function lastCollection(slab: SeriesSlab, groups: readonly ProcessGroupSlots[], at: number): number {
  let newest = -Infinity;
  for (const group of groups) {
    for (const slot of [group.cpuCores, group.memory, group.count, ...group.cpuSeconds]) {
      if (slot < 0) continue;
      const time = slab.f64(slot, F64.lastTime);
      if (time > newest && at - time <= Math.max(15_000, 1500 * slab.f32(slot, F32.interval))) newest = time;
    }
  }
  return newest;
}

function isRecent(slab: SeriesSlab, slot: number, since: number): boolean {
  return slab.f64(slot, F64.lastTime) >= since - SAME_COLLECTION_MS;
}
