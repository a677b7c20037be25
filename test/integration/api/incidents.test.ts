import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { incidentClassWords } from '../../../src/api/contract/incident-words.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { incidentClassWords as classWords } from '../../../src/model/index.ts';
import { type Running, startServer } from './running-server.ts';
import { NOW } from './sample-engine.ts';

/* Incidents over HTTP and on the command line, with the real stores, access control and rules of what may be changed. */

let running: Running;
beforeAll(async () => {
  running = await startServer();
});
afterAll(() => running.close());
const at = (ms: number) => new Date(ms).toISOString();

test('the page and the terminal say the classes as messages do', () => {
  expect(incidentClassWords).toEqual(classWords);
});

test('incidents come newest first, by state, class, entity and range', async () => {
  const client = running.client('read');
  const ids = async (query: Parameters<typeof client.call<'incidents'>>[1] extends infer I ? I : never) =>
    (await client.call('incidents', query)).items.map(({ id }) => id);
  expect(await ids({})).toEqual(['i-disk', 'i-load', 'i-past']);
  expect(await ids({ query: { state: 'open' } })).toEqual(['i-disk', 'i-load']);
  expect(await ids({ query: { class: 'disk-full' } })).toEqual(['i-disk', 'i-past']);
  expect(await ids({ query: { entity: 'web-1', severity: 'medium' } })).toEqual(['i-load']);
  // One that began before the range and reached into it is in it.
  expect(await ids({ query: { from: at(NOW - 25.5 * 3_600_000), to: at(NOW - 3_600_000) } })).toEqual(['i-past']);
  expect(await ids({ query: { from: at(NOW - 24 * 3_600_000) } })).toEqual(['i-disk', 'i-load']);
});

