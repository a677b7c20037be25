/* What the shop sells: made by rule, so that the probe knows the right answer without asking. */

export const ITEMS = 1000;
/** Long enough that a link of one megabit a second does not carry an ordinary day. */
const DESCRIPTION_LENGTH = 6000;

export interface Item {
  readonly id: number;
  readonly name: string;
  readonly priceCents: number;
  readonly description: string;
}

/** The item as the database holds it (`schema.ts` makes the same by SQL). */
export function itemOf(id: number): Item {
  const sentence = `Item ${id} is well made and lasts. `;
  const description = sentence.repeat(Math.ceil(DESCRIPTION_LENGTH / sentence.length)).slice(0, DESCRIPTION_LENGTH);
  return { id, name: `item ${id}`, priceCents: priceOf(id), description };
}

/** What an item costs, in cents. */
export function priceOf(id: number): number {
  return 100 + ((id * 7919) % 9900);
}

/** What the dependency asks for it, which is not the list price. */
export function offerOf(id: number): number {
  return 90 + ((id * 6101) % 9900);
}

/** The key of an item's answer in the cache. */
export function cacheKey(id: number): string {
  return `item:${id}`;
}

/** Seconds that an answer stays in the cache: spread, so that they do not all end at once. */
export function cacheSeconds(id: number): number {
  return 300 + ((id * 37) % 600);
}

/** The tables and what is in them. `reviews` has no index on its item: what the cache saves the database from. */
export function schema(reviews: number): readonly string[] {
  return [
    `CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, price_cents int NOT NULL, description text NOT NULL)`,
    `INSERT INTO items SELECT i, 'item ' || i, 100 + (i::bigint * 7919) % 9900,
       left(repeat('Item ' || i || ' is well made and lasts. ', 300), ${DESCRIPTION_LENGTH}) FROM generate_series(0, ${ITEMS - 1}) i`,
    `CREATE TABLE reviews (item int NOT NULL, stars int NOT NULL, words text NOT NULL)`,
    `INSERT INTO reviews SELECT (i::bigint * 7919) % ${ITEMS}, 1 + i % 5, 'review ' || i || ' of somebody who bought it'
       FROM generate_series(1, ${reviews}) i`,
    `CREATE TABLE stock (item int PRIMARY KEY, quantity bigint NOT NULL)`,
    `INSERT INTO stock SELECT i, 1000000000 FROM generate_series(0, ${ITEMS - 1}) i`,
    `CREATE TABLE orders (id bigserial PRIMARY KEY, item int NOT NULL, quantity int NOT NULL, total_cents int NOT NULL,
       session text NOT NULL, at timestamptz NOT NULL DEFAULT now())`,
  ];
}

/** One item with what its buyers said: the dear query, or for all items at once without `one`. */
export function itemQuery(isOne: boolean): string {
  return `SELECT i.id, i.name, i.price_cents, i.description, r.stars, r.count FROM items i JOIN (
    SELECT item, avg(stars)::float8 AS stars, count(*)::int AS count FROM reviews
    WHERE words LIKE '%bought it%' ${isOne ? 'AND item = $1' : ''} GROUP BY item) r ON r.item = i.id
    ${isOne ? 'WHERE i.id = $1' : ''}`;
}

export interface ItemRow {
  readonly id: number;
  readonly name: string;
  readonly price_cents: number;
  readonly description: string;
  readonly stars: number;
  readonly count: number;
}

/** The answer of GET /items/ID. */
export function itemAnswer(row: ItemRow): string {
  const { id, name, price_cents: priceCents, description, stars, count } = row;
  return JSON.stringify({ id, name, priceCents, description, stars, reviews: count });
}
