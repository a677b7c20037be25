import { chmod, link, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AuspexError } from '../errors.ts';
import { InTurn } from '../in-turn.ts';
import { ensureDirectory, syncDirectory, writeFileAtomic } from './files.ts';
import { reseal, sealedFiles } from './sealed-files.ts';
import { KeyRing } from './secrets.ts';

const KEY_FILE = 'secret.key';
const CREDENTIAL = 'auspex-secret-key';
const VARIABLE = 'AUSPEX_SECRET_KEY';
/** The ids of all keys that files may be encrypted with: written before the first such file, so that a missing key is known at the start. */
const IN_USE_FILE = 'keys-in-use';
/** Folders of the home folder whose files are encrypted. */
const FOLDERS = ['models', 'state'];

type Environment = Readonly<Record<string, string | undefined>>;

export interface Settled {
  readonly rewritten: number;
  /** Ids of keys that nothing needs any more. */
  readonly dropped: readonly string[];
}

/**
 * The keys of a home folder, from a systemd credential, the environment or the file `secret.key`, whichever is there
 * first, and their rotation. Each step leaves everything readable, whenever the process ends: a new key is kept before
 * it is used, an old one goes when no file needs it.
 */
export class SecretKeys {
  readonly ring: KeyRing;
  readonly #home: string;
  readonly #env: Environment;
  /** Whether the keys lie in our own file, which we may change. */
  readonly isOwnFile: boolean;
  /** Whether there may be files of an older key, or of before there were keys. */
  #isUnsettled: boolean;
  /** One change at a time. */
  readonly #turn = new InTurn();

  private constructor(home: string, env: Environment, ring: KeyRing, isOwnFile: boolean, isUnsettled: boolean) {
    this.#home = home;
    this.#env = env;
    this.ring = ring;
    this.isOwnFile = isOwnFile;
    this.#isUnsettled = isUnsettled;
  }

  /**
   * Reads the keys, and makes one in `secret.key` (0600) where there is none and nothing is encrypted yet.
   * @throws AuspexError SECRET_KEY_MISSING when files need a key that is not there; CONFIG_INVALID for what is no key.
   */
  static async open(home: string, env: Environment = process.env): Promise<SecretKeys> {
    const inUse = await keysInUse(home);
    let given = await givenKeys(home, env);
    if (given === null) {
      if (inUse !== null && inUse.length > 0) throw missing(inUse, `${join(home, KEY_FILE)} is not there`);
      await makeKeyFile(home);
      given = await givenKeys(home, env);
    }
    if (given === null) throw new AuspexError('STORE_FAILED', `${join(home, KEY_FILE)} went away while it was read.`);
    const { ring, isOwnFile } = given;
    const lost = (inUse ?? []).filter((id) => !ring.ids.includes(id));
    if (lost.length > 0) throw missing(lost, `${ring.origin} holds ${ring.ids.join(', ')}`);
    const isUnsettled = inUse === null || ring.ids.length > 1 || inUse.some((id) => id !== ring.currentId);
    const keys = new SecretKeys(home, env, ring, isOwnFile, isUnsettled);
    if (inUse === null || !inUse.includes(ring.currentId)) await keys.#writeInUse([ring.currentId, ...(inUse ?? [])]);
    return keys;
  }

  /** Which keys are there, and whether in our own file; null where there are none. Makes and changes nothing. */
  static async look(
    home: string,
    env: Environment = process.env,
  ): Promise<{ readonly ids: readonly string[]; readonly isOwnFile: boolean } | null> {
    const given = await givenKeys(home, env);
    return given === null ? null : { ids: given.ring.ids, isOwnFile: given.isOwnFile };
  }

