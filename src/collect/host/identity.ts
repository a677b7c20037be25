import { createHash } from 'node:crypto';
import { arch, hostname, release } from 'node:os';
import type { CollectorEvent } from '../../model/index.ts';
import { Cursor } from './cursor.ts';
import { readOnce, readText, type Scratch } from './proc-file.ts';

export type HostIdentity = Extract<CollectorEvent, { kind: 'entity' }>['entity'];

/** What /proc counts in. */
export interface KernelUnits {
  readonly ticksPerSecond: number;
  readonly pageBytes: number;
}

const AT_PAGESZ = 6n;
const AT_CLKTCK = 17n;

/** From this process's auxiliary vector; 100 and 4096 where it cannot be read (as on nearly every host). */
export function kernelUnits(scratch: Scratch): KernelUnits {
  let ticksPerSecond = 100;
  let pageBytes = 4096;
  if (readOnce('/proc/self/auxv', scratch) === 'ok') {
    for (let at = 0; at + 16 <= scratch.length; at += 16) {
      const type = scratch.bytes.readBigUInt64LE(at);
      const value = Number(scratch.bytes.readBigUInt64LE(at + 8));
      if (type === AT_PAGESZ && value > 0) pageBytes = value;
      if (type === AT_CLKTCK && value > 0) ticksPerSecond = value;
    }
  }
  return { ticksPerSecond, pageBytes };
}

/** Bytes of memory that the machine has, container or not; 0 when unknown. */
export function totalMemory(root: string, scratch: Scratch): number {
  if (readOnce(`${root}proc/meminfo`, scratch) !== 'ok') return 0;
  for (const cursor = new Cursor(scratch); !cursor.done; cursor.nextLine()) {
    if (cursor.word() === 'MemTotal:') return cursor.number() * 1024 || 0;
  }
  return 0;
}

export function hostName(root: string, scratch: Scratch): string {
  return readText(`${root}proc/sys/kernel/hostname`, scratch) ?? hostname();
}

/**
 * Who this host is. The id is systemd's machine id (D-Bus's, the firmware's where there is none); as a last resort a
 * hash of the name, which does not survive renaming, and two hosts of one name are then one.
 */
export function hostIdentity(root: string, scratch: Scratch, container: string | null, instance: string): HostIdentity {
  const text = (path: string) => readText(`${root}${path}`, scratch);
  const machineId =
    [text('etc/machine-id'), text('var/lib/dbus/machine-id'), text('sys/class/dmi/id/product_uuid')].find(
      (id) => id !== undefined && /^[0-9a-fA-F-]{8,64}$/.test(id),
    ) ??
    createHash('sha256')
      .update(`auspex host ${hostName(root, scratch)}`)
      .digest('hex')
      .slice(0, 32);
  const name = hostName(root, scratch);
  const attributes: Record<string, string> = {
    os: osName(text('etc/os-release')),
    kernel: text('proc/sys/kernel/osrelease') ?? release(),
    arch: arch(),
    ...cpuAttributes(text('proc/cpuinfo')),
    ...virtualization(`${text('sys/class/dmi/id/sys_vendor') ?? ''} ${text('sys/class/dmi/id/product_name') ?? ''}`),
  };
  const memory = totalMemory(root, scratch);
  if (memory > 0) attributes.memoryBytes = String(memory);
  if (container !== null) attributes.container = container;
  const bootId = text('proc/sys/kernel/random/boot_id');
  if (bootId !== undefined) attributes.bootId = bootId;
  return {
    kind: 'host',
    stableId: machineId,
    name,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    aliases: [`instance=${instance}`],
    attributes,
  };
}

function osName(osRelease: string | undefined): string {
  for (const line of (osRelease ?? '').split('\n')) {
    if (line.startsWith('PRETTY_NAME=')) return line.slice('PRETTY_NAME='.length).replace(/^["']|["']$/g, '');
  }
  return 'Linux';
}

function cpuAttributes(cpuinfo: string | undefined): Record<string, string> {
  const lines = (cpuinfo ?? '').split('\n');
  const cores = lines.filter((line) => line.startsWith('processor')).length;
  const model = lines.find((line) => line.startsWith('model name'))?.split(': ')[1];
  const isGuest = lines.some((line) => line.startsWith('flags') && / hypervisor( |$)/.test(line));
  return {
    ...(cores > 0 ? { cores: String(cores) } : {}),
    ...(model === undefined ? {} : { cpuModel: model.trim() }),
    virtualization: isGuest ? 'virtual machine' : 'none',
  };
}

const HYPERVISORS: readonly (readonly [RegExp, string])[] = [
  [/amazon ec2/i, 'Amazon EC2'],
  [/google/i, 'Google Compute Engine'],
  [/vmware/i, 'VMware'],
  [/virtualbox|innotek/i, 'VirtualBox'],
  [/microsoft.*virtual/i, 'Hyper-V'],
  [/xen/i, 'Xen'],
  [/qemu|kvm|bochs/i, 'KVM'],
];

/** The firmware names most hypervisors; else the CPU's flag has the word. */
function virtualization(firmware: string): Record<string, string> {
  const known = HYPERVISORS.find(([pattern]) => pattern.test(firmware));
  return known === undefined ? {} : { virtualization: known[1] };
}
