import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryRecordStore } from '../../test/integration/notify/memory-record-store.ts';
import { createAccess, type Principal } from './access.ts';
import type { Passwords } from './passwords.ts';
import { TRIES } from './sign-in-throttle.ts';

const MINUTE = 60_000;
const GOOD = 'correct horse battery';

function setUp() {
  const records = memoryRecordStore();
  const home = mkdtempSync(join(tmpdir(), 'auspex-people-'));
  const clock = { at: Date.UTC(2026, 0, 1), now: () => clock.at, monotonic: () => clock.at };
  // Counts what would be hashed; the real thing has tests of its own.
  const hashed: string[] = [];
  let during: () => Promise<unknown> = async () => {};
  const passwords: Passwords = {
    hash: async (password) => `kept of ${password}`,
    verify: async (password, phc) => {
      hashed.push(password);
      await during();
      return phc === `kept of ${password}`;
    },
  };
  const access = createAccess({ records, home, clock, passwords });
  const { people } = access;
  const visit = (cookie: string) => access.authenticate({ headers: {}, remoteAddress: '203.0.113.9', cookie });
  const signIn = (name: string, password: string, source = '198.51.100.1', device?: string) =>
    people.signIn({ name, password, source, device });
  const byLink = async () => (await access.redeemLink((await access.makeLink()).code)).principal;
  /** A user with a password, as an admin adds one. */
  const member = async (name: string, role: 'viewer' | 'operator' | 'approver' | 'admin') => {
    const { link } = await people.add(name, role);
    const opened = await access.redeemLink(link.code);
    await people.changePassword(opened.principal, null, GOOD);
    return opened;
  };
  const meanwhile = (work: () => Promise<unknown>) => {
    during = work;
  };
  return { access, people, records, clock, hashed, visit, signIn, byLink, member, meanwhile };
}

