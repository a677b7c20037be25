import { fileURLToPath } from 'node:url';
import { needed, run } from '../stack/execute.ts';
import { CACHE_PORT } from '../stack/plans.ts';
import type { Stack } from '../stack/stack.ts';
import { type Step, startOffender } from './step.ts';

/* Faults of database and cache. */

function holder(stack: Stack, what: 'connections' | 'locks', everyMs = 0): string[] {
  const path = fileURLToPath(new URL('database-holder.ts', import.meta.url));
  return [process.execPath, path, what, stack.plans.databaseUrl, String(everyMs)];
}

/** A report opens every connection that it can get, and keeps them; one after another in so many milliseconds. */
export function holdConnections(everyMs = 0): Step {
  return {
    says: 'a report holds the connections of the database',
    apply: (context) => startOffender(context, 'report-builder', holder(context.stack, 'connections', everyMs)),
  };
}

/** A transaction locks all of the stock and does nothing more. */
export function holdLock(): Step {
  return {
    says: 'an open transaction holds the locks of the stock',
    apply: (context) => startOffender(context, 'stock-import', holder(context.stack, 'locks')),
  };
}

/** The words of a Redis command, with the password that is valid when it runs. */
export function cacheWords(stack: Stack, words: readonly string[], password = stack.password): string[] {
  const server = ['-h', stack.network.data.insideAddress, '-p', String(CACHE_PORT), '-e'];
  return [needed('redis-cli'), ...server, '-a', password, '--no-auth-warning', ...words];
}

/** The cache may hold no more than it does: every write is refused. */
export function cacheMemory(limit: string): Step {
  return {
    says: `the cache may hold ${limit}`,
    async apply({ stack }) {
      stack.ledger.add(cacheWords(stack, ['CONFIG', 'SET', 'maxmemory', '0']), false);
      await run(cacheWords(stack, ['CONFIG', 'SET', 'maxmemory', limit]));
    },
  };
}

/** The cache has another password than the services know, and they have to sign in again. */
export function cachePassword(): Step {
  return {
    says: 'the password of the cache is changed',
    async apply({ stack }) {
      const other = 'rotated';
      stack.ledger.add(cacheWords(stack, ['CONFIG', 'SET', 'requirepass', stack.password], other), false);
      await run(cacheWords(stack, ['CONFIG', 'SET', 'requirepass', other]));
      await run(cacheWords(stack, ['CLIENT', 'KILL', 'TYPE', 'normal'], other));
    },
  };
}

/** A job empties the cache, again and again. Undone by warming it. */
export function flushCache(everySeconds: number): Step {
  return {
    says: 'the cache is flushed again and again',
    async apply(context) {
      const { stack } = context;
      const path = fileURLToPath(new URL('warm-cache.ts', import.meta.url));
      stack.ledger.add([process.execPath, path, stack.plans.databaseUrl, stack.plans.cacheUrl], false);
      const script = `while :; do "$@" >/dev/null; sleep ${everySeconds}; done`;
      await startOffender(context, 'cache-job', ['sh', '-c', script, 'cache-job', ...cacheWords(stack, ['FLUSHALL'])]);
    },
  };
}
