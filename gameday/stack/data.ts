import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { cacheKey, cacheSeconds, itemAnswer, itemQuery, type ItemRow, schema } from '../services/content.ts';
import type { ControlGroups } from './control-groups.ts';
import { needed, run } from './execute.ts';

/** Rows that the dear query reads: some ten milliseconds of one core. */
const REVIEWS = 600_000;
/** Few enough to be used up. */
export const MAX_CONNECTIONS = 40;
export const DATABASE_USER = 'shop';
/** PostgreSQL does not run as root. */
export const SYSTEM_USER = 'postgres';

/** A database cluster in the folder, empty. Its end takes all with it: shared memory is in files below the folder. */
export async function makeCluster(
  folder: string,
  address: string,
  port: number,
  groups: ControlGroups,
): Promise<string> {
  const data = join(folder, 'postgresql');
  mkdirSync(data);
  execFileSync('chown', [SYSTEM_USER, data]);
  const alone = ['unshare', '--ipc', 'setpriv', `--reuid=${SYSTEM_USER}`, `--regid=${SYSTEM_USER}`, '--clear-groups'];
  const words = ['-D', data, '-U', DATABASE_USER, '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C'];
  await run(groups.inside('database', [...alone, needed('initdb'), ...words]), { cwd: '/' });
  const settings: Readonly<Record<string, string | number>> = {
    listen_addresses: `'${address}'`,
    port,
    unix_socket_directories: "''",
    max_connections: MAX_CONNECTIONS,
    shared_buffers: "'128MB'",
    dynamic_shared_memory_type: 'mmap',
    huge_pages: 'off',
    wal_level: 'minimal',
    max_wal_senders: 0,
    jit: 'off',
    max_parallel_workers_per_gather: 0,
    log_lock_waits: 'on',
    log_min_duration_statement: 2000,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  appendFileSync(join(data, 'postgresql.conf'), `${lines.join('\n')}\n`);
  // The network is the run's own and leads nowhere.
  appendFileSync(join(data, 'pg_hba.conf'), 'host all all 198.18.0.0/15 trust\n');
  chmodSync(data, 0o700);
  return data;
}

export function databaseUrl(address: string, port: number): string {
  return `postgres://${DATABASE_USER}@${address}:${port}/postgres`;
}

/** Makes the tables and puts every item's answer into the cache, as it would be after an hour. */
export async function fillData(database: string, cache: string): Promise<void> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  const redis = new Redis(cache, { maxRetriesPerRequest: 1 });
  try {
    // In one transaction with its table nothing of it goes through the log.
    await client.query(`BEGIN; ${schema(REVIEWS).join('; ')}; COMMIT`);
    await client.query('VACUUM ANALYZE');
    await client.query('CHECKPOINT');
    await warmCache(client, redis);
  } finally {
    redis.disconnect();
    await client.end();
  }
}

/** Every item's answer, by one query. */
export async function warmCache(client: pg.Client, redis: Redis): Promise<void> {
  const { rows } = await client.query<ItemRow>(itemQuery(false));
  const pipeline = redis.pipeline();
  for (const row of rows) pipeline.set(cacheKey(row.id), itemAnswer(row), 'EX', cacheSeconds(row.id));
  await pipeline.exec();
}

/** Redis' settings. Nothing is saved by itself; it may be told to. */
export function cacheConfiguration(folder: string, address: string, port: number, password: string): string {
  const data = join(folder, 'redis');
  mkdirSync(data);
  const file = join(folder, 'redis.conf');
  const lines = [
    `bind ${address}`,
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${data}`,
    'save ""',
    'appendonly no',
  ];
  writeFileSync(file, `${[...lines, 'protected-mode no', 'daemonize no', 'maxmemory-policy noeviction'].join('\n')}\n`);
  return file;
}
