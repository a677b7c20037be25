import type { DatabaseSync } from 'node:sqlite';
import { AuspexError } from '../errors.ts';
import { SQLITE_CORRUPT } from './sqlite-codes.ts';

/** Stands beside the version in a file’s head: a bit that turns in one of the two is damage and no newer version. */
const MARK = 0x41750000;

/**
 * The version of a file’s schema; 0 for a new file. Throws STORE_NEWER where both places name a later one than `known`, and
 * as SQLite would on damage where they disagree. Files of before there was a mark have the version alone.
 */
export function schemaVersion(db: DatabaseSync, path: string, known: number): number {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version ?? 0);
  const mark = Number(db.prepare('PRAGMA application_id').get()?.application_id ?? 0);
  if (mark !== 0 && mark !== MARK + version)
    throw Object.assign(new Error('the version in its head is not as it was written'), { errcode: SQLITE_CORRUPT });
  if (version > known)
    throw new AuspexError('STORE_NEWER', `${path} has schema ${version}; this Auspex knows up to ${known}.`);
  return version;
}

export function setSchemaVersion(db: DatabaseSync, version: number): void {
  db.exec(`PRAGMA user_version = ${version}; PRAGMA application_id = ${MARK + version}`);
}
