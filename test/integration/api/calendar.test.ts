import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { NewCalendarEntry } from '../../../src/api/contract/index.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { rawRequest } from './raw-request.ts';
import { type Running, startServer } from './running-server.ts';
import { NOW } from './sample-engine.ts';

/* The calendar over HTTP and on the command line, with the real keeper, stores and access control. */

let running: Running;
let folder: string;
beforeAll(async () => {
  running = await startServer();
  folder = mkdtempSync(join(tmpdir(), 'auspex-calendar-'));
});
afterAll(async () => {
  await running.close();
  rmSync(folder, { recursive: true, force: true });
});

const HOUR = 3_600_000;
const at = (ms: number) => new Date(ms).toISOString();
const entry = (more: Partial<NewCalendarEntry> = {}): NewCalendarEntry => ({
  kind: 'maintenance',
  title: 'New disk',
  startsAt: at(NOW),
  endsAt: at(NOW + 2 * HOUR),
  ...more,
});

test('an entry is planned, shown with whom it is about, changed and removed; each is in the audit log', async () => {
  const client = running.client('operate');
  const made = await client.call('addCalendarEntry', { body: entry({ scope: { entityId: 'web-1' } }) });
  expect(made).toMatchObject({
    scope: { entityId: 'host:a' },
    entityName: 'web-1',
    governs: ['alerting', 'training', 'objectives'],
    createdBy: 'test operate',
    overAt: at(NOW + 2 * HOUR),
  });
  const shown = await running.client('read').call('calendar', { query: { entity: 'web-1' } });
  expect(shown.occurrences).toEqual([{ entryId: made.id, startsAt: at(NOW), endsAt: at(NOW + 2 * HOUR) }]);
  expect((await client.call('calendar', { query: { entity: 'shop' } })).occurrences).toEqual([]);
  const body = entry({ kind: 'freeze', recurrence: 'FREQ=DAILY;COUNT=3', governs: ['remediation', 'training'] });
  const changed = await client.call('changeCalendarEntry', { params: { id: made.id }, body });
  expect(changed).toMatchObject({ kind: 'freeze', scope: { entityId: null }, overAt: at(NOW + 50 * HOUR) });
  expect((await client.call('calendar', {})).occurrences).toHaveLength(3);
  await client.call('removeCalendarEntry', { params: { id: made.id } });
  expect((await client.call('calendar', {})).entries).toEqual([]);
  const log = await running.client('admin').call('audit', {});
  const actions = log.items.map(({ action }) => action);
  for (const action of ['calendar.add', 'calendar.change', 'calendar.remove']) expect(actions).toContain(action);
});

