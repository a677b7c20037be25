import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { AuspexError } from '../../errors.ts';
import {
  type ErrorEvent,
  formatLabels,
  isStaleMarker,
  type Labels,
  labelsKey,
  type SampleBatch,
} from '../../model/index.ts';
import type { SeriesKind } from '../../model/series.ts';
import { LogCounts } from '../logs/log-counts.ts';
import { OtlpReceiver } from './receive.ts';
import type { OtlpHost } from './resource.ts';

const root = protobuf.loadSync(fileURLToPath(new URL('../../../test/golden/otlp/otlp.proto', import.meta.url)));
const Metrics = root.lookupType('otlp.ExportMetricsServiceRequest');
const Logs = root.lookupType('otlp.ExportLogsServiceRequest');
const MetricsAnswer = root.lookupType('otlp.ExportMetricsServiceResponse');
const LogsAnswer = root.lookupType('otlp.ExportLogsServiceResponse');
const Status = root.lookupType('otlp.Status');
const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json' };
const NOW = 1_780_000_000_000;
const nano = (ms: number): string => `${ms}000000`;

type Json = Readonly<Record<string, unknown>>;

function setup(options: { maxSeries?: number; failing?: () => AuspexError | null; limits?: Json } = {}) {
  const known = new Map<string, number>();
  const series: { labels: Labels; kind: SeriesKind }[] = [];
  const batches: SampleBatch[] = [];
  const hosts: OtlpHost[] = [];
  const errors: ErrorEvent[] = [];
  const faults: object[] = [];
  const clock = { now: () => NOW, monotonic: () => 0 };
  const logs = new LogCounts({ clock, intervalMs: 5 });
  const receiver = new OtlpReceiver({
    resolve(labels, kind) {
      const key = labelsKey(labels);
      const ref = known.get(key);
      if (ref !== undefined) return ref;
      if (known.size >= (options.maxSeries ?? Number.POSITIVE_INFINITY)) return -1;
      known.set(key, series.length);
      return series.push({ labels, kind }) - 1;
    },
    append: async (batch) => {
      const failure = options.failing?.() ?? null;
      if (failure !== null) throw failure;
      batches.push(batch);
      return { stored: batch.count, outOfOrder: 0, duplicates: 0, position: batches.length };
    },
    onHost: async (host) => void hosts.push(host),
    onErrors: (events) => void errors.push(...events),
    logs,
    limits: {
      decodedBytes: 4_000_000,
      futureMs: 600_000,
      labelsPerSeries: 16,
      labelNameBytes: 64,
      labelValueBytes: 256,
      ...options.limits,
    },
    clock,
    log: { error: (fields) => void faults.push(fields) },
  });
  const rows = (): [string, string, number, number][] =>
    batches.flatMap((batch) =>
      Array.from({ length: batch.count }, (_, i): [string, string, number, number] => {
        const one = series[batch.refs[i] as number];
        return [formatLabels(one?.labels ?? []), one?.kind ?? '', batch.times[i] as number, batch.values[i] as number];
      }),
    );
  return { receiver, series, batches, hosts, errors, faults, logs, rows };
}

const bytesOf = (type: protobuf.Type, json: Json): Buffer => Buffer.from(type.encode(type.fromObject(json)).finish());
const attribute = (key: string, value: unknown): Json => ({
  key,
  value: typeof value === 'string' ? { stringValue: value } : value,
});
const resourceOf = (attributes: Record<string, string>): Json => ({
  attributes: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
});
const requestOf = (resource: Record<string, string>, ...metrics: Json[]): Json => ({
  resourceMetrics: [{ resource: resourceOf(resource), scopeMetrics: [{ scope: { name: 'test' }, metrics }] }],
});
const SHOP = { 'service.name': 'shop', 'service.instance.id': 'a1' };
const SHOP_LABELS = 'instance="a1",job="shop"';
const point = (value: Json, attributes: Record<string, string> = {}, at = NOW): Json => ({
  attributes: Object.entries(attributes).map(([key, text]) => attribute(key, text)),
  timeUnixNano: nano(at),
  ...value,
});

