import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import { version } from '../../src/version.ts';
import {
  freePort,
  mainFile,
  removeHome,
  type RunningAuspex,
  startAuspex,
  temporaryHome,
  until,
} from './running-auspex.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function aHome(): string {
  const home = temporaryHome();
  cleanUps.push(() => removeHome(home));
  return home;
}

async function begin(home: string, args: readonly string[] = []): Promise<RunningAuspex> {
  const running = await startAuspex({ home, args });
  cleanUps.push(() => running.kill('SIGKILL'));
  return running;
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly seconds: number;
}

/** Runs a command of the CLI to its end. */
async function run(home: string, ...args: string[]): Promise<Ended> {
  const began = performance.now();
  const child: ChildProcess = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', mainFile, ...args], {
    env: { ...process.env, AUSPEX_HOME: home, AUSPEX_LISTEN: `127.0.0.1:${await freePort()}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  cleanUps.push(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output, seconds: (performance.now() - began) / 1000 };
}

test('the start prints a sign-in link that opens the page, once', async () => {
  const running = await begin(aHome());
  // It answers a moment before it has said so.
  const link = await until('the link', 10, async () => /http:\/\/\S+\/sign-in\?code=\S+/.exec(running.output())?.[0]);
  const signedIn = await fetch(link, { redirect: 'manual' });
  expect(signedIn.status).toBe(303);
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  const page = await fetch(new URL(signedIn.headers.get('location') ?? '', running.url), { headers: { cookie } });
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<!doctype html>');
  expect((await fetch(`${running.url}/api/overview`, { headers: { cookie } })).status).toBe(200);
  expect((await fetch(link, { redirect: 'manual' })).status).toBe(401);
  expect((await fetch(`${running.url}/api/overview`)).status).toBe(401);
});

test('a second start in the same home says who holds it, and harms nothing', async () => {
  const home = aHome();
  const running = await begin(home);
  const second = await run(home, 'start');
  expect(second.code).toBe(4);
  expect(second.output).toContain('STORE_LOCKED');
  expect(second.output).toContain(`process ${running.pid}`);
  expect((await fetch(`${running.url}/readyz`)).status).toBe(200);
});

test('SIGTERM saves and ends with 0 within seconds; the next start is ready within 3 s', async () => {
  const home = aHome();
  let running = await begin(home);
  // The best of three: what else runs on the machine is not ours.
  const ends: number[] = [];
  const starts: number[] = [];
  for (let i = 0; i < 3; i++) {
    const asked = performance.now();
    expect(await running.stop()).toBe(0);
    ends.push(performance.now() - asked);
    expect(existsSync(join(home, 'state', 'detector-position'))).toBe(true);
    const restarted = performance.now();
    running = await begin(home);
    starts.push(performance.now() - restarted);
  }
  expect(Math.min(...ends)).toBeLessThan(5000);
  expect(Math.min(...starts)).toBeLessThan(3000);
});

test('`auspex stop` ends the process of this home, and says when there is none', async () => {
  const home = aHome();
  const running = await begin(home);
  const stopped = await run(home, 'stop');
  expect(stopped.output).toContain(`Stopped (process ${running.pid})`);
  expect(stopped.code).toBe(0);
  const again = await run(home, 'stop');
  expect(again.code).toBe(2);
  expect(again.output).toContain(home);
});

test('`start --duration` ends by itself, with 0', async () => {
  const ended = await run(aHome(), 'start', '--duration', '0.02');
  expect(ended.code).toBe(0);
  expect(ended.output).toContain('are over');
});

test('a wrong key in the configuration is named with its line, and ends the start with 2', async () => {
  const home = aHome();
  writeFileSync(join(home, 'auspex.yaml'), 'collect:\n  interval: 5s\n  intervall: 3s\n');
  const ended = await run(home, 'start');
  expect(ended.code).toBe(2);
  expect(ended.output).toContain('CONFIG_INVALID');
  expect(ended.output).toContain('intervall');
  expect(ended.output).toMatch(/auspex\.yaml:3\b|line 3\b/);
});

test('a configuration that is no YAML is named with its line', async () => {
  const home = aHome();
  writeFileSync(join(home, 'auspex.yaml'), 'collect:\n  interval: [5s\nserver: {}\n');
  const ended = await run(home, 'start');
  expect(ended.code).toBe(2);
  expect(ended.output).toMatch(/auspex\.yaml:\d|line \d/);
});

test('says its version', async () => {
  const ended = await run(aHome(), '--version');
  expect([ended.code, ended.output.trim()]).toEqual([0, version]);
});

test('a home that a newer version wrote is refused in one line', async () => {
  const home = aHome();
  const running = await begin(home);
  await running.stop();
  const records = new DatabaseSync(join(home, 'records.db'));
  const table = records
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%migration' ORDER BY name")
    .get() as { name: string };
  records.exec(`INSERT INTO "${table.name}" (name, timestamp) VALUES ('9999-from-the-future', '2100-01-01')`);
  records.close();
  const ended = await run(home, 'start');
  expect(ended.code).toBe(4);
  expect(ended.output).toContain('STORE_NEWER');
  expect(ended.output).not.toContain('    at ');
});
