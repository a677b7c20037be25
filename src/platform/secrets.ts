import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { AuspexError } from '../errors.ts';
import { knowSecrets } from '../telemetry/hide.ts';

/*
 * What lies encrypted on the disk begins with a head, then the content under AES-256-GCM, then its tag. The head and the
 * place where the file belongs are authenticated with it: a file that was moved to another place does not open.
 *
 *   "AUSE" · 1 byte version · 8 bytes key id · 12 bytes nonce · content · 16 bytes tag
 */

const MAGIC = Buffer.from('AUSE');
const VERSION = 1;
const ID_AT = 5;
const NONCE_AT = 13;
export const HEAD_BYTES = 25;
export const TAG_BYTES = 16;
/** So much is encrypted at once: the loop breathes in between, and no second copy of a large file is made. */
const PIECE_BYTES = 4 << 20;
const CIPHER = 'aes-256-gcm';
const KEY_MARK = 'ausk1_';

interface Key {
  readonly id: string;
  readonly bytes: Buffer;
}

/** Takes the pieces of one file's content in order and gives them back readable; `finish` says whether they are genuine. */
export interface Opening {
  piece(bytes: Uint8Array): Uint8Array;
  /** @throws AuspexError STORE_DAMAGED: altered, cut or moved here from another place. */
  finish(tag: Uint8Array): void;
}

/**
 * The keys of one installation. The first encrypts, all of them decrypt. A key is known by its id, a hash of it, so that
 * a wrong key is told from a damaged file.
 */
export class KeyRing {
  /** Where the keys come from, for messages. */
  readonly origin: string;
  #keys: readonly Key[];
  /** Files that are being written, by the key that encrypts them. */
  readonly #writing = new Map<string, number>();
  /** The end of the last work on each file. */
  readonly #turns = new Map<string, Promise<void>>();

  private constructor(origin: string, keys: readonly Key[]) {
    this.origin = origin;
    this.#keys = keys;
  }

  /**
   * Reads keys, separated by spaces, commas or lines, the current one first: each 32 bytes in base64, with or without the
   * mark `ausk1_`; lines that begin with # are passed over.
   * @throws AuspexError CONFIG_INVALID; never with the text that was read.
   */
  static parse(text: string, origin: string): KeyRing {
    const words = text
      .split('\n')
      .filter((line) => !line.trimStart().startsWith('#'))
      .flatMap((line) => line.split(/[\s,]+/))
      .filter((word) => word !== '');
    const keys = words.map((word, i) => {
      const bare = word.startsWith(KEY_MARK) ? word.slice(KEY_MARK.length) : word;
      const bytes = /^[A-Za-z0-9+/_-]{43}=?$/.test(bare) ? Buffer.from(bare, 'base64url') : Buffer.alloc(0);
      if (bytes.length === 32) return keyOf(bytes);
      throw new AuspexError(
        'CONFIG_INVALID',
        `Key ${i + 1} of ${origin} is not one: 32 bytes in base64 are expected, as \`openssl rand -base64 32\` makes them.`,
      );
    });
    knowSecrets(words);
    if (keys.length === 0) throw new AuspexError('CONFIG_INVALID', `${origin} holds no key.`);
    return new KeyRing(origin, keys);
  }

  static create(origin: string): KeyRing {
    return new KeyRing(origin, [newKey()]);
  }

  get currentId(): string {
    return this.#keys[0].id;
  }

  /** The current one first. */
  get ids(): readonly string[] {
    return this.#keys.map((key) => key.id);
  }

  /** As `parse` reads it. Holds the keys: for the key file and nothing else. */
  toText(): string {
    return this.#keys.map((key) => `${KEY_MARK}${key.bytes.toString('base64url')}\n`).join('');
  }

