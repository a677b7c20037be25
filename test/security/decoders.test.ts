import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 as seededCrc32 } from 'node:zlib';
import protobuf from 'protobufjs';
import { compressSync } from 'snappy';
import { expect, test } from 'vitest';
import { FIRST, INTERVAL, runHost, SyntheticHost } from '../../bench/detect/synthetic-host.ts';
import { Cursor } from '../../src/collect/host/cursor.ts';
import { parseMounts } from '../../src/collect/host/mounts.ts';
import { Scratch } from '../../src/collect/host/proc-file.ts';
import { walkLogs } from '../../src/collect/otlp/decode-logs.ts';
import { walkMetrics } from '../../src/collect/otlp/decode-metrics.ts';
import { DeltaSums } from '../../src/collect/otlp/delta-sums.ts';
import { bytesOfJson } from '../../src/collect/otlp/json-to-bytes.ts';
import { LogCounts } from '../../src/collect/logs/log-counts.ts';
import { LogMapper } from '../../src/collect/otlp/map-logs.ts';
import { HostTimes, PointMapper } from '../../src/collect/otlp/map-points.ts';
import { logsRequest, metricsRequest } from '../../src/collect/otlp/message-tables.ts';
import { Budget } from '../../src/collect/otlp/wire.ts';
import { ExpositionParser, parseSeriesText } from '../../src/collect/prometheus/exposition.ts';
import { RemoteWriteDecoder } from '../../src/collect/remote-write/decode.ts';
import { relabelWriteRequest } from '../../src/collect/remote-write/encode.ts';
import { parseConfigText } from '../../src/config/file.ts';
import { configSchema } from '../../src/config/schema.ts';
import { Detector } from '../../src/detect/detector.ts';
import { AuspexError } from '../../src/errors.ts';
import { type LearnerEntry, learners } from '../../src/learners/registry.ts';
import { crc32 } from '../../src/learners/model-bytes.ts';
import { labelsKey, parseSelector } from '../../src/model/index.ts';
import { BundleReader, BundleWriter, Columns } from '../../src/store/bundle.ts';
import { ByteSink, ByteSource } from '../../src/store/byte-stream.ts';
import { decodeColumn, encodeColumn } from '../../src/store/column-codec.ts';
import { decodeWriteAhead } from '../../src/store/write-ahead-codec.ts';
import { bytesLike, fuzz, FUZZ_TIMEOUT_MS, textLike } from './fuzz.ts';

const golden = join(import.meta.dirname, '../golden/remote-write');
const V1 = protobuf.loadSync(`${golden}/remote-write-v1.proto`).lookupType('prometheus.WriteRequest');
const V2 = protobuf.loadSync(`${golden}/remote-write-v2.proto`).lookupType('io.prometheus.write.v2.Request');

/** What the sender is to be told it did wrong: never a fault of ours. */
const clientFault = (thrown: unknown): boolean => thrown instanceof AuspexError && thrown.status < 500;
const damage = (thrown: unknown): boolean => thrown instanceof AuspexError && thrown.code === 'MODEL_DAMAGED';
/** What a store's own files say when they are damaged: the reader above sets them aside. */
const storeDamage = (thrown: unknown): boolean =>
  thrown instanceof RangeError || (thrown instanceof Error && 'code' in thrown);

const samples = [
  { value: 1.5, timestamp: 1_780_000_000_000 },
  { value: Number.NaN, timestamp: 1_780_000_000_001 },
];
const labels = [
  { name: '__name__', value: 'node_load1' },
  { name: 'instance', value: 'web-1:9100' },
];
const v1Message = V1.encode(
  V1.create({
    timeseries: [
      { labels, samples },
      { labels: [...labels, { name: 'z', value: 'ü' }], samples },
    ],
    metadata: [{ type: 1, metricFamilyName: 'node_load1', help: 'h', unit: 's' }],
  }),
).finish();
const v2Message = V2.encode(
  V2.create({
    symbols: ['', '__name__', 'node_load1', 'instance', 'web-1'],
    timeseries: [{ labelsRefs: [1, 2, 3, 4], samples, metadata: { type: 2 } }],
  }),
).finish();

function remoteWriteDecoder(): RemoteWriteDecoder {
  const refs = new Map<string, number>();
  return new RemoteWriteDecoder({
    resolve: (given) => {
      const key = labelsKey(given);
      const ref = refs.get(key) ?? refs.size;
      if (refs.size < 1000) refs.set(key, ref);
      return refs.has(key) ? ref : -1;
    },
    now: () => 1_780_000_000_000,
  });
}

const versions = [
  ['1.0', v1Message, 'application/x-protobuf'],
  ['2.0', v2Message, 'application/x-protobuf;proto=io.prometheus.write.v2.Request'],
] as const;

