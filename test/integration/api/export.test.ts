import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { csvLine } from '../../../src/api/http/handlers/csv.ts';
import { rawRequest } from './raw-request.ts';
import { addSeries, type Running, startServer } from './running-server.ts';
import { anomalyRow, NOW } from './sample-engine.ts';

let running: Running;
beforeAll(async () => {
  running = await startServer();
});
afterAll(() => running.close());
const headers = () => ({ authorization: `Bearer ${running.tokens.read}` });

test.each([
  [['a', 1, null, true], 'a,1,,true\r\n'],
  [['say "hi", you', 'two\nlines'], '"say ""hi"", you","two\nlines"\r\n'],
  [['=1+1', '+1', '-1', '@x', '\tx'], "'=1+1,'+1,'-1,'@x,'\tx\r\n"],
  [[-1, Number.NaN, Number.POSITIVE_INFINITY], '-1,NaN,Infinity\r\n'],
  [[{ a: '=1' }], '"{""a"":""=1""}"\r\n'],
])('%j is a line of CSV', (fields, line) => {
  expect(csvLine(fields)).toBe(line);
});

test('samples come one a line, of the entity asked for', async () => {
  const answer = await rawRequest(running.port, '/api/export/samples?match=node_load1', { headers: headers() });
  const lines = answer.text.trimEnd().split('\r\n');
  expect(lines[0]).toBe('time,name,labels,value');
  expect(lines).toHaveLength(61);
  expect(lines.at(-1)).toBe('2026-06-01T12:00:00.000Z,node_load1,"{""instance"":""web-1""}",59');
  expect(answer.headers['content-disposition']).toContain('auspex-samples.csv');
  const json = await rawRequest(running.port, '/api/export/samples?entity=shop&format=json', { headers: headers() });
  expect(
    json.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    { time: '2026-06-01T11:59:59.000Z', name: 'note', labels: { __name__: 'note', text: '=cmd|"x"' }, value: -1 },
  ]);
});

test('records come with all columns, page after page, within the range', async () => {
  const rows = Array.from({ length: 1201 }, (_, i) => anomalyRow(`e${i}`, { onsetAt: NOW - 1e7 - i }));
  await running.records.put('anomalies', rows);
  const to = new Date(NOW - 1e7).toISOString();
  const csv = await rawRequest(running.port, `/api/export/records/anomalies?to=${to}`, { headers: headers() });
  const lines = csv.text.trimEnd().split('\r\n');
  expect(lines).toHaveLength(1202);
  expect(lines[0]).toMatch(/^id,entityId,detector,/);
  const empty = await rawRequest(running.port, '/api/export/records/patterns', { headers: headers() });
  expect(empty.text).toBe('id,entityId,component,at,type,strength,body\r\n');
  for (const table of ['incidents', 'error_patterns']) {
    const one = await rawRequest(running.port, `/api/export/records/${table}`, { headers: headers() });
    expect(one.text).toMatch(/^id,(title,)?class,/);
  }
  const json = await rawRequest(running.port, '/api/export/records/predictions?format=json', { headers: headers() });
  expect(JSON.parse(json.text)).toMatchObject({
    id: 'p1',
    outcome: 'true',
    rule: { kind: 'interval' },
    dueAt: '2026-06-01T12:00:00.000Z',
  });
});

test('a large export is read in slices, whole and once', async () => {
  const points = Array.from({ length: 100_000 }, (_, i) => [NOW - 1e8 + i * 1000, i] as const);
  await addSeries(running.metrics, ['__name__', 'large'], 'gauge', points);
  let largestRead = 0;
  const range = running.metrics.range.bind(running.metrics);
  running.metrics.range = async (...given) => {
    const found = await range(...given);
    largestRead = Math.max(
      largestRead,
      found.reduce((sum, series) => sum + series.times.length, 0),
    );
    return found;
  };
  const response = await new Promise<IncomingMessage>((resolve) =>
    get({ port: running.port, path: '/api/export/samples?match=large', headers: headers() }, resolve),
  );
  let lines = 0;
  for await (const chunk of response) for (const byte of chunk as Buffer) if (byte === 10) lines++;
  expect(lines).toBe(100_001);
  expect(largestRead).toBeLessThanOrEqual(3600);
});

test('a reader that stalls in the middle of an export does not hold up the server’s stop', async () => {
  const own = await startServer({ closeGraceMs: 50 });
  const points = Array.from({ length: 300_000 }, (_, i) => [NOW - 4e8 + i * 1000, i] as const);
  await addSeries(own.metrics, ['__name__', 'stalled'], 'gauge', points);
  const authorization = `Bearer ${own.tokens.read}`;
  const response = await new Promise<IncomingMessage>((resolve) =>
    get({ port: own.port, path: '/api/export/samples?match=stalled', headers: { authorization } }, resolve),
  );
  response.on('error', () => {});
  response.pause();
  await own.close();
  response.destroy();
});
