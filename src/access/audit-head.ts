import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../platform/files.ts';
import type { ChainHead } from './audit-chain.ts';
import type { AuditKeys } from './audit-key.ts';

export const AUDIT_HEAD_FILE = 'audit.head';
const SLOT_BYTES = 256;

/**
 * The end of the chain in a file of its own, so that rows taken off the end of the database are missed. Two slots of fixed
 * size, written in turn and in place: one of them is whole whenever the power goes, and a full disk does not matter.
 */
export class AuditHead {
  readonly #path: string;
  readonly #keys: AuditKeys;
  #file: FileHandle | null = null;
  #slot = 0;

  constructor(home: string, keys: AuditKeys) {
    this.#path = join(home, AUDIT_HEAD_FILE);
    this.#keys = keys;
  }

  /** The later of the two slots that are genuine; `missing` where there is none. */
  async read(): Promise<ChainHead | 'missing'> {
    let text: string;
    try {
      text = await readFile(this.#path, 'latin1');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'missing';
      throw error;
    }
    const slots = [text.slice(0, SLOT_BYTES), text.slice(SLOT_BYTES, 2 * SLOT_BYTES)].map((slot) => this.#parse(slot));
    const [first, second] = slots;
    const latest = (second?.seq ?? 0) > (first?.seq ?? 0) ? second : first;
    this.#slot = latest === second ? 0 : 1;
    return latest ?? 'missing';
  }

  /** Durable when it resolves. */
  async write(head: ChainHead): Promise<void> {
    const { id, mac } = this.#keys.current;
    const slot = `${JSON.stringify({ ...head, key: id, mac: mac(formOf(head)) })}\n`.padEnd(SLOT_BYTES);
    if (this.#file === null) {
      const known = await this.read();
      if (known === 'missing') await writeFileAtomic(this.#path, slot + ' '.repeat(SLOT_BYTES));
      this.#file = await open(this.#path, 'r+');
    }
    await this.#file.write(slot, this.#slot * SLOT_BYTES, 'latin1');
    await this.#file.datasync();
    this.#slot = 1 - this.#slot;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  #parse(slot: string): ChainHead | null {
    try {
      const found: unknown = JSON.parse(slot);
      if (typeof found !== 'object' || found === null) return null;
      if (!('seq' in found && 'hash' in found && 'key' in found && 'mac' in found)) return null;
      const { seq, hash, key, mac } = found;
      if (typeof seq !== 'number' || typeof hash !== 'string' || typeof key !== 'string') return null;
      return this.#keys.find(key)?.mac(formOf({ seq, hash })) === mac ? { seq, hash } : null;
    } catch {
      return null; // half written, or never
    }
  }
}

function formOf({ seq, hash }: ChainHead): string {
  return JSON.stringify(['auspex audit head 1', seq, hash]);
}