/** The two ways in which a request may be written: both must give the same. */
const ways: [string, (json: Json) => Buffer, Record<string, string>][] = [
  ['protobuf', (json) => bytesOf(Metrics, json), PROTOBUF],
  ['JSON', (json) => Buffer.from(JSON.stringify(json)), JSON_TYPE],
];

const mapped: [string, Record<string, string>, Json, unknown[]][] = [
  [
    'a gauge, its unit written out',
    SHOP,
    { name: 'queue.wait-time', unit: 's', gauge: { dataPoints: [point({ asDouble: 1.5 }, { 'queue.name': 'a b' })] } },
    [[`queue_wait_time_seconds{${SHOP_LABELS},queue_name="a b",service_name="shop"}`, 'gauge', NOW, 1.5]],
  ],
  [
    'a share',
    SHOP,
    { name: 'cache.hits', unit: '1', gauge: { dataPoints: [point({ asDouble: 0.5 })] } },
    [[`cache_hits_ratio{${SHOP_LABELS},service_name="shop"}`, 'gauge', NOW, 0.5]],
  ],
  [
    'a counter, whole numbers, also below zero in an up-down counter',
    SHOP,
    {
      name: 'jobs',
      unit: '{job}',
      sum: { aggregationTemporality: 2, isMonotonic: false, dataPoints: [point({ asInt: '-7' })] },
    },
    [[`jobs{${SHOP_LABELS},service_name="shop"}`, 'gauge', NOW, -7]],
  ],
  [
    'a monotonic sum',
    { ...SHOP, 'service.namespace': 'eu' },
    {
      name: 'http.requests',
      unit: '{request}',
      sum: {
        aggregationTemporality: 2,
        isMonotonic: true,
        dataPoints: [point({ asInt: '9007199254740991' }, { 'http.response.status_code': '500' })],
      },
    },
    [
      [
        'http_requests_total{http_response_status_code="500",instance="a1",job="eu/shop",service_name="shop",service_namespace="eu"}',
        'counter',
        NOW,
        9007199254740991,
      ],
    ],
  ],
  [
    'a rate, bytes per second',
    SHOP,
    { name: 'io', unit: 'By/s', gauge: { dataPoints: [point({ asDouble: 2 })] } },
    [[`io_bytes_per_second{${SHOP_LABELS},service_name="shop"}`, 'gauge', NOW, 2]],
  ],
  [
    'a histogram with its buckets summed up',
    SHOP,
    {
      name: 'http.server.request.duration',
      unit: 's',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [point({ count: '6', sum: 3.5, explicitBounds: [0.005, 1], bucketCounts: ['1', '2', '3'] })],
      },
    },
    [
      ['bucket', 'le="0.005",', 'histogram', 1],
      ['bucket', 'le="1",', 'histogram', 3],
      ['bucket', 'le="+Inf",', 'histogram', 6],
      ['count', '', 'counter', 6],
      ['sum', '', 'counter', 3.5],
    ].map(([suffix, le, kind, value]) => [
      `http_server_request_duration_seconds_${suffix}{${SHOP_LABELS},${le}service_name="shop"}`,
      kind,
      NOW,
      value,
    ]),
  ],
  [
    'an exponential histogram at powers of two',
    SHOP,
    {
      name: 'd',
      exponentialHistogram: {
        aggregationTemporality: 2,
        dataPoints: [
          // Scale 1: bounds are powers of √2. Buckets 0..3 reach to √2, 2, 2√2, 4.
          point({
            count: '11',
            sum: 20,
            scale: 1,
            zeroCount: '1',
            positive: { offset: 0, bucketCounts: ['1', '2', '3', '4'] },
          }),
        ],
      },
    },
    [
      ['_bucket', 'le="0",', 'histogram', 1],
      ['_bucket', 'le="2",', 'histogram', 4],
      ['_bucket', 'le="4",', 'histogram', 11],
      ['_bucket', 'le="+Inf",', 'histogram', 11],
      ['_count', '', 'counter', 11],
      ['_sum', '', 'counter', 20],
    ].map(([suffix, le, kind, value]) => [`d${suffix}{${SHOP_LABELS},${le}service_name="shop"}`, kind, NOW, value]),
  ],
  [
    'a summary',
    SHOP,
    {
      name: 'd',
      summary: { dataPoints: [point({ count: '2', sum: 3, quantileValues: [{ quantile: 0.5, value: 1.25 }] })] },
    },
    [
      [`d_sum{${SHOP_LABELS},service_name="shop"}`, 'counter', NOW, 3],
      [`d_count{${SHOP_LABELS},service_name="shop"}`, 'counter', NOW, 2],
      [`d{${SHOP_LABELS},quantile="0.5",service_name="shop"}`, 'gauge', NOW, 1.25],
    ],
  ],
  [
    'attributes of every form',
    SHOP,
    {
      name: 'g',
      gauge: {
        dataPoints: [
          {
            timeUnixNano: nano(NOW),
            asDouble: 1,
            attributes: [
              attribute('a', { boolValue: true }),
              attribute('b', { intValue: '9007199254740993' }),
              attribute('c', { doubleValue: 0.5 }),
              attribute('d', { arrayValue: { values: [{ stringValue: 'x' }, { intValue: '1' }] } }),
              attribute('e', { kvlistValue: { values: [{ key: 'k', value: { stringValue: 'v' } }] } }),
              attribute('f.g', 'first'),
              attribute('f_g', 'second'),
              attribute('0x', 'digit'),
            ],
          },
        ],
      },
    },
    [
      [
        `g{a="true",b="9007199254740993",c="0.5",d="[\\"x\\",1]",e="{\\"k\\":\\"v\\"}",f_g="first;second",${SHOP_LABELS},key_0x="digit",service_name="shop"}`,
        'gauge',
        NOW,
        1,
      ],
    ],
  ],
  [
    'no instance id: the host’s name tells',
    { 'service.name': 'shop', 'host.name': 'web-1' },
    { name: 'g', gauge: { dataPoints: [point({ asDouble: 1 })] } },
    [
      ['g{instance="web-1",job="shop",service_name="shop"}', 'gauge', NOW, 1],
      ['target_info{host_name="web-1",instance="web-1",job="shop",service_name="shop"}', 'info', NOW, 1],
    ],
  ],
];

