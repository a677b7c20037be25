import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { StreamingDetector } from '../../src/learners/index.ts';
import { SeededRandom } from '../../src/stats/random.ts';

const folder = mkdtempSync(join(tmpdir(), 'auspex-csv-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let talk = '';
beforeEach(() => {
  talk = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    talk += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

const at = (name: string): string => join(folder, name);
const put = (name: string, text: string | Buffer): string => {
  writeFileSync(at(name), text);
  return at(name);
};
const run = (...words: string[]): Promise<number> => runProgram(['node', 'auspex', ...words]);
const rowsOf = (name: string): string[][] =>
  readFileSync(at(name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));

const random = new SeededRandom(3);
const FIRST = Date.UTC(2026, 0, 1);
const stream = Array.from({ length: 3000 }, (_, i) => ({
  time: new Date(FIRST + i * 300_000).toISOString().slice(0, 19).replace('T', ' '),
  value: 50 + 10 * Math.sin((i / 288) * 2 * Math.PI) + random.normal() + (i >= 2500 && i < 2520 ? 60 : 0),
}));
const asCsv = (rows: typeof stream, label = ''): string =>
  `timestamp,value${label === '' ? '' : `,${label}`}\n${rows
    .map(({ time, value }, i) => `${time},${value}${label === '' ? '' : `,${i % 2}`}\n`)
    .join('')}`;

test('a column of values is scored as a stream: as the detector says, from the past alone, and no label is read', async () => {
  expect(await run('anomalies', '--csv', put('s.csv', asCsv(stream)), '--out', at('s.out'))).toBe(0);
  const [header, ...rows] = rowsOf('s.out');
  expect(header).toEqual(['row', 'time', 'score', 'expected', 'lower', 'upper', 'anomaly', 'severity']);
  const detector = new StreamingDetector();
  expect(rows).toHaveLength(stream.length);
  for (const [i, { time, value }] of stream.entries()) {
    const said = detector.take(FIRST + i * 300_000, value);
    expect([rows[i]?.[0], rows[i]?.[1], Number(rows[i]?.[2])]).toEqual([String(i), time, said.score]);
    expect(rows[i]?.[6]).toBe(said.isAnomaly ? '1' : '0');
  }
  const found = rows.filter((row) => row[6] === '1').map((row) => Number(row[0]));
  expect(found.some((row) => row >= 2500 && row < 2520)).toBe(true);
  expect(rows.filter((row) => row[6] === '1').every((row) => row[7] !== 'none')).toBe(true);

  await run('anomalies', '--csv', put('half.csv', asCsv(stream.slice(0, 1500))), '--out', at('half.out'));
  expect(rowsOf('half.out')).toEqual([header, ...rows.slice(0, 1500)]);
  for (const label of ['label', 'anomaly', 'changepoint', 'y']) {
    await run('anomalies', '--csv', put('l.csv', asCsv(stream, label)), '--out', at('l.out'));
    expect(rowsOf('l.out')).toEqual([header, ...rows]);
  }
});

test('several columns are one entity with its past beside it; with or without a header, parted by semicolons, packed', async () => {
  const line = (i: number, far: number): string =>
    [0, 1, 2].map((k) => (k + random.normal() * 0.1 + (i >= 150 && i < 160 ? far : 0)).toFixed(6)).join(';');
  const rows = Array.from({ length: 200 }, (_, i) => line(i, 3));
  const past = Array.from({ length: 300 }, (_, i) => line(i, 0));
  const train = put('past.csv', `${past.join('\n')}\n`);
  expect(
    await run('anomalies', '--csv', put('e.csv', `${rows.join('\n')}\n`), '--train', train, '--out', at('e.out')),
  ).toBe(0);
  const scored = rowsOf('e.out').slice(1);
  expect(scored).toHaveLength(200);
  const reported = scored.filter((row) => row[6] === '1').map((row) => Number(row[0]));
  expect(reported[0]).toBe(150);
  expect(Math.max(...reported)).toBeLessThan(185);
  expect(scored[155]?.[7]).toBe('critical');

  const headed = `time;a;b;c;host;anomaly\r\n${rows.map((row, i) => `${i};${row};web-1;${i % 2}`).join('\r\n')}`;
  expect(
    await run('anomalies', '--csv', put('h.csv.gz', gzipSync(headed)), '--train', train, '--out', at('h.out')),
  ).toBe(0);
  expect(
    rowsOf('h.out')
      .slice(1)
      .map((row) => row[2]),
  ).toEqual(scored.map((row) => row[2]));
  expect(talk).toContain('Left out, since they hold text: host.');
  await run('anomalies', '--csv', at('h.csv.gz'), '--out', at('h2.out'));
  expect(talk).toContain('the first 66 rows are taken for its normal past');
});

test('a forecast of each series, wide or long, with a gap and rows in any order', async () => {
  const values = Array.from({ length: 240 }, (_, i) => 100 + 20 * Math.sin((i / 24) * 2 * Math.PI));
  const wide = `"id","V1","V2"\n"a, b",${values.join(',')}\nshort,${values.slice(0, 120).join(',')}${','.repeat(120)}\n`;
  expect(await run('forecast', '--csv', put('w.csv', wide), '--horizon', '24', '--out', at('w.out'))).toBe(0);
  const text = readFileSync(at('w.out'), 'utf8');
  expect(text.startsWith('series,step,mean,lower95,upper95\n"a, b",1,')).toBe(true);
  const short = rowsOf('w.out').filter((row) => row[0] === 'short');
  expect(short.map((row) => Number(row[1]))).toEqual(Array.from({ length: 24 }, (_, k) => k + 1));
  for (const [k, row] of short.entries()) {
    const [mean = 0, lower = 0, upper = 0] = row.slice(2).map(Number);
    expect(mean).toBeCloseTo(values[120 + k] ?? 0, 0);
    expect(lower <= mean && mean <= upper).toBe(true);
  }
  const long = values
    .map((value, i) => `short,${new Date(FIRST + i * 3_600_000).toISOString()},${value}`)
    .slice(0, 120);
  long.splice(50, 1);
  const csv = put('long.csv', `series,time,value\n${long.toReversed().join('\n')}\n`);
  expect(await run('forecast', '--csv', csv, '--horizon', '3', '--season', '24', '--out', at('long.out'))).toBe(0);
  const ahead = rowsOf('long.out').slice(1);
  expect(ahead).toHaveLength(3);
  for (const [k, row] of ahead.entries()) expect(Number(row[2])).toBeCloseTo(values[120 + k] ?? 0, 0);
});

test('lines of one kind have one template, also those that came before it was one', async () => {
  const lines = Array.from({ length: 60 }, (_, i) => `session ${i} of user u${i} opened, "ok"`);
  lines.push('disk full', '');
  expect(await run('logs', 'templates', put('app.log', `${lines.join('\n')}\n`), '--out', at('t.out'))).toBe(0);
  const out = readFileSync(at('t.out'), 'utf8').trimEnd().split('\n');
  expect(out[0]).toBe('line,template_id,template');
  expect(out).toHaveLength(63);
  const kinds = new Set(out.slice(1, 61).map((row) => row.replace(/^\d+,/, '')));
  expect(kinds.size).toBe(1);
  expect([...kinds][0]).toMatch(/^\d+,"session <\*> of user <\*> opened, ""ok"""$/);
  expect(out[61]).toMatch(/^60,\d+,disk full$/);
});

test.each([
  ['a file that is not there', 'no-such.csv', null, 4, 'FILE_FAILED'],
  ['an empty file', 'x.csv', '', 2, 'it is empty'],
  ['a header alone', 'x.csv', 'time,value\n', 2, 'one line only'],
  ['text alone', 'x.csv', 'a,b\nx,y\n', 2, 'no column holds numbers'],
  ['a row with a cell too few', 'x.csv', 'time,a,b\n1,2,3\n2,3\n', 2, 'line 3 has 2 cells, the first one 3'],
  ['a value that is none', 'x.csv', 'time,a\n1,2\n2,much\n', 2, 'line 3, column a: “much” is no number'],
  ['a time that is none', 'x.csv', 'time,a\n1,2\nsoon,3\n', 2, 'line 3: “soon” is no time'],
  ['quotes that never end', 'x.csv', 'time,a\n1,2\n2,"3\n4,5\n', 2, 'line 3 opens never end'],
  ['too short a past', 'x.csv', 'a,b\n1,2\n2,3\n', 2, '0 rows are too few for a past'],
  ['bytes', 'x.csv', Buffer.from([0, 255, 10, 254, 0, 10]), 2, 'no column holds numbers'],
] as const)('%s is told, and no file is left', async (_, name, content, code, words) => {
  if (content !== null) put(name, content);
  expect(await run('anomalies', '--csv', at(name), '--out', at('never.out'))).toBe(code);
  expect(talk).toContain(words);
  expect(readdirSync(folder).filter((one) => one.startsWith('never.out'))).toEqual([]);
});

test('what is missing or cannot be on the command line is told', async () => {
  const csv = put('ok.csv', 'id,1,2\na,1,2\n');
  expect(await run('anomalies', '--csv', csv)).toBe(2);
  expect(talk).toContain('--csv needs --out FILE');
  expect(await run('forecast', '--csv', csv, '--out', at('f.out'))).toBe(2);
  expect(talk).toContain('--csv needs --horizon STEPS');
  expect(await run('forecast', '--csv', csv, '--out', at('f.out'), '--horizon', '0')).toBe(2);
  expect(await run('forecast', '--csv', put('nan.csv', 'a,,\n'), '--out', at('f.out'), '--horizon', '2')).toBe(2);
  expect(talk).toContain('series “a” has no value');
  expect(await run('anomalies', '--csv', csv, '--time', 'when', '--out', at('f.out'))).toBe(2);
  expect(talk).toContain('there is no column “when”');
  expect(
    await run('anomalies', '--csv', put('n.csv', asCsv(stream.slice(0, 30))), '--out', join(folder, 'no', 'f.out')),
  ).toBe(4);
  expect(talk).toContain('FILE_FAILED');
  expect(await run('logs', 'templates', put('none.log', ''), '--out', at('f.out'))).toBe(2);
});

const MINUTES = 120;
/** shop calls cart and search; cart is slow from minute 100 on. */
const shop = (from = 0): string =>
  [
    'time,shop|latency,shop|requests,cart|latency,cart|requests,search|latency,search|requests',
    ...Array.from({ length: MINUTES }, (_, i) => {
      const slow = i >= 100 ? 0.3 : 0;
      const noise = 0.001 * (i % 7);
      return [
        FIRST / 1000 + from + i * 60,
        0.1 + slow / 2 + noise,
        1000,
        0.05 + slow + noise,
        500,
        0.02 + noise,
        1000,
      ].join();
    }),
  ].join('\n');
const BEGAN = String(FIRST / 1000 + 100 * 60);

async function causesOf(
  ...words: string[]
): Promise<readonly { service: string; metric: string; score: number; reasons: string[] }[]> {
  let json = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    json += String(text);
    return true;
  });
  expect(await run('rootcause', '--json', ...words)).toBe(0);
  return (JSON.parse(json) as { causes: [] }).causes;
}

test('a trouble’s cause is ranked from a file of figures, with calls and without, whatever the order of its rows', async () => {
  const metrics = put('shop.csv', shop());
  const graph = put('calls.csv', 'from,to\nshop,cart\nshop,search\n');
  const causes = await causesOf('--metrics', metrics, '--graph', graph, '--target', 'shop', '--at', BEGAN);
  expect(causes[0]).toMatchObject({ service: 'cart', metric: 'latency' });
  expect(causes[0]?.reasons[0]).toContain('additional time of shop');
  const [head = '', ...rows] = shop().split('\n');
  const turned = put('turned.csv', [head, ...rows.reverse()].join('\n'));
  const at = new Date(Number(BEGAN) * 1000).toISOString();
  expect(await causesOf('--metrics', turned, '--graph', graph, '--target', 'shop|latency', '--at', at)).toEqual(
    await causesOf('--metrics', metrics, '--graph', graph, '--target', 'shop|latency', '--at', BEGAN),
  );
});

test('quiet rows that were recorded after the trouble serve as the past', async () => {
  const [head = '', ...rows] = shop().split('\n');
  const later = shop(7 * 86_400)
    .split('\n')
    .slice(1, 101);
  const metrics = put('later.csv', [head, ...rows.slice(98), ...later].join('\n'));
  const [cause] = await causesOf('--metrics', metrics, '--target', 'shop', '--at', BEGAN);
  expect(cause?.service).toBe('cart');
});

test.each([
  ['an unknown target', ['--target', 'shp', '--at', BEGAN], 'has no service “shp”. It has shop, cart, search'],
  ['an unknown figure', ['--target', 'shop|cpu', '--at', BEGAN], 'has no column “shop|cpu”'],
  ['no time', ['--target', 'shop', '--at', 'noon'], '--at “noon” is no time'],
  ['a time behind the file', ['--target', 'shop', '--at', '2027-01-01T00:00:00Z'], 'before --at'],
  ['an end before the start', ['--target', 'shop', '--at', BEGAN, '--until', '5'], '--until must be later'],
])('rootcause names %s', async (_, words, said) => {
  expect(await run('rootcause', '--metrics', put('shop.csv', shop()), ...words)).not.toBe(0);
  expect(talk).toContain(said);
});

test('rootcause names a file of another kind', async () => {
  const plain = put('plain.csv', 'time,cpu\n1,2\n2,3\n');
  expect(await run('rootcause', '--metrics', plain, '--target', 'cpu', '--at', '2')).toBe(2);
  expect(talk).toContain('no column is named `service|metric`');
  const graph = put('broken.csv', 'from,to\na\n');
  expect(
    await run('rootcause', '--metrics', put('shop.csv', shop()), '--graph', graph, '--target', 'shop', '--at', BEGAN),
  ).toBe(2);
  expect(talk).toContain('broken.csv, line 2');
});
