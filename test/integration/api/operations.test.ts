import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../../src/api/client.ts';
import { predict } from '../../../src/cli/commands/predict.ts';
import { rawRequest } from './raw-request.ts';
import { addSeries, type Running, startServer } from './running-server.ts';
import { anomalyRow, NOW } from './sample-engine.ts';

let running: Running;
beforeAll(async () => {
  running = await startServer();
});
afterAll(() => running.close());
const at = (ms: number) => new Date(ms).toISOString();

test('the overview holds hosts, open findings, firing alerts, outlook and the track record in words', async () => {
  const overview = await running.client('read').call('overview');
  expect(overview.hosts.map((host) => host.name)).toEqual(['web-1']);
  expect(overview.others.map((other) => other.name)).toEqual(['shop']);
  expect(overview.anomalies[0]).toMatchObject({ id: 'f1', entityName: 'web-1', onsetAt: at(NOW - 60_000) });
  expect(overview.alerts[0]).toMatchObject({ id: 'a1', state: 'firing' });
  expect(overview.trackRecord).toMatchObject({ scored: 60, held: 54, pagesThisWeek: 1, needlessPagesThisWeek: 0 });
  expect(overview.trackRecord.sentence).toBe('Of 60 predictions 54 held (90 %).');
  expect(overview.hosts[0]?.gauges[0]?.upper).toBeNull();
});