for (const [way, encode, headers] of ways) {
  test.each(mapped)(`${way}: %s`, async (_what, resource, metric, expected) => {
    const { receiver, rows } = setup();
    const answer = await receiver.metrics(encode(requestOf(resource, metric)), headers);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, headers['content-type']]);
    expect(answer.body.toString()).toBe(way === 'JSON' ? '{}' : '');
    expect(rows()).toEqual(expected);
  });
}

const HOST = { 'host.name': 'web-1', 'host.id': '0123456789abcdef0123456789abcdef', 'os.type': 'linux' };
const own = 'host_id="0123456789abcdef0123456789abcdef",instance="web-1",job="otel"';
const sum = (name: string, unit: string, value: number, attributes: Record<string, string>, at = NOW): Json => ({
  name,
  unit,
  sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point({ asDouble: value }, attributes, at)] },
});

test('what the hostmetrics receiver says exactly as node_exporter does gets its names, its one time and its host', async () => {
  const { receiver, rows, hosts } = setup();
  const usage = (state: string, value: number): Json =>
    point({ asInt: String(value) }, { device: '/dev/sda1', mountpoint: '/', type: 'ext4', mode: 'rw', state });
  const request = requestOf(
    HOST,
    sum('system.cpu.time', 's', 12.5, { cpu: 'cpu3', state: 'wait' }),
    sum('system.disk.io', 'By', 7, { device: 'sda', direction: 'write' }, NOW + 3),
    { name: 'system.cpu.load_average.1m', unit: '{thread}', gauge: { dataPoints: [point({ asDouble: 0.5 })] } },
    {
      name: 'system.filesystem.usage',
      unit: 'By',
      sum: {
        aggregationTemporality: 2,
        dataPoints: [usage('used', 60), usage('free', 30), usage('reserved', 10)],
      },
    },
    {
      name: 'system.memory.utilization',
      unit: '1',
      gauge: { dataPoints: [point({ asDouble: 0.25 }, { state: 'used' })] },
    },
  );
  await receiver.metrics(bytesOf(Metrics, request), PROTOBUF);
  const found = new Map(rows().map(([labels, kind, at, value]) => [labels, [kind, at - NOW, value]]));
  const filesystem = `{device="/dev/sda1",fstype="ext4",${own},mountpoint="/"}`;
  expect(found.get(`node_cpu_seconds_total{cpu="3",${own},mode="iowait"}`)).toEqual(['counter', 0, 12.5]);
  expect(found.get(`node_disk_written_bytes_total{device="sda",${own}}`)).toEqual(['counter', 0, 7]);
  expect(found.get(`node_load1{${own}}`)).toEqual(['gauge', 0, 0.5]);
  expect(found.get(`node_filesystem_size_bytes${filesystem}`)).toEqual(['gauge', 0, 100]);
  expect(found.get(`node_filesystem_avail_bytes${filesystem}`)).toEqual(['gauge', 0, 30]);
  expect(found.get(`node_filesystem_free_bytes${filesystem}`)).toEqual(['gauge', 0, 40]);
  expect(found.get(`system_memory_utilization_ratio{${own},state="used"}`)).toEqual(['gauge', 0, 0.25]);
  expect(hosts).toEqual([{ id: HOST['host.id'], name: 'web-1' }]);
});

