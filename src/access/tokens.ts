import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuspexError } from '../errors.ts';
import type { Clock, RecordStore, TokenRow } from '../model/index.ts';
import { ensureDirectory, writeFileAtomic } from '../platform/files.ts';
import { equalSecrets, fingerprint, newSecret, type RandomBytes } from './credentials.ts';
import type { Principal } from './principal.ts';

const TOUCH_MS = 60_000;
/** How long a token that was looked up is believed: what another process revokes ends within this. */
const CACHE_MS = 10_000;
const CLI_TOKEN_ID = 'cli';
const TOKEN_FORM = /^ausp_[A-Za-z0-9_-]{43}$/;

export type NewToken = Pick<TokenRow, 'name' | 'scope' | 'expiresAt'>;

export interface Tokens {
  /** Makes the command line's own token file where it is missing or no longer right. Gives its path. */
  start(): Promise<string>;
  find(secret: string): Promise<Principal | null>;
  /** The secret is given this once and kept nowhere. */
  add(token: NewToken): Promise<{ row: TokenRow; secret: string }>;
  /** Ends a token, at once. @throws AuspexError NOT_FOUND. */
  revoke(id: string): Promise<void>;
  list(): Promise<readonly TokenRow[]>;
}

export function createTokens(records: RecordStore, home: string, clock: Clock, randomBytes: RandomBytes): Tokens {
  const known = new Map<string, { readonly row: TokenRow; readonly readAt: number }>();
  const touched = new Map<string, number>();
  const tokenFile = join(home, 'cli-token');

  async function look(secret: string): Promise<TokenRow | null> {
    if (!TOKEN_FORM.test(secret)) return null;
    const hash = fingerprint(secret);
    const now = clock.now();
    const cached = known.get(hash);
    if (cached !== undefined && Math.abs(now - cached.readAt) < CACHE_MS) return cached.row;
    known.delete(hash);
    const { rows } = await records.find('tokens', { where: { hash }, limit: 1 });
    const row = rows[0];
    if (row === undefined || !equalSecrets(row.hash, hash)) return null;
    if (known.size > 10_000) known.clear();
    known.set(hash, { row, readAt: now });
    return row;
  }

  async function insert(id: string, token: NewToken): Promise<{ row: TokenRow; secret: string }> {
    const secret = `ausp_${newSecret(randomBytes)}`;
    const row: TokenRow = {
      id,
      name: token.name,
      scope: token.scope,
      expiresAt: token.expiresAt,
      hash: fingerprint(secret),
      createdAt: clock.now(),
      lastUsedAt: null,
    };
    await records.put('tokens', [row]);
    return { row, secret };
  }

  return {
    async start() {
      await ensureDirectory(home);
      const secret = await readFile(tokenFile, 'utf8').then(
        (text) => text.trim(),
        () => '',
      );
      const row = await records.get('tokens', CLI_TOKEN_ID);
      if (row !== undefined && TOKEN_FORM.test(secret) && equalSecrets(row.hash, fingerprint(secret))) return tokenFile;
      const made = await insert(CLI_TOKEN_ID, { name: 'command line', scope: 'admin', expiresAt: null });
      known.clear();
      await writeFileAtomic(tokenFile, `${made.secret}\n`, 0o600);
      return tokenFile;
    },

    async find(secret) {
      const row = await look(secret);
      const now = clock.now();
      if (row === null || (row.expiresAt !== null && row.expiresAt <= now)) return null;
      const last = touched.get(row.id) ?? row.lastUsedAt ?? 0;
      if (now - last >= TOUCH_MS) {
        touched.set(row.id, now);
        // An answer does not wait for, or fail with, a note of when the token was used.
        void records.update('tokens', { id: row.id }, { lastUsedAt: now }).catch(() => touched.delete(row.id));
      }
      const { id, name: userId, scope, expiresAt } = row;
      return { kind: 'token', userId, scope, role: null, expiresAt, id, csrf: null };
    },

    add: (token) => insert(randomUUID(), token),

    async revoke(id) {
      const removed = await records.remove('tokens', { id });
      known.clear();
      if (removed === 0) throw new AuspexError('NOT_FOUND', `There is no token "${id.slice(0, 100)}".`);
    },

    async list() {
      const { rows } = await records.find('tokens', { orderBy: 'createdAt', limit: 500 });
      return rows;
    },
  };
}