test.each(versions)('a remote-write %s message of any bytes', { timeout: FUZZ_TIMEOUT_MS }, (_, message, type) => {
  const decoder = remoteWriteDecoder();
  const headers = { 'content-type': type, 'content-encoding': 'snappy' };
  fuzz(bytesLike(message), (bytes) => void decoder.decode(compressSync(Buffer.from(bytes)), headers), clientFault);
  // It is in order afterwards.
  expect(decoder.decode(compressSync(Buffer.from(message)), headers).batch.count).toBeGreaterThan(0);
});

test('a snappy body of any bytes', { timeout: FUZZ_TIMEOUT_MS }, () => {
  const decoder = remoteWriteDecoder();
  const headers = { 'content-encoding': 'snappy' };
  const bodies = bytesLike(compressSync(Buffer.from(v1Message)), compressSync(Buffer.alloc(100_000, 7)));
  fuzz(bodies, (bytes) => void decoder.decode(bytes, headers), clientFault);
});

test('the agent’s spool: a write request of any bytes that is relabelled', { timeout: FUZZ_TIMEOUT_MS }, () => {
  const body = compressSync(Buffer.from(v1Message));
  fuzz(
    bytesLike(body),
    (bytes) => void relabelWriteRequest(bytes, 'instance', 'web-9'),
    (thrown) => thrown instanceof Error,
  );
});

const otlpAttributes = [
  { key: 'service.name', value: { stringValue: 'shop' } },
  { key: 'a', value: { arrayValue: { values: [{ intValue: '9007199254740993' }, { boolValue: true }] } } },
  { key: 'b', value: { kvlistValue: { values: [{ key: 'k', value: { bytesValue: 'AAEC' } }] } } },
];
const otlpPoint = { timeUnixNano: '1780000000000000000', attributes: otlpAttributes, flags: 0 };
const otlpMetrics = JSON.stringify({
  resourceMetrics: [
    {
      resource: { attributes: [...otlpAttributes, { key: 'host.name', value: { stringValue: 'web-1' } }] },
      scopeMetrics: [
        {
          metrics: [
            { name: 'g', unit: '1', gauge: { dataPoints: [{ ...otlpPoint, asDouble: 0.5 }] } },
            {
              name: 'n',
              sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ ...otlpPoint, asInt: '3' }] },
            },
            {
              name: 'system.filesystem.usage',
              sum: { aggregationTemporality: 2, dataPoints: [{ ...otlpPoint, asInt: '3' }] },
            },
            {
              name: 'h',
              histogram: {
                aggregationTemporality: 2,
                dataPoints: [{ ...otlpPoint, count: '3', sum: 2, bucketCounts: ['1', '2'], explicitBounds: [1] }],
              },
            },
            {
              name: 'e',
              exponentialHistogram: {
                aggregationTemporality: 2,
                dataPoints: [
                  {
                    ...otlpPoint,
                    count: '3',
                    scale: 3,
                    positive: { offset: -5, bucketCounts: ['1', '2'] },
                    zeroCount: '0',
                  },
                ],
              },
            },
            {
              name: 's',
              summary: { dataPoints: [{ ...otlpPoint, count: '1', quantileValues: [{ quantile: 1, value: 2 }] }] },
            },
          ],
        },
      ],
    },
  ],
});
const otlpLogs = JSON.stringify({
  resourceLogs: [
    {
      resource: { attributes: otlpAttributes },
      scopeLogs: [
        {
          scope: { name: 'db' },
          logRecords: [
            { timeUnixNano: '1780000000000000000', severityNumber: 17, body: { stringValue: 'no' }, traceId: '0a0b' },
          ],
        },
      ],
    },
  ],
});
const otlpLimits = {
  labelsPerSeries: 64,
  labelNameBytes: 512,
  labelValueBytes: 4096,
  samplesPerRequest: 200_000,
  futureMs: 600_000,
};

function readOtlp(signal: 'metrics' | 'logs', bytes: Uint8Array): number {
  const now = 1_780_000_000_000;
  const budgets = { messages: new Budget(200_000), attributes: new Budget(2_000_000) };
  const points = new PointMapper({
    resolve: () => 1,
    onHost: () => {},
    limits: otlpLimits,
    deltas: new DeltaSums(),
    hostTimes: new HostTimes(),
    now,
  });
  const counts = new LogCounts({ clock: { now: () => now, monotonic: () => 0 }, intervalMs: 1000 });
  const records = new LogMapper({ limits: otlpLimits, now, counts });
  const walk = signal === 'metrics' ? walkMetrics(bytes, points, budgets) : walkLogs(bytes, records, budgets);
  while (walk.next().done !== true);
  return signal === 'metrics' ? points.take().count : records.errors.length;
}

