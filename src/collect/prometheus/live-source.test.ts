import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { AuspexError } from '../../errors.ts';
import type { Emission } from '../../model/index.ts';
import { createOutbound } from '../../platform/outbound.ts';
import { createApiFetch } from './api-fetch.ts';
import { PrometheusReader, type ReadSeries } from './api-reader.ts';
import { LiveSource, type LiveSourceOptions, type SourceProgress } from './live-source.ts';
import { WindowReader } from './window-reader.ts';

const NOW = 1_780_000_000_000;

/** A server that answers as told, and is asked by the real way out. */
async function serverThat(answer: (path: string, response: ServerResponse) => void, more: { maxBytes?: number } = {}) {
  const asked: { path: string; headers: Record<string, unknown> }[] = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', headers: request.headers });
    answer(request.url ?? '', response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const outbound = createOutbound();
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await outbound.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fetch = createApiFetch(outbound, { tls: {}, authorization: 'Bearer hidden-token', timeoutMs: 300, ...more });
  return { asked, url, reader: new PrometheusReader({ url, fetch, tries: 1, timeoutMs: 300, tenant: 'team' }) };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

const matrix = (...values: [number, string][]) => ({
  status: 'success',
  data: {
    resultType: 'matrix',
    result: values.length === 0 ? [] : [{ metric: { __name__: 'up', job: 'a' }, values }],
  },
});

function sourceOf(options: Partial<LiveSourceOptions> & Pick<LiveSourceOptions, 'reader'>) {
  const samples: Emission[] = [];
  const kept: { progress: SourceProgress | undefined } = { progress: undefined };
  let now = NOW;
  const source = new LiveSource({
    name: 'prod',
    selectors: ['up'],
    intervalMs: 30,
    shard: null,
    backfillMs: 0,
    fillMs: 7_200_000,
    state: { load: async () => kept.progress, save: async (progress) => void (kept.progress = progress) },
    clock: { now: () => now, monotonic: () => performance.now() },
    log: { warn: () => {}, info: () => {} },
    ...options,
  });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const begin = (): void =>
    void source.start(async (event) => {
      if (event.kind === 'samples') samples.push(...event.samples);
    }, stop.signal);
  return { source, samples, kept, begin, pass: (ms: number) => (now += ms) };
}

const until = async (condition: () => boolean): Promise<void> => {
  const end = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error('it did not come');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

const faults: [string, (response: ServerResponse) => void, string[]][] = [
  ['refused credentials', (r) => json(r, 401, { error: 'no' }), ['answered 401', 'Check token, user and password']],
  ['another path', (r) => json(r, 404, { error: 'page not found' }), ['answered 404', 'Check the path']],
  [
    'too many samples of one metric',
    (r) => json(r, 422, { error: 'query processing would load too many samples into memory' }),
    ['too many samples', 'Narrow its select'],
  ],
  ['no answer', () => {}, ['did not answer within', 'Narrow its select']],
  ['a page of a proxy', (r) => r.end('<html>'), ['does not answer']],
  ['another program', (r) => json(r, 200, { hello: 1 }), ['does not answer as Prometheus does']],
];

test.each(faults)('%s is a fault with its remedy, and the source recovers', async (_what, answer, words) => {
  let isWell = false;
  const { reader, asked } = await serverThat((path, response) => {
    if (path.startsWith('/api/v1/metadata')) json(response, 200, { data: {} });
    else if (path.startsWith('/api/v1/label')) json(response, 200, { status: 'success', data: ['up'] });
    else if (isWell) json(response, 200, matrix([(NOW - 1000) / 1000, '1']));
    else answer(response);
  });
  const { source, samples, begin } = sourceOf({ reader });
  begin();
  await until(() => source.health().state === 'failed');
  const [problem = ''] = source.health().problems;
  for (const word of words) expect(problem).toContain(word);
  expect(problem).not.toContain('hidden-token');
  isWell = true;
  await until(() => samples.length > 0);
  await until(() => source.health().state === 'ok');
  expect(samples.map(({ at, value }) => [at - NOW, value])).toEqual([[-1000, 1]]);
  expect(asked[0]?.headers).toMatchObject({ authorization: 'Bearer hidden-token', 'x-scope-orgid': 'team' });
});

test('an answer beyond the bound is asked for in parts', async () => {
  const names = Array.from({ length: 8 }, (_, i) => `m${i}`);
  const { reader } = await serverThat(
    (path, response) => {
      const query =
        new URL(path, 'http://x').searchParams.get('query') ?? new URL(path, 'http://x').searchParams.get('match[]');
      const wanted = names.filter((name) =>
        [...(query ?? '').matchAll(/__name__([=!])~"([^"]+)"/g)].every(
          ([, op, list]) => (list ?? '').split('|').includes(name) === (op === '='),
        ),
      );
      if (path.startsWith('/api/v1/metadata')) return json(response, 200, { data: {} });
      if (path.startsWith('/api/v1/label')) return json(response, 200, { status: 'success', data: wanted });
      const result = wanted.map((name) => ({ metric: { __name__: name, pad: 'x'.repeat(400) }, values: [[1, '1']] }));
      return json(response, 200, { status: 'success', data: { resultType: 'matrix', result } });
    },
    { maxBytes: 1200 },
  );
  const window = new WindowReader(reader, ['{pad!=""}']);
  const read = async (): Promise<string[]> => {
    const found: ReadSeries[] = [];
    for await (const part of window.read(0, 30_000)) found.push(...part);
    return found.map(({ labels }) => labels[1] ?? '').sort();
  };
  expect(await read()).toEqual(names);
  expect(await read()).toEqual(names);
});

test('a sample that comes late to the server is read, none is read twice, and a series that is gone ends', async () => {
  let held: [number, string][] = [[(NOW - 20_000) / 1000, '1']];
  const { reader } = await serverThat((path, response) => {
    if (path.startsWith('/api/v1/metadata')) json(response, 200, { data: { up: [{ type: 'gauge' }] } });
    else json(response, 200, matrix(...held));
  });
  const { samples, begin, pass } = sourceOf({ reader });
  begin();
  await until(() => samples.length === 1);
  held = [...held, [(NOW - 5_000) / 1000, '+Inf']];
  await until(() => samples.length === 2);
  held = [];
  pass(400_000);
  await until(() => samples.length === 3);
  expect(samples.map(({ at, value, stale }) => [at - NOW, value, stale ?? false])).toEqual([
    [-20_000, 1, false],
    [-5_000, Number.POSITIVE_INFINITY, false],
    [295_000, Number.NaN, true],
  ]);
});

test('what cannot be stored is read again', async () => {
  const { reader } = await serverThat((path, response) => {
    if (path.startsWith('/api/v1/metadata')) json(response, 200, { data: {} });
    else json(response, 200, matrix([(NOW - 1000) / 1000, '1']));
  });
  const { source } = sourceOf({ reader });
  const stop = new AbortController();
  let tries = 0;
  await source.start(async () => {
    if (++tries < 3) throw new AuspexError('TOO_BUSY', 'Too much waits.');
    stop.abort();
  }, stop.signal);
  expect(tries).toBe(3);
});

test('an outage longer than what is filled is named', async () => {
  const { reader, asked } = await serverThat((path, response) =>
    json(response, 200, path.startsWith('/api/v1/metadata') ? { data: {} } : matrix()),
  );
  const { source, kept, begin } = sourceOf({ reader, fillMs: 600_000 });
  kept.progress = { through: NOW - 3_600_000, isBackfilling: false };
  begin();
  await until(() => kept.progress?.through === NOW);
  expect(source.health().problems[0]).toMatch(/^50 min before .* were not read: longer ago than the 10 min of fill/);
  const ranges = asked.flatMap(({ path }) => /%5B(\d+)s%5D/.exec(path)?.[1] ?? []);
  expect(ranges.slice(0, 2)).toEqual(['330', '330']);
});
