import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AuspexError } from '../errors.ts';

/**
 * Holds the home folder against a second process: an exclusive SQLite transaction on a file of its own, which is a lock of the
 * operating system and ends with the process, so that nothing stale is left after kill -9.
 */
export class HomeLock {
  readonly #db: DatabaseSync;
  readonly #ownerPath: string;

  /** Throws STORE_LOCKED with the other's process id, where it is known. */
  constructor(home: string) {
    this.#ownerPath = join(home, 'lock.pid');
    this.#db = new DatabaseSync(join(home, 'lock'), { timeout: 0 });
    try {
      this.#db.exec('BEGIN EXCLUSIVE');
    } catch (cause) {
      this.#db.close();
      throw new AuspexError('STORE_LOCKED', `${home} is in use by ${describeOwner(this.#ownerPath)}.`, { cause });
    }
    writeFileSync(this.#ownerPath, `${process.pid}\n`, { mode: 0o600 });
  }

  release(): void {
    rmSync(this.#ownerPath, { force: true });
    this.#db.close();
  }
}

function describeOwner(path: string): string {
  try {
    return `process ${readFileSync(path, 'utf8').trim()}`;
  } catch {
    return 'another process';
  }
}
