import { isStorage } from '../../model/index.ts';
import { Cursor } from './cursor.ts';
import type { Scratch } from './proc-file.ts';

export interface Mount {
  readonly device: string;
  readonly mountpoint: string;
  readonly fstype: string;
  readonly readonly: boolean;
  /** Asked without waiting: the answer may never come (a server that is away). */
  readonly mayHang: boolean;
}

/** Their figures come from memory: asking takes 2 µs and cannot hang. */
const LOCAL = new Set(
  'ext2 ext3 ext4 xfs btrfs zfs f2fs jfs reiserfs vfat exfat ntfs ntfs3 overlay bcachefs'.split(' '),
);

/**
 * The mounts that hold data, from /proc/self/mountinfo in `scratch`: one for each device (of bind mounts the shortest path),
 * an overlay only as a container's `/`, a read-only loop (an image) not at all, unless it is among those that could be written before.
 */
export function parseMounts(scratch: Scratch, wereWritable: ReadonlySet<string> = new Set()): Mount[] {
  const byDevice = new Map<string, Mount>();
  const hangable: string[] = [];
  for (const cursor = new Cursor(scratch); !cursor.done; cursor.nextLine()) {
    const line = parseLine(cursor);
    if (line === null) continue;
    const { number, mountpoint, fstype, device } = line;
    const mayHang = !LOCAL.has(fstype);
    if (!isStorage(fstype, mountpoint)) continue;
    if (line.readonly && device.startsWith('/dev/loop') && !wereWritable.has(device)) continue;
    if (mayHang) hangable.push(mountpoint);
    const key = device.startsWith('/dev/') ? device : number;
    const known = byDevice.get(key);
    if (known !== undefined && known.mountpoint.length <= mountpoint.length) continue;
    byDevice.set(key, { device, mountpoint, fstype, readonly: line.readonly, mayHang });
  }
  // The way to a disk that is mounted below a network share leads through the share.
  return [...byDevice.values()].map((mount) =>
    mount.mayHang || !hangable.some((above) => isBelow(mount.mountpoint, above)) ? mount : { ...mount, mayHang: true },
  );
}

/** `36 35 98:0 /root /mountpoint rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=continue` */
function parseLine(cursor: Cursor) {
  cursor.skipWords(2);
  const number = cursor.word();
  cursor.skipWords(1);
  const mountpoint = unescape(cursor.utf8Word());
  const options = cursor.word();
  while (!cursor.atLineEnd && cursor.word() !== '-');
  if (cursor.atLineEnd) return null;
  const fstype = cursor.word();
  const device = unescape(cursor.utf8Word());
  const superOptions = cursor.word();
  if (!mountpoint.startsWith('/')) return null;
  const readonly = hasReadOnly(options) || hasReadOnly(superOptions);
  return { number, mountpoint, fstype, device: device === '' ? fstype : device, readonly };
}

function hasReadOnly(options: string): boolean {
  return options === 'ro' || options.startsWith('ro,');
}

function isBelow(path: string, folder: string): boolean {
  return folder !== '/' && path.startsWith(`${folder}/`);
}

/** A space in a path is written `\040`. */
function unescape(path: string): string {
  return path.includes('\\')
    ? path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    : path;
}
