import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { UndoLedger } from '../undo/ledger.ts';
import { run } from './execute.ts';

const SIZE_MB = 64;
const INODES = 1024;

/** Takes a loop device off every image below a folder; the mount goes first. */
const DETACH = 'for d in $(losetup -n -O NAME -j "$1"); do losetup -d "$d"; done';

/** A file system of its own for what the service writes: small enough that a fault can fill it. Resolves with its mount. */
export async function makeSpool(folder: string, ledger: UndoLedger): Promise<string> {
  const image = join(folder, 'spool.img');
  const mount = join(folder, 'spool');
  mkdirSync(mount);
  await run(['truncate', '-s', `${SIZE_MB}M`, image]);
  await run(['mkfs.ext4', '-q', '-F', '-m', '0', '-N', String(INODES), '-E', 'lazy_itable_init=0', image]);
  ledger.add(['sh', '-c', DETACH, 'detach', image]);
  ledger.add(['sh', '-c', 'umount "$1" 2>/dev/null || umount -l "$1" 2>/dev/null || true', 'umount', mount]);
  const device = (await run(['losetup', '--find', '--show', image])).trim();
  await run(['mount', '-o', 'noatime', device, mount]);
  return mount;
}