test('an incident has its signs, causes and steps with names; its alerts are found by it', async () => {
  const client = running.client('read');
  const incident = await client.call('incident', { params: { id: 'i-disk' } });
  expect(incident.entities).toEqual([
    { id: 'host:a', name: 'web-1' },
    { id: 'service:b', name: 'shop' },
  ]);
  expect(incident.signs.map((sign) => [sign.entityName, sign.kind])).toEqual([
    ['web-1', 'alert'],
    ['shop', 'finding'],
  ]);
  expect(incident.steps.map(({ kind }) => kind)).toEqual(['opened', 'told', 'joined', 'class']);
  expect(incident.business).toMatchObject({
    from: at(NOW - 600_000),
    items: [{ service: 'shop', metric: 'orders_total', value: 12, usual: 60, basis: 'hour-before', difference: -480 }],
  });
  expect((await client.call('incident', { params: { id: 'i-load' } })).business).toBeNull();
  const alerts = await client.call('alerts', { query: { incident: 'i-disk' } });
  expect(alerts.items.map(({ id }) => id).sort()).toEqual(['a1', 'a2']);
  expect((await client.call('alerts', { query: { incident: 'i-load' } })).items).toEqual([]);
  expect(await client.call('alert', { params: { id: 'a1' } })).toMatchObject({ id: 'a1', entityName: 'web-1' });
  for (const operation of ['incident', 'alert'] as const)
    await expect(client.call(operation, { params: { id: 'gone' } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a change is done under the caller’s name and stands in the audit log; a wrong one is refused', async () => {
  const client = running.client('operate');
  const change = (
    id: string,
    body: Parameters<typeof client.call<'changeIncident'>>[1] extends { body: infer B } ? B : never,
  ) => client.call('changeIncident', { params: { id }, body });
  const own = await change('i-load', { kind: 'override', severity: 'high', class: 'cpu-saturation' });
  expect(own).toMatchObject({ severity: 'high', class: 'cpu-saturation', pinned: { class: true, severity: true } });
  expect(own.steps.at(-1)).toMatchObject({ kind: 'severity', by: 'test operate' });
  const wrong = [
    ['i-load', { kind: 'override' }, 'BAD_REQUEST'],
    ['i-load', { kind: 'merge', into: 'i-load' }, 'BAD_REQUEST'],
    ['i-load', { kind: 'split', signs: ['f-load'] }, 'BAD_REQUEST'],
    ['i-load', { kind: 'split', signs: [] }, 'BAD_REQUEST'],
    ['i-past', { kind: 'acknowledge' }, 'NOT_FOUND'],
    ['gone', { kind: 'acknowledge' }, 'NOT_FOUND'],
  ] as const;
  for (const [id, body, code] of wrong)
    await expect(change(id, body as never), `${id} ${body.kind}`).rejects.toMatchObject({ code });
  await expect(
    running.client('read').call('changeIncident', { params: { id: 'i-load' }, body: { kind: 'acknowledge' } }),
  ).rejects.toMatchObject({ code: 'FORBIDDEN' });
  const log = await running.client('admin').call('audit', { query: { action: 'incident.change' } });
  expect(log.items.map(({ target, outcome }) => `${target} ${outcome}`)).toContain('i-load begun');
});

test('what is like it comes with what people noted and how it ended', async () => {
  const { items } = await running.client('read').call('similarIncidents', { params: { id: 'i-disk' } });
  expect(items.map(({ incident: { id }, why, notes, end }) => [id, why, notes, end])).toEqual([
    [
      'i-past',
      'In common: the same class (disk full), one sign of the same kind.',
      [],
      'Nothing of it is seen any more. It lasted 1 h.',
    ],
  ]);
  await expect(running.client('read').call('similarIncidents', { params: { id: 'gone' } })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('a note stands on the incident under its author’s name; an empty one is refused', async () => {
  const client = running.client('operate');
  const noted = await client.call('changeIncident', {
    params: { id: 'i-load' },
    body: { kind: 'note', text: ' Cron. ' },
  });
  expect(noted.steps.at(-1)).toMatchObject({ kind: 'noted', text: 'Cron.', by: 'test operate' });
  await expect(
    client.call('changeIncident', { params: { id: 'i-load' }, body: { kind: 'note', text: '  ' } }),
  ).rejects.toMatchObject({ code: 'BAD_REQUEST' });
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

test('the command line lists incidents, and exits 1 while one is open', async () => {
  const [code, text] = await auspex('incidents');
  expect(code).toBe(1);
  expect(text).toMatch(/high +Disk full: \/ on web-1 +open .*\/ on web-1 .* i-disk\n/);
  expect(text).toMatch(/Load is 9, usually 0.5–2. +seen .*nobody +anna +i-load\n/);
  const [over, past] = await auspex('incidents', '--state', 'resolved');
  expect([over, past.split('\n').length]).toEqual([0, 3]);
  expect(past).toContain('confirmed');
  const [json, document] = await auspex('--json', 'incidents', '--state', 'open');
  expect([json, JSON.parse(document).items.length]).toEqual([1, 2]);
  expect((await auspex('incidents', '--state', 'half'))[0]).toBe(2);
  expect((await auspex('incidents', '--host', 'nowhere'))[0]).toBe(2);
});

test('the command line shows one, acknowledges and judges it', async () => {
  const [code, text] = await auspex('incidents', 'show', 'i-disk');
  expect(code).toBe(1);
  expect(text).toContain('0.80  / on web-1. The file system is 97 % full.');
  expect(text).toContain('12 a minute instead of 60 in the hour before; some 480 fewer in that time.');
  expect(text).toMatch(/medium +shop .*goes on +Fails 12 % of requests/);
  expect(await auspex('incidents', 'ack', 'i-disk')).toEqual([0, 'Acknowledged: Disk full: / on web-1\n']);
  expect((await auspex('incidents', 'confirm', 'i-disk'))[1]).toContain('its findings count as right');
  expect((await auspex('incidents', 'dismiss', 'i-load'))[1]).toContain('it is over');
  expect((await auspex('incidents', 'show', 'i-load'))[0]).toBe(0);
  const [missing, why] = await auspex('incidents', 'ack', 'gone');
  expect([missing, why.includes('NOT_FOUND')]).toEqual([2, true]);
});

test('explain tells why of an incident, an alert and a finding, and what would have changed it', async () => {
  const [, incident] = await auspex('explain', 'i-disk');
  for (const part of [
    'told: People are told, since / is 97 % full.',
    'The business from ',
    '  orders_total of shop: 12 a minute instead of 60 in the hour before; some 480 fewer in that time.\n',
    '  Not looked at: 2 more business metrics.\n',
    'It opened the incident.',
    'shop runs on web-1',
    'no probabilities',
    'Not told: web-1: / has 1 % of its inodes left.\n    Part of an incident',
    'What would have changed it: a sign that began later',
  ])
    expect(incident).toContain(part);
  expect(incident).not.toContain('No channel is set up');
  expect((await auspex('explain', 'i-load'))[1]).not.toContain('The business');

  const [, alert] = await auspex('explain', 'a1');
  for (const part of ['Rule disk-full: disk used > 95 %, for 1 min', 'limit 95', 'Yes, at', 'auspex explain i-disk'])
    expect(alert).toContain(part);
  expect(alert).toMatch(/a value below 95.* would not have raised it/);
  const [, held] = await auspex('explain', 'a2');
  expect(held).toContain('not in force any more');
  expect(held).toContain('No. Part of an incident of which people were told');

  const [, finding] = await auspex('explain', 'f1');
  expect(finding).toContain('What would have had to be different: Below 2.4');
  expect(finding).toContain('What drove the score is not kept any more.');

  const [code, document] = await auspex('--json', 'explain', 'a1');
  expect(code).toBe(0);
  expect(JSON.parse(document)).toMatchObject({
    kind: 'alert',
    rule: { name: 'disk-full' },
    incident: { id: 'i-disk' },
  });
  const [missing, text] = await auspex('explain', 'gone');
  expect([missing, text.includes('no incident, alert or finding with the id “gone”')]).toEqual([2, true]);
});

test('where no channel is set up, explain says that nobody can have been reached', async () => {
  const notifier = { channels: async () => [], test: async () => ({ delivered: false, detail: '' }) };
  const quiet = await startServer({}, { notifier });
  try {
    const where = ['--url', quiet.url, '--token', quiet.tokens.read];
    expect(await runProgram(['node', 'auspex', ...where, 'explain', 'i-disk'])).toBe(0);
    expect(said.join('')).toContain('No channel is set up');
  } finally {
    await quiet.close();
  }
});
