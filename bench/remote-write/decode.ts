/**
 * Decoding of remote write, one request of SERIES × SAMPLES repeated: our decoder against protobufjs, snappy included.
 * node bench/remote-write/decode.ts [series=500] [samples=10] [seconds=1]
 */
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { compressSync, uncompress, uncompressSync } from 'snappy';
import { RemoteWriteDecoder } from '../../src/collect/remote-write/decode.ts';

const [seriesCount = 500, sampleCount = 10, seconds = 1] = process.argv.slice(2).map(Number);
const golden = fileURLToPath(new URL('../../test/golden/remote-write/', import.meta.url));
const v1 = protobuf.loadSync(`${golden}remote-write-v1.proto`).lookupType('prometheus.WriteRequest');
const v2 = protobuf.loadSync(`${golden}remote-write-v2.proto`).lookupType('io.prometheus.write.v2.Request');
const start = 1_780_000_000_000;

function labelsOf(i: number): [string, string][] {
  return [
    ['__name__', `node_network_transmit_bytes_total_${i % 50}`],
    ['cpu', String(i % 16)],
    ['device', `eth${i % 4}`],
    ['environment', 'production'],
    ['instance', `web-${i}.example.org:9100`],
    ['job', 'node'],
    ['mode', 'user'],
  ];
}

function samplesOf(i: number): { value: number; timestamp: number }[] {
  return Array.from({ length: sampleCount }, (_, k) => ({
    value: i * 1000.5 + k * 17.25,
    timestamp: start + k * 10_000,
  }));
}

function requestV1(): Buffer {
  const timeseries = Array.from({ length: seriesCount }, (_, i) => ({
    labels: labelsOf(i).map(([name, value]) => ({ name, value })),
    samples: samplesOf(i),
  }));
  return compressSync(v1.encode(v1.create({ timeseries })).finish());
}

function requestV2(): Buffer {
  const symbols = new Map([['', 0]]);
  const ref = (text: string): number => symbols.get(text) ?? (symbols.set(text, symbols.size), symbols.size - 1);
  const timeseries = Array.from({ length: seriesCount }, (_, i) => ({
    labelsRefs: labelsOf(i).flat().map(ref),
    samples: samplesOf(i),
    metadata: { type: 1, helpRef: ref('Bytes sent.'), unitRef: 0 },
  }));
  return compressSync(v2.encode(v2.create({ symbols: [...symbols.keys()], timeseries })).finish());
}

/** ns a sample, best of five runs. */
function measure(run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const begin = performance.now();
    let requests = 0;
    while (performance.now() - begin < (seconds * 1000) / 5) {
      run();
      requests++;
    }
    best = Math.min(best, ((performance.now() - begin) * 1e6) / (requests * seriesCount * sampleCount));
  }
  return best;
}

function decoder(): RemoteWriteDecoder {
  let next = 0;
  return new RemoteWriteDecoder({ resolve: () => next++, now: () => start + 3_600_000 });
}

const bodies = { v1: requestV1(), v2: requestV2() };
const ours1 = decoder();
const ours2 = decoder();
const v1Headers = { 'content-type': 'application/x-protobuf' };
const v2Headers = { 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' };
const rows: [string, number][] = [
  ['1.0 ours', measure(() => ours1.decode(bodies.v1, v1Headers))],
  ['1.0 protobufjs (messages only, no columns)', measure(() => v1.decode(uncompressSync(bodies.v1) as Buffer))],
  ['1.0 ours, every series new', measure(() => decoder().decode(bodies.v1, v1Headers))],
  ['2.0 ours', measure(() => ours2.decode(bodies.v2, v2Headers))],
  ['2.0 protobufjs (messages only, no columns)', measure(() => v2.decode(uncompressSync(bodies.v2) as Buffer))],
  ['snappy alone, synchronous, copied', measure(() => uncompressSync(bodies.v1, { copyOutputData: true }))],
  ['snappy alone, synchronous, its own memory', measure(() => uncompressSync(bodies.v1))],
];
const begin = performance.now();
for (let i = 0; i < 1000; i++) await uncompress(bodies.v1);
const asynchronous = ((performance.now() - begin) * 1e6) / (1000 * seriesCount * sampleCount);
rows.push(['snappy alone, asynchronous', asynchronous]);
console.log(
  `${seriesCount} series × ${sampleCount} samples; body ${bodies.v1.length} bytes (1.0), ${bodies.v2.length} bytes (2.0)`,
);
for (const [name, ns] of rows) console.log(`${name.padEnd(46)} ${ns.toFixed(1).padStart(8)} ns a sample`);
