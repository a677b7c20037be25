import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';

/** Pages of SQLite that are copied in one step. */
const PAGES_AT_ONCE = 4096;

/**
 * One state of a database, whatever is written meanwhile, at another place. False where there is none. Most of it happens
 * in the thread pool; its end, which frees what was read (0.2 s a gigabyte), holds up the thread that calls.
 */
export async function copyDatabase(path: string, copy: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  mkdirSync(dirname(copy), { recursive: true, mode: 0o700 });
  rmSync(copy, { force: true });
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    // An open reading transaction is one state to the copy: without, every write would make it begin anew.
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM sqlite_master').get();
    await backup(db, copy, { rate: PAGES_AT_ONCE });
  } finally {
    db.close();
  }
  return true;
}