  /** The same ring with a new key before the others. */
  withNewKey(): KeyRing {
    return new KeyRing(this.origin, [newKey(), ...this.#keys]);
  }

  withoutOldKeys(): KeyRing {
    return new KeyRing(this.origin, this.#keys.slice(0, 1));
  }

  /** Takes over the keys of another ring, for all who hold this one. */
  become(other: KeyRing): void {
    this.#keys = other.#keys;
  }

  /**
   * One work at a time on each file: what is encrypted anew must not overwrite what was written meanwhile. Until the work
   * ends `isWritingOld` knows of the key that it began with.
   */
  exclusively<R>(name: string, work: () => Promise<R>): Promise<R> {
    const before = this.#turns.get(name) ?? Promise.resolve();
    const turn = before.then(async () => {
      const id = this.currentId;
      this.#writing.set(id, (this.#writing.get(id) ?? 0) + 1);
      try {
        return await work();
      } finally {
        const left = (this.#writing.get(id) ?? 1) - 1;
        if (left === 0) this.#writing.delete(id);
        else this.#writing.set(id, left);
      }
    });
    const ended = turn.then(
      () => {},
      () => {},
    );
    this.#turns.set(name, ended);
    void ended.then(() => this.#turns.get(name) === ended && this.#turns.delete(name));
    return turn;
  }

  /** Whether a file is being written under a key that is not the current one. */
  get isWritingOld(): boolean {
    return [...this.#writing.keys()].some((id) => id !== this.currentId);
  }

  /** A file's bytes in pieces, encrypted for this place and no other. */
  *seal(plain: Uint8Array, place: string): Generator<Uint8Array> {
    const key = this.#keys[0];
    const head = Buffer.concat([MAGIC, Buffer.from([VERSION]), Buffer.from(key.id, 'hex'), randomBytes(12)]);
    const cipher = createCipheriv(CIPHER, key.bytes, head.subarray(NONCE_AT));
    cipher.setAAD(Buffer.concat([head, Buffer.from(place)]));
    yield head;
    for (let at = 0; at < plain.length; at += PIECE_BYTES) yield cipher.update(plain.subarray(at, at + PIECE_BYTES));
    cipher.final();
    yield cipher.getAuthTag();
  }

  /** @throws AuspexError SECRET_KEY_MISSING, STORE_DAMAGED for a head of a later version. */
  open(head: Uint8Array, place: string): Opening {
    const id = keyIdOf(head);
    const key = this.#keys.find((candidate) => candidate.id === id);
    if (key === undefined) {
      throw new AuspexError(
        'SECRET_KEY_MISSING',
        `${place} was encrypted with the key ${id}, which ${this.origin} does not hold (it has ${this.ids.join(', ')}).`,
        { data: { key: id ?? '' } },
      );
    }
    const decipher = createDecipheriv(CIPHER, key.bytes, head.subarray(NONCE_AT, HEAD_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.concat([head.subarray(0, HEAD_BYTES), Buffer.from(place)]));
    return {
      piece: (bytes) => decipher.update(bytes),
      finish(tag) {
        try {
          decipher.setAuthTag(tag);
          decipher.final();
        } catch (cause) {
          throw new AuspexError('STORE_DAMAGED', `${place} was altered, cut or moved: its seal does not hold.`, {
            cause,
          });
        }
      },
    };
  }
}

/** Whether bytes begin as a sealed file does. Others are taken as they are: files of before there were keys. */
export function isSealed(head: Uint8Array): boolean {
  return head.length >= HEAD_BYTES && MAGIC.equals(head.subarray(0, MAGIC.length)) && head[MAGIC.length] === VERSION;
}

/** The id of the key that a head names; null for what is not sealed. */
export function keyIdOf(head: Uint8Array): string | null {
  return isSealed(head) ? Buffer.from(head.subarray(ID_AT, NONCE_AT)).toString('hex') : null;
}

function newKey(): Key {
  return keyOf(randomBytes(32));
}

function keyOf(bytes: Buffer): Key {
  const id = createHash('sha256').update('auspex key id 1').update(bytes).digest('hex').slice(0, 16);
  return { id, bytes };
}