test('there is no way in before the first account but the link; who opens it makes the account and stays signed in', async () => {
  const { people, signIn, byLink, visit } = setUp();
  for (const name of ['admin', 'owner', 'root', ''])
    for (const password of ['admin', 'auspex', 'password', ''])
      await expect(signIn(name, password, `${name}${password}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  const owner = await byLink();
  expect(await people.needs(owner)).toBe('account');
  const claimed = await people.claim(owner, 'anna', GOOD);
  expect(claimed.principal).toMatchObject({ userId: 'anna', role: 'admin', scope: 'admin' });
  expect(await visit(claimed.cookie)).toMatchObject({ userId: 'anna' });
  expect((await signIn('Anna ', GOOD)).principal).toMatchObject({ userId: 'anna', scope: 'admin' });
});

test('the first account is made once, and never by a token', async () => {
  const { access, people, byLink } = setUp();
  const { secret } = await access.addToken({ name: 'ci', scope: 'admin', expiresAt: null });
  const token = await access.authenticate({ headers: { authorization: `Bearer ${secret}` }, remoteAddress: '::1' });
  await expect(people.claim(token as Principal, 'mallory', GOOD)).rejects.toMatchObject({ code: 'CONFLICT' });
  await people.claim(await byLink(), 'anna', GOOD);
  expect((await people.list()).length).toBe(1);
  await expect(people.claim(await byLink(), 'eve', GOOD)).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('what is kept of a password does not hold it, nor of a link its code', async () => {
  const { access, people, records } = setUp();
  const { link } = await people.add('bob', 'viewer');
  expect(records.dump()).not.toContain(link.code);
  const { cookie } = await access.redeemLink(link.code);
  expect(records.dump()).not.toContain(cookie);
});

test('a user’s link lets in once, within a day, to set a password; none is good once one is set', async () => {
  const { access, people, clock, signIn } = setUp();
  const { person, link } = await people.add('bob', 'operator');
  expect(person).toMatchObject({ id: 'bob', passwordHash: null });
  await expect(people.add('bob', 'admin')).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(signIn('bob', '')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  const { principal } = await access.redeemLink(link.code);
  expect(principal).toMatchObject({ userId: 'bob', role: 'operator', scope: 'operate' });
  expect(await people.needs(principal)).toBe('password');
  await expect(access.redeemLink(link.code)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  const again = await people.reset('bob');
  const other = await people.reset('bob');
  await people.changePassword((await access.redeemLink(again.code)).principal, null, GOOD);
  // A second link from before would be a second key to the account.
  await expect(access.redeemLink(other.code)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  const late = await people.reset('bob');
  clock.at += 24 * 60 * MINUTE;
  await expect(access.redeemLink(late.code)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('who is demoted or disabled loses at once, in every session; enabling gives no session back', async () => {
  const { people, byLink, member, visit, signIn } = setUp();
  const admin = await byLink();
  const { cookie } = await member('bob', 'admin');
  expect(await visit(cookie)).toMatchObject({ scope: 'admin' });
  await people.change(admin, 'bob', { role: 'viewer' });
  expect(await visit(cookie)).toMatchObject({ scope: 'read', role: 'viewer' });
  await people.change(admin, 'bob', { disabled: true });
  expect(await visit(cookie)).toBeNull();
  await expect(signIn('bob', GOOD)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await people.change(admin, 'bob', { disabled: false });
  expect(await visit(cookie)).toBeNull();
  expect((await signIn('bob', GOOD)).principal.scope).toBe('read');
  await expect(people.change(admin, 'nobody', { role: 'admin' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('an admin can neither demote nor disable themselves', async () => {
  const { people, member } = setUp();
  const { principal } = await member('bob', 'admin');
  for (const change of [{ role: 'viewer' as const }, { disabled: true }])
    await expect(people.change(principal, 'bob', change)).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('a reset takes password and sessions away; a disabled account cannot be opened by one', async () => {
  const { people, byLink, member, visit, signIn } = setUp();
  const { cookie } = await member('bob', 'viewer');
  const second = await signIn('bob', GOOD);
  await people.reset('bob');
  expect(await visit(cookie)).toBeNull();
  expect(await visit(second.cookie)).toBeNull();
  await expect(signIn('bob', GOOD)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await people.change(await byLink(), 'bob', { disabled: true });
  await expect(people.reset('bob')).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('a new password needs the old one, ends the other sessions and keeps this one', async () => {
  const { people, member, visit, signIn } = setUp();
  const mine = await member('bob', 'viewer');
  const other = await signIn('bob', GOOD);
  await expect(people.changePassword(mine.principal, 'guess', 'a new long password')).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  });
  await expect(people.changePassword(mine.principal, null, 'a new long password')).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  });
  await people.changePassword(mine.principal, GOOD, 'a new long password');
  expect(await visit(mine.cookie)).not.toBeNull();
  expect(await visit(other.cookie)).toBeNull();
  await expect(signIn('bob', GOOD)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  expect((await signIn('bob', 'a new long password')).principal.userId).toBe('bob');
});

test('a stolen session cannot guess the password: five tries a minute', async () => {
  const { people, member, hashed } = setUp();
  const { principal } = await member('bob', 'viewer');
  const before = hashed.length;
  const answers = await Promise.allSettled(
    Array.from({ length: 50 }, (_, i) => people.changePassword(principal, `guess ${i}`, 'a new long password')),
  );
  expect(hashed.length - before).toBe(TRIES.device);
  expect(answers.at(-1)).toMatchObject({ reason: { code: 'TOO_MANY_TRIES' } });
});

test('signing out everywhere ends all of one’s own sessions and nobody else’s', async () => {
  const { people, member, visit, signIn } = setUp();
  const mine = await member('bob', 'viewer');
  const other = await signIn('bob', GOOD);
  const hers = await member('anna', 'admin');
  expect(await people.list()).toMatchObject([
    { id: 'anna', sessions: 1 },
    { id: 'bob', sessions: 2 },
  ]);
  await people.signOutEverywhere(mine.principal);
  expect([await visit(mine.cookie), await visit(other.cookie)]).toEqual([null, null]);
  expect(await visit(hers.cookie)).not.toBeNull();
});

test('what happens to an account while its password is looked at counts', async () => {
  const { people, member, signIn, byLink, meanwhile } = setUp();
  await member('bob', 'viewer');
  const admin = await byLink();
  meanwhile(() => people.change(admin, 'bob', { disabled: true }));
  await expect(signIn('bob', GOOD)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('a wrong name, a wrong password, a disabled account and one without a password are answered alike', async () => {
  const { people, member, signIn, byLink, hashed } = setUp();
  await member('bob', 'viewer');
  await member('carol', 'viewer');
  await people.change(await byLink(), 'carol', { disabled: true });
  await people.add('dave', 'viewer');
  const before = hashed.length;
  const answers = [];
  for (const [i, name] of ['nobody', 'bob', 'carol', 'dave', '__proto__'].entries())
    answers.push(await signIn(name, 'guess', `source ${i}`).catch((error: Error) => error.message));
  expect(new Set(answers).size).toBe(1);
  expect(hashed.length - before).toBe(5);
});

test('of a thousand guesses a minute at most ten are tried; the owner still gets in, here and from elsewhere', async () => {
  const { member, signIn, hashed, clock } = setUp();
  await member('anna', 'admin');
  const { device } = await signIn('anna', GOOD, '192.0.2.7');
  clock.at += MINUTE;
  const before = hashed.length;
  const guess = (i: number, source: string) => signIn('anna', `guess ${i}`, source).catch((error: Error) => error);
  // One address: the owner's other address gets in without having been here before.
  for (let i = 0; i < 1000; i++) await guess(i, '203.0.113.66');
  expect(hashed.length - before).toBe(TRIES.accountBySource);
  expect((await signIn('anna', GOOD, '192.0.2.8')).principal.userId).toBe('anna');
  // A thousand addresses: the owner's browser gets in by what it was given.
  for (let i = 0; i < 1000; i++) await guess(i, `10.0.${i >> 8}.${i & 255}`);
  expect((await signIn('anna', GOOD, '203.0.113.66', device)).principal.userId).toBe('anna');
  expect(hashed.length - before).toBeLessThanOrEqual(TRIES.account);
});

test('the device’s cookie is the account’s own and opens nothing by itself', async () => {
  const { member, signIn, visit, hashed } = setUp();
  await member('anna', 'admin');
  await member('bob', 'viewer');
  const { device } = await signIn('bob', GOOD, '192.0.2.7');
  expect(await visit(device)).toBeNull();
  await expect(signIn('bob', 'guess', '192.0.2.7', device)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  const before = hashed.length;
  for (let i = 0; i < 100; i++) await signIn('anna', 'guess', '203.0.113.66', device).catch(() => {});
  for (let i = 0; i < 100; i++) await signIn('anna', 'guess', '203.0.113.66', `${'x'.repeat(43)}.${i}`).catch(() => {});
  expect(hashed.length - before).toBe(TRIES.accountBySource);
});

test('whoever is signed in is told of when credentials end', async () => {
  const { access, people, byLink, member } = setUp();
  const { principal } = await member('bob', 'viewer');
  let told = 0;
  access.onChange(() => told++);
  await people.change(await byLink(), 'bob', { role: 'admin' });
  await access.signOut(principal);
  const { row } = await access.addToken({ name: 'x', scope: 'read', expiresAt: null });
  await access.revokeToken(row.id);
  expect(told).toBe(3);
});

test('a restart gives no new tries: they are counted with the account in the records', async () => {
  const { access, records, clock, member, signIn } = setUp();
  await member('anna', 'viewer');
  for (let i = 0; i < TRIES.accountByStrangers; i++)
    await expect(signIn('anna', 'guess', `198.51.100.${i}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  void access;
  const passwords: Passwords = { hash: async (password) => password, verify: async () => true };
  const start = () => createAccess({ records, home: mkdtempSync(join(tmpdir(), 'auspex-people-')), clock, passwords });
  const guess = (again: ReturnType<typeof start>, source: string) =>
    again.people.signIn({ name: 'anna', password: 'right', source, device: undefined });
  for (let restart = 0; restart < 3; restart++)
    await expect(guess(start(), `203.0.113.${restart}`)).rejects.toMatchObject({ code: 'TOO_MANY_TRIES' });
  // A clock that is set back lets nobody in sooner; a minute later all is as ever.
  clock.at -= 10 * MINUTE;
  await expect(guess(start(), '203.0.113.9')).rejects.toMatchObject({ code: 'TOO_MANY_TRIES' });
  clock.at += 11 * MINUTE;
  await expect(guess(start(), '203.0.113.9')).resolves.toMatchObject({ principal: { userId: 'anna' } });
});