test.each([
  ['metrics', otlpMetrics, metricsRequest],
  ['logs', otlpLogs, logsRequest],
] as const)('OTLP %s of any bytes and any JSON', { timeout: FUZZ_TIMEOUT_MS }, (signal, json, table) => {
  const message = bytesOfJson(Buffer.from(json), table, 100_000);
  expect(readOtlp(signal, message)).toBeGreaterThan(0);
  fuzz(bytesLike(message), (bytes) => void readOtlp(signal, bytes), clientFault);
  fuzz(textLike(json), (text) => void readOtlp(signal, bytesOfJson(Buffer.from(text), table, 100_000)), clientFault);
});

const page = `# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{code="200",path="/a\\"b\\\\"} 1027 1395066363000
http_requests_total{code="400"} 3.1e-5
{"quoted.name",a="b"} +Inf
# EOF
`;

test.each(['text', 'openmetrics'] as const)(
  'a metrics page of any bytes, as %s',
  { timeout: FUZZ_TIMEOUT_MS },
  (format) => {
    const read = (text: string): void => {
      const parser = new ExpositionParser(format, {
        type: () => {},
        sample: (series) => void parseSeriesText(series),
      });
      // In two pieces, as the network may cut it.
      parser.write(text.slice(0, text.length >> 1));
      parser.write(text.slice(text.length >> 1));
      parser.end();
    };
    fuzz(textLike(page), read, clientFault);
  },
);

test('a selector of any text', { timeout: FUZZ_TIMEOUT_MS }, () => {
  const real = ['node_load1{instance="web-1",mode!~"idle|iowait"}', '{"http.requests",a=~"(x|y)+z{2,3}[a-c]"}'];
  fuzz(textLike(...real), (text) => void parseSelector(text), clientFault);
});

const config = `server:
  listen: 127.0.0.1:4700
notify:
  channels:
    - { kind: webhook, name: ops, url: https://example.org/x, timeout: 5s }
scrape:
  jobs:
    - job_name: a
      static_configs: [{ targets: ['a:1'], labels: { b: c } }]
      relabel_configs: [{ source_labels: [b], regex: '(.*)', target_label: d }]
x: &a [1, 2]
y: *a
`;

test('a configuration file of any text', { timeout: FUZZ_TIMEOUT_MS }, () => {
  const read = (text: string): void => void configSchema.safeParse(parseConfigText(text, 'auspex.yaml').content);
  fuzz(textLike(config), read, (thrown) => thrown instanceof AuspexError && thrown.code === 'CONFIG_INVALID');
});

const procFiles = [
  readFileSync('/proc/self/mountinfo'),
  Buffer.from('27 1 8:1 / /a\\040b rw shared:1 - ext4 /dev/sda1 rw\n28 1 0:5 / / ro - overlay o ro\n'),
  Buffer.from('cpu  1 2 3 4 5 6 7\ncpu0 -1 2.5 99999999999999999999 x\n\n'),
];

test('a file of /proc of any bytes', { timeout: FUZZ_TIMEOUT_MS }, () => {
  const scratch = new Scratch();
  const read = (bytes: Uint8Array): void => {
    scratch.bytes.set(bytes);
    scratch.length = bytes.length;
    parseMounts(scratch);
    for (const cursor = new Cursor(scratch); !cursor.done; cursor.nextLine())
      while (!cursor.atLineEnd) {
        cursor.number();
        cursor.word();
      }
  };
  fuzz(bytesLike(...procFiles), read, () => false);
});

/** As whoever alters a model on purpose would: with the length and the checksum put right. */
function resealed(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 20) return bytes;
  const copy = Uint8Array.from(bytes);
  const view = new DataView(copy.buffer);
  view.setUint32(12, copy.length - 20, true);
  view.setUint32(16, crc32(Buffer.concat([copy.subarray(4, 16), copy.subarray(20)])), true);
  return copy;
}

const rows = Float64Array.from({ length: 600 }, (_, i) => Math.sin(i) * 10 + i);
const targets = rows.slice(0, 200);
const small: Readonly<Record<string, number>> = { nTrees: 3, nRounds: 3, nSteps: 20, epochs: 1, budgetMs: 20 };