const delta = (value: number, at: number): Json =>
  requestOf(SHOP, {
    name: 'n',
    sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [point({ asInt: String(value) }, {}, at)] },
  });

test('deltas are summed up; one sent twice counts once, one that could not be stored is taken again', async () => {
  let failure: AuspexError | null = null;
  const { receiver, rows } = setup({ failing: () => failure });
  const send = (value: number, at: number) => receiver.metrics(bytesOf(Metrics, delta(value, at)), PROTOBUF);
  await send(5, NOW - 30_000);
  await send(2, NOW - 20_000);
  const again = await send(2, NOW - 20_000);
  expect(MetricsAnswer.toObject(MetricsAnswer.decode(again.body), { longs: Number })).toEqual({
    partialSuccess: { rejectedDataPoints: 1, errorMessage: expect.stringContaining('not newer than the last') },
  });
  failure = new AuspexError('TOO_BUSY', 'Too much waits.', { data: { retryAfterSeconds: 7 } });
  const busy = await send(3, NOW - 10_000);
  expect([busy.status, busy.headers['retry-after']]).toEqual([503, '7']);
  expect(Status.toObject(Status.decode(busy.body))).toMatchObject({ code: 14 });
  failure = null;
  await send(3, NOW - 10_000);
  expect(rows().map(([, kind, , value]) => [kind, value])).toEqual([
    ['counter', 5],
    ['counter', 7],
    ['counter', 10],
  ]);
});

