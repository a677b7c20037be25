// An agent whose server is away: halted, the agent killed once meanwhile and started again. Then every collection is
// there once: no gap beyond the moment of the kill, nothing twice.
//   node test/acceptance/agent.ts [--minutes 10] [--interval 10]
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mainFile, startAuspex, until } from '../e2e/running-auspex.ts';
import { exported } from './load.ts';
import { Cleanup, options, pause, report, temporaryFolder } from './support.ts';

export interface AgentResult {
  readonly awaySeconds: number;
  readonly collections: number;
  /** Collections missing: of them, those that fall into the moment of the kill and the start after it. */
  readonly missing: number;
  readonly missingAtKill: number;
  readonly twice: number;
  readonly spooledKiB: number;
  readonly caughtUpSeconds: number;
}

/** A gauge that every collection of any Linux host has. */
const METRIC = 'auspex_host_memory_ratio';

export async function cutAgentOff(awaySeconds: number, intervalSeconds: number): Promise<AgentResult> {
  const cleanup = new Cleanup();
  try {
    const folder = temporaryFolder(cleanup, 'agent');
    const server = await startAuspex({ home: join(folder, 'server'), env: { AUSPEX_COLLECT_HOST: 'false' } });
    cleanup.add(() => server.kill('SIGKILL'));
    const began = Date.now();
    let agent = startAgent(cleanup, server.url, server.token, join(folder, 'agent'), intervalSeconds);
    await until(
      'the first samples',
      30 + intervalSeconds,
      async () => (await collections(server.client, began)).length > 1,
    );
    // Halted, not ended: connections stay open and nobody answers, the worst way to be away.
    process.kill(server.pid, 'SIGSTOP');
    cleanup.add(() => void process.kill(server.pid, 'SIGCONT'));
    await pause((awaySeconds * 1000) / 2);
    const killedAt = Date.now();
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    const spooledKiB = Math.round(folderBytes(join(folder, 'agent')) / 1024);
    agent = startAgent(cleanup, server.url, server.token, join(folder, 'agent'), intervalSeconds);
    await pause((awaySeconds * 1000) / 2);
    process.kill(server.pid, 'SIGCONT');
    const backAt = Date.now();
    await until('what was collected meanwhile', 120, async () => {
      const times = await collections(server.client, began);
      return (times.at(-1) ?? 0) > backAt;
    });
    const caughtUpSeconds = Math.round((Date.now() - backAt) / 1000);
    await pause(2000 * intervalSeconds);
    agent.kill('SIGTERM');
    await once(agent, 'exit');
    await pause(500);
    return {
      awaySeconds,
      ...judge(await collections(server.client, began), killedAt, intervalSeconds),
      spooledKiB,
      caughtUpSeconds,
    };
  } finally {
    await cleanup.run();
  }
}

function startAgent(cleanup: Cleanup, url: string, token: string, home: string, intervalSeconds: number): ChildProcess {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', mainFile, 'agent', '--to', url, '--interval', String(intervalSeconds)],
    { env: { ...process.env, AUSPEX_HOME: home, AUSPEX_TOKEN: token }, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  cleanup.add(() => void child.kill('SIGKILL'));
  return child;
}

/** Times of all collections, each as often as it is stored. */
async function collections(client: Parameters<typeof exported>[0], from: number): Promise<number[]> {
  const times: number[] = [];
  for await (const line of exported(client, METRIC, from - 60_000))
    times.push(Date.parse((JSON.parse(line) as { time: string }).time));
  return times.sort((a, b) => a - b);
}

function judge(
  times: readonly number[],
  killedAt: number,
  intervalSeconds: number,
): Pick<AgentResult, 'collections' | 'missing' | 'missingAtKill' | 'twice'> {
  const intervalMs = intervalSeconds * 1000;
  let twice = 0;
  let missing = 0;
  let missingAtKill = 0;
  for (let i = 1; i < times.length; i++) {
    const before = times[i - 1] ?? 0;
    const time = times[i] ?? 0;
    if (time === before) twice++;
    const skipped = Math.max(0, Math.round((time - before) / intervalMs) - 1);
    missing += skipped;
    // A start takes a moment; what falls into it was never collected.
    if (before <= killedAt && time >= killedAt) missingAtKill += skipped;
  }
  return { collections: times.length, missing, missingAtKill, twice };
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

export function isAgentGood(result: AgentResult): boolean {
  return (
    result.collections > 3 && result.twice === 0 && result.missing === result.missingAtKill && result.missingAtKill <= 2
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const given = options({ minutes: 10, interval: 10 });
  const result = await cutAgentOff(given.minutes * 60, given.interval);
  report('agent', [result], { ...result }, isAgentGood(result));
}
