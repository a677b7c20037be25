import { Redis } from 'ioredis';
import pg from 'pg';
import { log } from './shop-log.ts';

/** Longest that the cache may take to answer. */
const CACHE_MS = 800;

/** A pool as a careful shop has it: bounded, with time-outs everywhere, connections renewed three times a minute. */
export function openDatabase(url: string, instance: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: instance,
    max: 6,
    idleTimeoutMillis: 10_000,
    maxLifetimeSeconds: 20,
    connectionTimeoutMillis: 2_500,
    query_timeout: 4_000,
    statement_timeout: 4_000,
    keepAlive: true,
  });
  pool.on('error', (error) => log('warn', 'database', error));
  // Of a connection that is lent out and has no query under way.
  pool.on('connect', (client) => client.on('error', (error) => log('warn', 'database', error)));
  return pool;
}

/** Fails at once while the connection is away; a connection that does not answer is made anew. */
export class Cache {
  readonly #redis: Redis;
  #renewedAt = 0;

  constructor(url: string) {
    this.#redis = new Redis(url, {
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      commandTimeout: CACHE_MS,
      connectTimeout: 1_000,
      retryStrategy: (times) => Math.min(100 * times, 1_000),
    });
    this.#redis.on('error', (error: Error) => log('warn', 'cache', error));
  }

  get(key: string): Promise<string | null> {
    return this.#watched(this.#redis.get(key));
  }

  async set(key: string, value: string, seconds: number): Promise<void> {
    await this.#watched(this.#redis.set(key, value, 'EX', seconds));
  }

  close(): void {
    this.#redis.disconnect();
  }

  /** A connection whose packets are lost may take a minute to notice: two seconds are enough for a cache. */
  async #watched<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      const isLate = error instanceof Error && error.message.includes('timed out');
      if (isLate && performance.now() - this.#renewedAt > 2_000) {
        this.#renewedAt = performance.now();
        this.#redis.disconnect(true);
      }
      throw error;
    }
  }
}
