import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClient } from '../../src/api/client.ts';
import { verifyAudit, listAudit } from '../../src/cli/commands/audit.ts';
import { backup, restore } from '../../src/cli/commands/backup.ts';
import type { GlobalOptions } from '../../src/cli/connect.ts';
import type { Output } from '../../src/cli/output.ts';
import { type RunningAuspex, startAuspex } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import { labelsFrom } from '../../src/model/index.ts';
import { freePort } from '../e2e/running-auspex.ts';

/* The whole of Auspex in this process: what it writes to the audit log by itself, and the commands, while it runs and stopped. */

let folder: string;
let port: number;
const running: RunningAuspex[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'auspex-whole-'));
  port = await freePort();
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
  rmSync(folder, { recursive: true, force: true });
});

const home = (name: string): string => join(folder, name);
const globals = (name: string): GlobalOptions => ({ home: home(name), config: configOf(name) });

function configOf(name: string): string {
  return join(folder, `${name}.yaml`);
}

async function start(name: string, yaml = ''): Promise<RunningAuspex> {
  const file = configOf(name);
  const base = `server:\n  listen: 127.0.0.1:${port}\ncollect:\n  host: false\nworkers: 1\nstore:\n  minFree: 1MB\n`;
  writeFileSync(file, base + yaml);
  const read = () => loadConfig({ env: {}, file, flags: { home: home(name) } });
  const one = await startAuspex({ loaded: read(), reload: read, log: pino({ level: 'silent' }), listen: true });
  running.push(one);
  return one;
}

async function stop(one: RunningAuspex): Promise<void> {
  await one.close();
  running.splice(running.indexOf(one), 1);
}

function output(): Output & { text: string; value: unknown } {
  const made = {
    json: false,
    color: false,
    quiet: false,
    text: '',
    value: null as unknown,
    print: (text: string) => void (made.text += `${text}\n`),
    say: (text: string) => void (made.text += `${text}\n`),
    data: (value: unknown, human: () => void) => {
      made.value = value;
      human();
    },
  };
  return made;
}

function clientOf(name: string) {
  const token = readFileSync(join(home(name), 'cli-token'), 'utf8').trim();
  return createClient({ baseUrl: `http://127.0.0.1:${port}`, token });
}

const actionsOf = async (one: RunningAuspex): Promise<string[]> =>
  (await one.stores.records.find('audit_log', { limit: 500 })).rows.map((row) => `${row.action} ${row.target}`.trim());

test('start, stop, and each setting that changed, on a reload or while it did not run, are in the log', async () => {
  const first = await start('a');
  writeFileSync(configOf('a'), readFileSync(configOf('a'), 'utf8') + 'log:\n  level: error\n');
  await clientOf('a').call('reloadSettings');
  await stop(first);
  const second = await start('a', 'log:\n  level: debug\n');
  expect(await actionsOf(second)).toEqual([
    'process.start',
    'settings.reload',
    'settings.change log.level',
    'process.stop',
    'process.start',
    'settings.change log.level',
  ]);
  const { rows } = await second.stores.records.find('audit_log', { where: { action: 'settings.change' } });
  expect(rows.map((row) => [row.actor, JSON.parse(row.detail)])).toEqual([
    ['command line', { from: 'info', to: 'error' }],
    ['start', { from: 'error', to: 'debug' }],
  ]);
}, 60_000);

