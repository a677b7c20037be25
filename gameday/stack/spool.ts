import { mkdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UndoLedger } from '../undo/ledger.ts';
import { run } from './execute.ts';

export const SPOOL_MB = 64;
export const SPOOL_INODES = 1024;
const MOST_PLACES = 100;

/** Takes a loop device off every image below a folder; the mount goes first. */
const DETACH = 'for d in $(losetup -n -O NAME -j "$1"); do losetup -d "$d"; done';

/** Takes the file system and its place away where the place is still the run's. */
const LEAVE = `[ "$(readlink "$1.of")" = "$2" ] || exit 0
umount "$1" 2>/dev/null || umount -l "$1" 2>/dev/null
rmdir "$1" 2>/dev/null
rm -f "$1.of"`;

/**
 * A file system of its own for what the service writes: small enough that a fault can fill it. Its place does not carry the
 * run's name: what was learnt of a disk in one run is known in the next. Resolves with the mount.
 */
export async function makeSpool(id: string, folder: string, ledger: UndoLedger): Promise<string> {
  const image = join(folder, 'spool.img');
  await run(['truncate', '-s', `${SPOOL_MB}M`, image]);
  await run(['mkfs.ext4', '-q', '-F', '-m', '0', '-N', String(SPOOL_INODES), '-E', 'lazy_itable_init=0', image]);
  ledger.add(['sh', '-c', DETACH, 'detach', image]);
  const mount = takePlace(id, ledger);
  const device = (await run(['losetup', '--find', '--show', image])).trim();
  await run(['mount', '-o', 'noatime', device, mount]);
  return mount;
}

/** The first place that no other gameday on this machine has. Whose it is says a link beside it, which is made in one step. */
function takePlace(id: string, ledger: UndoLedger): string {
  for (let number = 1; number <= MOST_PLACES; number++) {
    const mount = join(tmpdir(), `gameday-spool-${number}`);
    ledger.add(['sh', '-c', LEAVE, 'leave', mount, id]);
    try {
      symlinkSync(id, `${mount}.of`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    mkdirSync(mount, { recursive: true });
    return mount;
  }
  throw new Error(
    `All places from ${join(tmpdir(), 'gameday-spool-1')} on are taken: end other gamedays, or remove the links *.of of those that are gone.`,
  );
}
