import { formatDuration, formatValue, type IncidentSnapshot, type SnapshotSection } from '../model/index.ts';

export interface SeenProcess {
  readonly name: string;
  readonly pid: number | null;
  readonly cpuCores: number;
  readonly residentBytes: number;
  /** Read and written; null where not known. */
  readonly ioBytesPerSecond: number | null;
}

/** A host as it is at one moment. */
export interface HostScene {
  readonly name: string;
  readonly processes: readonly SeenProcess[];
  readonly mounts: readonly { readonly mount: string; readonly used: number; readonly inodes: number | null }[];
  /** The share of time that work waited: 0..1. */
  readonly pressure: readonly { readonly of: string; readonly share: number }[];
  readonly connections: readonly { readonly what: string; readonly count: number }[];
}

export interface Scene {
  readonly at: number;
  readonly onsetAt: number;
  readonly reason: IncidentSnapshot['reason'];
  readonly suspect: string | null;
  readonly hosts: readonly HostScene[];
  /** Sentences without an end, the newest first. */
  readonly changes: readonly { readonly at: number; readonly text: string }[];
  readonly errors: readonly { readonly text: string; readonly count: number; readonly isNew: boolean }[];
}

const MOST_LINES = 5;
const SUMMARY_LINES = 3;
/** What below this is no news in a message. */
const NOTABLE_FILL = 0.85;
const NOTABLE_PRESSURE = 0.1;
const NOTABLE_CORES = 0.5;
const IDLE_CORES = 0.01;

/** A scene as people read it. Pure; what has nothing to say is left out. */
export function snapshotOf(scene: Scene): IncidentSnapshot {
  const { at, reason, suspect, hosts } = scene;
  const sections: SnapshotSection[] = [
    { title: 'Changes before it', lines: scene.changes.map((one) => changeLine(one, scene.onsetAt)) },
    { title: 'Errors', lines: scene.errors.map(errorLine) },
    ...hosts.flatMap((host): SnapshotSection[] => [
      { title: `Most CPU on ${host.name}`, lines: byCpu(host).map(processLine) },
      { title: `Most memory on ${host.name}`, lines: byMemory(host).map(processLine) },
      { title: `Most disk I/O on ${host.name}`, lines: byIo(host).map(ioLine) },
      { title: `Work waits on ${host.name}`, lines: host.pressure.map(pressureLine) },
      { title: `Disks of ${host.name}`, lines: host.mounts.toSorted((a, b) => fillOf(b) - fillOf(a)).map(mountLine) },
      {
        title: `Connections of ${host.name}`,
        lines: host.connections.toSorted((a, b) => b.count - a.count).map(({ what, count }) => `${what}: ${count}`),
      },
    ]),
  ].flatMap(({ title, lines }) => (lines.length === 0 ? [] : [{ title, lines: lines.slice(0, MOST_LINES) }]));
  return { at, reason, suspect, sections, summary: summaryOf(scene) };
}

/** What speaks loudest, in this order: what was changed, what is new, what is full, who waits, who is busy. */
function summaryOf({ changes, errors, hosts, onsetAt }: Scene): readonly string[] {
  const lines = [
    ...changes.slice(0, 1).map((one) => `Changed: ${changeLine(one, onsetAt)}`),
    ...errors
      .filter(({ isNew }) => isNew)
      .slice(0, 1)
      .map((one) => `Error: ${errorLine(one)}`),
    ...hosts.flatMap((host) => [
      ...host.mounts.filter((one) => fillOf(one) >= NOTABLE_FILL).map((one) => `${host.name}: ${mountLine(one)}`),
      ...host.pressure
        .filter(({ share }) => share >= NOTABLE_PRESSURE)
        .map((one) => `${host.name}: ${pressureLine(one)}`),
    ]),
    ...hosts.flatMap((host) =>
      byCpu(host)
        .slice(0, 1)
        .filter(({ cpuCores }) => cpuCores >= NOTABLE_CORES)
        .map((one) => `Busiest on ${host.name}: ${processLine(one)}`),
    ),
    ...hosts.flatMap((host) =>
      byMemory(host)
        .slice(0, 1)
        .map((one) => `Most memory on ${host.name}: ${processLine(one)}`),
    ),
  ];
  return lines.slice(0, SUMMARY_LINES);
}

function byCpu({ processes }: HostScene): readonly SeenProcess[] {
  return processes.filter((one) => one.cpuCores >= IDLE_CORES).toSorted((a, b) => b.cpuCores - a.cpuCores);
}

function byMemory({ processes }: HostScene): readonly SeenProcess[] {
  return processes.filter((one) => one.residentBytes > 0).toSorted((a, b) => b.residentBytes - a.residentBytes);
}

function byIo({ processes }: HostScene): readonly SeenProcess[] {
  return processes
    .filter(({ ioBytesPerSecond }) => (ioBytesPerSecond ?? 0) >= 1024)
    .toSorted((a, b) => (b.ioBytesPerSecond ?? 0) - (a.ioBytesPerSecond ?? 0));
}

function processLine({ name, pid, cpuCores, residentBytes }: SeenProcess): string {
  const who = pid === null ? name : `${name} (pid ${pid})`;
  return `${who}: ${cpuCores.toFixed(2)} cores, ${formatValue(residentBytes, 'bytes')}`;
}

function ioLine({ name, ioBytesPerSecond }: SeenProcess): string {
  return `${name}: ${formatValue(ioBytesPerSecond, 'bytes/s')}`;
}

function pressureLine({ of, share }: HostScene['pressure'][number]): string {
  return `for ${of} ${formatValue(share, 'ratio')} of the time`;
}

function fillOf({ used, inodes }: HostScene['mounts'][number]): number {
  return Math.max(used, inodes ?? 0);
}

function mountLine({ mount, used, inodes }: HostScene['mounts'][number]): string {
  return `${mount} is ${formatValue(used, 'ratio')} full${inodes === null ? '' : `, ${formatValue(inodes, 'ratio')} of its inodes used`}`;
}

function changeLine({ at, text }: Scene['changes'][number], onsetAt: number): string {
  const ms = onsetAt - at;
  const when =
    Math.abs(ms) < 1000 ? 'as it began' : `${formatDuration(Math.abs(ms))} ${ms > 0 ? 'before' : 'after'} it began`;
  return `${text}, ${when}`;
}

function errorLine({ text, count, isNew }: Scene['errors'][number]): string {
  return `${text} (${isNew ? 'new, ' : ''}${count} in all)`;
}
