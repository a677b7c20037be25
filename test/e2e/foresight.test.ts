import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { encodeWriteRequest } from '../../src/collect/remote-write/encode.ts';
import { labelsFrom } from '../../src/model/index.ts';
import { SeededRandom } from '../../src/stats/random.ts';
import { removeHome, type RunningAuspex, startAuspex, temporaryHome, until } from './running-auspex.ts';

/* The real server is sent what an exporter of a database shows, and says what will be short. */

const home = temporaryHome();
let running: RunningAuspex;
beforeAll(async () => {
  running = await startAuspex({ home });
});
afterAll(async () => {
  await running.stop();
  removeHome(home);
});

const MINUTE = 60_000;
const EVERY = 15_000;
const RAMP_MINUTES = 36;
const random = new SeededRandom(3);
const now = Date.now();

/** 52 of 100 connections for an hour and a half, then one more a minute: 88 now. */
function connections(at: number): number {
  const ramp = Math.max(0, RAMP_MINUTES + (at - now) / MINUTE);
  return Math.round(52 + ramp + 0.4 * random.normal());
}

async function send(from: number, to: number): Promise<void> {
  const times = Array.from({ length: Math.floor((to - from) / EVERY) }, (_, i) => from + i * EVERY);
  const of = (name: string, value: (at: number) => number) => ({
    labels: labelsFrom([
      ['__name__', name],
      ['instance', 'db-1:9187'],
      ['job', 'postgres'],
    ]),
    kind: 'gauge' as const,
    samples: times.map((at) => ({ at, value: value(at) })),
  });
  const answer = await fetch(`${running.url}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    body: encodeWriteRequest([of('pg_stat_activity_count', connections), of('pg_settings_max_connections', () => 100)]),
  });
  expect(answer.status).toBe(204);
}

test('connections that run out are foreseen: in the outlook, as an alert, in the ledger and by the command', async () => {
  await send(now - 120 * MINUTE, now);
  const { client } = running;
  let sentUntil = now;
  const item = await until('the bottleneck', 150, async () => {
    const upTo = sentUntil + Math.floor((Date.now() - sentUntil) / EVERY) * EVERY;
    if (upTo > sentUntil) await send(sentUntil, upTo);
    sentUntil = upTo;
    const { items } = await client.call('outlook', { query: { hours: 1 } });
    return items.find(({ kind, component }) => kind === 'bottleneck' && component === 'connections used');
  });
  expect(item.sentence).toMatch(/’s connections used may reach 95 % in about \d+ min/);
  expect(item.severity).toBe('high');
  const minutes = (Date.parse(item.dueAt ?? '') - Date.now()) / MINUTE;
  expect(minutes).toBeGreaterThan(1);
  expect(minutes).toBeLessThan(16);

  const alert = await until('the alert', 90, async () => {
    const { items } = await client.call('alerts', { query: {} });
    return items.find(({ rule }) => rule === 'limit-ahead');
  });
  expect(alert).toMatchObject({ kind: 'forecast', state: 'firing', subject: 'connections used' });
  const { items: rows } = await client.call('predictions', { query: { type: 'bottleneck' } });
  expect(rows).toHaveLength(1);
  expect(rows[0]?.outcome).toBe('pending');

  const global = ['--url', running.url, '--token', running.token];
  expect(await runProgram(['node', 'auspex', 'predict', '--hours', '1', ...global])).toBe(1);
  expect(await runProgram(['node', 'auspex', 'explain', alert.id, ...global])).toBe(0);
}, 300_000);
