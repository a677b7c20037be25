import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import runtime from '../../scripts/runtime.json' with { type: 'json' };
import { type Client, createClient } from '../../src/api/client.ts';

const root = resolve(import.meta.dirname, '../..');
/** What is started; another build of it where the variable says so. */
export const mainFile = process.env['TEST_AUSPEX_MAIN'] ?? join(root, 'dist/cli/main.js');

export interface RunningAuspex {
  readonly url: string;
  readonly home: string;
  readonly pid: number;
  readonly token: string;
  readonly client: Client;
  /** Everything it wrote so far, both streams. */
  output(): string;
  /** Ends it as a user would (SIGTERM) and gives its exit code. */
  stop(): Promise<number | null>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export function temporaryHome(): string {
  return mkdtempSync(join(tmpdir(), 'auspex-home-'));
}

export function removeHome(home: string): void {
  rmSync(home, { recursive: true, force: true });
}

/** The real process, as `npm start` runs it, in a home folder of its own; resolves when it is ready. */
export async function startAuspex(options: {
  home: string;
  port?: number;
  args?: readonly string[];
  env?: Record<string, string>;
}): Promise<RunningAuspex> {
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [...runtime.flags, mainFile, 'start', ...(options.args ?? [])], {
    env: {
      ...runtime.env,
      ...process.env,
      AUSPEX_HOME: options.home,
      AUSPEX_LISTEN: `127.0.0.1:${port}`,
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await untilReady(child, url, () => output);
  const token = readFileSync(join(options.home, 'cli-token'), 'utf8').trim();
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    url,
    home: options.home,
    pid: child.pid ?? 0,
    token,
    client: createClient({ baseUrl: url, token }),
    output: () => output,
    stop: async () => {
      child.kill('SIGTERM');
      return (await ended)[0];
    },
    kill: async (signal) => {
      child.kill(signal);
      await ended;
    },
  };
}

export async function until<T>(what: string, seconds: number, probe: () => Promise<T | undefined | false>): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`Not within ${seconds} s: ${what}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

async function untilReady(child: ChildProcess, url: string, output: () => string): Promise<void> {
  await until('ready', 30, async () => {
    if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}:\n${output()}`);
    try {
      return (await fetch(`${url}/readyz`)).status === 200;
    } catch {
      return false;
    }
  });
}
