import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { compressSync, uncompressSync } from 'snappy';
import { expect, test } from 'vitest';
import { AuspexError } from '../../errors.ts';
import { formatLabels, type Labels, labelsKey } from '../../model/labels.ts';
import { isStaleMarker, type SeriesKind } from '../../model/series.ts';
import { type Decoded, RemoteWriteDecoder, type RemoteWriteLimits } from './decode.ts';
import { handleRemoteWrite } from './handle-remote-write.ts';

const golden = fileURLToPath(new URL('../../../test/golden/remote-write/', import.meta.url));
const V1 = protobuf.loadSync(`${golden}remote-write-v1.proto`).lookupType('prometheus.WriteRequest');
const V2 = protobuf.loadSync(`${golden}remote-write-v2.proto`).lookupType('io.prometheus.write.v2.Request');
const V1_HEADERS = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
const V2_HEADERS = {
  'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
  'content-encoding': 'snappy',
};
const NOW = 1_780_000_000_000;

interface TestSample {
  readonly value?: number;
  readonly timestamp?: number;
}
interface TestSeries {
  readonly labels: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  readonly samples?: readonly TestSample[];
  readonly histograms?: readonly object[];
  readonly exemplars?: readonly object[];
  readonly metadata?: object;
}

const pairsOf = (labels: TestSeries['labels']): (readonly [string, string])[] =>
  Array.isArray(labels) ? [...labels] : Object.entries(labels);

function v1(series: readonly TestSeries[], metadata: readonly object[] = []): Buffer {
  const timeseries = series.map((one) => ({
    ...one,
    labels: pairsOf(one.labels).map(([name, value]) => ({ name, value })),
  }));
  return compressSync(V1.encode(V1.create({ timeseries, metadata })).finish());
}

function v2(series: readonly TestSeries[]): Buffer {
  const symbols = new Map([['', 0]]);
  const ref = (text: string): number => {
    if (!symbols.has(text)) symbols.set(text, symbols.size);
    return symbols.get(text) as number;
  };
  const timeseries = series.map(({ labels, ...rest }) => ({ ...rest, labelsRefs: pairsOf(labels).flat().map(ref) }));
  return compressSync(V2.encode(V2.create({ symbols: [...symbols.keys()], timeseries })).finish());
}

const encoders = { '1.0': { encode: v1, headers: V1_HEADERS }, '2.0': { encode: v2, headers: V2_HEADERS } };

function setup(limits: Partial<RemoteWriteLimits> = {}, maxSeries = Number.POSITIVE_INFINITY) {
  const known = new Map<string, number>();
  const series: { labels: Labels; kind: SeriesKind }[] = [];
  let calls = 0;
  const decoder = new RemoteWriteDecoder({
    limits,
    now: () => NOW,
    seed: 7,
    resolve(labels, kind) {
      calls++;
      const key = labelsKey(labels);
      const ref = known.get(key);
      if (ref !== undefined) return ref;
      if (known.size >= maxSeries) return -1;
      known.set(key, series.length);
      return series.push({ labels, kind }) - 1;
    },
  });
  return { decoder, series, calls: () => calls };
}

const rows = ({ batch }: Decoded, series: readonly { labels: Labels }[]): [string, number, number][] =>
  Array.from({ length: batch.count }, (_, i) => [
    formatLabels(series[batch.refs[i] as number]?.labels ?? []),
    batch.times[i] as number,
    batch.values[i] as number,
  ]);

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AuspexError);
    return (thrown as AuspexError).code;
  }
  return 'none';
}