test('an entity is found by id, name and alias; an unknown one is NOT_FOUND', async () => {
  const client = running.client('read');
  for (const id of ['host:a', 'web-1', 'instance=web-1'])
    expect((await client.call('entity', { params: { id } })).id).toBe('host:a');
  await expect(client.call('entity', { params: { id: 'gone' } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(client.call('anomalies', { query: { entity: 'gone' } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a short chart of a gauge shows its points, what is usual, findings on it and jobs of the host', async () => {
  await running.client('ingest').call('recordExecution', {
    body: { id: 'job-1', job: 'backup', host: 'web-1', startedAt: at(NOW - 30_000), durationMs: 10, exitCode: 2 },
  });
  const chart = await running
    .client('read')
    .call('chart', { query: { entity: 'web-1', metric: 'node_load1', from: at(NOW - 600_000), to: at(NOW) } });
  expect(chart.series).toHaveLength(1);
  expect(chart.series[0]?.mean).toEqual(Array.from({ length: 60 }, (_, i) => i));
  expect(chart.series[0]?.stepMs).toBe(10_000);
  expect(chart.expected).toMatchObject({ lower: 0.5, upper: 2 });
  expect(chart.anomalies.map((one) => one.id)).toEqual(['f1']);
  expect(chart.marks).toEqual([{ at: at(NOW - 30_000), kind: 'job', text: 'backup failed (exit 2)' }]);
});

test('the band over a range comes by steps, with nulls where nothing was expected', async () => {
  const query = { ref: 0, from: at(NOW - 600_000), to: at(NOW), points: 10 };
  const band = await running.client('read').call('chartBand', { query });
  expect(band).toMatchObject({ ref: 0, stepMs: 60_000 });
  expect(band.timesMs).toHaveLength(11);
  expect(band.lower).toEqual([null, ...new Array<number>(10).fill(0.5)]);
  expect(band.upper).toEqual([null, ...new Array<number>(10).fill(2)]);
});

test('the scores of a series come sample by sample, the latest where they are more than asked for', async () => {
  const query = { ref: 0, from: at(NOW - 600_000), to: at(NOW) };
  const all = await running.client('read').call('seriesScores', { query });
  expect(all).toMatchObject({ ref: 0, truncated: false });
  expect(all.values).toEqual(Array.from({ length: 11 }, (_, i) => i));
  expect(all.expected[0]).toBeNull();
  expect(new Set(all.severity)).toEqual(new Set(['none']));
  const few = await running.client('read').call('seriesScores', { query: { ...query, limit: 3 } });
  expect(few).toMatchObject({ truncated: true, values: [8, 9, 10], timesMs: all.timesMs.slice(-3) });
  const none = await running.client('read').call('seriesScores', { query: { ...query, only: 'anomalies' } });
  expect(none).toMatchObject({ truncated: false, values: [], severity: [] });
});

test('a counter is drawn as a rate, its reset is no fall', async () => {
  const client = running.client('read');
  const { items } = await client.call('series', { query: { match: '{device="eth0"}' } });
  const query = { ref: String(items[0]?.ref), from: at(NOW - 600_000), to: at(NOW) };
  const [series] = (await client.call('chart', { query })).series;
  expect(series).toMatchObject({ rate: true, unit: 'bytes/s' });
  expect(series?.mean.every((value) => value === 100 || value === 0)).toBe(true);
  expect(series?.mean.filter((value) => value === 100)).toHaveLength(58);
});

test('what happened to the host stands on its charts: reboots once, suspensions, the clock being set', async () => {
  const add = (type: string, ...times: number[]) =>
    addSeries(
      running.metrics,
      ['__name__', 'auspex_host_event', 'instance', 'web-1', 'job', 'auspex', 'type', type],
      'gauge',
      times.map((time) => [time, 1] as const),
    );
  const quiet = NOW - 3 * 3_600_000;
  await add('reboot', quiet, quiet + 7);
  await add('resume', quiet + 60_000);
  await add('clock-step', quiet + 120_000);
  await add('gap', quiet + 180_000);
  const { marks } = await running
    .client('read')
    .call('chart', { query: { entity: 'web-1', metric: 'node_load1', from: at(quiet), to: at(quiet + 600_000) } });
  expect(marks).toEqual([
    { at: at(quiet), kind: 'reboot', text: 'rebooted' },
    { at: at(quiet + 60_000), kind: 'clock', text: 'resumed after suspension' },
    { at: at(quiet + 120_000), kind: 'clock', text: 'the clock was set' },
  ]);
});

test('a long chart comes in steps, with a gap where nothing came', async () => {
  const hour = 3_600_000;
  const points = [0, 1, 2, 9, 10].map((h) => [NOW - 24 * hour + h * hour, h] as const);
  const ref = await addSeries(running.metrics, ['__name__', 'slow'], 'gauge', points);
  const chart = await running
    .client('read')
    .call('chart', { query: { ref: String(ref), from: at(NOW - 24 * hour), to: at(NOW), points: 24 } });
  expect(chart.series[0]).toMatchObject({ stepMs: hour, mean: [0, 1, 2, null, 9, 10] });
});

test('of many series the six that stand out are drawn, and the answer says so', async () => {
  for (let i = 0; i < 9; i++)
    await addSeries(running.metrics, ['__name__', 'many', 'n', String(i)], 'gauge', [[NOW - 1000, i]]);
  await running.records.put('anomalies', [anomalyRow('f2', { subject: 'many{n="0"}' })]);
  const chart = await running.client('read').call('chart', { query: { metric: 'many' } });
  expect(chart.truncated).toBe(true);
  expect(chart.series.map((series) => series.labels.n)).toEqual(['0', '8', '7', '6', '5', '4']);
  await running.records.remove('anomalies', { id: 'f2' });
});

test('a finding carries its evidence and what people said of its detector; without evidence it still answers', async () => {
  const client = running.client('read');
  const detail = await client.call('anomaly', { params: { id: 'f1' } });
  expect(detail).toMatchObject({
    recommendations: ['Look at process make.'],
    trackRecord: { confirmed: 0, normal: 1 },
  });
  await running.records.put('anomalies', [anomalyRow('old', { status: 'ended', endedAt: NOW })]);
  expect(await client.call('anomaly', { params: { id: 'old' } })).toMatchObject({ features: [], counterfactual: '' });
});

test('a filter that is misspelt, a broken range and a wrong value are named', async () => {
  const { port, tokens } = running;
  const headers = { authorization: `Bearer ${tokens.read}` };
  for (const [path, field] of [
    ['/api/anomalies?entitty=x', 'query.entitty'],
    ['/api/anomalies?limit=9999', 'query.limit'],
    ['/api/anomalies?from=yesterday', 'query.from'],
    ['/api/chart?ref=1,x', 'query.ref'],
    ['/api/chart', 'query.metric'],
    ['/api/chart/band?ref=x', 'query.ref'],
    [`/api/chart/band?ref=1&from=${at(0)}&to=${at(NOW)}`, 'query.from'],
    [`/api/chart?ref=1&from=${at(NOW)}&to=${at(NOW - 1)}`, 'query.from'],
  ] as const) {
    const answer = await rawRequest(port, path, { headers });
    expect(answer.json, path).toMatchObject({ status: 400, code: 'BAD_REQUEST', data: { field } });
  }
  const cursor = await rawRequest(port, '/api/anomalies?cursor=nonsense', { headers });
  expect(cursor.json.code).toBe('BAD_CURSOR');
});

test.each([
  ['{__name__="up",}', 200],
  ['node_load1{instance=~"web-.*"}', 200],
  ['node_load1{instance="a', 400],
  ['node_load1{instance=~"("}', 400],
  // Slow in an engine that goes back; ours does not. What needs going back is refused.
  ['node_load1{instance=~"(a+)+"}', 200],
  ['node_load1{instance=~"(a)\\\\1"}', 400],
  ['{}', 400],
  ['a b', 400],
])('the selector %s gets %i', async (match, status) => {
  const path = `/api/series?match=${encodeURIComponent(match)}`;
  const answer = await rawRequest(running.port, path, { headers: { authorization: `Bearer ${running.tokens.read}` } });
  expect(answer.status).toBe(status);
});

test('a run is recorded once by its id, success follows the exit code, the far future is refused', async () => {
  const client = running.client('ingest');
  const run = { id: 'r1', job: 'j', startedAt: at(NOW), durationMs: 1, exitCode: 3 };
  expect(await client.call('recordExecution', { body: [run, { ...run, id: 'r2', exitCode: 0 }] })).toMatchObject({
    recorded: 2,
    known: 0,
  });
  expect(await client.call('recordExecution', { body: run })).toEqual({ recorded: 0, known: 1, ids: ['r1'] });
  const stored = await running.client('read').call('executions', { query: { job: 'j' } });
  expect(Object.fromEntries(stored.items.map(({ id, success }) => [id, success]))).toEqual({ r1: false, r2: true });
  const future = client.call('recordExecution', { body: [run, { ...run, id: 'r3', startedAt: at(NOW + 3_600_000) }] });
  await expect(future).rejects.toMatchObject({ code: 'BAD_REQUEST', data: { field: 'body.1.startedAt' } });
});

test('the same Idempotency-Key gets the same answer once, with another body CONFLICT', async () => {
  const client = running.client('operate');
  const body = { endsAt: at(NOW + 1000), reason: 'r' };
  const [first, second] = await Promise.all([
    client.call('addSilence', { body, idempotencyKey: 'k1' }),
    client.call('addSilence', { body, idempotencyKey: 'k1' }),
  ]);
  expect(second).toEqual(first);
  expect(await running.records.count('calendar', { reason: 'r' })).toBe(1);
  const other = client.call('addSilence', { body: { ...body, reason: 'other' }, idempotencyKey: 'k1' });
  await expect(other).rejects.toMatchObject({ code: 'CONFLICT' });
  // A key belongs to its sender.
  expect((await running.client('admin').call('addSilence', { body, idempotencyKey: 'k1' })).id).not.toBe(first.id);
});

test('a silence that ends before it begins is refused; a verdict on a finding is kept', async () => {
  const client = running.client('operate');
  const past = client.call('addSilence', { body: { endsAt: at(NOW - 1), reason: 'r' } });
  await expect(past).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  await running.records.put('anomalies', [anomalyRow('judged', { status: 'ended' })]);
  await client.call('judgeAnomaly', { params: { id: 'judged' }, body: { verdict: 'normal' } });
  expect((await running.records.get('anomalies', 'judged'))?.verdict).toBe('normal');
  const missing = client.call('judgeAnomaly', { params: { id: 'no' }, body: { verdict: 'normal' } });
  await expect(missing).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('paging neither skips nor repeats while rows are added at both ends', async () => {
  const rows = Array.from({ length: 60 }, (_, i) =>
    anomalyRow(`page-${String(i).padStart(3, '0')}`, { entityId: 'service:b', onsetAt: NOW - 1e6 - Math.floor(i / 4) }),
  );
  await running.records.put('anomalies', rows);
  const seen: string[] = [];
  let added = 0;
  for await (const item of running.client('read').pages('anomalies', { query: { entity: 'shop', limit: 7 } })) {
    seen.push(item.id);
    await running.records.put('anomalies', [anomalyRow(`new-${added++}`, { entityId: 'service:b', onsetAt: NOW })]);
  }
  expect(seen.filter((id) => id.startsWith('page-')).sort()).toEqual(rows.map((row) => row.id).sort());
  expect(new Set(seen).size).toBe(seen.length);
});

test('predictions are filtered by the band of their probability; the ledger states calibration', async () => {
  const client = running.client('read');
  expect((await client.call('predictions', { query: { confidence: 'very high' } })).items).toHaveLength(1);
  expect((await client.call('predictions', { query: { confidence: 'high' } })).items).toHaveLength(0);
  const [record] = (await client.call('ledger')).items;
  expect(record).toMatchObject({
    sentence: 'Of 60 such statements 54 held.',
    confidence: { source: 'measured', sampleCount: 60, value: 0.9 },
  });
  expect(record?.calibrationError).toBeCloseTo(0.05);
});

test('what comes next tells its kind, its range, what to do and how such forecasts did; the command says it and ends with 1', async () => {
  const client = running.client('read');
  const { items } = await client.call('outlook', { query: { hours: 720 } });
  expect(items).toMatchObject([
    {
      kind: 'capacity',
      fromAt: new Date(NOW + 7 * 86_400_000).toISOString(),
      toAt: new Date(NOW + 12 * 86_400_000).toISOString(),
      advice: 'Free space or add some.',
      record: 'Of 20 such forecasts 18 held.',
    },
  ]);
  const said: string[] = [];
  const print = (text: string) => void said.push(text);
  const output = {
    json: false,
    color: false,
    quiet: false,
    print,
    say: print,
    data: (_: unknown, human: () => void) => human(),
  };
  expect(await predict(client, output, { hours: 720 })).toBe(1);
  const text = said.join('\n');
  for (const part of [
    '▲ medium',
    'capacity',
    'web-1: / fills in 9 days (7–12).',
    '→ web-1',
    'Of 20 such forecasts 18 held.',
  ])
    expect(text).toContain(part);
  await expect(client.call('outlook', { query: { hours: 0 } })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
});

test('forecasts of all hosts carry the day on which the disk is full, from and to', async () => {
  const { items } = await running.client('read').call('forecasts', { query: { horizon: '7d' } });
  expect(items[0]?.exhaustion?.sentence).toBe('disk used / reaches its limit in 9 days (7–12).');
  expect(items[0]).toMatchObject({ horizonSeconds: 7 * 86_400, value: 0.7, history: { values: [0.5, null] } });
});

test('metrics are named with title and unit, unusual ones first; cardinality counts', async () => {
  const client = running.client('read');
  const { items } = await client.call('metrics', { query: { entity: 'web-1' } });
  expect(items[0]).toMatchObject({ name: 'node_load1', unusual: true });
  expect(items.find((item) => item.name.includes('network'))).toMatchObject({
    unit: 'bytes',
    title: 'network receive',
  });
  const found = await client.call('metrics', { query: { search: 'receive network' } });
  expect(found.items.map((item) => item.name)).toEqual(['node_network_receive_bytes_total']);
  const cardinality = await client.call('cardinality');
  expect(cardinality.byLabel.find(({ name }) => name === 'n')).toEqual({ name: 'n', valueCount: 9 });
});

test('analytics count what happened in the range', async () => {
  const analytics = await running.client('read').call('analytics');
  expect(analytics.predictions).toEqual({ made: 1, scored: 1, held: 1 });
  expect(analytics.anomalies.bySeverity.high).toBeGreaterThan(0);
  expect(analytics.anomalies.normal).toBe(1);
  expect(analytics.alerts).toEqual({ fired: 2, suppressed: 1, meanTimeToResolveSeconds: null });
});

test('the status tells the process’s real memory and the store’s size', async () => {
  const status = await running.client('read').call('status');
  expect(status).toMatchObject({ state: 'ok', sentence: 'All parts of Auspex work.', version: '0.1.0' });
  expect(status.process.residentBytes).toBeGreaterThan(10e6);
  expect(status.store.accepting).toBe(true);
});

test('a token made here opens what it says, and nothing after it is revoked', async () => {
  const admin = running.client('admin');
  const made = await admin.call('addToken', { body: { name: 'grafana', scope: 'read' } });
  const client = createClient({ baseUrl: running.url, token: made.secret });
  expect((await client.call('session')).userId).toBe('grafana');
  expect(JSON.stringify(await admin.call('tokens'))).not.toContain(made.secret);
  await admin.call('removeToken', { params: { id: made.id } });
  await expect(client.call('session')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('remote write hands on the bytes and answers with the protocol’s headers or a problem', async () => {
  const { port } = running;
  const headers = { 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' };
  const ok = await rawRequest(port, '/api/v1/write', { method: 'POST', headers, body: Buffer.alloc(100, 255) });
  expect([ok.status, ok.headers['x-prometheus-remote-write-samples-written']]).toEqual([204, '100']);
  const empty = await rawRequest(port, '/api/v1/write', { method: 'POST', headers });
  expect(empty.json).toMatchObject({ status: 400, code: 'BAD_ENCODING' });
});

test('the client tells an unreachable server from an answer', async () => {
  const nobody = createClient({ baseUrl: 'http://127.0.0.1:1' });
  await expect(nobody.call('healthz')).rejects.toMatchObject({ code: 'UNREACHABLE' });
  expect(await running.client('read').call('healthz')).toEqual({ status: 'ok' });
});
