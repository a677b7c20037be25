import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline, Readable, type Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AuspexError } from '../errors.ts';
import {
  type BackupHeader,
  HEADER_NAME,
  isBackupName,
  MANIFEST_NAME,
  type ManifestFile,
  parseHeader,
  parseManifest,
} from './backup-manifest.ts';
import { readTar, type TarEntry } from './backup-tar.ts';

/** Header and manifest are small; what claims to be one and is larger is none. */
const MOST_TEXT_BYTES = 16 << 20;

export interface ReadBackup {
  readonly header: BackupHeader;
  readonly files: readonly ManifestFile[];
  readonly bytes: number;
}

/**
 * Reads a whole backup and holds every file against the manifest; with `into` the files are written there, durably.
 * @throws AuspexError NOT_FOUND, BACKUP_DAMAGED, STORE_NEWER, STORE_FULL.
 */
export async function readBackup(path: string, into?: string): Promise<ReadBackup> {
  const found = new Map<string, ManifestFile>();
  let header: BackupHeader | null = null;
  let files: readonly ManifestFile[] | null = null;
  try {
    for await (const entry of readTar(unpacked(path))) {
      if (files !== null) throw damaged(`“${shown(entry.name)}” stands behind its end`);
      if (header === null) {
        if (entry.name !== HEADER_NAME) throw damaged(`it does not begin with ${HEADER_NAME}`);
        header = parseHeader(await textOf(entry));
      } else if (entry.name === MANIFEST_NAME) files = parseManifest(await textOf(entry));
      else if (!isBackupName(entry.name) || entry.name === HEADER_NAME)
        throw damaged(`it holds “${shown(entry.name)}”, which is no part of a backup`);
      else found.set(entry.name, await take(entry, into));
    }
  } catch (error) {
    throw readable(error, path);
  }
  if (header === null || files === null) throw damaged('its end is missing');
  compare(found, files);
  // Files that retention removed while the backup was made are in it and not in its manifest.
  const listed = new Set(files.map((file) => file.name));
  for (const name of found.keys())
    if (!listed.has(name) && into !== undefined) await rm(join(into, name), { force: true });
  return { header, files, bytes: (await stat(path)).size };
}

function compare(found: ReadonlyMap<string, ManifestFile>, files: readonly ManifestFile[]): void {
  for (const file of files) {
    const read = found.get(file.name);
    if (read === undefined) throw damaged(`${file.name} is missing`);
    if (read.bytes !== file.bytes || read.sha256 !== file.sha256)
      throw damaged(`${file.name} has the checksum ${read.sha256.slice(0, 12)}…, not ${file.sha256.slice(0, 12)}…`);
  }
}

function unpacked(path: string): Transform {
  const gunzip = createGunzip();
  pipeline(createReadStream(path), gunzip, () => {}); // an error destroys the reader's end, which is where it is told
  return gunzip;
}

/** Reads a file's bytes, and writes them where they are wanted; a later one of the same name replaces it. */
async function take(entry: TarEntry, into: string | undefined): Promise<ManifestFile> {
  const hash = createHash('sha256');
  const path = into === undefined ? null : join(into, entry.name);
  if (path !== null) await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = path === null ? null : await open(path, 'w', 0o600);
  try {
    for await (const piece of entry.body) {
      hash.update(piece);
      await file?.writeFile(piece);
    }
    await file?.sync();
  } finally {
    await file?.close();
  }
  return { name: entry.name, bytes: entry.size, sha256: hash.digest('hex') };
}

async function textOf(entry: TarEntry): Promise<string> {
  if (entry.size > MOST_TEXT_BYTES) throw damaged(`its ${entry.name} is ${entry.size} bytes long`);
  return Buffer.concat(await Readable.from(entry.body).toArray()).toString('utf8');
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 100)).slice(1, -1);
}

function damaged(what: string): AuspexError {
  return new AuspexError('BACKUP_DAMAGED', `The archive is not a whole backup of Auspex: ${what}.`);
}

function readable(error: unknown, path: string): unknown {
  if (error instanceof AuspexError || !(error instanceof Error) || !('code' in error)) return error;
  const code = String(error.code);
  if (code === 'ENOENT') return new AuspexError('NOT_FOUND', `There is no file ${path}.`, { cause: error });
  if (code === 'ENOSPC')
    return new AuspexError('STORE_FULL', `There is no room to unpack ${path}; nothing was changed.`, { cause: error });
  if (code.startsWith('Z_')) return damaged(`it cannot be unpacked (${error.message})`);
  return new AuspexError('STORE_FAILED', `${path} cannot be read: ${error.message}.`, { cause: error });
}
