// A backup while samples come in as fast as they are acknowledged, restored elsewhere: nothing that was acknowledged before it
// began is lost, nothing is twice, and taking in goes on meanwhile in little memory.
//   node test/acceptance/backup.ts [--fill 20]         (seconds of load before the backup)
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mainFile, startAuspex } from '../e2e/running-auspex.ts';
import { Load, type Verdict } from './load.ts';
import { Cleanup, options, pause, report, temporaryFolder } from './support.ts';

interface BackupResult extends Verdict {
  readonly megabytes: number;
  readonly backupSeconds: number;
  readonly restoreSeconds: number;
  /** 95th percentile of acknowledgements, before and while the backup is made. */
  readonly p95BeforeMs: number;
  readonly p95DuringMs: number;
  readonly refused: number;
  readonly serverGrowthMegabytes: number;
  readonly commandMegabytes: number;
}

/** The most that a process had resident until `stop`. */
function watchMemory(pid: number): { stop: () => number } {
  let most = 0;
  const look = (): void => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      most = Math.max(most, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      // it has ended
    }
  };
  look();
  const timer = setInterval(look, 20);
  return {
    stop: () => {
      clearInterval(timer);
      return Math.round(most);
    },
  };
}

async function run(home: string, ...args: string[]): Promise<{ seconds: number; megabytes: number }> {
  const began = performance.now();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', mainFile, ...args, '--home', home], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, AUSPEX_LISTEN: process.env['AUSPEX_LISTEN'] ?? '' },
  });
  const memory = watchMemory(child.pid ?? 0);
  const [code] = (await once(child, 'exit')) as [number | null];
  const megabytes = memory.stop();
  if (code !== 0) throw new Error(`auspex ${args.join(' ')} ended with ${code}`);
  return { seconds: Math.round(performance.now() - began) / 1000, megabytes };
}

function p95(times: number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.round((sorted[Math.floor(sorted.length * 0.95)] ?? 0) * 10) / 10;
}

async function backUpUnderLoad(fillSeconds: number): Promise<BackupResult> {
  const cleanup = new Cleanup();
  try {
    const folder = temporaryFolder(cleanup, 'backup');
    const file = join(folder, 'backup.tar.gz');
    const one = await startAuspex({ home: join(folder, 'one') });
    cleanup.add(() => one.kill('SIGKILL'));
    const load = new Load(one.url, 4, 0);
    let times: number[] = [];
    let refused = 0;
    load.onAnswer = (answer) => {
      if (answer.status === 204) times.push(answer.ms);
      else refused++;
    };
    load.start();
    await pause(fillSeconds * 1000);
    const p95BeforeMs = p95(times.slice(-5000));
    const acknowledged = [...load.acknowledged];
    const before = watchMemory(one.pid);
    await pause(200);
    const restingMegabytes = before.stop();
    times = [];
    const memory = watchMemory(one.pid);
    process.env['AUSPEX_LISTEN'] = one.url.replace('http://', '');
    const made = await run(one.home, 'backup', file, '--with-keys');
    const serverMegabytes = memory.stop();
    const p95DuringMs = p95(times);
    await load.stop();
    await one.stop();
    const restored = await run(join(folder, 'two'), 'restore', file);
    const two = await startAuspex({ home: join(folder, 'two') });
    cleanup.add(() => two.kill('SIGKILL'));
    const verdict = await load.check(two.client, acknowledged);
    await two.stop();
    return {
      ...verdict,
      megabytes: Math.round(statSync(file).size / 104_857.6) / 10,
      backupSeconds: made.seconds,
      restoreSeconds: restored.seconds,
      p95BeforeMs,
      p95DuringMs,
      refused,
      serverGrowthMegabytes: serverMegabytes - restingMegabytes,
      commandMegabytes: made.megabytes,
    };
  } finally {
    await cleanup.run();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const given = options({ fill: 20 });
  const result = await backUpUnderLoad(given.fill);
  const isGood = result.lost + result.twice + result.wrong + result.refused === 0;
  report('backup', [{ ...result }], { ...result }, isGood);
}
