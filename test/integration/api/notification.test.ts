import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import type { NotificationRow } from '../../../src/model/index.ts';
import { type Running, startServer } from './running-server.ts';
import { NOW } from './sample-engine.ts';

/* Who would be told, what waits, and how often it was trouble: over HTTP and on the command line. */

let running: Running;
beforeAll(async () => {
  running = await startServer();
  await running.records.put('notifications', [
    message('n1', { state: 'waiting', tries: 3, lastError: 'HTTP 500', receiver: null }),
    message('n2', { state: 'waiting', tries: 0, createdAt: NOW + 1 }),
    message('n3', { state: 'delivered', deliveredAt: NOW, createdAt: NOW + 2, incidentId: 'i-load' }),
  ]);
});
afterAll(() => running.close());

function message(id: string, more: Partial<NotificationRow> = {}): NotificationRow {
  return {
    id,
    kind: 'firing',
    alertId: 'a1',
    incidentId: 'i-disk',
    channel: 'mail',
    receiver: 'team',
    deduplicationKey: id,
    title: `high: ${id}`,
    body: id,
    severity: 'high',
    createdAt: NOW,
    state: 'waiting',
    tries: 0,
    nextTryAt: NOW,
    lastError: null,
    deliveredAt: null,
    ...more,
  };
}

test('an incident that might be: whom it reaches, by which route, and who is next', async () => {
  const client = running.client('read');
  const answer = await client.call('notifyRoute', { body: { severity: 'critical', labels: { env: 'prod' } } });
  expect(answer.targets.map(({ channel, route }) => `${channel} ${route}`)).toEqual([
    'pager wake',
    'mail rest',
    'hook rest',
  ]);
  expect(answer).toMatchObject({ escalation: 'night', steps: [{ afterSeconds: 600, to: ['team'] }] });
});

test('at night what is not critical waits until the morning, in the receiver’s own zone', async () => {
  const client = running.client('read');
  const answer = await client.call('notifyRoute', { body: { severity: 'high', at: '2026-06-01T23:00:00Z' } });
  expect(answer.targets).toMatchObject([
    { channel: 'mail', receiver: 'team', quietUntilAt: '2026-06-02T05:00:00.000Z' },
    { channel: 'hook', receiver: 'team', quietUntilAt: '2026-06-02T05:00:00.000Z' },
  ]);
  expect(answer.looked[0]).toMatchObject({ route: 'wake', holds: false, reason: 'It is for critical, this is high.' });
});

test('an incident as it is; one that is not there and what is nonsense are refused', async () => {
  const client = running.client('read');
  const answer = await client.call('notifyRoute', { body: { incident: 'i-load' } });
  expect(answer).toMatchObject({ severity: 'medium' });
  await expect(client.call('notifyRoute', { body: { incident: 'gone' } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(client.call('notifyRoute', { body: { severity: 'bad' as never } })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  });
});

test('the plan reads as it was written', async () => {
  const plan = await running.client('read').call('notifyPlan', {});
  expect(plan.receivers[0]).toMatchObject({ name: 'team', quiet: [{ from: '22:00', to: '07:00' }] });
  expect(plan.routes[0]).toMatchObject({ name: 'wake', match: ['env!=test'], continue: true });
  expect(plan.escalations).toEqual([{ name: 'night', steps: [{ afterSeconds: 600, to: ['team'] }], repeat: 1 }]);
});

test('the outbox: newest first, by state and incident, in pages; what quiet hours keep says until when', async () => {
  const client = running.client('read');
  const ids = async (query: { state?: 'waiting'; incident?: string }) =>
    (await client.call('notifications', { query })).items.map(({ id }) => id);
  expect(await ids({})).toEqual(['n3', 'n2', 'n1']);
  expect(await ids({ state: 'waiting' })).toEqual(['n2', 'n1']);
  expect(await ids({ incident: 'i-load' })).toEqual(['n3']);
  const first = await client.call('notifications', { query: { limit: 2 } });
  const second = await client.call('notifications', { query: { limit: 2, cursor: first.nextCursor ?? '' } });
  expect(second.items.map(({ id }) => id)).toEqual(['n1']);
  expect(first.items[1]?.keptUntilAt).toBe(new Date(NOW + 3_600_000).toISOString());
  // What was tried already waits for its receiver, not for the morning.
  expect(second.items[0]?.keptUntilAt).toBe(null);
});

test('an incident says to whom it was written, and any host or service of it finds it', async () => {
  const client = running.client('read');
  const { messages } = await client.call('incident', { params: { id: 'i-disk' } });
  expect(messages.map(({ id }) => id)).toEqual(['n2', 'n1']);
  const byService = await client.call('incidents', { query: { entity: 'shop' } });
  expect(byService.items.map(({ id }) => id)).toEqual(['i-disk']);
});

test('how often it was trouble, with its uncertainty', async () => {
  const { items } = await running.client('read').call('detectorPrecision', {});
  expect(items).toMatchObject([{ source: 'metric', confirmed: 1, dismissed: 0, value: 2 / 3 }]);
  expect(items[0]?.sentence).toMatch(/^Of 1 that people judged 1 were trouble: 67 % of the next ones, \d+–\d+ %/);
});

let said: string[] = [];
beforeEach(() => {
  said = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
});
afterEach(() => vi.restoreAllMocks());
async function auspex(...args: string[]): Promise<[number, string]> {
  const code = await runProgram(['node', 'auspex', '--url', running.url, '--token', running.tokens.read, ...args]);
  return [code, said.join('')];
}

test('auspex notify route', async () => {
  const [code, text] = await auspex('notify', 'route', '--severity', 'high', '--at', '2026-06-01T23:00:00Z');
  expect(code).toBe(0);
  expect(text).toContain('reaches mail, hook.');
  expect(text).toContain('mail by team: route rest; quiet until');
  expect(text).toContain('no   wake: It is for critical, this is high.');
});

test('auspex explain says who got what', async () => {
  const [, text] = await auspex('explain', 'i-disk');
  expect(text).toContain('mail: waits, tried 3 times: HTTP 500');
  expect(text).toContain('team by mail: waits for the end of its quiet hours');
});
