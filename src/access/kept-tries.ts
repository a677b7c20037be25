import type { Clock, RecordStore } from '../model/index.ts';
import type { SignInThrottle } from './sign-in-throttle.ts';

const MINUTE_MS = 60_000;
/** More are never counted in a minute; what is stored by others is not taken at its word. */
const MOST = 100;

/** The tries on the accounts in the records, one row an account: who can make the process end gets no new tries by it. */
export interface KeptTriesOnDisk {
  /** Before each try. @param account Null for a name that nobody has: then it takes as long and does nothing. */
  recall(account: string | null): Promise<void>;
  /** Durable when it resolves. What cannot be written, on a full disk, counts as long as the process lives. */
  keep(account: string | null): Promise<void>;
}

export function keepTries(
  records: Pick<RecordStore, 'get' | 'put'>,
  clock: Pick<Clock, 'now'>,
  throttle: SignInThrottle,
): KeptTriesOnDisk {
  const idOf = (account: string | null): string => `sign-in-tries:${account ?? ''}`;
  return {
    async recall(account) {
      const value = (await records.get('settings', idOf(account)))?.value;
      if (account === null) return;
      const now = clock.now();
      // A clock that was set back since: as if the try were made now.
      const ages = (times: unknown): number[] =>
        (Array.isArray(times) ? times.slice(0, MOST) : [])
          .map((at) => Math.max(0, now - Number(at)))
          .filter((age) => age < MINUTE_MS);
      const { all, strangers } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
      throttle.recall(account, { all: ages(all), strangers: ages(strangers) });
    },
    async keep(account) {
      const now = clock.now();
      const { all, strangers } = account === null ? { all: [], strangers: [] } : throttle.triesOn(account);
      const times = (ages: readonly number[]): number[] => ages.map((age) => Math.round(now - age));
      await records
        .put('settings', [{ id: idOf(account), value: { all: times(all), strangers: times(strangers) }, at: now }])
        .catch(() => {});
    },
  };
}
