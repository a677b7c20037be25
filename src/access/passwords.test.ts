import { argon2Sync, randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { COST, createPasswords } from './passwords.ts';

test('what is kept is argon2id of at least 19 MiB, two passes, with a salt of its own, and only the password opens it', async () => {
  const passwords = createPasswords(randomBytes);
  const kept = await passwords.hash('correct horse battery');
  expect(kept).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(await passwords.hash('correct horse battery')).not.toBe(kept);
  expect(await passwords.verify('correct horse battery', kept, false)).toBe(true);
  expect(await passwords.verify('correct horse batterz', kept, false)).toBe(false);
  expect(await passwords.verify('', kept, false)).toBe(false);
});

test('a hash of other parameters, as after these were raised, still opens; a damaged one never does', async () => {
  const passwords = createPasswords(randomBytes);
  const nonce = Buffer.from('saltsaltsalt');
  const made = argon2Sync('argon2id', { message: 'pass', nonce, parallelism: 2, tagLength: 24, memory: 64, passes: 3 });
  const phc = `$argon2id$v=19$m=64,t=3,p=2$${nonce.toString('base64').replaceAll('=', '')}$${made.toString('base64').replaceAll('=', '')}`;
  expect(await passwords.verify('pass', phc, false)).toBe(true);
  for (const damaged of [
    phc.slice(0, -12),
    phc.replace('v=19', 'v=16'),
    'pass',
    '',
    phc.replace('argon2id', 'argon2d'),
  ])
    expect(await passwords.verify('pass', damaged, false)).toBe(false);
});

test('letters that look the same are the same password, however a system writes them', async () => {
  const passwords = createPasswords(randomBytes);
  const kept = await passwords.hash('Zürich im März');
  expect(await passwords.verify('Zürich im März'.normalize('NFD'), kept, false)).toBe(true);
});

test('nobody of that name costs the same work as a user', async () => {
  const costs: object[] = [];
  const passwords = createPasswords(randomBytes, async (_password, salt, cost, bytes) => {
    costs.push({ salt: salt.length, cost, bytes });
    return new Uint8Array(bytes);
  });
  const kept = await passwords.hash('x');
  await passwords.verify('guess', kept, false);
  await passwords.verify('guess', null, false);
  expect(costs[1]).toEqual({ salt: 16, cost: COST, bytes: 32 });
  expect(costs[2]).toEqual(costs[1]);
});

test('two at once, the rest wait; who is known goes first; beyond the places one is told to come again', async () => {
  const running: { readonly name: string; readonly end: () => void }[] = [];
  const began: string[] = [];
  const passwords = createPasswords(randomBytes, (name, _salt, _cost, bytes) => {
    began.push(name);
    return new Promise((done) => running.push({ name, end: () => done(new Uint8Array(bytes)) }));
  });
  const answers = Array.from({ length: 50 }, (_, i) => passwords.verify(`stranger ${i}`, null, false));
  const settled = Promise.allSettled(answers);
  const owner = passwords.verify('owner', null, true);
  await turn();
  expect(began).toEqual(['stranger 0', 'stranger 1']);
  running[0]?.end();
  await turn();
  expect(began[2]).toBe('owner');
  for (let i = 1; i < running.length; i++) {
    running[i]?.end();
    await turn();
  }
  await owner;
  const results = await settled;
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused.length).toBe(50 - 2 - 32);
  for (const one of refused)
    expect(one.reason).toMatchObject({ code: 'TOO_MANY_TRIES', data: { retryAfterSeconds: 2 } });
});