/** The bytes of a small model of any kind. */
function modelBytes(entry: LearnerEntry): Uint8Array {
  const parameters = Object.fromEntries(
    entry.parameters.flatMap(({ name }) => (small[name] === undefined ? [] : [[name, small[name]]])),
  );
  switch (entry.kind) {
    case 'outlier':
    case 'cluster':
      return entry.create(parameters, 1).fit(rows, 200, 3).toBytes();
    case 'regression':
      return entry.create(parameters, 1).fit(rows, targets, 200, 3).toBytes();
    case 'classification':
      return entry
        .create(parameters, 1)
        .fit(
          rows,
          targets.map((value) => (value > 100 ? 1 : 0)),
          200,
          3,
        )
        .toBytes();
    case 'forecast':
      return entry.create(parameters, 1).fit(rows).toBytes();
    case 'change': {
      const model = entry.create(parameters, 1);
      for (const value of rows) model.learnOne(value);
      return model.toBytes();
    }
    case 'template': {
      const model = entry.create(parameters, 1);
      for (const value of targets) model.learnOne(`job ${value > 100 ? 'done' : 'failed'} after ${value} s`);
      return model.toBytes();
    }
    case 'bandit': {
      const model = entry.create(parameters, 1);
      for (const value of targets) model.learnOne(value > 100 ? 1 : 0, Number(value > 150));
      return model.toBytes();
    }
  }
}

test.each(learners.map((entry) => [entry.name, entry] as const))(
  'model bytes of %s, altered',
  { timeout: FUZZ_TIMEOUT_MS },
  (_, entry) => {
    const bytes = modelBytes(entry);
    expect(() => entry.fromBytes(resealed(bytes))).not.toThrow();
    fuzz(bytesLike(bytes), (altered) => void entry.fromBytes(altered), damage);
    fuzz(
      bytesLike(bytes),
      (altered) => void entry.fromBytes(resealed(altered)),
      (thrown) => thrown instanceof AuspexError,
    );
  },
);

test('a detector’s snapshot, altered', { timeout: FUZZ_TIMEOUT_MS * 4 }, () => {
  const detector = new Detector({ intervalMs: INTERVAL });
  const host = new SyntheticHost('web-1', 7, {});
  host.define(detector, 0);
  runHost(detector, host, FIRST, FIRST + 20 * 60_000);
  const bytes = detector.snapshot();
  fuzz(bytesLike(bytes), (altered) => void Detector.restore(altered), damage);
});

function bundleOf(): Uint8Array {
  const bundles: Uint8Array[] = [];
  const writer = new BundleWriter((bundle) => bundles.push(bundle.data));
  const columns = new Columns(1, 300);
  for (let ref = 0; ref < 4; ref++) {
    for (let i = 0; i < 300; i++) {
      columns.times[i] = 1_780_000_000_000 + i * 10_000;
      columns.values[0]![i] = ref % 2 === 0 ? i / 10 : Math.sqrt(i);
    }
    writer.add(ref, columns, 300);
  }
  writer.finish();
  return bundles[0] ?? new Uint8Array(0);
}

test('a block’s bundle, altered', { timeout: FUZZ_TIMEOUT_MS }, () => {
  const read = (bytes: Uint8Array): void => {
    const reader = new BundleReader(bytes, 0, 1);
    const columns = new Columns(1, 300);
    while (reader.next()) reader.read(columns, 0);
  };
  expect(() => read(bundleOf())).not.toThrow();
  fuzz(bytesLike(bundleOf()), read, storeDamage);
});

test('a column, altered', { timeout: FUZZ_TIMEOUT_MS }, () => {
  const from = new Columns(1, 500);
  const columns = ([(i: number) => i / 10, Math.sqrt, () => 5] as const).map((value) => {
    for (let i = 0; i < 500; i++) from.values[0]![i] = value(i);
    const sink = new ByteSink();
    encodeColumn(from.values[0]!, from.bits[0]!, 0, 500, sink);
    return sink.copy();
  });
  const into = new Columns(1, 500);
  const read = (bytes: Uint8Array): void => decodeColumn(new ByteSource(bytes), into.values[0]!, into.bits[0]!, 0, 500);
  fuzz(bytesLike(...columns), read, storeDamage);
});

test('a write-ahead row, altered', { timeout: FUZZ_TIMEOUT_MS }, () => {
  const body = compressSync(Buffer.alloc(320, 3));
  const position = 5;
  // As rows once were, with a checksum over the body alone, and as they are, over position and head too.
  const rows = [3, 7].map((form) => Buffer.concat([Buffer.from([form, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), body]));
  const sealed = (bytes: Uint8Array): Uint8Array => {
    const copy = Buffer.from(bytes);
    if (copy.length <= 13) return copy;
    const seed = (copy[0]! & 4) === 0 ? 0 : seededCrc32(copy.subarray(0, 9), seededCrc32(Float64Array.of(position)));
    copy.writeUInt32LE(seededCrc32(copy.subarray(13), seed), 9);
    return copy;
  };
  for (const row of rows) expect(decodeWriteAhead(sealed(row), position).count).toBe(20);
  expect(() => decodeWriteAhead(sealed(rows[1]!), position + 1)).toThrow('damaged');
  fuzz(bytesLike(...rows), (bytes) => void decodeWriteAhead(bytes, position), storeDamage);
  fuzz(bytesLike(...rows), (bytes) => void decodeWriteAhead(sealed(bytes), position), storeDamage);
});
