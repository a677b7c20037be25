import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AuspexError } from '../errors.ts';
import { InTurn } from '../in-turn.ts';
import { writeFileAtomic } from '../platform/files.ts';
import { readSealed, writeSealed } from '../platform/sealed-files.ts';
import type { KeyRing } from '../platform/secrets.ts';
import {
  allRows,
  type Clock,
  type ModelMetadata,
  type ModelMetadataRow,
  type ModelStore,
  type RecordStore,
} from '../model/index.ts';

/** Versions of one model that stay on disk. */
const KEPT_VERSIONS = 3;

type NewModel = Parameters<ModelStore['save']>[0];
interface LoadedModel {
  readonly metadata: ModelMetadata;
  readonly bytes: Uint8Array;
}

/**
 * Model files under `home/models`, their metadata in the records. A file is written under a temporary name, fsynced and
 * renamed before its row names it; it is checked by SHA-256 when it is read. Names become file names by a hash, so no id is ever a path.
 */
export class FileModelStore implements ModelStore {
  readonly #home: string;
  readonly #folder: string;
  readonly #keys: KeyRing | null;
  readonly #records: RecordStore;
  readonly #clock: Clock;
  readonly #onProblem: (text: string) => void;
  /** One save or promotion of a model at a time. */
  readonly #turn = new InTurn();

  /** @param keys Files are encrypted under it; as they are where it is null. */
  constructor(
    home: string,
    keys: KeyRing | null,
    records: RecordStore,
    clock: Clock,
    onProblem: (text: string) => void,
  ) {
    this.#home = home;
    this.#folder = join(home, 'models');
    this.#keys = keys;
    this.#records = records;
    this.#clock = clock;
    this.#onProblem = onProblem;
  }

  save(metadata: NewModel, bytes: Uint8Array): Promise<ModelMetadata> {
    return this.#turn.run(() => this.#save(metadata, bytes));
  }

