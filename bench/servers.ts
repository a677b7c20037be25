import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import runtime from '../scripts/runtime.json' with { type: 'json' };

/* The servers that are measured: started in a folder of their own on a free port, stopped and removed by `stop`. */

const root = fileURLToPath(new URL('..', import.meta.url));

export interface ProcessUse {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly pssBytes: number;
}

export interface Server {
  readonly port: number;
  readonly pid: number;
  readonly home: string;
  readonly startMs: number;
  use(): ProcessUse;
  stop(): Promise<void>;
}

export interface AuspexServer extends Server {
  /** An API call with the CLI's token. */
  get<T>(path: string): Promise<T>;
  /** The same, as it came. */
  text(path: string): Promise<string>;
  ingest(): Promise<{ waiting: number; scoreLagMs: number }>;
  signInLink(): Promise<string>;
}

export async function startAuspex(
  options: {
    env?: Readonly<Record<string, string>>;
    nodeFlags?: readonly string[];
    config?: string;
    home?: string;
  } = {},
): Promise<AuspexServer> {
  const port = await freePort();
  const home = options.home ?? mkdtempSync(join(process.env['BENCH_HOME'] ?? tmpdir(), 'auspex-bench-'));
  if (options.config !== undefined) writeFileSync(join(home, 'auspex.yaml'), options.config);
  const main = join(root, 'dist', 'cli', 'main.js');
  if (!existsSync(main)) throw new Error('There is no dist/: run `npm run build` first.');
  const env = { ...runtime.env, AUSPEX_HOME: home, AUSPEX_LISTEN: `127.0.0.1:${port}`, ...options.env };
  const configFlag = options.config === undefined ? [] : ['--config', join(home, 'auspex.yaml')];
  const server = await start({
    command: process.execPath,
    args: [...runtime.flags, ...(options.nodeFlags ?? []), main, 'start', ...configFlag],
    env,
    home,
    port,
    ready: '/readyz',
    keepHome: options.home !== undefined,
  });
  const token = readFileSync(join(home, 'cli-token'), 'utf8').trim();
  const text = async (path: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` } });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response.text();
  };
  const get = async <T>(path: string): Promise<T> => JSON.parse(await text(path)) as T;
  return {
    ...server,
    get,
    text,
    ingest: async () => (await get<{ ingest: { waiting: number; scoreLagMs: number } }>('/api/status')).ingest,
    signInLink: () => printed(process.execPath, [...runtime.flags, main, 'dashboard', '--link'], env),
  };
}

/** Debian's package, or another on the path; null where there is none. */
export function findProgram(...names: string[]): string | null {
  for (const name of names) {
    for (const folder of (process.env['PATH'] ?? '').split(':')) {
      if (existsSync(join(folder, name))) return join(folder, name);
    }
  }
  return null;
}

export async function startPrometheus(
  program: string,
  options: { config?: string; args?: readonly string[] } = {},
): Promise<Server> {
  const port = await freePort();
  const home = mkdtempSync(join(process.env['BENCH_HOME'] ?? tmpdir(), 'prometheus-bench-'));
  writeFileSync(join(home, 'prometheus.yml'), options.config ?? 'global: {}\n');
  return start({
    command: program,
    args: [
      `--config.file=${join(home, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(home, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...(options.args ?? ['--web.enable-remote-write-receiver']),
    ],
    env: {},
    home,
    port,
    ready: '/-/ready',
  });
}

export async function startVictoriaMetrics(program: string): Promise<Server> {
  const port = await freePort();
  const home = mkdtempSync(join(process.env['BENCH_HOME'] ?? tmpdir(), 'victoria-bench-'));
  return start({
    command: program,
    args: [`-storageDataPath=${join(home, 'data')}`, `-httpListenAddr=127.0.0.1:${port}`, '-retentionPeriod=1'],
    env: {},
    home,
    port,
    ready: '/health',
  });
}

export async function startNodeExporter(program: string): Promise<Server> {
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), 'exporter-bench-'));
  return start({ command: program, args: [`--web.listen-address=127.0.0.1:${port}`], env: {}, home, port, ready: '/' });
}

async function start(what: {
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  home: string;
  port: number;
  ready: string;
  keepHome?: boolean;
}): Promise<Server> {
  const { command, args, env, home, port, ready, keepHome } = what;
  const log = openSync(join(home, 'bench.log'), 'w');
  const begun = performance.now();
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', log, log] });
  const onExit = (): void => void child.kill('SIGKILL');
  process.on('exit', onExit);
  const stop = async (): Promise<void> => {
    process.off('exit', onExit);
    await ended(child);
    if (keepHome !== true) rmSync(home, { recursive: true, force: true });
  };
  while (!(await answers(`http://127.0.0.1:${port}${ready}`))) {
    if (child.exitCode !== null || performance.now() - begun > 60_000) {
      const text = readFileSync(join(home, 'bench.log'), 'utf8').slice(-2_000);
      await stop();
      throw new Error(`${command} did not become ready:\n${text}`);
    }
    await delay(20);
  }
  const pid = child.pid as number;
  return { port, pid, home, startMs: performance.now() - begun, use: () => useOf(pid), stop };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await exit;
  clearTimeout(timer);
}

/** Of one process, all its threads. */
export function useOf(pid: number): ProcessUse {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const memory = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(memory)?.[1] ?? Number.NaN) * 1024;
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    rssBytes: bytes('Rss'),
    pssBytes: bytes('Pss'),
  };
}

export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

function printed(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve(text.trim()) : reject(new Error(`${command} ended with ${code}`)),
    );
  });
}
