import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename as fileName, join } from 'node:path';
import { AuspexError } from '../errors.ts';
import { BlockFile } from './block-file.ts';
import { SQLITE_CORRUPT } from './sqlite-codes.ts';

export const DAY_MS = 86_400_000;
export const FIVE_MINUTES_MS = 300_000;
export const HOUR_MS = 3_600_000;

/** Raw points lie in a file a day, 5-minute rollups too, hourly ones in a file a month. */
export type BlockKind = 'raw' | 'five-minute' | 'hour';
export const BLOCK_FOLDERS: Readonly<Record<BlockKind, string>> = {
  raw: 'blocks',
  'five-minute': 'rollups-5m',
  hour: 'rollups-1h',
};
/** Value columns: the points themselves, or count, sum, min, max, last, increase. */
export const BLOCK_WIDTH: Readonly<Record<BlockKind, number>> = { raw: 1, 'five-minute': 6, hour: 6 };

const SQLITE_IOERR = 10;
const SQLITE_IOERR_SHORT_READ = 522;
const SQLITE_CANTOPEN = 14;

export function dayOf(time: number): number {
  return Math.floor(time / DAY_MS);
}

/** `2026-11-21` or `2026-11`: the file's name without its ending. A day number outside of what a calendar has is written as such. */
export function fileNameOf(kind: BlockKind, day: number): string {
  const date = new Date(day * DAY_MS);
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 0 || date.getUTCFullYear() > 9999) return `day${day}`;
  return date.toISOString().slice(0, kind === 'hour' ? 7 : 10);
}

/** The first day in a file; undefined for a name that is none of ours. */
export function dayOfFileName(name: string): number | undefined {
  const odd = /^day(-?\d+)\.db$/.exec(name);
  if (odd !== null) return Number(odd[1]);
  const match = /^(\d{4}-\d\d)(-\d\d)?\.db$/.exec(name);
  if (match === null) return undefined;
  const time = Date.parse(`${match[1]}${match[2] ?? '-01'}T00:00:00Z`);
  return Number.isNaN(time) ? undefined : dayOf(time);
}

/** The block files of one kind; keeps the last few open. A damaged one is set aside and named. */
export class BlockFolder {
  readonly kind: BlockKind;
  readonly path: string;
  readonly #mode: 'write' | 'read';
  readonly #fsync: boolean;
  readonly #onProblem: (text: string, path: string | null) => void;
  readonly #open = new Map<string, { readonly file: BlockFile; readonly inode: number | undefined }>();

  constructor(
    home: string,
    kind: BlockKind,
    mode: 'write' | 'read',
    fsync: boolean,
    onProblem: (text: string, path: string | null) => void,
  ) {
    this.kind = kind;
    this.path = join(home, BLOCK_FOLDERS[kind]);
    this.#mode = mode;
    this.#fsync = fsync;
    this.#onProblem = onProblem;
    if (mode === 'write') mkdirSync(this.path, { recursive: true, mode: 0o700 });
  }

  /** First days of all files, ascending. */
  days(): number[] {
    const days: number[] = [];
    for (const name of readdirSync(this.path)) {
      const day = dayOfFileName(name);
      if (day !== undefined) days.push(day);
    }
    return days.sort((a, b) => a - b);
  }

  pathOf(day: number): string {
    return join(this.path, `${fileNameOf(this.kind, day)}.db`);
  }

  /** The file that holds a day; undefined when there is none (or it is damaged) and it is not to be made. */
  file(day: number, create = false): BlockFile | undefined {
    const path = this.pathOf(day);
    const inode = statSync(path, { throwIfNoEntry: false })?.ino;
    const known = this.#open.get(path);
    if (known !== undefined && known.inode === inode) {
      this.#open.delete(path);
      this.#open.set(path, known);
      return known.file;
    }
    this.forget(path); // unlinked by retention or set aside meanwhile
    if (!create && inode === undefined) return undefined;
    try {
      return this.#remember(path, new BlockFile(path, this.#mode, this.#fsync));
    } catch (error) {
      // Unlinked or set aside by the writer between the look at its name and this; between SQLite's open and its first
      // read that comes out as an I/O error (SQLITE_IOERR_FSTAT).
      if (isUnreadable(error) && !create && !existsSync(path)) return undefined;
      if (error instanceof AuspexError || !isDamage(error)) throw error;
      this.setAside(path, error);
      return create ? this.#remember(path, new BlockFile(path, this.#mode, this.#fsync)) : undefined;
    }
  }