for (const [version, { encode, headers }] of Object.entries(encoders)) {
  test(`${version}: large requests unpack into the same memory and do not mix`, () => {
    const { decoder, series } = setup();
    const request = (host: string): readonly TestSeries[] =>
      Array.from({ length: 4000 }, (_, i) => ({
        labels: { __name__: 'm', host, n: String(i), text: `${host}-${i}-`.repeat(60) },
        samples: [{ value: i, timestamp: NOW }],
      }));
    for (const host of ['a', 'b', 'a']) {
      const decoded = decoder.decode(encode(request(host)), headers);
      const expected = request(host).map(({ labels }, i) => [formatLabels(Object.entries(labels).flat()), NOW, i]);
      expect(rows(decoded, series)).toEqual(expected);
    }
    expect(series).toHaveLength(8000);
    const small = decoder.decode(encode(request('b').slice(7, 9)), headers);
    expect(rows(small, series).map(([, , value]) => value)).toEqual([7, 8]);
    expect(series).toHaveLength(8000);
  });

  test(`${version}: series and samples come out as they went in, in shared memory`, () => {
    const { decoder, series } = setup();
    const decoded = decoder.decode(
      encode([
        { labels: { __name__: 'up', instance: 'web-1:9100' }, samples: [{ value: 1, timestamp: NOW }] },
        {
          labels: { __name__: 'node_load1', instance: 'db-ü' },
          samples: [
            { value: 0.25, timestamp: NOW - 1000 },
            { value: 0, timestamp: NOW },
            { value: -1e300, timestamp: 5 },
            { value: 2, timestamp: 0 },
          ],
        },
      ]),
      headers,
    );
    expect(rows(decoded, series)).toEqual([
      ['up{instance="web-1:9100"}', NOW, 1],
      ['node_load1{instance="db-ü"}', NOW - 1000, 0.25],
      ['node_load1{instance="db-ü"}', NOW, 0],
      ['node_load1{instance="db-ü"}', 5, -1e300],
      ['node_load1{instance="db-ü"}', 0, 2],
    ]);
    expect(decoded.batch.values.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(decoded).toMatchObject({ version, refused: [], written: { samples: 5, histograms: 0, exemplars: 0 } });
    expect(decoded.error).toBeUndefined();
  });

  test(`${version}: a known series is not resolved again`, () => {
    const { decoder, series, calls } = setup();
    const request = (value: number): Buffer =>
      encode(
        Array.from({ length: 3000 }, (_, i) => ({
          labels: { __name__: 'm', a: `v${i}`, b: 'x'.repeat(i % 17) },
          samples: [{ value, timestamp: NOW }],
        })),
      );
    decoder.decode(request(1), headers);
    const second = decoder.decode(request(2), headers);
    expect(calls()).toBe(3000);
    expect(rows(second, series).every(([name], i) => name.includes(`a="v${i}"`))).toBe(true);
    decoder.forgetSeries();
    decoder.decode(request(3), headers);
    expect(calls()).toBe(6000);
  });

  test(`${version}: the staleness marker and other NaNs keep their bits, infinities stay`, () => {
    const { decoder } = setup();
    const body = Buffer.from(
      uncompressSync(
        encode([
          {
            labels: { __name__: 'm' },
            samples: [1.5, 2.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => ({
              value,
              timestamp: NOW,
            })),
          },
        ]),
      ),
    );
    const replace = (value: number, bits: bigint): void => {
      const from = Buffer.alloc(8);
      from.writeDoubleLE(value);
      body.writeBigUInt64LE(bits, body.indexOf(from));
    };
    replace(1.5, 0x7ff0000000000002n);
    replace(2.5, 0x7ff8000000000001n);
    const { batch } = decoder.decode(compressSync(body), headers);
    const bits = new BigUint64Array(batch.values.buffer, batch.values.byteOffset, 2);
    expect([...bits]).toEqual([0x7ff0000000000002n, 0x7ff8000000000001n]);
    expect(isStaleMarker(batch.values[0] as number)).toBe(true);
    expect([...batch.values.subarray(2)]).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });

  test(`${version}: what is too far ahead is refused by sample, the others are kept`, () => {
    const { decoder, series } = setup();
    const ahead = Array.from({ length: 1204 }, (_, i) => ({ value: i, timestamp: NOW + 600_001 }));
    const decoded = decoder.decode(
      encode([
        {
          labels: { __name__: 'a', instance: 'web-2:9100' },
          samples: [{ value: 1, timestamp: NOW + 600_000 }, ...ahead],
        },
        {
          labels: { __name__: 'b' },
          samples: [
            { value: 2, timestamp: -5 },
            { value: 3, timestamp: 2 ** 60 },
          ],
        },
      ]),
      headers,
    );
    expect(rows(decoded, series)).toEqual([['a{instance="web-2:9100"}', NOW + 600_000, 1]]);
    expect(decoded.error?.code).toBe('BAD_SAMPLES');
    expect(decoded.error?.message).toContain(
      'Refused 1,204 samples: timestamps more than 10 min in the future (clock of web-2?). Check its time service.',
    );
    expect(decoded.error?.message).toContain('Refused 2 samples: timestamps before 1970');
    expect(decoded.written.samples).toBe(1);
  });

  test.each<[string, TestSeries['labels'], string]>([
    [
      '10,000 labels',
      Array.from({ length: 10_000 }, (_, i) => [`l${String(i).padStart(5, '0')}`, 'v']),
      '10,000 labels',
    ],
    ['no metric name', { job: 'x' }, 'without a metric name'],
    ['no labels at all', {}, 'without a metric name'],
    [
      'a label twice',
      [
        ['__name__', 'm'],
        ['a', '1'],
        ['a', '2'],
      ],
      'label "a" twice',
    ],
    [
      'an empty label name',
      [
        ['', 'x'],
        ['__name__', 'm'],
      ],
      'without a name',
    ],
    ['a long value', { __name__: 'm', a: 'x'.repeat(5000) }, 'value of 5,000 bytes, the limit is 4096'],
    ['a long name', { __name__: 'm', ['x'.repeat(300)]: 'v' }, 'name of 300 bytes, the limit is 256'],
    ['a zero byte', { __name__: 'm', a: 'x\u0000y' }, 'zero byte'],
  ])(`${version}: a series with %s is refused, the others are kept`, (_, labels, words) => {
    const { decoder, series } = setup();
    const samples = [{ value: 1, timestamp: NOW }];
    const decoded = decoder.decode(
      encode([
        { labels, samples },
        { labels: { __name__: 'good' }, samples },
      ]),
      headers,
    );
    expect(rows(decoded, series)).toEqual([['good', NOW, 1]]);
    expect(decoded.refused).toHaveLength(1);
    expect(decoded.refused[0]).toMatchObject({ reason: 'labels', count: 1 });
    expect(decoded.error?.code).toBe('BAD_SAMPLES');
    expect(decoded.error?.message).toContain(words);
  });

  test(`${version}: unsorted labels are sorted, empty values are no labels, any UTF-8 is a name`, () => {
    const { decoder, series } = setup();
    const labels: [string, string][] = [
      ['z', '1'],
      ['service.name', 'x'],
      ['b', ''],
      ['__name__', 'http.täl'],
    ];
    decoder.decode(encode([{ labels, samples: [{ value: 1, timestamp: NOW }] }]), headers);
    expect(series[0]?.labels).toEqual(['__name__', 'http.täl', 'service.name', 'x', 'z', '1']);
  });

  test(`${version}: past the series limit the new are refused with 429 and the known go on`, () => {
    const { decoder, series } = setup({}, 1);
    const one = (name: string): TestSeries => ({ labels: { __name__: name }, samples: [{ value: 1, timestamp: NOW }] });
    decoder.decode(encode([one('old')]), headers);
    const decoded = decoder.decode(encode([one('new'), one('old')]), headers);
    expect(rows(decoded, series)).toEqual([['old', NOW, 1]]);
    expect(decoded.error).toMatchObject({ code: 'SERIES_LIMIT', status: 429 });
    expect(decoded.error?.message).toContain('such as new');
  });

  test(`${version}: native histograms are refused by name, exemplars passed over`, () => {
    const { decoder, series } = setup();
    const decoded = decoder.decode(
      encode([
        { labels: { __name__: 'h' }, histograms: [{ countInt: 3, sum: 2, schema: 1, timestamp: NOW }] },
        {
          labels: { __name__: 'c_total' },
          samples: [{ value: 1, timestamp: NOW }],
          exemplars: [{ value: 1, timestamp: NOW }],
        },
      ]),
      headers,
    );
    expect(rows(decoded, series)).toEqual([['c_total', NOW, 1]]);
    expect(decoded.refused).toEqual([{ reason: 'histogram', count: 1, example: 'h' }]);
    expect(decoded.written).toEqual({ samples: 1, histograms: 0, exemplars: 0 });
    expect(series).toHaveLength(1);
  });

  test(`${version}: cut off at every byte it is an error or a whole message less, never a crash`, () => {
    const raw = Buffer.from(
      uncompressSync(
        encode([
          {
            labels: { __name__: 'm', a: 'ü' },
            samples: [
              { value: 1, timestamp: NOW },
              { value: 0, timestamp: NOW },
              { value: 1, timestamp: -7 },
            ],
            histograms: [{ countInt: 1, sum: 1, schema: 3, timestamp: NOW }],
            exemplars: [{ value: 1, timestamp: NOW }],
          },
          { labels: { __name__: 'n' }, samples: [{ value: 1, timestamp: 5 }] },
        ]),
      ),
    );
    const { decoder } = setup();
    const codes = new Set<string>();
    for (let length = 0; length < raw.length; length++) {
      codes.add(codeOf(() => decoder.decode(compressSync(raw.subarray(0, length)), headers)));
      const compressed = compressSync(raw);
      if (length < compressed.length) {
        expect(codeOf(() => decoder.decode(compressed.subarray(0, length), headers))).toBe('BAD_ENCODING');
      }
    }
    expect([...codes].sort()).toEqual(['BAD_ENCODING', 'none']);
  });

  test(`${version}: arbitrary and bit-flipped bytes give a result or BAD_ENCODING`, () => {
    const { decoder } = setup();
    const base = Buffer.from(
      uncompressSync(
        encode([{ labels: { __name__: 'm', a: 'b' }, samples: [{ value: 1, timestamp: NOW }, { timestamp: NOW }] }]),
      ),
    );
    const check = (raw: Uint8Array): void => {
      expect(['none', 'BAD_ENCODING']).toContain(codeOf(() => decoder.decode(compressSync(raw), headers)));
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check), { numRuns: 1000, seed: 1 });
    const flips = fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(flips, (changes) => {
        const raw = Buffer.from(base);
        for (const [at, byte] of changes) raw[at] = byte;
        check(raw);
      }),
      { numRuns: 2000, seed: 2 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (body) => {
        expect(['none', 'BAD_ENCODING', 'TOO_LARGE']).toContain(codeOf(() => decoder.decode(body, headers)));
      }),
      { numRuns: 1000, seed: 3 },
    );
  });

  test(`${version}: agrees with protobufjs on arbitrary requests, whatever the numbers`, () => {
    const sample = fc.record({
      value: fc.oneof(fc.double({ noNaN: true }), fc.constant(0)),
      timestamp: fc.oneof(fc.integer({ min: 0, max: NOW + 600_000 }), fc.nat(300)),
    });
    const label = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\u0000'));
    const one = fc.record({
      labels: fc.dictionary(label, label, { maxKeys: 6 }).map((others) => ({ ...others, __name__: 'm' })),
      samples: fc.array(sample, { maxLength: 5 }),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 8 }), (list) => {
        const { decoder, series } = setup();
        const decoded = decoder.decode(encode(list), headers);
        const expected = list.flatMap(({ labels, samples }) =>
          samples.map(({ value, timestamp }) => [
            formatLabels(
              Object.entries(labels)
                .sort(([a], [b]) => (a < b ? -1 : 1))
                .flat(),
            ),
            timestamp,
            value === 0 ? 0 : value,
          ]),
        );
        expect(rows(decoded, series).map(([name, at, value]) => [name, at, value === 0 ? 0 : value])).toEqual(expected);
      }),
      { numRuns: 200, seed: 4 },
    );
  });
}

