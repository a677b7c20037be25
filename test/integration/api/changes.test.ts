import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import { type Running, startServer } from './running-server.ts';
import { NOW } from './sample-engine.ts';

/* Changes over HTTP and on the command line, with the real stores, access control and keeper. */

let running: Running;
beforeAll(async () => {
  running = await startServer();
});
afterAll(() => running.close());
const at = (minutesAgo: number) => new Date(NOW - minutesAgo * 60_000).toISOString();

function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${running.url}/api/changes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${running.tokens.ingest}`, ...headers },
    body: JSON.stringify(body),
  });
}

test('what a deploy script tells is kept once, however often it tells it', async () => {
  const deployment = { service: 'shop', from: '1.4.0', to: '1.5.0', by: 'ci', at: at(5), url: 'https://ci.example/7' };
  const first = await post(deployment);
  expect(first.status).toBe(201);
  const { ids, recorded } = (await first.json()) as { ids: string[]; recorded: number };
  expect(recorded).toBe(1);
  expect(await (await post(deployment)).json()).toEqual({ recorded: 0, known: 1, ids });
  const [kept] = (await running.client('read').call('changes', { query: { service: 'shop' } })).items;
  expect(kept).toMatchObject({
    id: ids[0],
    kind: 'deployment',
    entityId: null,
    what: 'shop',
    text: 'shop 1.4.0 → 1.5.0',
    source: 'api',
    by: 'ci',
    url: 'https://ci.example/7',
  });
});

test('many at once; by host, kind and time, in pages, newest first', async () => {
  const many = [3, 2, 1].map((ago) => ({
    kind: 'configuration',
    entity: 'web-1',
    what: `/etc/app/${ago}`,
    at: at(ago),
  }));
  expect((await post(many)).status).toBe(201);
  const client = running.client('read');
  const page = await client.call('changes', { query: { entity: 'web-1', limit: 2 } });
  expect(page.items.map(({ what }) => what)).toEqual(['/etc/app/1', '/etc/app/2']);
  const next = await client.call('changes', { query: { entity: 'web-1', limit: 2, cursor: page.nextCursor ?? '' } });
  expect(next.items.map(({ what }) => what)).toEqual(['/etc/app/3']);
  const within = await client.call('changes', { query: { from: at(2.5), to: at(1.5) } });
  expect(within.items.map(({ what, entityName }) => [what, entityName])).toEqual([['/etc/app/2', 'web-1']]);
  expect((await client.call('changes', { query: { entity: 'web-1', kind: 'flag' } })).items).toEqual([]);
});

test.each<[string, unknown, number, string]>([
  ['neither host nor service', { to: '1' }, 400, 'BAD_REQUEST'],
  ['a host that nobody knows', { entity: 'nowhere' }, 404, 'NOT_FOUND'],
  ['a kind that there is not', { service: 'shop', kind: 'magic' }, 400, 'BAD_REQUEST'],
  ['a time that is none', { service: 'shop', at: 'yesterday' }, 400, 'BAD_REQUEST'],
  ['the future', { service: 'shop', at: new Date(NOW + 3_600_000).toISOString() }, 400, 'BAD_REQUEST'],
  ['a link that a browser would run', { service: 'shop', url: 'javascript:alert(1)' }, 400, 'BAD_REQUEST'],
  ['a word that nobody asked for', { service: 'shop', sql: 'drop' }, 400, 'BAD_REQUEST'],
  ['none at all', [], 400, 'BAD_REQUEST'],
])('%s is refused', async (_, body, status, code) => {
  const answer = await post(body);
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([status, code]);
});

test('one bad change of many keeps none of them', async () => {
  expect((await post([{ service: 'half', to: '1' }, { entity: 'nowhere' }])).status).toBe(404);
  expect((await running.client('read').call('changes', { query: { service: 'half' } })).items).toEqual([]);
});

test('they stand on charts of the host, and of whatever is part of the service', async () => {
  const client = running.client('read');
  const chart = await client.call('chart', { query: { ref: '1', from: at(10), to: at(0) } });
  const marks = chart.marks.filter(({ kind }) => kind === 'change').map(({ text }) => text);
  expect(marks).toContain('shop 1.4.0 → 1.5.0, by ci');
  expect(marks).toContain('/etc/app/2 was edited');
});

let said: string[] = [];
beforeEach(() => {
  said = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
});
afterEach(() => vi.restoreAllMocks());

async function auspex(token: string, ...words: string[]): Promise<readonly [number, string]> {
  said.length = 0;
  return [await runProgram(['node', 'auspex', '--url', running.url, '--token', token, ...words]), said.join('')];
}

test('the command line tells of a change and lists them', async () => {
  const { ingest, read } = running.tokens;
  const words = ['changes', 'add', 'new checkout', '--service', 'shop', '--kind', 'flag', '--by', 'ann', '--id', 'f-1'];
  expect(await auspex(ingest, ...words)).toEqual([0, 'Kept as f-1.\n']);
  expect(await auspex(ingest, ...words)).toEqual([0, 'It is known already.\n']);
  const [code, text] = await auspex(read, 'changes', '--kind', 'flag');
  expect(code).toBe(0);
  expect(text).toMatch(/Flag +shop +new checkout +ann +api/);
  const [, document] = await auspex(read, '--json', 'changes', '--service', 'shop', '--kind', 'flag');
  expect(JSON.parse(document).items[0]).toMatchObject({ id: 'f-1', what: 'new checkout' });
  expect((await auspex(ingest, 'changes', 'add', '--to', '2'))[0]).toBe(2);
});
