import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryRecordStore } from '../../test/integration/notify/memory-record-store.ts';
import type { TokenScope } from '../model/index.ts';
import { createAccess, type Principal } from './access.ts';
import type { RequiredAccess } from './roles.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

function setUp() {
  const records = memoryRecordStore();
  const home = mkdtempSync(join(tmpdir(), 'auspex-access-'));
  const clock = { at: Date.UTC(2026, 0, 1), now: () => clock.at, monotonic: () => clock.at };
  return { records, home, clock, access: createAccess({ records, home, clock }) };
}
const from = (headers: Record<string, string> = {}, remoteAddress = '203.0.113.9', cookie?: string) => ({
  headers,
  remoteAddress,
  cookie,
});
const bearer = (secret: string) => from({ authorization: `Bearer ${secret}` });

test('a sign-in link works once, for 15 minutes', async () => {
  const { access, clock } = setUp();
  const first = await access.makeLink();
  const signIn = await access.redeemLink(first.code);
  expect(signIn.principal).toMatchObject({ kind: 'session', userId: 'owner', scope: 'admin' });
  expect(Buffer.from(first.code, 'base64url').length).toBe(32);
  await expect(access.redeemLink(first.code)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  const second = await access.makeLink();
  clock.at += 15 * MINUTE;
  await expect(access.redeemLink(second.code)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await expect(access.redeemLink('guess')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('of two who use a link at once, one gets in', async () => {
  const { access } = setUp();
  const { code } = await access.makeLink();
  const results = await Promise.allSettled([access.redeemLink(code), access.redeemLink(code)]);
  expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('a session slides for 30 days, ends on sign-out, and its cookie is kept nowhere', async () => {
  const { access, clock, records } = setUp();
  const { cookie } = await access.redeemLink((await access.makeLink()).code);
  expect(records.dump()).not.toContain(cookie);
  clock.at += 29 * DAY;
  expect(await access.authenticate(from({}, '::1', cookie))).not.toBeNull();
  clock.at += 29 * DAY;
  const principal = await access.authenticate(from({}, '::1', cookie));
  expect(principal?.expiresAt).toBe(clock.at + 30 * DAY);
  await access.signOut(principal as Principal);
  expect(await access.authenticate(from({}, '::1', cookie))).toBeNull();
  const other = await access.redeemLink((await access.makeLink()).code);
  clock.at += 30 * DAY;
  expect(await access.authenticate(from({}, '::1', other.cookie))).toBeNull();
});

test('a change by a session needs its CSRF token; by a token it does not', async () => {
  const { access } = setUp();
  const mine = await access.redeemLink((await access.makeLink()).code);
  const other = await access.redeemLink((await access.makeLink()).code);
  const csrf = access.csrfToken(mine.cookie);
  expect(mine.principal.csrf).toBe(csrf);
  expect(() => access.checkCsrf(mine.principal, { 'x-csrf-token': csrf })).not.toThrow();
  expect(() => access.checkCsrf(mine.principal, {})).toThrow('missing');
  expect(() => access.checkCsrf(mine.principal, { 'x-csrf-token': access.csrfToken(other.cookie) })).toThrow(
    'not this',
  );
  const { secret } = await access.addToken({ name: 'ci', scope: 'operate', expiresAt: null });
  const token = await access.authenticate(bearer(secret));
  expect(() => access.checkCsrf(token, {})).not.toThrow();
});

test('a token is known by its hash alone, expires, and ends at once when revoked', async () => {
  const { access, clock, records } = setUp();
  const made = await access.addToken({ name: 'web-1', scope: 'ingest', expiresAt: clock.at + MINUTE });
  expect(made.secret).toMatch(/^ausp_[\w-]{43}$/);
  expect(records.dump()).not.toContain(made.secret.slice(5));
  expect(await access.authenticate(bearer(made.secret))).toMatchObject({
    kind: 'token',
    userId: 'web-1',
    scope: 'ingest',
  });
  expect(await access.authenticate(bearer(`${made.secret.slice(0, -1)}_`))).toBeNull();
  clock.at += MINUTE;
  expect(await access.authenticate(bearer(made.secret))).toBeNull();
  const lasting = await access.addToken({ name: 'x', scope: 'read', expiresAt: null });
  expect(await access.authenticate(bearer(lasting.secret))).not.toBeNull();
  await access.revokeToken(lasting.row.id);
  expect(await access.authenticate(bearer(lasting.secret))).toBeNull();
  await expect(access.revokeToken(lasting.row.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('the use of a token is noted at most once a minute', async () => {
  const { access, clock, records } = setUp();
  const { row, secret } = await access.addToken({ name: 'a', scope: 'read', expiresAt: null });
  const used = async () => (await records.get('tokens', row.id))?.lastUsedAt;
  const start = clock.at;
  await access.authenticate(bearer(secret));
  expect(await used()).toBe(start);
  clock.at += 59_000;
  await access.authenticate(bearer(secret));
  expect(await used()).toBe(start);
  clock.at += 1000;
  await access.authenticate(bearer(secret));
  expect(await used()).toBe(start + 60_000);
});

test('every cell of scope and requirement', () => {
  const { access } = setUp();
  const required: RequiredAccess[] = ['public', 'ingest', 'read', 'operate', 'approve', 'admin'];
  const allowed = (scope: TokenScope) =>
    required.filter((need) => {
      try {
        access.authorise(
          need,
          { kind: 'token', userId: '', scope, role: null, expiresAt: null, id: '', csrf: null },
          from(),
        );
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'FORBIDDEN' });
        return false;
      }
    });
  expect(allowed('ingest')).toEqual(['public', 'ingest']);
  expect(allowed('read')).toEqual(['public', 'read']);
  expect(allowed('operate')).toEqual(['public', 'read', 'operate']);
  expect(allowed('approve')).toEqual(['public', 'read', 'operate', 'approve']);
  expect(allowed('admin')).toEqual(required);
});

test('without a credential: public from anywhere, ingest from this machine itself, nothing else', () => {
  const { access } = setUp();
  const open = (need: RequiredAccess, request: ReturnType<typeof from>) => {
    try {
      access.authorise(need, null, request);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: 'UNAUTHENTICATED' });
      return false;
    }
  };
  expect(open('public', from())).toBe(true);
  expect(open('ingest', from({}, '127.0.0.1'))).toBe(true);
  expect(open('ingest', from({}, '::ffff:127.0.0.1'))).toBe(true);
  expect(open('ingest', from({}, '10.0.0.1'))).toBe(false);
  expect(open('ingest', from({ 'x-forwarded-for': '127.0.0.1' }, '127.0.0.1'))).toBe(false);
  expect(open('ingest', from({ forwarded: 'for=127.0.0.1' }, '127.0.0.1'))).toBe(false);
  expect(open('ingest', from({ authorization: 'Bearer wrong' }, '127.0.0.1'))).toBe(false);
  expect(open('read', from({}, '127.0.0.1'))).toBe(false);
});

test('the command line’s token is made at start, kept to its owner, and made anew when it is no longer right', async () => {
  const { access, home } = setUp();
  const path = await access.start();
  expect(path).toBe(join(home, 'cli-token'));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const secret = readFileSync(path, 'utf8').trim();
  expect(await access.authenticate(bearer(secret))).toMatchObject({ scope: 'admin' });
  await access.start();
  expect(readFileSync(path, 'utf8').trim()).toBe(secret);
  writeFileSync(path, 'damaged');
  await access.start();
  const renewed = readFileSync(path, 'utf8').trim();
  expect(await access.authenticate(bearer(renewed))).toMatchObject({ scope: 'admin' });
  expect(await access.authenticate(bearer(secret))).toBeNull();
});
