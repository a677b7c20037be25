import { createServer, type IncomingHttpHeaders } from 'node:http';
import { once } from 'node:events';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeWriteRequest, type OutgoingSeries } from '../../src/collect/remote-write/encode.ts';
import { AuspexError } from '../../src/errors.ts';
import { labelsFrom } from '../../src/model/index.ts';
import { PERFORMANCE_FIGURES } from '../../src/predict/performance-features.ts';
import { SyntheticFleet } from '../acceptance/synthetic-fleet.ts';
import { mainFile, removeHome, type RunningAuspex, startAuspex, temporaryHome } from './running-auspex.ts';

/* Models that are asked for rows of features: those of Auspex, and one elsewhere behind a real HTTP server. */

const home = temporaryHome();
const asked: { headers: IncomingHttpHeaders; body: unknown }[] = [];
let status = 200;
let answer: unknown = null;
const elsewhere = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  request.on('end', () => {
    asked.push({ headers: request.headers, body: JSON.parse(text) });
    response.writeHead(status).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
});
let running: RunningAuspex;

beforeAll(async () => {
  await once(elsewhere.listen(0, '127.0.0.1'), 'listening');
  const { port } = elsewhere.address() as AddressInfo;
  const model = (name: string, more = ''): string =>
    `    - {name: ${name}, url: "http://127.0.0.1:${port}/v1/models/${name}:predict"${more}}\n`;
  mkdirSync(home, { recursive: true });
  const config = `models:\n  external:\n${model('churn', ', token: s3cret-token')}${model('slow', ', timeout: 200ms')}`;
  writeFileSync(join(home, 'auspex.yaml'), config);
  running = await startAuspex({ home });
  await new SyntheticFleet(2, 120).send(() => running.url);
  for (const entity of ['synthetic-0', 'synthetic-1'])
    await running.client.call('trainModel', { params: { name: 'host-anomaly' }, body: { entity, force: true } });
}, 90_000);
afterAll(async () => {
  await running.stop();
  elsewhere.close();
  removeHome(home);
});

const ask = (name: string, rows: Record<string, number | null>[], entity?: string) =>
  running.client.call('predictModel', { params: { name }, body: { rows, ...(entity && { entity }) } });
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => AuspexError.from(error).message,
  );

function cli(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, AUSPEX_HOME: home, AUSPEX_URL: running.url };
  return spawnSync(process.execPath, [mainFile, '--url', running.url, ...words], { encoding: 'utf8', env });
}

test('a host’s own forest tells an unusual row from a usual one', async () => {
  const { items } = await running.client.call('model', { params: { name: 'host-anomaly' }, query: {} });
  expect(items[0]?.featureNames).toContain('auspex_host_cpu_ratio');
  const usual = { auspex_host_cpu_ratio: 0.2, auspex_host_memory_ratio: 0.4 };
  const odd = { auspex_host_cpu_ratio: 1, auspex_host_memory_ratio: 1, auspex_host_swap_ratio: 1 };
  const told = await ask('host-anomaly', [usual, odd, {}], 'synthetic-0');
  expect(told).toMatchObject({ name: 'host-anomaly', version: 1, algorithm: 'isolation-forest' });
  const [a, b] = told.items;
  expect(b?.value).toBeGreaterThan(a?.value ?? 1);
  expect(await ask('host-anomaly', [usual, odd, {}], 'synthetic-0')).toEqual(told);
});

