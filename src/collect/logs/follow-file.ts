import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** How far a file was read; `file` tells it from another of that name. */
export interface FilePosition {
  readonly file: string;
  readonly offset: number;
}

const CHUNK_BYTES = 32 << 10;
/** Read of one file in one turn at most: one that grows faster holds up no other. */
const TURN_BYTES = 4 << 20;
/** Of a longer line the rest is left out. */
const MOST_LINE_BYTES = 64 << 10;
const NEWLINE = 10;

/**
 * Follows a file that others write: rotated by renaming or by truncation, gone and come again. Each line is given once; after a restart
 * reading goes on where it ended, in the renamed file first.
 */
export class FollowedFile {
  readonly path: string;
  readonly #onLine: (line: string) => void;
  #handle: FileHandle | null = null;
  #file = '';
  #offset = 0;
  #rest: Buffer[] = [];
  #restBytes = 0;
  #behindBytes = 0;
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);

  constructor(path: string, onLine: (line: string) => void) {
    this.path = path;
    this.#onLine = onLine;
  }

  /** Bytes that are there and were not read in the last turn. */
  get behindBytes(): number {
    return this.#behindBytes;
  }

  /** Up to the last whole line. */
  get position(): FilePosition {
    return { file: this.#file, offset: this.#offset - this.#restBytes };
  }

  /** Begins where `position` says; without, at the end of what is there, or at its beginning where `isNew`. */
  async begin(position: FilePosition | undefined, isNew: boolean): Promise<void> {
    const { file, size } = await identify(this.path);
    if (position === undefined) return this.#open(file, isNew ? 0 : size);
    if (position.file !== file) await this.#finish(position);
    await this.#open(file, position.file === file && position.offset <= size ? position.offset : 0);
  }

  /** Reads what came. @throws the file system's error; the next turn tries again. */
  async read(): Promise<void> {
    if (this.#handle === null) await this.#open((await identify(this.path)).file, 0);
    const now = await identify(this.path).catch(() => null);
    const isMoved = now !== null && now.file !== this.#file;
    if (!isMoved && now !== null && now.size < this.#offset) this.#restart();
    await this.#drain();
    if (!isMoved || this.#behindBytes > 0) return;
    this.#giveRest();
    await this.#open(now.file, 0);
    await this.#drain();
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = null;
  }

  async #open(file: string, offset: number): Promise<void> {
    await this.close();
    this.#handle = await open(this.path, 'r');
    this.#file = file;
    this.#restart();
    this.#offset = offset;
  }

  #restart(): void {
    this.#offset = 0;
    this.#rest = [];
    this.#restBytes = 0;
  }

  /** The end of a file that was renamed meanwhile. */
  async #finish({ file, offset }: FilePosition): Promise<void> {
    const folder = dirname(this.path);
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const found = await identify(path).catch(() => null);
      if (found?.file !== file || found.size < offset) continue;
      this.#handle = await open(path, 'r');
      this.#offset = offset;
      do await this.#drain();
      while (this.#behindBytes > 0);
      this.#giveRest();
      return;
    }
  }

  async #drain(): Promise<void> {
    const handle = this.#handle as FileHandle;
    for (let left = TURN_BYTES; left > 0; ) {
      const { bytesRead } = await handle.read(this.#chunk, 0, Math.min(left, CHUNK_BYTES), this.#offset);
      if (bytesRead === 0) break;
      this.#offset += bytesRead;
      left -= bytesRead;
      this.#split(this.#chunk.subarray(0, bytesRead));
    }
    this.#behindBytes = Math.max(0, (await handle.stat()).size - this.#offset);
  }

  #split(bytes: Buffer): void {
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      this.#keep(bytes.subarray(from, end));
      this.#giveRest();
      from = end + 1;
    }
    this.#keep(bytes.subarray(from));
  }

  /** The chunk is written over: what is kept is copied. */
  #keep(piece: Buffer): void {
    const kept = this.#rest.reduce((sum, { length }) => sum + length, 0);
    if (kept < MOST_LINE_BYTES) this.#rest.push(Buffer.from(piece.subarray(0, MOST_LINE_BYTES - kept)));
    this.#restBytes += piece.length;
  }

  #giveRest(): void {
    const line = Buffer.concat(this.#rest).toString('utf8').replace(/\r$/, '');
    this.#rest = [];
    this.#restBytes = 0;
    if (line !== '') this.#onLine(line);
  }
}

async function identify(path: string): Promise<{ readonly file: string; readonly size: number }> {
  const { dev, ino, birthtimeMs, size } = await stat(path);
  // A number is given again once its file is gone.
  return { file: `${dev}:${ino}:${Math.round(birthtimeMs)}`, size };
}