  async #save(metadata: NewModel, bytes: Uint8Array): Promise<ModelMetadata> {
    const versions = await this.#versions(metadata.name, metadata.entityId);
    const version = (versions[0]?.version ?? 0) + 1;
    const row: ModelMetadataRow = {
      ...metadata,
      id: rowId(metadata.name, metadata.entityId, version),
      version,
      sizeBytes: bytes.length,
      checksum: createHash('sha256').update(bytes).digest('hex'),
      status: 'serving',
      fault: null,
    };
    await this.#write(fileName(row), bytes);
    const previous = versions
      .filter((other) => other.status === 'serving')
      .map((other) => ({ ...other, status: 'previous' as const }));
    const surplus = versions.slice(KEPT_VERSIONS - 1);
    await this.#records.transaction(async (access) => {
      await access.put('model_metadata', [...previous, row]);
      if (surplus.length > 0) await access.remove('model_metadata', { id: { in: surplus.map((other) => other.id) } });
    });
    for (const other of surplus) await rm(join(this.#folder, fileName(other)), { force: true });
    return withoutId(row);
  }

  async load(name: string, entityId: string): Promise<LoadedModel | undefined> {
    const versions = await this.#versions(name, entityId);
    const serving = versions.findIndex((row) => row.status === 'serving');
    const candidates = serving < 0 ? versions : [versions[serving], ...versions.slice(serving + 1)];
    for (const row of candidates) {
      if (row.status === 'damaged') continue;
      const bytes = await this.#read(row);
      if (bytes === undefined) continue;
      if (row.status === 'serving') return { metadata: withoutId(row), bytes };
      const promoted: ModelMetadataRow = { ...row, status: 'serving' };
      await this.#records.put('model_metadata', [promoted]);
      return { metadata: withoutId(promoted), bytes };
    }
    return undefined;
  }

  async list(): Promise<readonly ModelMetadata[]> {
    const rows = await allRows(this.#records, 'model_metadata');
    rows.sort((a, b) => compare(a.name, b.name) || compare(a.entityId, b.entityId) || b.version - a.version);
    return rows.map(withoutId);
  }

  promote(name: string, entityId: string, version: number): Promise<ModelMetadata> {
    return this.#turn.run(async () => {
      const versions = await this.#versions(name, entityId);
      const chosen = versions.find((row) => row.version === version);
      if (chosen === undefined)
        throw new AuspexError('NOT_FOUND', `There is no version ${version} of the model ${name} of ${entityId}.`);
      if (chosen.status === 'damaged' || (await this.#read(chosen)) === undefined) {
        throw new AuspexError(
          'MODEL_DAMAGED',
          `Version ${version} of the model ${name} of ${entityId} is damaged and cannot serve.`,
        );
      }
      const changed = versions
        .filter((row) => row.status === 'serving' && row.version !== version)
        .map((row) => ({ ...row, status: 'previous' as const }));
      const promoted: ModelMetadataRow = { ...chosen, status: 'serving' };
      await this.#records.put('model_metadata', [...changed, promoted]);
      return withoutId(promoted);
    });
  }

  /** Newest first. */
  async #versions(name: string, entityId: string): Promise<readonly ModelMetadataRow[]> {
    const page = await this.#records.find('model_metadata', {
      where: { name, entityId },
      orderBy: 'version',
      descending: true,
      limit: 100,
    });
    return page.rows;
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#folder, name);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      if (this.#keys === null) await writeFileAtomic(path, bytes);
      else await writeSealed(this.#home, `models/${name}`, bytes, this.#keys);
    } catch (cause) {
      const full = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new AuspexError(
        full ? 'STORE_FULL' : 'STORE_FAILED',
        `The model file ${path} cannot be written: ${reason}.`,
        { cause },
      );
    }
  }

  /** The file's bytes; a damaged or missing one is set aside, and its row says why. */
  async #read(row: ModelMetadataRow): Promise<Uint8Array | undefined> {
    const path = join(this.#folder, fileName(row));
    let fault: string;
    try {
      const bytes =
        this.#keys === null
          ? await readFile(path)
          : await readSealed(this.#home, `models/${fileName(row)}`, this.#keys);
      const checksum = createHash('sha256').update(bytes).digest('hex');
      if (checksum === row.checksum) return bytes;
      fault = `${path} has the checksum ${checksum.slice(0, 12)}…, not ${row.checksum.slice(0, 12)}…; it was set aside as *.damaged`;
      await rename(path, `${path}.damaged`);
    } catch (cause) {
      // Nothing is wrong with the file: with its key it is read again.
      if (cause instanceof AuspexError && cause.code === 'SECRET_KEY_MISSING') throw cause;
      fault = `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
      if (cause instanceof AuspexError && cause.code === 'STORE_DAMAGED') {
        await rename(path, `${path}.damaged`);
        fault += ' It was set aside as *.damaged';
      }
    }
    this.#onProblem(`Model ${row.name} of ${row.entityId}, version ${row.version}: ${fault}.`);
    await this.#records.put('model_metadata', [
      { ...row, status: 'damaged', fault: `${fault} (${new Date(this.#clock.now()).toISOString()})` },
    ]);
    return undefined;
  }
}

/** Makes a rename in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function rowId(name: string, entityId: string, version: number): string {
  return createHash('sha256').update(`${name}\u0000${entityId}\u0000${version}`).digest('hex').slice(0, 32);
}

/** `performance-1a2b3c4d5e6f-v3.model`: what can be read of the name, the rest as a hash. */
function fileName(row: Pick<ModelMetadata, 'name' | 'entityId' | 'version'>): string {
  const readable = row.name.replace(/[^a-zA-Z0-9]+/g, '-').slice(0, 32);
  const hash = createHash('sha256').update(`${row.name}\u0000${row.entityId}`).digest('hex').slice(0, 16);
  return `${readable}-${hash}-v${row.version}.model`;
}

function withoutId(row: ModelMetadataRow): ModelMetadata {
  const { id, ...metadata } = row;
  void id;
  return metadata;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