test('delta histograms are summed up in every bucket', async () => {
  const { receiver, rows } = setup();
  for (const at of [NOW - 1000, NOW])
    await receiver.metrics(
      bytesOf(
        Metrics,
        requestOf(SHOP, {
          name: 'd',
          histogram: {
            aggregationTemporality: 1,
            dataPoints: [point({ count: '3', sum: 2, explicitBounds: [1], bucketCounts: ['2', '1'] }, {}, at)],
          },
        }),
      ),
      PROTOBUF,
    );
  expect(rows().map(([labels, , , value]) => [/le="([^"]+)"/.exec(labels)?.[1] ?? labels.slice(0, 5), value])).toEqual([
    ['1', 2],
    ['+Inf', 3],
    ['d_cou', 3],
    ['d_sum', 2],
    ['1', 4],
    ['+Inf', 6],
    ['d_cou', 6],
    ['d_sum', 4],
  ]);
});

test('no recorded value ends the series', async () => {
  const { receiver, batches } = setup();
  const metric = { name: 'g', gauge: { dataPoints: [point({ flags: 1 })] } };
  await receiver.metrics(bytesOf(Metrics, requestOf(SHOP, metric)), PROTOBUF);
  expect(isStaleMarker(batches[0]?.values[0] ?? 0)).toBe(true);
});

const refusals: [string, Json, string][] = [
  [
    'a time in the future',
    { name: 'g', gauge: { dataPoints: [point({ asDouble: 1 }, {}, NOW + 3_600_000)] } },
    'in the future (clock of shop?)',
  ],
  ['no time', { name: 'g', gauge: { dataPoints: [{ asDouble: 1 }] } }, 'no timestamp'],
  ['no value', { name: 'g', gauge: { dataPoints: [point({})] } }, 'no value'],
  ['no name', { name: '…', gauge: { dataPoints: [point({ asDouble: 1 })] } }, 'without a name'],
  ['no temporality', { name: 'n', sum: { dataPoints: [point({ asInt: '1' })] } }, 'no aggregation temporality'],
  [
    'a label too long',
    { name: 'g', gauge: { dataPoints: [point({ asDouble: 1 }, { a: 'x'.repeat(300) })] } },
    'label "a" with a value of more than 256 bytes',
  ],
  [
    'too many labels',
    {
      name: 'g',
      gauge: {
        dataPoints: [point({ asDouble: 1 }, Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`a${i}`, 'x'])))],
      },
    },
    'a series with 24 labels, the limit is 16',
  ],
  [
    'buckets without bounds',
    {
      name: 'd',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [point({ count: '1', bucketCounts: ['1', '2'], explicitBounds: [1, 2] })],
      },
    },
    'do not fit their bounds',
  ],
  [
    'bounds that do not ascend',
    {
      name: 'd',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [point({ count: '3', bucketCounts: ['1', '2', '0'], explicitBounds: [2, 1] })],
      },
    },
    'do not fit their bounds',
  ],
];

test.each(refusals)('%s is refused with its reason, and the rest is kept', async (_what, bad, words) => {
  const { receiver, rows } = setup();
  const good = { name: 'good', gauge: { dataPoints: [point({ asDouble: 1 })] } };
  const answer = await receiver.metrics(bytesOf(Metrics, requestOf(SHOP, bad, good)), PROTOBUF);
  expect(answer.status).toBe(200);
  const { partialSuccess } = MetricsAnswer.toObject(MetricsAnswer.decode(answer.body), { longs: Number });
  expect(partialSuccess).toEqual({ rejectedDataPoints: 1, errorMessage: expect.stringContaining(words) });
  expect(rows().map(([labels]) => labels)).toEqual([`good{${SHOP_LABELS},service_name="shop"}`]);
});

test('the limit on series refuses new ones, as JSON too', async () => {
  const { receiver, rows } = setup({ maxSeries: 1 });
  const dataPoints = ['a', 'b', 'c'].map((name) => point({ asDouble: 1 }, { name }));
  const body = Buffer.from(JSON.stringify(requestOf(SHOP, { name: 'g', gauge: { dataPoints } })));
  const answer = await receiver.metrics(body, JSON_TYPE);
  expect(JSON.parse(answer.body.toString())).toEqual({
    partialSuccess: { rejectedDataPoints: '2', errorMessage: expect.stringContaining('past the limit on series') },
  });
  expect(rows()).toHaveLength(1);
});