test('a silence is an entry of the calendar, and an entry of that kind is a silence', async () => {
  const client = running.client('operate');
  const silence = await client.call('addSilence', {
    body: { entityId: 'web-1', rule: 'disk-full', endsAt: at(NOW + HOUR), reason: 'moving data' },
  });
  const other = await client.call('addCalendarEntry', { body: entry({ kind: 'silence', title: 'Restore' }) });
  await client.call('addCalendarEntry', { body: entry({ kind: 'freeze', title: 'Year end' }) });
  const { entries } = await client.call('calendar', {});
  expect(entries.find(({ id }) => id === silence.id)).toMatchObject({
    kind: 'silence',
    title: 'moving data',
    scope: { entityId: 'host:a', rule: 'disk-full' },
  });
  const { items } = await client.call('silences', {});
  expect(items.map(({ reason }) => reason).toSorted()).toEqual(['Restore', 'moving data']);
  await client.call('removeSilence', { params: { id: other.id } });
  expect((await client.call('silences', {})).items.map(({ id }) => id)).toEqual([silence.id]);
  const freeze = entries.find(({ kind }) => kind === 'freeze');
  await expect(client.call('removeSilence', { params: { id: freeze?.id ?? '' } })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

test.each([
  ['ends before it begins', entry({ endsAt: at(NOW - 1) }), 'BAD_REQUEST'],
  ['recurs every second for ever', entry({ recurrence: 'FREQ=SECONDLY' }), 'BAD_REQUEST'],
  ['recurs by a rule that is never met', entry({ recurrence: 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30' }), 'BAD_REQUEST'],
  ['is about nobody', entry({ scope: { entityId: 'nowhere' } }), 'NOT_FOUND'],
  ['has a wrong label', entry({ scope: { labels: [{ name: 'a b', op: '=', value: '' }] } }), 'BAD_REQUEST'],
  ['has no title', entry({ title: '  ' }), 'BAD_REQUEST'],
] as const)('an entry that %s is refused', async (_, body, code) => {
  await expect(running.client('operate').call('addCalendarEntry', { body })).rejects.toMatchObject({ code });
});

test.each([
  ['an empty range', { from: at(NOW), to: at(NOW) }],
  ['a range of years', { from: at(NOW), to: at(NOW + 401 * 24 * HOUR) }],
])('%s is refused', async (_, query) => {
  await expect(running.client('read').call('calendar', { query })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
});

const ics = (...events: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', ...events.flatMap((one) => ['BEGIN:VEVENT', ...one.split('\n'), 'END:VEVENT']), 'END:VCALENDAR', ''].join('\r\n'); // biome-ignore format: one file
const christmas = 'UID:x1\nSUMMARY:Christmas\nDTSTART;VALUE=DATE:20260625\nDTEND;VALUE=DATE:20260627';
const send = async (body: string, query = 'kind=holiday') =>
  await rawRequest(running.port, `/api/calendar/import?${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${running.tokens.operate}`, 'content-type': 'text/calendar' },
    body,
  });

test('a file comes in and goes out again as it came', async () => {
  expect((await send(ics(christmas, 'UID:x2\nDTSTART:20260601T100000Z'))).json).toEqual({
    added: 1,
    replaced: 0,
    leftOut: [{ line: 9, reason: 'The event has no end.' }],
  });
  const file = await (await running.client('read').stream('exportCalendar')).text();
  expect(file).toMatch(/SUMMARY:Christmas/);
  expect((await send(file)).json).toMatchObject({ added: 0, leftOut: [] });
});

test.each([
  ['no calendar', 'hello', 'BAD_REQUEST', 400],
  ['10,000 events', ics(...new Array<string>(10_000).fill(christmas)), 'BAD_REQUEST', 400],
  ['five million bytes', 'x'.repeat(5_000_000), 'TOO_LARGE', 413],
])('%s is refused', async (_, body, code, status) => {
  const answer = await send(body);
  expect([answer.status, answer.json]).toMatchObject([status, { code }]);
});

test('a file without its kind is refused', async () => {
  expect((await send(ics(christmas), '')).status).toBe(400);
});

let said: string[] = [];
beforeEach(() => {
  said = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
});
afterEach(() => vi.restoreAllMocks());

async function auspex(...words: string[]): Promise<readonly [number, string]> {
  said.length = 0;
  const where = ['--url', running.url, '--token', running.tokens.operate];
  return [await runProgram(['node', 'auspex', ...where, ...words]), said.join('')];
}

test('the command line plans, lists, removes and takes files in', async () => {
  const from = at(Date.now() + HOUR);
  const [made, text] = await auspex('calendar', 'add', 'Switches', '--kind', 'freeze', '--on', 'web-1', '--from', from, '--for', '2h'); // biome-ignore format: one command
  expect([made, text]).toEqual([0, expect.stringMatching(/^Switches: .*, web-1\.\nIt governs remediation\./)]);
  const id = / remove (\S+)/.exec(text)?.[1] ?? '';
  expect((await auspex('calendar', '--days', '1'))[1]).toMatch(/freeze +Switches +web-1 +remediation +/);
  expect(JSON.parse((await auspex('--json', 'calendar', 'list'))[1]).entries.length).toBeGreaterThan(0);
  expect(await auspex('calendar', 'remove', id)).toEqual([0, 'Removed; one that had begun ended now.\n']);
  const file = join(folder, 'plan.ics');
  writeFileSync(file, ics(christmas, 'UID:x3\nDTSTART:20260601T100000Z'));
  const [left, words] = await auspex('calendar', 'import', file, '--kind', 'holiday');
  expect([left, words]).toEqual([1, expect.stringMatching(/^0 entries added, 1 replaced, 1 left out\.\n.*line 9: The event has no end/)]); // biome-ignore format: one answer
});

test.each([
  ['no end', ['add', 'x', '--kind', 'freeze']],
  ['two ends', ['add', 'x', '--kind', 'freeze', '--for', '1h', '--to', '2026-12-01']],
  ['a length that is none', ['add', 'x', '--kind', 'freeze', '--for', 'long']],
  ['a time that is none', ['add', 'x', '--kind', 'freeze', '--from', 'soon', '--for', '1h']],
  ['a kind that is none', ['add', 'x', '--kind', 'party', '--for', '1h']],
  ['a file that is not there', ['import', '/nowhere.ics', '--kind', 'holiday']],
])('the command line refuses %s', async (_, words) => {
  expect((await auspex('calendar', ...words))[0]).toBe(2);
});
