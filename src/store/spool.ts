import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AuspexError } from '../errors.ts';
import { InTurn } from '../in-turn.ts';
import { syncFolder } from './model-files.ts';

const CHECKSUM_BYTES = 32;
const SEQUENCE_DIGITS = 14;

export interface SpoolRecord {
  readonly id: string;
  readonly bytes: Uint8Array;
}

interface Entry {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
}

/**
 * A bounded queue of opaque records on disk, first in first out: what an agent keeps while its server is away. One file a record,
 * written under a temporary name, fsynced and renamed, so a crash leaves whole records only. Beyond `quotaBytes` the oldest
 * go, and are counted. One process at a time.
 */
export class Spool {
  readonly #folder: string;
  readonly #quotaBytes: number;
  #entries: Entry[];
  #bytes: number;
  #sequence: number;
  #dropped = 0;
  #damaged = 0;
  readonly #turn = new InTurn();

  constructor(folder: string, quotaBytes: number, entries: Entry[]) {
    this.#folder = folder;
    this.#quotaBytes = quotaBytes;
    this.#entries = entries;
    this.#bytes = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
    const last = entries[entries.length - 1];
    this.#sequence = last === undefined ? 0 : Number(last.name.slice(0, SEQUENCE_DIGITS));
  }

  static async open(folder: string, options: { readonly quotaBytes: number }): Promise<Spool> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const entries: Entry[] = [];
    for (const name of (await readdir(folder)).sort()) {
      if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
      const match = /^\d{14}-([0-9a-f-]{36})\.record$/.exec(name);
      if (match === null) continue;
      entries.push({ id: match[1], name, sizeBytes: (await stat(join(folder, name))).size });
    }
    return new Spool(folder, options.quotaBytes, entries);
  }

  /** Durable when it resolves with the record's id, which stays the same over restarts. Rejects with TOO_LARGE, STORE_FULL, STORE_FAILED. */
  append(bytes: Uint8Array): Promise<string> {
    return this.#turn.run(() => this.#append(bytes));
  }

  async #append(bytes: Uint8Array): Promise<string> {
    const sizeBytes = bytes.length + CHECKSUM_BYTES;
    if (sizeBytes > this.#quotaBytes) {
      throw new AuspexError(
        'TOO_LARGE',
        `A record of ${bytes.length} bytes does not fit the spool of ${this.#quotaBytes} bytes.`,
      );
    }
    while (this.#bytes + sizeBytes > this.#quotaBytes) {
      await this.#forget(this.#entries[0]);
      this.#dropped++;
    }
    const id = randomUUID();
    const name = `${String(++this.#sequence).padStart(SEQUENCE_DIGITS, '0')}-${id}.record`;
    await this.#write(name, bytes);
    this.#entries.push({ id, name, sizeBytes });
    this.#bytes += sizeBytes;
    return id;
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#folder, name);
    try {
      const file = await open(`${path}.tmp`, 'w', 0o600);
      try {
        await file.writev([createHash('sha256').update(bytes).digest(), bytes]);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.tmp`, path);
      await syncFolder(this.#folder);
    } catch (cause) {
      await rm(`${path}.tmp`, { force: true }).catch(() => {});
      const full = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new AuspexError(
        full ? 'STORE_FULL' : 'STORE_FAILED',
        `The spool ${this.#folder} cannot be written: ${reason}.`,
        { cause },
      );
    }
  }

  /** The oldest records, at most `count`; they stay until `remove`. A damaged one is set aside and counted. */
  peek(count: number): Promise<readonly SpoolRecord[]> {
    return this.#turn.run(async () => {
      const records: SpoolRecord[] = [];
      for (const entry of this.#entries.slice(0, count)) {
        const bytes = await this.#read(entry);
        if (bytes !== undefined) records.push({ id: entry.id, bytes });
      }
      return records;
    });
  }

  async #read(entry: Entry): Promise<Uint8Array | undefined> {
    const path = join(this.#folder, entry.name);
    const content = await readFile(path).catch(() => Buffer.alloc(0));
    const bytes = content.subarray(CHECKSUM_BYTES);
    if (
      content.length >= CHECKSUM_BYTES &&
      createHash('sha256').update(bytes).digest().equals(content.subarray(0, CHECKSUM_BYTES))
    )
      return bytes;
    await rename(path, `${path}.damaged`).catch(() => {});
    this.#take(entry);
    this.#damaged++;
    return undefined;
  }

  /** Forgets records that arrived. Unknown ids are passed over. */
  remove(ids: readonly string[]): Promise<void> {
    const gone = new Set(ids);
    return this.#turn.run(async () => {
      for (const entry of this.#entries.filter((one) => gone.has(one.id))) await this.#forget(entry);
    });
  }

  /** What waits, and what was lost since the spool was opened: dropped beyond the quota, set aside as damaged. */
  stats(): { readonly records: number; readonly bytes: number; readonly dropped: number; readonly damaged: number } {
    return { records: this.#entries.length, bytes: this.#bytes, dropped: this.#dropped, damaged: this.#damaged };
  }

  async #forget(entry: Entry): Promise<void> {
    await rm(join(this.#folder, entry.name), { force: true });
    this.#take(entry);
  }

  #take(entry: Entry): void {
    this.#entries = this.#entries.filter((one) => one !== entry);
    this.#bytes -= entry.sizeBytes;
  }
}
