import protobuf from 'protobufjs';
import { uncompressSync } from 'snappy';
import { expect, test } from 'vitest';
import { type Emission, isStaleMarker, labelsFrom } from '../../model/index.ts';
import { encodeEmissions, encodeWriteRequest, relabelWriteRequest } from './encode.ts';

/** The published schema (prometheus/prompb, remote write 1.0), read by another implementation. */
const { root } = protobuf.parse(`syntax = "proto3";
message WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
message MetricMetadata { int32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
message Label { string name = 1; string value = 2; }
message Sample { double value = 1; int64 timestamp = 2; }`);
const schema = root.lookupType('WriteRequest');

interface Decoded {
  timeseries: { labels: { name: string; value: string }[]; samples: { value: number; timestamp: number }[] }[];
  metadata: { type: number; metricFamilyName: string }[];
}

function decode(body: Uint8Array): Decoded {
  const message = schema.decode(uncompressSync(Buffer.from(body)) as Buffer);
  return schema.toObject(message, { longs: Number, arrays: true, defaults: true }) as Decoded;
}

const AT = 1_800_000_000_123;
const cpu = labelsFrom([
  ['__name__', 'node_cpu_seconds_total'],
  ['instance', 'vm'],
  ['mode', 'größer "x"'],
]);

test('what another protobuf implementation reads is what was written', () => {
  const values = [0, -0, 1.5, -1e300, 5e-324, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
  const body = encodeWriteRequest([
    { labels: cpu, samples: values.map((value, i) => ({ at: AT + i, value })) },
    { labels: labelsFrom([['__name__', 'up']]), samples: [{ at: 0, value: 1 }] },
  ]);
  const { timeseries } = decode(body);
  expect(timeseries[0]?.labels).toEqual([
    { name: '__name__', value: 'node_cpu_seconds_total' },
    { name: 'instance', value: 'vm' },
    { name: 'mode', value: 'größer "x"' },
  ]);
  expect(timeseries[0]?.samples).toEqual(values.map((value, i) => ({ value, timestamp: AT + i })));
  expect(timeseries[1]?.samples).toEqual([{ value: 1, timestamp: 0 }]);
});

test('long labels and many samples keep their lengths', () => {
  const long = labelsFrom([
    ['__name__', 'x'],
    ['l', 'v'.repeat(70_000)],
  ]);
  const samples = Array.from({ length: 5_000 }, (_, i) => ({ at: AT + i * 10_000, value: i }));
  const { timeseries } = decode(encodeWriteRequest([{ labels: long, samples }]));
  expect(timeseries[0]?.labels[1]?.value).toHaveLength(70_000);
  expect(timeseries[0]?.samples).toHaveLength(5_000);
  expect(timeseries[0]?.samples[4_999]).toEqual({ value: 4_999, timestamp: AT + 49_990_000 });
});

test('a stale emission carries the marker’s bits', () => {
  const emission: Emission = { labels: cpu, kind: 'counter', at: AT, value: Number.NaN, stale: true };
  const body = uncompressSync(Buffer.from(encodeEmissions([emission]))) as Buffer;
  const bits = Buffer.from([2, 0, 0, 0, 0, 0, 0xf0, 0x7f]);
  expect(body.includes(bits)).toBe(true);
  expect(isStaleMarker(body.readDoubleLE(body.indexOf(bits)))).toBe(true);
});

test('kinds are declared only where the name says another', () => {
  const emit = (name: string, kind: Emission['kind']): Emission => ({
    labels: labelsFrom([['__name__', name]]),
    kind,
    at: AT,
    value: 1,
  });
  const { metadata } = decode(
    encodeEmissions([
      emit('node_vmstat_pswpin', 'counter'),
      emit('node_vmstat_pswpin', 'counter'),
      emit('node_forks_total', 'counter'),
      emit('node_load1', 'gauge'),
      emit('node_uname_info', 'info'),
    ]),
  );
  expect(metadata).toMatchObject([{ type: 1, metricFamilyName: 'node_vmstat_pswpin' }]);
});

test('a label is replaced in every series that has it, and nothing else changes', () => {
  const other = labelsFrom([['__name__', 'node_vmstat_pswpin']]);
  const body = encodeWriteRequest([
    { labels: cpu, kind: 'counter', samples: [{ at: AT, value: 2 }] },
    { labels: other, kind: 'counter', samples: [{ at: AT, value: Number.NaN, stale: true }] },
  ]);
  const before = decode(body);
  const after = decode(relabelWriteRequest(body, 'instance', 'vm-with-a-longer-name'));
  expect(after.timeseries[0]?.labels[1]).toEqual({ name: 'instance', value: 'vm-with-a-longer-name' });
  expect(after.timeseries[0]?.labels[2]).toEqual(before.timeseries[0]?.labels[2]);
  expect(after.timeseries[0]?.samples).toEqual(before.timeseries[0]?.samples);
  expect(after.timeseries[1]).toEqual(before.timeseries[1]);
  expect(after.metadata).toEqual(before.metadata);
});

test('bytes that are no write request are refused by code', () => {
  expect(() => relabelWriteRequest(new Uint8Array([3, 8, 0xff, 0xff, 0xff]), 'a', 'b')).toThrow();
});