  #remember(path: string, file: BlockFile): BlockFile | undefined {
    if (!file.isReady) {
      file.close();
      return undefined;
    }
    this.#open.set(path, { file, inode: statSync(path, { throwIfNoEntry: false })?.ino });
    for (const [oldest, old] of this.#open) {
      if (this.#open.size <= 4) break;
      old.file.close();
      this.#open.delete(oldest);
    }
    return file;
  }

  /** Renames a damaged file so that nothing trips over it again. The reader only reports it: the writer owns the files. */
  setAside(path: string, cause: unknown): void {
    this.forget(path);
    if (this.#mode === 'write' && existsSync(path)) {
      renameSync(path, `${path}.damaged`);
      if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${path}.damaged-wal`);
      rmSync(`${path}-shm`, { force: true });
    }
    const fate = this.#mode === 'write' ? `set aside as ${fileName(path)}.damaged` : 'left out';
    this.#onProblem(`${path} is damaged (${reasonOf(cause)}) and was ${fate}.`, path);
  }

  /** Names a row that could not be read; the rest of the file is good. */
  reportRow(path: string, cause: unknown): void {
    this.#onProblem(`A row of ${path} cannot be read (${reasonOf(cause)}) and was skipped.`, null);
  }

  /**
   * What a read that failed means: damage sets the file aside; a file that the writer set aside or retention unlinked
   * under an open connection (SQLite then says I/O error or cannot open) is simply gone; else it is named and left out.
   */
  failed(path: string, cause: unknown): void {
    if (isDamage(cause)) return this.setAside(path, cause);
    const known = this.#open.get(path);
    const inode = statSync(path, { throwIfNoEntry: false })?.ino;
    const isGone = inode === undefined || (known !== undefined && known.inode !== inode);
    this.forget(path);
    if (!isGone) this.#onProblem(`${path} cannot be read (${reasonOf(cause)}) and was left out.`, null);
  }

  /** Closes a file, if open: before it is unlinked or renamed. */
  forget(path: string): void {
    this.#open.get(path)?.file.close();
    this.#open.delete(path);
  }

  unlink(day: number): void {
    const path = this.pathOf(day);
    this.forget(path);
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  }

  sizeOf(day: number): number {
    const path = this.pathOf(day);
    return sizeOf(path) + sizeOf(`${path}-wal`);
  }

  close(): void {
    for (const { file } of this.#open.values()) file.close();
    this.#open.clear();
  }
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** SQLite's words for a file that is not what it should be. */
export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  // a page that the file should have but is too short for
  return (
    code === SQLITE_CORRUPT || code === 26 || (code === SQLITE_IOERR && extendedCode(error) === SQLITE_IOERR_SHORT_READ)
  );
}

export function isFull(error: unknown): boolean {
  const code = sqliteCode(error);
  // SQLITE_FULL; an I/O error on a disk without room comes out as SQLITE_IOERR with a write or size as its extension
  return code === 13 || (error instanceof Error && /ENOSPC|disk is full|EDQUOT/.test(error.message));
}

/** SQLite's words for a file that cannot be read: damaged, gone under the connection, or on a disk that fails. */
export function isUnreadable(error: unknown): boolean {
  const code = sqliteCode(error);
  return isDamage(error) || code === SQLITE_IOERR || code === SQLITE_CANTOPEN;
}

/** SQLite's primary result code, of its extended one; -1 when the error is not SQLite's. */
export function sqliteCode(error: unknown): number {
  const code = extendedCode(error);
  return code === -1 ? -1 : code & 0xff;
}

function extendedCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : -1;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