test('gzip is read, and a body that unpacks beyond the limit is not', async () => {
  const { receiver, rows } = setup();
  const body = bytesOf(Metrics, requestOf(SHOP, { name: 'g', gauge: { dataPoints: [point({ asDouble: 1 })] } }));
  const zipped = { ...PROTOBUF, 'content-encoding': 'gzip' };
  expect((await receiver.metrics(gzipSync(body), zipped)).status).toBe(200);
  expect(rows()).toHaveLength(1);
  expect((await receiver.metrics(gzipSync(Buffer.alloc(50_000_000)), zipped)).status).toBe(413);
  expect((await receiver.metrics(gzipSync(body).subarray(0, 20), zipped)).status).toBe(400);
});

const answers: [string, Buffer, Record<string, string>, number, string][] = [
  ['another type', Buffer.from('a'), { 'content-type': 'text/plain' }, 415, 'text/plain'],
  ['no type', Buffer.from('a'), {}, 415, 'missing'],
  ['another encoding', Buffer.from('a'), { ...PROTOBUF, 'content-encoding': 'br' }, 415, 'br'],
  ['no protobuf', Buffer.from('hello'), PROTOBUF, 400, 'BAD_ENCODING'],
  ['no JSON', Buffer.from('{"resourceMetrics":'), JSON_TYPE, 400, 'not valid JSON'],
  [
    'JSON of another form',
    Buffer.from('{"resourceMetrics":[{"scopeMetrics":{}}]}'),
    JSON_TYPE,
    400,
    'resourceMetrics[0].scopeMetrics is not a list',
  ],
  [
    'an enumeration by name',
    Buffer.from(
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"aggregationTemporality":"CUMULATIVE"}}]}]}]}',
    ),
    JSON_TYPE,
    400,
    'aggregationTemporality is not a whole number',
  ],
  ['JSON without an end of levels', Buffer.from('['.repeat(1000)), JSON_TYPE, 413, '64 levels'],
  ['JSON of nothing but objects', Buffer.from(`[${'{},'.repeat(900_000)}{}]`), JSON_TYPE, 413, 'values'],
];

test.each(answers)('%s is answered with a status of the protocol', async (_what, body, headers, status, words) => {
  const { receiver } = setup();
  const answer = await receiver.metrics(body, headers);
  expect(answer.status).toBe(status);
  const said =
    headers['content-type'] === 'application/json'
      ? JSON.parse(answer.body.toString())
      : Status.toObject(Status.decode(answer.body));
  expect(said).toEqual({ code: 3, message: expect.stringContaining(words) });
});

test('a fault of our own is answered without its words, and stands in the log', async () => {
  const { receiver, faults } = setup({ failing: () => new Error('a path of ours') as AuspexError });
  const body = bytesOf(Metrics, requestOf(SHOP, { name: 'g', gauge: { dataPoints: [point({ asDouble: 1 })] } }));
  const answer = await receiver.metrics(body, PROTOBUF);
  expect(answer.status).toBe(500);
  expect(Status.toObject(Status.decode(answer.body))).toEqual({
    code: 13,
    message: 'The cause stands in the log of the server.',
  });
  expect(faults).toHaveLength(1);
});

test('messages by the million in few bytes are refused, not kept', async () => {
  const { receiver } = setup();
  const answer = await receiver.metrics(Buffer.alloc(1_000_000, Buffer.from([0x0a, 0x00])), PROTOBUF);
  expect(answer.status).toBe(413);
});

const whole = bytesOf(
  Metrics,
  requestOf(
    HOST,
    ...mapped.map(([, , metric]) => metric),
    sum('system.cpu.time', 's', 1, { cpu: 'cpu0', state: 'idle' }),
  ),
);

