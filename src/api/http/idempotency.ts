import { createHash } from 'node:crypto';
import { AuspexError } from '../../errors.ts';
import type { IdempotencyRow } from '../../model/index.ts';
import type { ServerParts } from './ports.ts';

export interface StoredAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly replayed: boolean;
}

const MAX_KEY = 200;

/**
 * The same key with the same request gets the same answer; with another request CONFLICT. A key belongs to the one who
 * sent it. Two requests at once wait for one another. Only success is kept: what failed may be tried again.
 */
export class IdempotentAnswers {
  readonly #parts: Pick<ServerParts, 'records' | 'clock'>;
  readonly #underWay = new Map<string, Promise<StoredAnswer>>();

  constructor(parts: Pick<ServerParts, 'records' | 'clock'>) {
    this.#parts = parts;
  }

  async answer(
    request: { readonly key: string; readonly userId: string; readonly operation: string; readonly body: unknown },
    work: () => Promise<{ readonly status: number; readonly body: unknown }>,
  ): Promise<StoredAnswer> {
    if (request.key.length === 0 || request.key.length > MAX_KEY)
      throw new AuspexError(
        'BAD_REQUEST',
        `The Idempotency-Key has ${request.key.length} characters; 1 to ${MAX_KEY} are allowed.`,
      );
    const id = sha256(`${request.operation}\0${request.userId}\0${request.key}`);
    const requestHash = sha256(JSON.stringify(request.body ?? null));
    for (let other = this.#underWay.get(id); other !== undefined; other = this.#underWay.get(id))
      await other.catch(() => undefined);
    const run = this.#run(id, requestHash, request.key, work);
    this.#underWay.set(id, run);
    try {
      return await run;
    } finally {
      this.#underWay.delete(id);
    }
  }

  async #run(
    id: string,
    requestHash: string,
    key: string,
    work: () => Promise<{ readonly status: number; readonly body: unknown }>,
  ): Promise<StoredAnswer> {
    const { records, clock } = this.#parts;
    const known = await records.get('idempotency_keys', id);
    if (known !== undefined) return replay(known, requestHash, key);
    const { status, body } = await work();
    await records.insertNew('idempotency_keys', [{ id, at: clock.now(), requestHash, status, body: body ?? null }]);
    return { status, body, replayed: false };
  }
}

function replay(known: IdempotencyRow, requestHash: string, key: string): StoredAnswer {
  if (known.requestHash !== requestHash)
    throw new AuspexError('CONFLICT', `The Idempotency-Key “${key}” was used before with another body.`);
  return { status: known.status, body: known.body, replayed: true };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
