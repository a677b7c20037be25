import { createHmac } from 'node:crypto';
import { AuspexError } from '../errors.ts';
import type { Clock } from '../model/index.ts';
import type { RandomBytes } from './credentials.ts';

const MINUTE_MS = 60_000;
/** Tries a minute. Strangers cannot use up an account's: what is left is for browsers that have signed in before. */
export const TRIES = {
  account: 10,
  accountByStrangers: 7,
  accountBySource: 3,
  source: 10,
  device: 5,
  provider: 30,
} as const;
/** Names that nobody has share so many windows: memory is bounded, however many are guessed. */
const UNKNOWN_WINDOWS = 4096;
const REMEMBERED = 20_000;

/** How long ago tries were made, ms. */
export interface KeptTries {
  readonly all: readonly number[];
  readonly strangers: readonly number[];
}

export interface Try {
  /** The name as it is looked up. */
  readonly account: string;
  /** Whether there is such a user. Changes what is remembered, not what is answered. */
  readonly exists: boolean;
  /** The address that it comes from, as `sourceOf` gives it. */
  readonly source: string;
  /** The browser, where it has signed in to this account before. */
  readonly device: string | null;
}

/**
 * Bounds guessing without locking the victim out: per account, per source, and per source on one account; a browser that
 * has signed in before has a share of the account's tries that no stranger can use up. A refused try costs no hash.
 */
export class SignInThrottle {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #salt: Uint8Array;
  readonly #users = new Map<string, Window>();
  readonly #others = new Map<string, Window>();

  constructor(clock: Pick<Clock, 'monotonic'>, randomBytes: RandomBytes) {
    this.#clock = clock;
    this.#salt = Uint8Array.from(randomBytes(16));
  }

  /** Counts a try. @throws AuspexError TOO_MANY_TRIES with the seconds to wait; then nothing is counted. */
  take(attempt: Try): void {
    this.#count(this.#windowsOf(attempt));
  }

  #count(windows: readonly { readonly window: Window; readonly limit: number }[]): void {
    const now = this.#clock.monotonic();
    const wait = Math.max(...windows.map(({ window, limit }) => window.wait(now, limit)));
    if (wait === 0) {
      for (const { window } of windows) window.add(now);
      return;
    }
    const seconds = Math.ceil(wait / 1000);
    throw new AuspexError(
      'TOO_MANY_TRIES',
      `Too many tries to sign in within a minute, as this user or from this address. The password was not looked at; try again in ${seconds} s.`,
      { data: { retryAfterSeconds: seconds } },
    );
  }

  /** The tries on an account within the last minute, as ages in ms: what is kept so that a restart gives no new ones. */
  triesOn(account: string): KeptTries {
    const now = this.#clock.monotonic();
    const ages = (name: string): number[] => this.#users.get(`${name} ${account}`)?.ages(now) ?? [];
    return { all: ages('all'), strangers: ages('strangers') };
  }

  /** Takes up what was kept of an account, unless this process has counted on it already. */
  recall(account: string, kept: KeptTries): void {
    if (this.#users.has(`all ${account}`)) return;
    const now = this.#clock.monotonic();
    windowIn(this.#users, `all ${account}`).fill(now, kept.all);
    windowIn(this.#users, `strangers ${account}`).fill(now, kept.strangers);
  }

  /** Counts a sign-in by a provider: each asks that provider, which strangers shall not make us do for ever. @throws as `take`. */
  takeFrom(source: string): void {
    const window = windowIn(this.#others, `provider ${source}`);
    this.#count([{ window, limit: TRIES.provider }]);
  }

  /** Whoever signed in is no guesser: mistypes before are forgotten, but for the account's own count. */
  succeeded(attempt: Try): void {
    this.#others.delete(pairKey(this.#accountKey(attempt), attempt.source));
  }

  #windowsOf(attempt: Try): { readonly window: Window; readonly limit: number }[] {
    const account = this.#accountKey(attempt);
    const accounts = attempt.exists ? this.#users : this.#others;
    const all = { window: windowIn(accounts, `all ${account}`), limit: TRIES.account };
    if (attempt.device !== null)
      return [all, { window: windowIn(this.#others, `device ${attempt.device}`), limit: TRIES.device }];
    return [
      all,
      { window: windowIn(accounts, `strangers ${account}`), limit: TRIES.accountByStrangers },
      { window: windowIn(this.#others, `source ${attempt.source}`), limit: TRIES.source },
      { window: windowIn(this.#others, pairKey(account, attempt.source)), limit: TRIES.accountBySource },
    ];
  }

  /** Names of nobody fall together by a secret hash: who guesses cannot choose which. */
  #accountKey({ account, exists }: Try): string {
    if (exists) return account;
    return `? ${createHmac('sha256', this.#salt).update(account).digest().readUInt32BE(0) % UNKNOWN_WINDOWS}`;
  }
}

function pairKey(account: string, source: string): string {
  return `pair ${account} ${source}`;
}

/** Makes room by leaving out what was made first: at so many sources the account's own limit is what holds. */
function windowIn(map: Map<string, Window>, key: string): Window {
  let window = map.get(key);
  if (window === undefined) {
    const oldest = map.size >= REMEMBERED ? map.keys().next().value : undefined;
    if (oldest !== undefined) map.delete(oldest);
    window = new Window();
    map.set(key, window);
  }
  return window;
}

/** The times of the last minute. Exact, where a bucket that refills would let twice as many through in one minute. */
class Window {
  #times: number[] = [];

  /** ms until one more is within the limit; 0 for now. */
  wait(now: number, limit: number): number {
    this.#times = this.#times.filter((at) => now - at < MINUTE_MS);
    const blocking = this.#times.at(-limit);
    return blocking === undefined ? 0 : Math.max(1, blocking + MINUTE_MS - now);
  }

  add(now: number): void {
    this.#times.push(now);
  }

  ages(now: number): number[] {
    return this.#times.map((at) => now - at).filter((age) => age < MINUTE_MS);
  }

  fill(now: number, ages: readonly number[]): void {
    this.#times = ages.map((age) => now - age).sort((a, b) => a - b);
  }
}