/** One field with a message or text inside. */
function field(tag: number, ...content: (number | Uint8Array | string)[]): Buffer {
  const inside = Buffer.concat(
    content.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part as Uint8Array))),
  );
  return Buffer.concat([Buffer.from([tag, inside.length]), inside]);
}

test('fields in another order than usual are read the same, in both versions', () => {
  const value = Buffer.from([0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
  const sample = field(0x12, 0x10, 42, value);
  const name = field(0x0a, field(0x0a, '__name__'), field(0x12, 'm'));
  const label = field(0x0a, field(0x12, 'v'), field(0x0a, 'a'));
  const first = setup();
  const decoded = first.decoder.decode(compressSync(field(0x0a, label, sample, sample, name)), V1_HEADERS);
  expect(rows(decoded, first.series)).toEqual([
    ['m{a="v"}', 42, 1],
    ['m{a="v"}', 42, 1],
  ]);

  const symbols = ['', '__name__', 'm', 'a', 'v'].map((text) => field(0x22, text));
  const series = field(0x2a, 0x08, 3, sample, 0x08, 4, field(0x0a, 1, 2));
  const second = setup();
  const late = second.decoder.decode(compressSync(Buffer.concat([series, ...symbols])), V2_HEADERS);
  expect(rows(late, second.series)).toEqual([['m{a="v"}', 42, 1]]);
});

test('2.0: references outside the table and odd numbers of them refuse the series only', () => {
  const { decoder, series } = setup();
  const samples = [{ value: 1, timestamp: NOW }];
  const body = V2.encode(
    V2.create({
      symbols: ['', '__name__', 'm'],
      timeseries: [
        { labelsRefs: [1, 99], samples },
        { labelsRefs: [1], samples },
        { labelsRefs: [1, 2], samples },
      ],
    }),
  ).finish();
  const decoded = decoder.decode(compressSync(body), V2_HEADERS);
  expect(rows(decoded, series)).toEqual([['m', NOW, 1]]);
  expect(decoded.refused).toEqual([
    { reason: 'labels', count: 2, example: 'a reference to symbol 99 in a table of 3' },
  ]);
});

test('2.0: the same label set under other symbol numbers is the same series', () => {
  const { decoder, calls } = setup();
  const send = (symbols: string[], labelsRefs: number[]): number => {
    const timeseries = [{ labelsRefs, samples: [{ value: 1, timestamp: NOW }], createdTimestamp: NOW }];
    const body = compressSync(V2.encode(V2.create({ symbols, timeseries })).finish());
    return decoder.decode(body, V2_HEADERS).batch.refs[0] as number;
  };
  expect(send(['', '__name__', 'm', 'a', 'b'], [1, 2, 3, 4])).toBe(0);
  expect(send(['', 'b', 'a', 'm', '__name__'], [4, 3, 2, 1])).toBe(0);
  expect(calls()).toBe(1);
  expect(send(['', 'b', 'a', 'm', '__name__'], [4, 3, 1, 2])).toBe(1);
});

test('the declared type decides the kind: in 2.0 with the series, in 1.0 by family, later too', () => {
  const samples = [{ value: 1, timestamp: NOW }];
  const second = setup();
  second.decoder.decode(
    v2([
      { labels: { __name__: 'odd' }, samples, metadata: { type: 1 } },
      { labels: { __name__: 'h_bucket', le: '1' }, samples, metadata: { type: 3 } },
      { labels: { __name__: 'x_total' }, samples, metadata: { type: 2 } },
      { labels: { __name__: 'untyped_total' }, samples },
    ]),
    V2_HEADERS,
  );
  expect(second.series.map(({ kind }) => kind)).toEqual(['counter', 'histogram', 'gauge', 'counter']);

  const first = setup();
  first.decoder.decode(
    v1([{ labels: { __name__: 'odd' }, samples }], [{ type: 1, metricFamilyName: 'odd' }]),
    V1_HEADERS,
  );
  expect(first.series[0]?.kind).toBe('counter');
  first.decoder.decode(v1([{ labels: { __name__: 'late' }, samples }]), V1_HEADERS);
  const before = first.calls();
  first.decoder.decode(v1([], [{ type: 1, metricFamilyName: 'late' }]), V1_HEADERS);
  first.decoder.decode(v1([{ labels: { __name__: 'late' }, samples }]), V1_HEADERS);
  expect(first.calls()).toBe(before + 1);
});

test.each<[string, Record<string, string>, string]>([
  ['no headers at all', {}, 'none'],
  ['1.0 named', { 'content-type': 'application/x-protobuf; proto=prometheus.WriteRequest' }, 'none'],
  ['a quoted parameter', { 'content-type': 'Application/X-Protobuf;proto="io.prometheus.write.v2.Request"' }, 'none'],
  [
    'an unknown message',
    { 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v3.Request' },
    'UNSUPPORTED_TYPE',
  ],
  ['JSON', { 'content-type': 'application/json' }, 'UNSUPPORTED_TYPE'],
  ['gzip', { 'content-encoding': 'gzip' }, 'UNSUPPORTED_TYPE'],
  ['zstd', { 'content-encoding': 'zstd' }, 'UNSUPPORTED_TYPE'],
])('content negotiation: %s', (_, headers, code) => {
  const { decoder } = setup();
  expect(codeOf(() => decoder.decode(compressSync(Buffer.alloc(0)), headers))).toBe(code);
});

test('bombs are refused by their header, before any memory is taken', () => {
  const { decoder } = setup({ bodyBytes: 1000, decodedBytes: 100_000 });
  const header = (length: number): number[] => {
    const bytes: number[] = [];
    for (let rest = length; ; rest = Math.floor(rest / 128)) {
      if (rest < 128) return [...bytes, rest];
      bytes.push((rest % 128) + 128);
    }
  };
  const before = process.memoryUsage().rss;
  expect(codeOf(() => decoder.decode(Buffer.from([...header(0xffffffff), 0, 0]), V1_HEADERS))).toBe('TOO_LARGE');
  expect(() => decoder.decode(Buffer.from([...header(99_999), 0, 0]), V1_HEADERS)).toThrow('announces 99999 bytes');
  expect(codeOf(() => decoder.decode(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 1]), V1_HEADERS))).toBe('BAD_ENCODING');
  expect(codeOf(() => decoder.decode(compressSync(Buffer.alloc(200_000)), V1_HEADERS))).toBe('TOO_LARGE');
  expect(codeOf(() => decoder.decode(Buffer.alloc(1001), V1_HEADERS))).toBe('TOO_LARGE');
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
});

test('a request with more samples than one may have is refused whole', () => {
  const { decoder } = setup({ samplesPerRequest: 10_000 });
  const samples = Array.from({ length: 10_001 }, () => ({}));
  expect(codeOf(() => decoder.decode(v1([{ labels: { __name__: 'm' }, samples }]), V1_HEADERS))).toBe('TOO_LARGE');
  expect(decoder.decode(v1([{ labels: { __name__: 'm' }, samples: samples.slice(1) }]), V1_HEADERS).batch.count).toBe(
    10_000,
  );
});

test('two bytes a series or a symbol do not buy a long stall', () => {
  const { decoder } = setup({ samplesPerRequest: 1000, seriesPerRequest: 1000 });
  const empty = (tag: number, count: number): Buffer => compressSync(Buffer.alloc(2 * count, Buffer.from([tag, 0])));
  expect(codeOf(() => decoder.decode(empty(0x0a, 1001), V1_HEADERS))).toBe('TOO_LARGE');
  expect(codeOf(() => decoder.decode(empty(0x2a, 1001), V2_HEADERS))).toBe('TOO_LARGE');
  expect(codeOf(() => decoder.decode(empty(0x22, 1001), V2_HEADERS))).toBe('TOO_LARGE');
  expect(codeOf(() => decoder.decode(empty(0x22, 1000), V2_HEADERS))).toBe('none');
});

test('the memory for known series is emptied at its limit and results stay right', () => {
  const { decoder, series, calls } = setup({ cacheBytes: 200_000 });
  for (let round = 0; round < 30; round++) {
    const list = Array.from({ length: 300 }, (_, i) => ({
      labels: { __name__: 'm', id: `${round}-${i}` },
      samples: [{ value: i, timestamp: NOW }],
    }));
    const decoded = decoder.decode(round % 2 === 0 ? v1(list) : v2(list), round % 2 === 0 ? V1_HEADERS : V2_HEADERS);
    expect(rows(decoded, series).every(([name], i) => name === `m{id="${round}-${i}"}`)).toBe(true);
  }
  expect(calls()).toBe(9000);
});

const stored = { stored: 0, outOfOrder: 0, duplicates: 0, position: 1 };
const one = (name: string, timestamp = NOW): TestSeries => ({
  labels: { __name__: name },
  samples: [{ value: 1, timestamp }],
});

test('the answer: 204 alone for 1.0, with the counts for 2.0', async () => {
  const { decoder } = setup();
  const append = () => Promise.resolve(stored);
  expect(await handleRemoteWrite(decoder, append, v1([one('a')]), V1_HEADERS)).toEqual({ status: 204, headers: {} });
  expect(await handleRemoteWrite(decoder, append, v2([one('a'), one('b')]), V2_HEADERS)).toEqual({
    status: 204,
    headers: {
      'X-Prometheus-Remote-Write-Samples-Written': '2',
      'X-Prometheus-Remote-Write-Histograms-Written': '0',
      'X-Prometheus-Remote-Write-Exemplars-Written': '0',
    },
  });
});

test('the answer to a partial write: 400 with what was written, after it was stored', async () => {
  const { decoder } = setup();
  let count = 0;
  const append = (batch: { count: number }) => {
    count = batch.count;
    return Promise.resolve(stored);
  };
  const body = v2([one('a'), one('b', NOW + 10_000_000)]);
  const answer = await handleRemoteWrite(decoder, append, body, V2_HEADERS);
  expect(answer).toMatchObject({ status: 400, headers: { 'X-Prometheus-Remote-Write-Samples-Written': '1' } });
  expect(answer.problem?.code).toBe('BAD_SAMPLES');
  expect(count).toBe(1);
});

test('the answer when the store cannot take it: 503, when to come again, nothing written', async () => {
  const { decoder } = setup();
  const full = () => Promise.reject(new AuspexError('STORE_FULL', 'The disk is nearly full.'));
  const answer = await handleRemoteWrite(decoder, full, v2([one('a')]), V2_HEADERS);
  expect(answer).toMatchObject({
    status: 503,
    headers: { 'Retry-After': '5', 'X-Prometheus-Remote-Write-Samples-Written': '0' },
    problem: { code: 'STORE_FULL' },
  });
});

test('the answer to what cannot be read: 415 and 400, the store is not asked', async () => {
  const { decoder } = setup();
  const never = () => Promise.reject(new Error('asked'));
  const json = await handleRemoteWrite(decoder, never, v1([one('a')]), { 'content-type': 'application/json' });
  const junk = await handleRemoteWrite(decoder, never, Buffer.from('junk'), V1_HEADERS);
  expect([json.status, junk.status]).toEqual([415, 400]);
});
