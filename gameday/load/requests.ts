import { createHash } from 'node:crypto';
import type { SeededRandom } from '../../src/stats/random.ts';
import { ITEMS, itemOf, offerOf, priceOf } from '../services/content.ts';

/* What clients ask the shop, and what the right answer is. */

export const requestKinds = ['items', 'orders', 'prices', 'notes'] as const;
export type RequestKind = (typeof requestKinds)[number];

/** Shares of the mix. */
const MIX: readonly (readonly [RequestKind, number])[] = [
  ['items', 0.6],
  ['orders', 0.15],
  ['prices', 0.15],
  ['notes', 0.1],
];
const NOTE_BYTES = 2_000;

export interface ShopRequest {
  readonly kind: RequestKind;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string | null;
  readonly item: number;
}

/** Item ids by Zipf's law: the n-th most wanted is asked for 1/n as often as the first. O(log items) a draw. */
export class ItemChoice {
  readonly #cumulative = new Float64Array(ITEMS);
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
    let sum = 0;
    for (let i = 0; i < ITEMS; i++) {
      sum += 1 / (i + 1);
      this.#cumulative[i] = sum;
    }
  }

  next(): number {
    const wanted = this.#random.next() * (this.#cumulative[ITEMS - 1] as number);
    let low = 0;
    let high = ITEMS - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#cumulative[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function kindOf(random: SeededRandom): RequestKind {
  let left = random.next();
  for (const [kind, share] of MIX) {
    left -= share;
    if (left < 0) return kind;
  }
  return 'items';
}

export function requestOf(kind: RequestKind, item: number, random: SeededRandom): ShopRequest {
  if (kind === 'items' || kind === 'prices') return { kind, method: 'GET', path: `/${kind}/${item}`, body: null, item };
  if (kind === 'orders') {
    const session = `s${random.integer(500)}`;
    return { kind, method: 'POST', path: '/orders', body: JSON.stringify({ item, quantity: 1, session }), item };
  }
  const body = `${random.uint32()} `.repeat(NOTE_BYTES).slice(0, NOTE_BYTES);
  return { kind, method: 'POST', path: '/notes', body, item };
}

/** Whether a body is the whole and right answer to a request. */
export function isRight(request: ShopRequest, text: string): boolean {
  let answer: Readonly<Record<string, unknown>>;
  try {
    answer = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return false;
  }
  const { item, body } = request;
  switch (request.kind) {
    case 'items': {
      const right = itemOf(item);
      const isSame = Object.entries(right).every(([name, value]) => answer[name] === value);
      return isSame && Number(answer['reviews']) > 0 && Number(answer['stars']) >= 1;
    }
    case 'orders':
      return answer['item'] === item && answer['totalCents'] === priceOf(item) && Number(answer['id']) > 0;
    case 'prices':
      return answer['id'] === item && answer['priceCents'] === offerOf(item);
    case 'notes':
      return (
        answer['bytes'] === Buffer.byteLength(body ?? '') &&
        answer['sha256'] ===
          createHash('sha256')
            .update(body ?? '')
            .digest('hex')
      );
  }
}