/** A host's figures every ten seconds up to now, by remote write. */
async function send(instance: string, minutes: number, level: number): Promise<void> {
  const now = Math.floor(Date.now() / 10_000) * 10_000;
  const count = minutes * 6;
  const series: OutgoingSeries[] = PERFORMANCE_FIGURES.map((name, k) => ({
    labels: labelsFrom([
      ['__name__', name],
      ['instance', instance],
    ]),
    kind: 'gauge',
    samples: Array.from({ length: count }, (_, i) => ({
      at: now - (count - 1 - i) * 10_000,
      value: level * (1 + 0.05 * Math.sin(i * (k + 1))),
    })),
  }));
  const answer = await fetch(`${running.url}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    body: new Uint8Array(encodeWriteRequest(series)),
  });
  expect(answer.status).toBe(204);
}

test('a new host is judged by the model of one that is like it, and by none where none is', async () => {
  await send('grown', 90, 0.2);
  await send('new', 4, 0.2);
  await send('odd', 4, 0.9);
  const { items } = await running.client.call('trainModel', {
    params: { name: 'performance' },
    body: { entity: 'grown', force: true },
  });
  expect(items.map(({ trained }) => trained)).toEqual([true]);
  const own = await running.client.call('performance', { params: { id: 'grown' } });
  expect(own.model).not.toContain(' of ');
  const borrowed = await running.client.call('performance', { params: { id: 'new' } });
  expect(borrowed.model).toMatch(/ version 1 of grown$/);
  expect(borrowed.explanation).toContain('no model of its own yet and is judged as grown');
  expect(borrowed.confidence.source).toBe('prior');
  expect(borrowed.value).toBeGreaterThan(90);
  const none = await running.client.call('performance', { params: { id: 'odd' } });
  expect(none).toMatchObject({ value: null, model: null });
});

test('what is not known is named', async () => {
  expect(await codeOf(ask('host-anomaly', [{}]))).toContain('2 hosts have a model host-anomaly');
  expect(await codeOf(ask('host-anomaly', [{ cpu: 1 }], 'synthetic-0'))).toContain('no feature “cpu”. It has: auspex_');
  expect(await codeOf(ask('no-such', [{}]))).toContain('No model “no-such” serves');
  expect(await codeOf(ask('host-anomaly', []))).toContain('rows');
});

test('a model elsewhere is asked with its token, and its numbers are handed on', async () => {
  answer = { predictions: [0.25, [0.5], { value: 0.75, lower: 0.5 }] };
  const told = await ask('churn', [{ a: 1 }, { a: null }, { b: 2 }]);
  expect(told).toMatchObject({ name: 'churn', version: null, entityId: null, algorithm: 'external' });
  expect(told.items.map(({ value, lower }) => [value, lower])).toEqual([
    [0.25, null],
    [0.5, null],
    [0.75, 0.5],
  ]);
  expect(asked.at(-1)?.body).toEqual({ instances: [{ a: 1 }, { a: null }, { b: 2 }] });
  expect(asked.at(-1)?.headers.authorization).toBe('Bearer s3cret-token');
  expect(JSON.stringify(await running.client.call('settings'))).not.toContain('s3cret-token');
});

test.each([
  ['no JSON', 200, 'oops', 'did not answer JSON'],
  ['other JSON', 200, { outputs: [1] }, 'did not answer {"predictions": [number, …]}'],
  ['too few', 200, { predictions: [1] }, 'gave 1 answers to 2 rows'],
  ['a failure', 500, { predictions: [1, 2] }, 'answered HTTP 500'],
])('a model elsewhere that answers %s is an error that says so', async (_what, code, body, words) => {
  status = code;
  answer = body;
  expect(await codeOf(ask('churn', [{}, {}]))).toContain(words);
  status = 200;
});

test('the command reads one row or many from a file, and says with its exit code whether one is unusual', async () => {
  const file = join(home, 'features.json');
  const row = { auspex_host_cpu_ratio: 0.2, auspex_host_memory_ratio: 0.4 };
  writeFileSync(file, JSON.stringify(row));
  const one = cli('models', 'predict', 'host-anomaly', '--host', 'synthetic-0', '--features', file);
  expect(`${one.stdout}${one.stderr}`).toMatch(/^host-anomaly version 1: how unusual.*\nROW +VALUE/);
  writeFileSync(file, JSON.stringify([row, { auspex_host_cpu_ratio: 1, auspex_host_swap_ratio: 1 }]));
  const many = cli('models', 'predict', 'host-anomaly', '--host', 'synthetic-0', '--features', file, '--json');
  const { items } = JSON.parse(many.stdout) as { items: { isUnusual: boolean }[] };
  expect(items).toHaveLength(2);
  expect(many.status).toBe(items.some(({ isUnusual }) => isUnusual) ? 1 : 0);
  writeFileSync(file, '[{"a": "x"}]');
  const wrong = cli('models', 'predict', 'host-anomaly', '--features', file);
  expect(`${wrong.status} ${wrong.stderr}`).toMatch(/^2 .*row 0: “a” is no number/s);
  const none = cli('models', 'predict', 'host-anomaly', '--features', join(home, 'none.json'));
  expect(`${none.status} ${none.stderr}`).toContain('none.json cannot be read');
});
