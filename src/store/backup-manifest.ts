import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuspexError } from '../errors.ts';
import { BLOCK_SCHEMA } from './block-file.ts';
import { INGEST_SCHEMA } from './ingest-file.ts';
import { migrationNames } from './records/migrations.ts';

/** The first entry of a backup: what it is and what reads it. */
export const HEADER_NAME = 'auspex-backup.json';
/** The last one: without it a backup is not whole. */
export const MANIFEST_NAME = 'manifest.json';
export const BACKUP_FORMAT = 1;

/** Names that belong to a backup, and which of them are only there when keys were asked for. */
const PLAIN = ['ingest.db', 'records.db', 'audit.head', 'keys-in-use'];
export const KEY_FILE = 'secret.key';
/** Folders of SQLite files, and folders of files that are written once. */
export const BLOCK_NAMES = ['blocks', 'rollups-5m', 'rollups-1h'] as const;
export const FILE_FOLDERS = ['models', 'state'] as const;
/** All that a restore replaces in a home folder; what is beside it (the configuration, say) stays. */
export const REPLACED: readonly string[] = [
  'ingest.db',
  'ingest.db-wal',
  'ingest.db-shm',
  'records.db',
  'records.db-wal',
  'records.db-shm',
  'audit.head',
  'keys-in-use',
  ...BLOCK_NAMES,
  ...FILE_FOLDERS,
];

export interface BackupHeader {
  readonly format: number;
  readonly version: string;
  readonly createdAt: string;
  readonly withKeys: boolean;
  /** `postgres`: the records lie on a server of their own and are not in here. */
  readonly records: 'here' | 'postgres';
  readonly schemas: { readonly records: readonly string[]; readonly ingest: number; readonly blocks: number };
}

export interface ManifestFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Whether a name in an archive is one that we write: nothing else is let in, so no path leads out of the folder. */
export function isBackupName(name: string): boolean {
  if (PLAIN.includes(name) || name === KEY_FILE || name === HEADER_NAME || name === MANIFEST_NAME) return true;
  const [folder, file, ...rest] = name.split('/');
  if (file === undefined || rest.length > 0) return false;
  if (BLOCK_NAMES.some((known) => known === folder)) return /^[a-z0-9-]{1,40}\.db$/.test(file);
  return FILE_FOLDERS.some((known) => known === folder) && /^[A-Za-z0-9][A-Za-z0-9._-]{0,85}$/.test(file);
}

/** The ids of the keys that a folder’s models and learnt state are encrypted with. */
export async function keysNeeded(folder: string): Promise<readonly string[]> {
  const text = await readFile(join(folder, 'keys-in-use'), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => /^[0-9a-f]{16}$/.test(line));
}

export function backupHeader(
  options: Pick<BackupHeader, 'version' | 'createdAt' | 'withKeys' | 'records'>,
): BackupHeader {
  return {
    format: BACKUP_FORMAT,
    ...options,
    schemas: { records: migrationNames(), ingest: INGEST_SCHEMA, blocks: BLOCK_SCHEMA },
  };
}

/** @throws AuspexError BACKUP_DAMAGED for what is no header, STORE_NEWER for one that this version cannot read. */
export function parseHeader(text: string): BackupHeader {
  const found = parseObject(text, HEADER_NAME);
  const { format, version, createdAt, withKeys, records, schemas } = found;
  if (typeof format !== 'number' || typeof version !== 'string' || typeof createdAt !== 'string')
    throw notOurs(HEADER_NAME);
  const newer = (what: string): AuspexError =>
    new AuspexError(
      'STORE_NEWER',
      `The backup was made by Auspex ${version.slice(0, 40)} and has ${what}, which this Auspex does not know.`,
    );
  if (format > BACKUP_FORMAT) throw newer(`the format ${format}`);
  if (typeof schemas !== 'object' || schemas === null) throw notOurs(HEADER_NAME);
  const { records: migrations, ingest, blocks } = schemas as Record<string, unknown>;
  if (!Array.isArray(migrations) || typeof ingest !== 'number' || typeof blocks !== 'number')
    throw notOurs(HEADER_NAME);
  const unknown = migrations.map(String).find((name) => !migrationNames().includes(name));
  if (unknown !== undefined) throw newer(`the schema change “${unknown.slice(0, 40)}”`);
  if (ingest > INGEST_SCHEMA) throw newer(`the ingest schema ${ingest}`);
  if (blocks > BLOCK_SCHEMA) throw newer(`the block schema ${blocks}`);
  return {
    format,
    version,
    createdAt,
    withKeys: withKeys === true,
    records: records === 'postgres' ? 'postgres' : 'here',
    schemas: { records: migrations.map(String), ingest, blocks },
  };
}

/** @throws AuspexError BACKUP_DAMAGED. */
export function parseManifest(text: string): readonly ManifestFile[] {
  const { files } = parseObject(text, MANIFEST_NAME);
  if (!Array.isArray(files)) throw notOurs(MANIFEST_NAME);
  return files.map((file: unknown) => {
    if (typeof file !== 'object' || file === null) throw notOurs(MANIFEST_NAME);
    const { name, bytes, sha256 } = file as Record<string, unknown>;
    if (typeof name !== 'string' || typeof bytes !== 'number' || typeof sha256 !== 'string' || !isBackupName(name))
      throw notOurs(MANIFEST_NAME);
    return { name, bytes, sha256 };
  });
}

function parseObject(text: string, name: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found === 'object' && found !== null) return found as Record<string, unknown>;
  } catch {
    // Cut or altered: no object either.
  }
  throw notOurs(name);
}

function notOurs(name: string): AuspexError {
  return new AuspexError('BACKUP_DAMAGED', `The archive is not a whole backup of Auspex: its ${name} cannot be read.`);
}
