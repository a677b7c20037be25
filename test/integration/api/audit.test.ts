import { DatabaseSync } from 'node:sqlite';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type OperationId, type Route, routes } from '../../../src/api/contract/index.ts';
import type { AuditPort } from '../../../src/api/http/ports.ts';
import { AuspexError } from '../../../src/errors.ts';
import { rawRequest } from './raw-request.ts';
import { type Running, startServer } from './running-server.ts';
import { NOW } from './sample-engine.ts';

let running: Running;
afterEach(() => running.close());

const rowsOf = async () => (await running.client('admin').call('audit')).items;

/** Questions with a body. */
const asksOnly = new Set<OperationId>(['predictModel', 'notifyRoute', 'tryRule']);

test('every route that changes something says what it is in the audit log, but where data come in', async () => {
  running = await startServer();
  for (const [id, route] of Object.entries(routes) as [OperationId, Route][]) {
    if (route.method === 'GET') expect(`${id} ${String(route.audit)}`).toBe(`${id} undefined`);
    else if (route.audit === false) expect(asksOnly.has(id) ? 'ingest' : route.access, id).toBe('ingest');
    else expect(`${id}: ${String(route.audit)}`).toMatch(/: [a-z-]+\.[a-z-]+$/);
  }
});

test('a change is written with who, from where, what and on what; one that fails once more with why', async () => {
  running = await startServer();
  const admin = running.client('admin');
  const made = await admin.call('addToken', { body: { name: 'prometheus', scope: 'ingest', expiresAt: null } });
  await expect(admin.call('removeToken', { params: { id: 'no-such' } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const [failed, begun, added] = await rowsOf();
  expect(added).toMatchObject({
    seq: 1,
    actor: { kind: 'token', name: 'test admin', source: '127.0.0.1' },
    action: 'token.add',
    outcome: 'begun',
    detail: { body: { name: 'prometheus', scope: 'ingest' } },
  });
  expect(begun).toMatchObject({ seq: 2, action: 'token.revoke', target: 'no-such', outcome: 'begun' });
  expect(failed).toMatchObject({
    seq: 3,
    action: 'token.revoke',
    outcome: 'failed',
    detail: { row: 2, error: 'NOT_FOUND' },
  });
  expect(JSON.stringify(await rowsOf())).not.toContain(made.secret);
});

test('what cannot be written is refused with AUDIT_FAILED, and nothing happens', async () => {
  const refused = (): Promise<never> => Promise.reject(new AuspexError('AUDIT_FAILED', 'the disk is full'));
  const audit: AuditPort = { record: refused, recordBounded: async () => {}, verify: refused };
  running = await startServer({}, { audit });
  const before = await running.records.count('tokens', {});
  const body = { name: 'x', scope: 'read', expiresAt: null } as const;
  await expect(running.client('admin').call('addToken', { body })).rejects.toMatchObject({
    code: 'AUDIT_FAILED',
    status: 503,
  });
  expect(await running.records.count('tokens', {})).toBe(before);
  const end = new Date(NOW + 60_000).toISOString();
  await expect(
    running.client('operate').call('addSilence', { body: { endsAt: end, reason: 'r' } }),
  ).rejects.toMatchObject({ code: 'AUDIT_FAILED' });
  expect(await running.records.count('calendar', {})).toBe(0);
  // Whoever signs in gets no session that is not written down; reading goes on.
  const answer = await rawRequest(running.port, `/sign-in?code=${await running.makeLink()}`, {});
  expect(answer.status).toBe(503);
  expect(answer.headers['set-cookie']).toBeUndefined();
  expect((await running.client('read').call('entities')).items.length).toBeGreaterThan(0);
});

test('signing in, failing to, and being refused are written; a thousand guesses make a dozen rows', async () => {
  running = await startServer();
  await rawRequest(running.port, `/sign-in?code=${await running.makeLink()}`, {});
  await rawRequest(running.port, '/sign-in?code=wrong', {});
  await expect(
    running.client('read').call('signIn', { body: { name: 'my password by mistake', password: 'S3cr3tCanary' } }),
  ).rejects.toThrow();
  for (let i = 0; i < 1000; i++)
    await rawRequest(running.port, '/api/tokens', { headers: { authorization: `Bearer ausp_${'x'.repeat(43)}` } });
  const rows = await rowsOf();
  expect(rows.at(-1)).toMatchObject({
    action: 'session.sign-in',
    outcome: 'done',
    actor: { kind: 'user', name: 'owner' },
  });
  expect(rows.at(-2)).toMatchObject({ action: 'session.sign-in', outcome: 'failed', actor: { kind: 'nobody' } });
  expect(rows.at(-3)).toMatchObject({ action: 'session.sign-in', outcome: 'failed', target: 'no user of this name' });
  expect(JSON.stringify(rows)).not.toMatch(/S3cr3tCanary|by mistake/);
  expect(rows.at(-4)).toMatchObject({
    action: 'access.refused',
    target: 'tokens',
    detail: { error: 'UNAUTHENTICATED' },
  });
  expect(rows.length).toBeLessThan(15);
  expect(JSON.stringify(rows)).not.toContain('xxxxxxxx');
});

test('a change that a foreign page made a browser send is written; its reading is not', async () => {
  running = await startServer();
  for (const method of ['GET', 'POST'])
    await rawRequest(running.port, '/api/tokens', { method, headers: { origin: 'https://evil.example' } });
  expect(await rowsOf()).toMatchObject([
    {
      action: 'access.refused',
      outcome: 'refused',
      detail: { error: 'FOREIGN_ORIGIN' },
      actor: { source: '127.0.0.1' },
    },
  ]);
});

test('the log is read by pages and filters, by admins only, and leaves as a file with its hashes', async () => {
  running = await startServer();
  for (let i = 0; i < 7; i++)
    await running.client('admin').call('addToken', { body: { name: `t${i}`, scope: 'read', expiresAt: null } });
  await running.client('operate').call('testChannel', { params: { id: 'ops' } });
  const seen: number[] = [];
  for await (const row of running.client('admin').pages('audit', { query: { limit: 3 } })) seen.push(row.seq);
  expect(seen).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
  const between: number[] = [];
  const query = { limit: 3, from: '2000-01-01T00:00:00Z', to: '9999-12-31T23:59:59Z' };
  for await (const row of running.client('admin').pages('audit', { query })) between.push(row.seq);
  expect(between).toEqual(seen);
  const filtered = await running
    .client('admin')
    .call('audit', { query: { action: 'channel.test', actor: 'test operate' } });
  expect(filtered.items).toMatchObject([{ seq: 8, target: 'ops' }]);
  await expect(running.client('operate').call('audit')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  // That refusal is a row, too.
  const lines = (await (await running.client('admin').stream('exportAudit', { query: { format: 'json' } })).text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { seq: number; previous: string; hash: string });
  expect(lines.map((line) => line.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  for (let i = 1; i < lines.length; i++) expect(lines[i]?.previous).toBe(lines[i - 1]?.hash);
  const csv = await (await running.client('admin').stream('exportAudit')).text();
  expect(csv.trim().split('\r\n')).toHaveLength(10);
});

test('verify says in a sentence whether the chain is whole, and names the first row that is not', async () => {
  running = await startServer();
  const admin = running.client('admin');
  for (let i = 0; i < 3; i++) await admin.call('addToken', { body: { name: `t${i}`, scope: 'read', expiresAt: null } });
  expect(await admin.call('verifyAudit')).toMatchObject({
    isSound: true,
    rows: 3,
    sentence: expect.stringMatching(/^3 acts recorded since \d+ \w+ \d{4}; the chain is whole\.$/),
  });
  const db = new DatabaseSync(join(dirname(running.staticDir), 'records.db'), { timeout: 5000 });
  db.exec("drop trigger audit_log_no_update; update audit_log set actor = 'bob' where id = x'010000000000000002'");
  db.close();
  expect(await admin.call('verifyAudit')).toMatchObject({ isSound: false, fault: { kind: 'edited', seq: 2 } });
  // Tampered with, it is still shown.
  expect((await rowsOf()).map((row) => row.actor.name)).toEqual(['test admin', 'bob', 'test admin']);
});
