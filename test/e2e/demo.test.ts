import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from 'vitest';
import runtime from '../../scripts/runtime.json' with { type: 'json' };
import { axeFindings, axeScript, complaints, hasChromium, launch, sticksOut } from './dashboard/browser.ts';
import { ensurePage } from './dashboard/page-build.ts';
import { mainFile, until } from './running-auspex.ts';

/* `auspex demo` as a newcomer starts it: a recorded fault in the live page within a minute, nothing of this machine, nothing left behind. */

// Both the page and the terminal need it.
beforeAll(ensurePage);

const children: ChildProcess[] = [];
const folders: string[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function start(args: readonly string[] = []) {
  const temporary = mkdtempSync(join(tmpdir(), 'auspex-demo-test-'));
  folders.push(temporary);
  const own = join(temporary, 'own-home');
  const child = spawn(process.execPath, [...runtime.flags, mainFile, 'demo', ...args], {
    env: { ...process.env, ...runtime.env, TMPDIR: temporary, AUSPEX_HOME: own },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const link = () => until('the link', 90, async () => /http:\S+sign-in\S+/.exec(output)?.[0]);
  return {
    link,
    output: () => output,
    path: (name: string) => join(temporary, name),
    /** What it wrote and where a person's own data would be. */
    left: () => [
      ...readdirSync(temporary).filter((name) => name !== 'own-home'),
      ...(existsSync(own) ? ['own-home'] : []),
    ],
    stop: async () => {
      child.kill('SIGINT');
      return (await ended)[0];
    },
  };
}

test.skipIf(!hasChromium)(
  'the fault is an incident with its cause on the live page within a minute, marked as a demonstration everywhere (needs chromium)',
  async () => {
    const demo = start();
    const link = await demo.link();
    const browser = await launch();
    try {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
      await context.addInitScript(axeScript());
      const page = await context.newPage();
      const found = complaints(page);
      const began = performance.now();
      const answer = await page.goto(link);
      expect(answer?.headers()['auspex-demonstration']).toBe('true');
      await page.locator('nav a[href^="/incidents"]').first().click();
      await page
        .locator('main .rows > li', { hasText: /disk full/i })
        .first()
        .waitFor({ timeout: 60_000 });
      expect(performance.now() - began).toBeLessThan(60_000);
      await page
        .locator('main .rows > li a', { hasText: /disk full/i })
        .first()
        .click();
      await page
        .getByText(/gameday-spool/)
        .first()
        .waitFor();
      for (const path of ['/', '/incidents', '/explore', '/status']) {
        await page.goto(new URL(path, link).href);
        await page.getByText('DEMONSTRATION').waitFor();
        await page.locator('h1').first().waitFor();
        expect(await axeFindings(page)).toEqual([]);
      }
      await page.setViewportSize({ width: 320, height: 640 });
      expect(await sticksOut(page)).toBe(0);
      expect(found).toEqual([]);
    } finally {
      await browser.close();
    }
    expect(await demo.stop(), demo.output()).toBe(0);
    expect(demo.left()).toEqual([]);
  },
  240_000,
);

const script = '/usr/bin/script';
test.skipIf(!existsSync(script))(
  'a terminal of 80×24 begins with the incident, opens it, and has no colour where nobody wants any (needs script)',
  async () => {
    const demo = start();
    const { origin } = new URL(await demo.link());
    const [home = ''] = demo.left();
    await until('the incident', 60, async () => demo.output().includes('Incident: Disk full'));
    const words = [
      process.execPath,
      mainFile,
      'dashboard',
      '--home',
      demo.path(home),
      '--url',
      origin,
      '--refresh-interval',
      '1',
    ];
    const terminal = spawn(script, ['-qefc', `stty rows 24 cols 80; exec ${words.join(' ')}`, '/dev/null'], {
      // A terminal is one also where a build service's variable is set.
      env: { ...process.env, CI: 'true', NO_COLOR: '1', TERM: 'xterm-256color' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(terminal);
    let screen = '';
    terminal.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()));
    await until('the incidents', 60, async () => /INCIDENTS 1 open[\s\S]*high[\s\S]*Disk full/.test(screen));
    terminal.stdin.write('\r');
    await until('the causes', 30, async () => /LIKELY BEHIND IT[\s\S]*gameday-spool[\s\S]*SIGNS/.test(screen));
    for (const [, code] of screen.matchAll(/\[([\d;]+)m/g)) expect(code).not.toMatch(/(^|;)(3[0-7]|38|9[0-7])(;|$)/);
    terminal.stdin.write('\u001b');
    terminal.stdin.write('q');
    expect(await demo.stop(), demo.output()).toBe(0);
  },
  240_000,
);

test('Ctrl-C before it is ready leaves nothing behind', async () => {
  const demo = start();
  await until('its folder', 60, async () => demo.left().length > 0);
  expect(await demo.stop(), demo.output()).toBe(0);
  expect(demo.left()).toEqual([]);
}, 120_000);

test('its help has an example', async () => {
  const demo = start(['--help']);
  await until('the help', 30, async () => demo.output().includes('$ auspex demo'));
  expect(demo.output()).toContain('--speed <n>');
});