test('cut off anywhere or altered anywhere, a request ends in an answer', { timeout: 60_000 }, async () => {
  const { receiver } = setup();
  for (let length = 0; length < whole.length; length += 3) {
    const { status } = await receiver.metrics(whole.subarray(0, length), PROTOBUF);
    expect([200, 400]).toContain(status);
  }
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 }),
      async (changes) => {
        const altered = Buffer.from(whole);
        for (const [at, byte] of changes) altered[at] = byte;
        expect([200, 400, 413]).toContain((await receiver.metrics(altered, PROTOBUF)).status);
        expect([200, 400, 413]).toContain((await receiver.logs(altered, PROTOBUF)).status);
      },
    ),
    { numRuns: 300, seed: 7 },
  );
});

test('any JSON at all ends in an answer', async () => {
  const { receiver } = setup();
  await fc.assert(
    fc.asyncProperty(fc.json({ maxDepth: 6 }), async (text) => {
      const body = Buffer.from(`{"resourceMetrics":[{"resource":${text},"scopeMetrics":[{"metrics":[${text}]}]}]}`);
      expect([200, 400]).toContain((await receiver.metrics(body, JSON_TYPE)).status);
    }),
    { numRuns: 200, seed: 7 },
  );
});

const logsOf = (...logRecords: Json[]): Json => ({
  resourceLogs: [{ resource: resourceOf(SHOP), scopeLogs: [{ scope: { name: 'shop.cart' }, logRecords }] }],
});

test('log records are counted by service and severity, and errors picked out', async () => {
  const { receiver, logs, errors } = setup();
  const request = logsOf(
    { timeUnixNano: nano(NOW), severityNumber: 9, body: { stringValue: 'fine' } },
    { timeUnixNano: nano(NOW), severityNumber: 9, body: { stringValue: 'fine' } },
    { observedTimeUnixNano: nano(NOW - 5), severityText: 'ERROR', body: { stringValue: 'cannot reach 10.0.0.7' } },
    {
      timeUnixNano: nano(NOW),
      severityNumber: 13,
      body: { stringValue: 'retry' },
      attributes: [
        attribute('exception.type', 'TypeError'),
        attribute('exception.message', 'x is undefined'),
        attribute('exception.stacktrace', 'TypeError: x\n    at go (/app/cart.js:3:1)'),
      ],
    },
    { timeUnixNano: nano(NOW + 3_600_000), severityNumber: 17 },
  );
  for (const [body, headers] of [
    [bytesOf(Logs, request), PROTOBUF],
    [Buffer.from(JSON.stringify(request)), JSON_TYPE],
  ] as const)
    expect((await receiver.logs(body, headers)).status).toBe(200);
  const answer = await receiver.logs(bytesOf(Logs, request), PROTOBUF);
  expect(LogsAnswer.toObject(LogsAnswer.decode(answer.body), { longs: Number })).toEqual({
    partialSuccess: { rejectedLogRecords: 1, errorMessage: expect.stringContaining('1 log record:') },
  });
  const emitted: [string, number][] = [];
  const stop = new AbortController();
  await logs.start(async (event) => {
    if (event.kind !== 'samples') return;
    for (const { labels, value } of event.samples) emitted.push([formatLabels(labels), value]);
    stop.abort();
  }, stop.signal);
  const named = (severity: string): string =>
    `log_records_total{${SHOP_LABELS},service_name="shop",severity="${severity}"}`;
  expect(emitted).toEqual(
    [
      ['info', 6],
      ['error', 3],
      ['warn', 3],
    ].flatMap(([severity, count]) => [
      [named(String(severity)), 0],
      [named(String(severity)), count],
    ]),
  );
  expect(errors.slice(0, 2).map(({ at, component, type, message }) => [at - NOW, component, type, message])).toEqual([
    [-5, 'shop.cart', '', 'cannot reach 10.0.0.7'],
    [0, 'shop.cart', 'TypeError', 'x is undefined'],
  ]);
});
