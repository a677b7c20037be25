import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeWriteRequest, type OutgoingSeries } from '../../src/collect/remote-write/encode.ts';
import { labelsFrom } from '../../src/model/index.ts';
import { exported, WRITE_HEADERS } from '../acceptance/load.ts';
import { removeHome, type RunningAuspex, startAuspex, temporaryHome } from './running-auspex.ts';

const HOUR = 3_600_000;
const home = temporaryHome();
const from = Math.floor(Date.now() / 60_000) * 60_000 - HOUR;
let running: RunningAuspex;
beforeAll(async () => {
  running = await startAuspex({ home, env: { AUSPEX_COLLECT_HOST: 'false' } });
});
afterAll(async () => {
  await running.kill('SIGKILL');
  removeHome(home);
});

function series(name: string, samples: OutgoingSeries['samples'], more: [string, string][] = []): OutgoingSeries {
  return { labels: labelsFrom([['__name__', name], ['job', 'odd'], ...more]), samples };
}

async function send(...all: OutgoingSeries[]): Promise<{ status: number; detail: string }> {
  const body = new Uint8Array(encodeWriteRequest(all));
  const answer = await fetch(`${running.url}/api/v1/write`, { method: 'POST', headers: WRITE_HEADERS, body });
  const text = await answer.text();
  return { status: answer.status, detail: text === '' ? '' : (JSON.parse(text) as { detail: string }).detail };
}

/** What is stored of a series, by seconds after `from`. */
async function stored(name: string): Promise<[number, number | null][]> {
  const out: [number, number | null][] = [];
  for await (const line of exported(running.client, name, from - 60 * HOUR)) {
    const { time, value } = JSON.parse(line) as { time: string; value: number | null };
    out.push([(Date.parse(time) - from) / 1000, value]);
  }
  return out;
}

const at = (seconds: number, value: number, stale = false) => ({ at: from + seconds * 1000, value, stale });

test('NaN, infinities and stale markers are taken; the values around them are kept', async () => {
  const odd = series('odd_values', [
    at(0, 1),
    at(10, Number.NaN),
    at(20, Infinity),
    at(30, -Infinity),
    at(40, 0, true),
    at(50, 2),
  ]);
  expect((await send(odd)).status).toBe(204);
  const values = await stored('odd_values');
  expect(values.filter(([, value]) => value !== null)).toEqual([
    [0, 1],
    [50, 2],
  ]);
});

test('the same sample twice is stored once', async () => {
  const twice = series('odd_twice', [at(0, 1), at(10, 2)]);
  expect((await send(twice)).status).toBe(204);
  expect((await send(twice)).status).toBe(204);
  expect(await stored('odd_twice')).toEqual([
    [0, 1],
    [10, 2],
  ]);
});

test('samples out of order are stored in their order', async () => {
  expect((await send(series('odd_order', [at(20, 3)]))).status).toBe(204);
  expect((await send(series('odd_order', [at(0, 1), at(10, 2)]))).status).toBe(204);
  expect(await stored('odd_order')).toEqual([
    [0, 1],
    [10, 2],
    [20, 3],
  ]);
});

test('samples from the far future are refused by name, the others of the request kept', async () => {
  const answer = await send(
    series('odd_future', [at(0, 1), at(100 * 3600, 2), at(10, 3)]),
    series('odd_beside', [at(0, 5)]),
  );
  expect(answer.status).toBe(400);
  expect(answer.detail).toContain('1 sample');
  expect(answer.detail).toContain('future');
  expect(await stored('odd_future')).toEqual([
    [0, 1],
    [10, 3],
  ]);
  expect(await stored('odd_beside')).toEqual([[0, 5]]);
});

test('a series of 10,000 labels is refused by name, the others kept', async () => {
  const labels = Array.from({ length: 10_000 }, (_, i): [string, string] => [`label_${i}`, String(i)]);
  const answer = await send(series('odd_labels', [at(0, 1)], labels), series('odd_kept', [at(0, 2)]));
  expect(answer.status).toBe(400);
  expect(answer.detail).toContain('labels');
  expect(answer.detail.length).toBeLessThan(1000);
  expect(await stored('odd_labels')).toEqual([]);
  expect(await stored('odd_kept')).toEqual([[0, 2]]);
});

test('what is no request at all is refused, and the next one is taken', async () => {
  for (const body of [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(5000).fill(255)]) {
    const answer = await fetch(`${running.url}/api/v1/write`, { method: 'POST', headers: WRITE_HEADERS, body });
    expect(answer.status === 204 ? body.length : answer.status).toBe(
      body.length === 0 && answer.status === 204 ? 0 : 400,
    );
  }
  expect((await send(series('odd_after', [at(0, 1)]))).status).toBe(204);
});