test('audit verify through the server and on the files say the same; after an edit both say where', async () => {
  const one = await start('a');
  await clientOf('a').call('addToken', { body: { name: 't', scope: 'read', expiresAt: null } });
  const live = output();
  expect(await verifyAudit(live, globals('a'))).toBe(0);
  expect(live.text).toMatch(/^2 acts recorded since .*; the chain is whole\.\nLast row 2, /);
  const listed = output();
  await listAudit(clientOf('a'), listed, { action: 'token.add', limit: 10 });
  expect(listed.text).toContain('command line');
  await stop(one);
  const stopped = output();
  expect(await verifyAudit(stopped, globals('a'))).toBe(0);
  expect(stopped.text).toMatch(/^3 acts/);
  const db = new DatabaseSync(join(home('a'), 'records.db'));
  db.exec("drop trigger audit_log_no_update; update audit_log set target = 'x' where action = 'token.add'");
  db.close();
  const tampered = output();
  expect(await verifyAudit(tampered, globals('a'))).toBe(1);
  expect(tampered.text).toMatch(/^The audit log is not whole: Row 2 is not as it was written/);
  await start('a');
  const again = output();
  expect(await verifyAudit(again, globals('a'))).toBe(1);
  expect(again.value).toMatchObject({ fault: { kind: 'edited', seq: 2 } });
}, 60_000);

test('backup while it runs, restore into another folder, start: everything is there, and the log tells of both', async () => {
  const one = await start('a');
  const labels = labelsFrom([
    ['__name__', 'orders'],
    ['instance', 'shop'],
  ]);
  const now = Date.now();
  for (let i = 0; i < 100; i++) {
    const ref = one.stores.metrics.index.resolve(labels, 'gauge');
    await one.stores.metrics.append({
      count: 1,
      refs: Uint32Array.of(ref),
      times: Float64Array.of(now - 100_000 + i * 1000),
      values: Float64Array.of(i),
    });
  }
  await clientOf('a').call('addToken', { body: { name: 'kept', scope: 'read', expiresAt: null } });
  const before = await countsOf('a');
  const file = join(folder, 'b.tar.gz');
  const made = output();
  expect(await backup(made, globals('a'), file, true)).toBe(0);
  expect(made.text).toMatch(/Wrote .*b\.tar\.gz: .*, checked by reading it back\.\nThe keys are in it/);
  await stop(one);

  const refusal = restore(output(), globals('a'), file, {});
  await expect(refusal).rejects.toMatchObject({ code: 'CONFLICT' });
  const name = 'b';
  writeFileSync(configOf(name), '');
  const restored = output();
  expect(await restore(restored, globals(name), file, {})).toBe(0);
  const two = await start(name);
  const after = await countsOf(name);
  expect(after).toEqual(before);
  expect(after.samples.trim().split('\n')).toHaveLength(100);
  expect(await actionsOf(two)).toEqual([
    'process.start',
    'token.add kept',
    'backup.create',
    'process.start',
    'backup.restore b.tar.gz',
    ...(await actionsOf(two)).filter((action) => action.startsWith('settings.change')),
  ]);
  const verified = output();
  expect(await verifyAudit(verified, globals(name))).toBe(0);
}, 60_000);

async function countsOf(name: string) {
  const client = clientOf(name);
  const { items: tokens } = await client.call('tokens');
  const samples = await (await client.stream('exportSamples', { query: { match: 'orders', format: 'json' } })).text();
  return { tokens: tokens.map((token) => token.name).sort(), samples };
}

test('a stopped Auspex is backed up from its files; without keys it says what cannot be read', async () => {
  await stop(await start('a'));
  const file = join(folder, 'b.tar.gz');
  const made = output();
  expect(await backup(made, globals('a'), file, false)).toBe(0);
  expect(made.text).toContain(
    'The keys are not in it. Without them models, learnt state and the proof of the audit log cannot be read',
  );
  writeFileSync(configOf('b'), '');
  await expect(restore(output(), globals('b'), file, {})).rejects.toMatchObject({ code: 'SECRET_KEY_MISSING' });
  expect(readdirSync(home('b')).filter((one) => !one.startsWith('lock'))).toEqual([]);
  const restored = output();
  expect(await restore(restored, globals('b'), file, { withoutKeys: true })).toBe(0);
  expect(restored.text).toContain('Left out, since their keys are not there: models, state.');
  await start('b');
  const verified = output();
  expect(await verifyAudit(verified, globals('b'))).toBe(1);
  expect(verified.text).toContain('cannot be proved');
}, 60_000);
