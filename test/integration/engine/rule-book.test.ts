import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../../src/api/client.ts';
import { startAuspex } from '../../../src/compose.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { AuspexError } from '../../../src/errors.ts';
import { labelsFrom } from '../../../src/model/index.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { freePort, until } from '../prometheus/real-programs.ts';

const RULES = `groups:
  - name: shop
    interval: 1s
    rules:
      - alert: QueueLong
        expr: queue_depth > 10
        labels: {severity: critical}
        annotations: {summary: 'The queue {{ $labels.queue }} holds {{ $value }}.'}
      - record: queue:depth:sum
        expr: sum by (job) (queue_depth)
      - {alert: Broken, expr: sum(}
`;

async function startTest() {
  const folder = await mkdtemp(join(tmpdir(), 'auspex-rule-book-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'rules'));
  await writeFile(join(folder, 'rules', 'shop.yaml'), RULES);
  const port = await freePort();
  const file = join(folder, 'auspex.yaml');
  const write = (more: string) =>
    writeFile(
      file,
      `timeZone: UTC
server: {listen: '127.0.0.1:${port}'}
collect: {host: false, interval: 1s}
store: {minFree: 1MB}
alerts: {ruleFiles: ['rules/*.yaml']}
${more}
`,
    );
  await write('objectives: [{name: shop, service: shop}]');
  const read = () => loadConfig({ env: {}, file, flags: { home: join(folder, 'home') } });
  const auspex = await startAuspex({ loaded: read(), reload: read, log: createLogger('silent'), listen: true });
  onTestFinished(() => auspex.close());
  const { secret: token } = await auspex.access.addToken({ name: 't', scope: 'admin', expiresAt: null });
  const baseUrl = `http://127.0.0.1:${port}`;
  const put = (name: string, body: string | Buffer, dryRun = false) =>
    fetch(`${baseUrl}/api/rules/import?name=${name}&dryRun=${dryRun}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/yaml' },
      body,
    });
  return { auspex, client: createClient({ baseUrl, token }), put, folder, write };
}

const depth = (value: number) => [
  {
    labels: labelsFrom(Object.entries({ __name__: 'queue_depth', job: 'shop', instance: 's:80', queue: 'mail' })),
    kind: 'gauge' as const,
    at: Date.now(),
    value,
  },
];

test('rules of files fire and record, bad ones are named, a reload takes them away again', {
  timeout: 120_000,
}, async () => {
  const { auspex, client, folder } = await startTest();
  await auspex.engine.record(depth(25));
  const firing = () => client.call('alerts', { query: { state: 'firing' } });
  const { items } = await until(firing, (page) => page.items.length > 0, 30_000, 'the alert');
  expect(items[0]).toMatchObject({
    rule: 'QueueLong',
    kind: 'rule',
    severity: 'critical',
    value: 25,
    limit: 10,
    subject: '{queue="mail"}',
    summary: 'The queue mail holds 25.',
    suppressedBy: null,
  });
  const rules = await client.call('rules');
  expect(rules.problems.map(({ rule, line, kind }) => [rule, line, kind])).toEqual([['Broken', 11, 'fault']]);
  expect(rules.items.map(({ name, state, found }) => [name, state, found])).toEqual([
    ['QueueLong', 'ok', 1],
    ['queue:depth:sum', 'ok', 1],
  ]);
  const recorded = auspex.stores.metrics.index.select([{ name: '__name__', op: '=', value: 'queue:depth:sum' }], 5);
  expect(recorded.map(({ labels }) => labels)).toEqual([['__name__', 'queue:depth:sum', 'job', 'shop']]);
  await auspex.engine.record(depth(3));
  await until(firing, (page) => page.items.length === 0, 30_000, 'the end of the alert');
  await auspex.engine.record(depth(30));
  await until(firing, (page) => page.items.length === 1, 30_000, 'the alert again');
  await writeFile(join(folder, 'rules', 'shop.yaml'), 'groups: [\n');
  await auspex.reload();
  const broken = await client.call('rules');
  expect([broken.items, broken.problems[0]?.file]).toEqual([[], join(folder, 'rules', 'shop.yaml')]);
  await until(firing, (page) => page.items.length === 0, 30_000, 'the end of a rule that is gone');
});

test('an import says what it would make, is kept over a reload, and taken away', { timeout: 120_000 }, async () => {
  const { auspex, client, put } = await startTest();
  const dry = await (await put('more', RULES, true)).json();
  expect(dry).toMatchObject({
    kept: false,
    groups: [
      {
        name: 'shop',
        intervalSeconds: 1,
        rules: [{ name: 'QueueLong', kind: 'alert', severity: 'critical' }, { kind: 'record' }],
      },
    ],
    problems: [{ rule: 'Broken', line: 11 }],
  });
  const imported = async () => (await client.call('rules')).items.filter(({ source }) => source === 'import');
  expect(await imported()).toEqual([]);
  expect((await put('more', RULES)).status).toBe(200);
  await auspex.reload();
  expect((await imported()).map(({ name }) => name)).toEqual(['QueueLong (shop)', 'queue:depth:sum']);
  await client.call('removeImportedRules', { params: { name: 'more' } });
  expect(await imported()).toEqual([]);
  for (const [body, status, code] of [
    ['groups: [', 400, 'FILE_INVALID'],
    ['', 400, 'FILE_INVALID'],
    [Buffer.from([0xff, 0xfe, 0x00]), 400, 'BAD_ENCODING'],
    [`# ${'x'.repeat(1_000_001)}`, 413, 'TOO_LARGE'],
  ] as const) {
    const answer = await put('bad', body);
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([status, code]);
  }
  await expect(client.call('removeImportedRules', { params: { name: 'none' } })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('a rule is tried on the past', { timeout: 120_000 }, async () => {
  const { auspex, client } = await startTest();
  const now = Date.now();
  const [sample] = depth(0);
  if (sample === undefined) throw new Error('no sample');
  // Every hour ten minutes above the limit, five times.
  for (let minute = 300; minute >= 0; minute--)
    await auspex.engine.record([{ ...sample, at: now - minute * 60_000 - 5000, value: minute % 60 < 10 ? 50 : 1 }]);
  const tried = await client.call('tryRule', { body: { expression: 'queue_depth > 10', forSeconds: 300, days: 0.25 } });
  expect(tried.fired).toBe(5);
  expect(tried.alerts[0]?.labels).toMatchObject({ queue: 'mail' });
  const never = await client.call('tryRule', { body: { expression: 'queue_depth > 10', forSeconds: 900, days: 0.25 } });
  expect(never.fired).toBe(0);
  await expect(client.call('tryRule', { body: { expression: 'queue_depth >' } })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  });
});

test('objectives are made, changed and taken away; those of the configuration only there', {
  timeout: 120_000,
}, async () => {
  const { auspex, client, write } = await startTest();
  const body = { name: 'made', indicator: { kind: 'events', good: 'sum(a)', total: 'sum(b)' }, target: 0.99 } as const;
  const made = await client.call('addObjective', { body });
  expect(made).toMatchObject({ windowDays: 30, source: 'api', budgetLeft: null, achieved: null });
  const names = async () => (await client.call('objectives')).items.map(({ name, source }) => [name, source]);
  expect(await names()).toEqual([
    ['shop', 'configuration'],
    ['made', 'api'],
  ]);
  const code = (call: Promise<unknown>) =>
    call.then(
      () => null,
      (error: unknown) => AuspexError.from(error).code,
    );
  expect(await code(client.call('addObjective', { body }))).toBe('CONFLICT');
  const broken = { ...body, name: 'other', indicator: { ...body.indicator, total: 'sum(' } };
  expect(await code(client.call('addObjective', { body: broken }))).toBe('BAD_REQUEST');
  const params = { id: made.id };
  const changed = await client.call('changeObjective', { params, body: { ...body, windowDays: 7, target: 0.9 } });
  expect(changed).toMatchObject({ id: made.id, windowDays: 7, target: 0.9 });
  const configured = (await client.call('objectives')).items[0]?.id ?? '';
  expect(await code(client.call('removeObjective', { params: { id: configured } }))).toBe('CONFLICT');
  await client.call('removeObjective', { params });
  expect(await code(client.call('removeObjective', { params }))).toBe('NOT_FOUND');
  await write("objectives: [{name: shop, good: 'sum(', total: x}]");
  await expect(auspex.reload()).rejects.toThrow(/auspex\.yaml:6:\d+: objectives\[0\]\.good: Position 5/);
  expect(await names()).toEqual([['shop', 'configuration']]);
});
