import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';

/** Debian's programs; a test that needs one names it when it is skipped. */
export const PROMETHEUS = '/usr/bin/prometheus';
export const PROMTOOL = '/usr/bin/promtool';
export const OPENSSL = '/usr/bin/openssl';
export const NODE_EXPORTER = '/usr/bin/prometheus-node-exporter';

/** For a test's name: empty when all are there. */
export function missing(...programs: readonly string[]): string {
  const absent = programs.filter((program) => !existsSync(program));
  return absent.length === 0 ? '' : ` (skipped: ${absent.join(', ')} not installed)`;
}

/** A folder from which a Prometheus starts with this past, in OpenMetrics: `data` and an empty `prometheus.yml`. */
export async function writePast(folder: string, openMetrics: string): Promise<void> {
  await writeFile(join(folder, 'past.om'), openMetrics);
  await writeFile(join(folder, 'prometheus.yml'), 'global: {}\n');
  const made = spawnSync(PROMTOOL, [
    'tsdb',
    'create-blocks-from',
    'openmetrics',
    join(folder, 'past.om'),
    join(folder, 'data'),
  ]);
  expect(String(made.stderr)).toBe('');
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Runs until the test ends; its last words are kept for a failure. */
export function run(program: string, args: readonly string[]): { child: ChildProcess; words: () => string } {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (piece: Buffer) => {
      words = (words + piece.toString()).slice(-4000);
    });
  }
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  });
  return { child, words: () => words };
}

/** Asks until `condition` holds; fails after `limitMs` with what was seen last. */
export async function until<T>(
  ask: () => Promise<T> | T,
  condition: (seen: T) => boolean,
  limitMs: number,
  what: string,
): Promise<T> {
  const end = performance.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const seen = await ask();
      if (condition(seen)) return seen;
      last = seen;
    } catch (thrown) {
      last = thrown;
    }
    if (performance.now() > end) throw new Error(`${what} did not come within ${limitMs} ms: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The sum over all series of one metric on a metrics page. */
export async function metricSum(url: string, name: string): Promise<number> {
  const text = await (await fetch(url)).text();
  const rows = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return rows.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
