/** Fills the cache with every item: `node warm-cache.ts <database> <cache>`. */
import { Redis } from 'ioredis';
import pg from 'pg';
import { warmCache } from '../stack/data.ts';

const client = new pg.Client({ connectionString: process.argv[2] ?? '' });
await client.connect();
const redis = new Redis(process.argv[3] ?? '');
await warmCache(client, redis);
redis.disconnect();
await client.end();
