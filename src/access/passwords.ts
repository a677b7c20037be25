import { argon2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { AuspexError } from '../errors.ts';
import type { RandomBytes } from './credentials.ts';

interface Cost {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** OWASP's least for argon2id: 19 MiB, twice, one lane. 20 to 30 ms of one core. */
export const COST: Cost = { memory: 19_456, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** 19 MiB each; the thread pool has two threads left for files. */
const AT_ONCE = 2;
/** Sign-ins that wait for their turn: a second's work. Who is known here has as many places again. */
const WAITING = 32;
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

export interface Passwords {
  /** The PHC string that is kept instead of the password. */
  hash(password: string): Promise<string>;
  /** Whether it is the password. Without a hash (nobody of that name) false, after the same time. `known` goes first. */
  verify(password: string, phc: string | null, known: boolean): Promise<boolean>;
}

type Derive = (password: string, salt: Uint8Array, cost: Cost, bytes: number) => Promise<Uint8Array>;

const derive = promisify(argon2);
const argon2id: Derive = (password, nonce, cost, tagLength) =>
  // NFC: the same letters typed on another system are the same password.
  derive('argon2id', { message: password.normalize('NFC'), nonce, tagLength, ...cost });

/** Argon2id off the main loop, at most two at once, so that a flood of guesses takes neither memory nor the machine. */
export function createPasswords(randomBytes: RandomBytes, work: Derive = argon2id): Passwords {
  const turn = new Turns(AT_ONCE, WAITING);
  return {
    async hash(password) {
      const salt = Uint8Array.from(randomBytes(SALT_BYTES));
      const hash = await turn.take(true, () => work(password, salt, COST, HASH_BYTES));
      return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${base64(salt)}$${base64(hash)}`;
    },
    async verify(password, phc, known) {
      const kept = PHC.exec(phc ?? '');
      const [, memory, passes, parallelism, salt = '', hash = ''] = kept ?? [];
      const cost =
        kept === null ? COST : { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
      const nonce = kept === null ? new Uint8Array(SALT_BYTES) : Buffer.from(salt, 'base64');
      const right = Buffer.from(hash, 'base64');
      const given = await turn.take(known, () =>
        work(password, nonce, cost, kept === null ? HASH_BYTES : right.length),
      );
      return kept !== null && timingSafeEqual(given, right);
    },
  };
}

/** PHC strings leave the padding out. */
function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}

/** A few pieces of work at once; the others wait, those who are known before strangers. */
class Turns {
  readonly #atOnce: number;
  readonly #places: number;
  readonly #known: (() => void)[] = [];
  readonly #strangers: (() => void)[] = [];
  #running = 0;

  constructor(atOnce: number, places: number) {
    this.#atOnce = atOnce;
    this.#places = places;
  }

  async take<R>(known: boolean, work: () => Promise<R>): Promise<R> {
    if (this.#running >= this.#atOnce) {
      const queue = known ? this.#known : this.#strangers;
      if (queue.length >= this.#places)
        throw new AuspexError('TOO_MANY_TRIES', `${this.#places} sign-ins wait already. Try again in 2 s.`, {
          data: { retryAfterSeconds: 2 },
        });
      // Whoever ends hands its place on, so that nobody who comes between takes it.
      await new Promise<void>((go) => queue.push(go));
    } else {
      this.#running++;
    }
    try {
      return await work();
    } finally {
      const next = this.#known.shift() ?? this.#strangers.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