  /** Reads the keys again: somebody may have put a new one first. */
  reload(): Promise<void> {
    return this.#turn.run(async () => {
      const fresh = await SecretKeys.open(this.#home, this.#env);
      this.ring.become(fresh.ring);
      this.#isUnsettled ||= fresh.#isUnsettled;
    });
  }

  /**
   * Puts a new key before the others; files are encrypted with it from now on. `settle` does the rest.
   * @throws AuspexError CONFIG_INVALID where the keys are not ours to change.
   */
  async addKey(): Promise<void> {
    if (!this.isOwnFile) {
      throw new AuspexError(
        'CONFIG_INVALID',
        `The keys come from ${this.ring.origin}, which Auspex does not change. Put a new one (\`openssl rand -base64 32\`) there before the old one, and reload or restart: files are then encrypted anew, and the log says when the old one can go.`,
      );
    }
    await this.#turn.run(async () => {
      const next = this.ring.withNewKey();
      await writeFileAtomic(join(this.#home, KEY_FILE), next.toText());
      await this.#writeInUse(next.ids);
      this.ring.become(next);
      this.#isUnsettled = true;
    });
  }

  /** Encrypts anew what an older key or none encrypted, then drops the keys that nothing needs. Goes on where an earlier run ended. */
  settle(): Promise<Settled> {
    return this.#turn.run(() => this.#settle());
  }

  async #settle(): Promise<Settled> {
    if (!this.#isUnsettled) return { rewritten: 0, dropped: [] };
    let rewritten = 0;
    const damaged = new Set<string>();
    for (;;) {
      const files = await sealedFiles(this.#home, FOLDERS);
      const old = files.filter(({ name, keyId }) => keyId !== this.ring.currentId && !damaged.has(name));
      for (const { name } of old) {
        if (await reseal(this.#home, name, this.ring)) rewritten++;
        // No key opens it, so none is kept for it.
        else damaged.add(name);
      }
      if (old.length > 0 || this.ring.isWritingOld) {
        await new Promise((wake) => setTimeout(wake, 20));
        continue;
      }
      if (await this.#isAsGiven()) break;
    }
    const kept = this.ring.withoutOldKeys();
    const dropped = this.ring.ids.slice(1);
    await this.#writeInUse(kept.ids);
    if (this.isOwnFile && dropped.length > 0) {
      await writeFileAtomic(join(this.#home, KEY_FILE), kept.toText());
      this.ring.become(kept);
    }
    this.#isUnsettled = false;
    return { rewritten, dropped };
  }

  /** False when another process has given a new key meanwhile: it is taken over, and must not be written over. */
  async #isAsGiven(): Promise<boolean> {
    const given = await givenKeys(this.#home, this.#env);
    if (given === null || given.ring.ids.join() === this.ring.ids.join()) return true;
    this.ring.become(given.ring);
    return false;
  }

  /** How many files each key encrypts; those under `null` are not encrypted. */
  async count(): Promise<ReadonlyMap<string | null, number>> {
    const counts = new Map<string | null, number>(this.ring.ids.map((id) => [id, 0]));
    for (const { keyId } of await sealedFiles(this.#home, FOLDERS)) counts.set(keyId, (counts.get(keyId) ?? 0) + 1);
    return counts;
  }

  async #writeInUse(ids: readonly string[]): Promise<void> {
    await writeFileAtomic(join(this.#home, IN_USE_FILE), `${[...new Set(ids)].join('\n')}\n`);
  }
}

/** Null where none is given. */
async function givenKeys(home: string, env: Environment): Promise<{ ring: KeyRing; isOwnFile: boolean } | null> {
  const folder = env['CREDENTIALS_DIRECTORY'];
  if (folder !== undefined && folder !== '') {
    const text = await readIfThere(join(folder, CREDENTIAL));
    if (text !== null) return { ring: KeyRing.parse(text, `the systemd credential ${CREDENTIAL}`), isOwnFile: false };
  }
  const variable = env[VARIABLE];
  if (variable !== undefined && variable.trim() !== '') {
    return { ring: KeyRing.parse(variable, `the environment variable ${VARIABLE}`), isOwnFile: false };
  }
  const path = join(home, KEY_FILE);
  const text = await readIfThere(path);
  if (text === null) return null;
  // A copy or a restore may have widened it.
  if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600);
  return { ring: KeyRing.parse(text, path), isOwnFile: true };
}

/** Whoever is first makes it, whole or not at all; another one that starts at the same time reads that. */
async function makeKeyFile(home: string): Promise<void> {
  const path = join(home, KEY_FILE);
  const own = `${path}.${process.pid}.tmp`;
  await ensureDirectory(home);
  await writeFileAtomic(own, KeyRing.create(path).toText());
  try {
    await link(own, path);
    await syncDirectory(home);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(own, { force: true });
  }
}

/** Null where nothing was ever written down: then the files themselves are asked. */
async function keysInUse(home: string): Promise<readonly string[] | null> {
  const text = await readIfThere(join(home, IN_USE_FILE));
  if (text !== null) return text.split('\n').filter((line) => /^[0-9a-f]{16}$/.test(line));
  const ids = (await sealedFiles(home, FOLDERS)).flatMap(({ keyId }) => (keyId === null ? [] : [keyId]));
  return ids.length === 0 ? null : [...new Set(ids)];
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    const reason = error instanceof Error ? error.message : String(error);
    throw new AuspexError('STORE_FAILED', `The key ${path} cannot be read: ${reason}.`, { cause: error });
  }
}

function missing(ids: readonly string[], found: string): AuspexError {
  return new AuspexError(
    'SECRET_KEY_MISSING',
    `Models and what was learnt are encrypted with the key ${ids.join(', ')}, which is missing: ${found}. Nothing was changed.`,
    { data: { key: ids.join(' ') } },
  );
}
