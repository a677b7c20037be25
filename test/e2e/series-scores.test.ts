import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { labelsFrom } from '../../src/model/index.ts';
import { SeededRandom } from '../../src/stats/random.ts';
import { encodeWriteRequest } from '../../src/collect/remote-write/encode.ts';
import { removeHome, type RunningAuspex, startAuspex, temporaryHome, until } from './running-auspex.ts';

/* What a file is scored by, and what the same samples are scored by that came by remote write, is one thing. */

const home = temporaryHome();
const folder = mkdtempSync(join(tmpdir(), 'auspex-scores-'));
let running: RunningAuspex;
beforeAll(async () => {
  running = await startAuspex({ home });
});
afterAll(async () => {
  await running.stop();
  removeHome(home);
  rmSync(folder, { recursive: true, force: true });
});

const MINUTE = 60_000;
const COUNT = 6 * 1440;
const first = Math.floor(Date.now() / MINUTE) * MINUTE - COUNT * MINUTE;
const random = new SeededRandom(17);
const samples = Array.from({ length: COUNT }, (_, i) => ({
  at: first + i * MINUTE,
  value: 40 + 15 * Math.sin((i / 1440) * 2 * Math.PI) + 2 * random.normal() + (i >= 8000 && i < 8010 ? 90 : 0),
}));

test('the samples of a series by remote write have the scores of the same file, to the bit', async () => {
  const labels = labelsFrom([
    ['__name__', 'queue_depth'],
    ['instance', 'q-1'],
    ['job', 'queue'],
  ]);
  for (let from = 0; from < COUNT; from += 1000) {
    const body = encodeWriteRequest([{ labels, kind: 'gauge', samples: samples.slice(from, from + 1000) }]);
    const answer = await fetch(`${running.url}/api/v1/write`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
      body,
    });
    expect(answer.status).toBe(204);
  }
  let ref = -1;
  await until('the series', 10, async () => {
    const { items } = await running.client.call('series', { query: { match: 'queue_depth' } });
    ref = items[0]?.ref ?? -1;
    return ref >= 0;
  });
  const query = { ref, from: new Date(first).toISOString(), to: new Date().toISOString(), limit: 20_000 };
  const live = await running.client.call('seriesScores', { query });

  const csv = join(folder, 'in.csv');
  const out = join(folder, 'out.csv');
  writeFileSync(csv, `time,value\n${samples.map(({ at, value }) => `${at},${value}`).join('\n')}\n`);
  expect(await runProgram(['node', 'auspex', 'anomalies', '--csv', csv, '--out', out, '--quiet'])).toBe(0);
  const rows = readFileSync(out, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
  const column = (at: number): (number | null)[] => rows.map((row) => (row[at] === '' ? null : Number(row[at])));
  expect(live.values).toEqual(samples.map(({ value }) => value));
  expect(live.score).toEqual(column(2));
  expect(live.expected).toEqual(column(3));
  expect(live.lower).toEqual(column(4));
  expect(live.upper).toEqual(column(5));
  expect(live.severity).toEqual(rows.map((row) => row[7]));
  expect(live.severity.slice(8000, 8010).filter((one) => one !== 'none')).toHaveLength(1);

  const anomalies = await running.client.call('seriesScores', { query: { ...query, only: 'anomalies' } });
  expect(anomalies.score).toEqual(live.score.filter((_, i) => live.severity[i] !== 'none'));

  // A part of the range is judged from all that came before it.
  const later = new Date(first + 8000 * MINUTE).toISOString();
  const part = await running.client.call('seriesScores', { query: { ...query, from: later } });
  expect(part.score).toEqual(live.score.slice(8000));
});

test('a series that is not there is said so', async () => {
  await expect(running.client.call('seriesScores', { query: { ref: 999_999 } })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});
