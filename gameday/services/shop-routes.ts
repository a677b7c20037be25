import { createHash, randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { cacheKey, cacheSeconds, ITEMS, itemAnswer, itemQuery, type ItemRow, priceOf } from './content.ts';
import { log } from './shop-log.ts';
import { asked, cacheHits, cacheMisses } from './shop-metrics.ts';
import type { Cache } from './shop-stores.ts';

/** Notes that are kept; older ones are written over. */
const NOTES = 200;
const PRICING_MS = 3_000;
/** The payment is reserved while the stock is held: what bounds how fast one item can be sold. */
const PAYMENT_MS = 5;

export interface Shop {
  readonly instance: string;
  readonly database: pg.Pool;
  readonly cache: Cache;
  readonly spool: string;
  readonly pricing: string;
}

/** Something that the caller did wrong. */
export class BadRequest extends Error {}

/** GET /items/ID: from the cache, or dearly from the database. Without its cache the shop goes on, slower. */
export async function item(shop: Shop, id: number): Promise<string> {
  if (!(id >= 0 && id < ITEMS)) throw new BadRequest('There is no such item.');
  const cached = await asked('cache', () => shop.cache.get(cacheKey(id))).catch((error: unknown) => {
    log('warn', 'cache', error);
    return null;
  });
  if (cached !== null) {
    cacheHits.inc();
    return cached;
  }
  cacheMisses.inc();
  const { rows } = await asked('database', () => shop.database.query<ItemRow>(itemQuery(true), [id]));
  const answer = itemAnswer(rows[0] as ItemRow);
  asked('cache', () => shop.cache.set(cacheKey(id), answer, cacheSeconds(id))).catch((error: unknown) =>
    log('warn', 'cache', error),
  );
  return answer;
}

/** POST /orders: takes the stock under its row's lock, and is only done when the session is written as well. */
export async function order(shop: Shop, body: string): Promise<string> {
  const { item, quantity, session } = JSON.parse(body) as { item: number; quantity: number; session: string };
  if (!(item >= 0 && item < ITEMS && quantity > 0)) throw new BadRequest('There is no such item.');
  const total = priceOf(item) * quantity;
  const client = await asked('database', () => shop.database.connect());
  let failure: Error | undefined;
  try {
    const id = await asked('database', () => place(client, item, quantity, total, session));
    await pause(PAYMENT_MS);
    const kept = JSON.stringify({ session, item, quantity, total });
    await asked('cache', () => shop.cache.set(`session:${session}`, kept, 600));
    await asked('database', () => client.query('COMMIT'));
    return JSON.stringify({ id: Number(id), item, quantity, totalCents: total });
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    throw failure;
  } finally {
    // With what it began: a connection that failed inside a transaction is not used again.
    client.release(failure);
  }
}

async function place(
  client: pg.PoolClient,
  item: number,
  quantity: number,
  total: number,
  session: string,
): Promise<string> {
  await client.query('BEGIN');
  await client.query('SELECT quantity FROM stock WHERE item = $1 FOR UPDATE', [item]);
  await client.query('UPDATE stock SET quantity = quantity - $2 WHERE item = $1', [item, quantity]);
  const insert = 'INSERT INTO orders (item, quantity, total_cents, session) VALUES ($1, $2, $3, $4) RETURNING id';
  const { rows } = await client.query<{ id: string }>(insert, [item, quantity, total, session]);
  return rows[0]?.id ?? '';
}

/** GET /prices/ID: what the pricing service asks, found by name each time. */
export function price(shop: Shop, id: number): Promise<string> {
  return asked(
    'pricing',
    () =>
      new Promise<string>((resolve, reject) => {
        const request = get(`${shop.pricing}/offers/${id}`, { agent: false, timeout: PRICING_MS }, (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (piece: string) => (text += piece));
          response.on('error', reject);
          response.on('end', () => {
            if (response.statusCode === 200) resolve(text);
            else reject(new Error(`pricing answered ${response.statusCode}`));
          });
        });
        request.on('timeout', () =>
          request.destroy(Object.assign(new Error('pricing is slow'), { code: 'ETIMEDOUT' })),
        );
        request.on('error', reject);
      }),
  );
}

let notes = 0;

/** POST /notes: a file on the spool, whole or not at all. */
export async function note(shop: Shop, body: string): Promise<string> {
  const path = join(shop.spool, `${shop.instance}-${notes++ % NOTES}.txt`);
  const temporary = join(shop.spool, `.${randomUUID()}`);
  await asked('spool', async () => {
    try {
      await writeFile(temporary, body, { flush: true });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
  });
  return JSON.stringify({ bytes: Buffer.byteLength(body), sha256: createHash('sha256').update(body).digest('hex') });
}
