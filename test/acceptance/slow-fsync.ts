// A disk whose commits take 50 ms: the event loop must not notice. In one process, so that the loop can be measured.
//   node test/acceptance/slow-fsync.ts [--seconds 30] [--delay 50]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { createClient } from '../../src/api/client.ts';
import { startAuspex } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { freePort } from '../e2e/running-auspex.ts';
import { Load, type Verdict } from './load.ts';
import { Cleanup, options, pause, report, temporaryFolder } from './support.ts';

export interface SlowResult extends Verdict {
  readonly delayMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly requests: number;
  readonly slowestAcknowledgementMs: number;
}

export async function measureLoop(commitDelayMs: number, seconds: number): Promise<SlowResult> {
  const cleanup = new Cleanup();
  try {
    const home = join(temporaryFolder(cleanup, 'slow-fsync'), 'home');
    const port = await freePort();
    const read = () => loadConfig({ env: { AUSPEX_HOME: home, AUSPEX_LISTEN: `127.0.0.1:${port}` } });
    const auspex = await startAuspex({
      loaded: read(),
      reload: read,
      log: createLogger('error'),
      listen: true,
      storeOptions: { commitDelayMs },
    });
    cleanup.add(() => auspex.close());
    // In a process of its own, so that the senders' work is not taken for the server's.
    const sending = sendFor(cleanup, auspex.url, seconds + 4);
    await pause(3000);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await pause(seconds * 1000);
    delay.disable();
    const { acknowledged, slowestMs, from } = await sending;
    const token = readFileSync(join(home, 'cli-token'), 'utf8').trim();
    const load = new Load(auspex.url, acknowledged.length, 0, from);
    const verdict = await load.check(createClient({ baseUrl: auspex.url, token }), acknowledged);
    return {
      ...verdict,
      delayMs: commitDelayMs,
      p99Ms: round(delay.percentile(99)),
      maxMs: round(delay.max),
      requests: acknowledged.reduce((sum, count) => sum + count, 0),
      slowestAcknowledgementMs: Math.round(slowestMs),
    };
  } finally {
    await cleanup.run();
  }
}

interface Sent {
  readonly acknowledged: readonly number[];
  readonly slowestMs: number;
  readonly from: number;
}

async function sendFor(cleanup: Cleanup, url: string, seconds: number): Promise<Sent> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'load-process.ts'), url, String(seconds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanup.add(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  return JSON.parse(text) as Sent;
}

function round(nanoseconds: number): number {
  return Math.round(nanoseconds / 1e5) / 10;
}

/** A stall that only the slow disk brings is the store's. */
export function isLoopFree(quick: SlowResult, slow: SlowResult): boolean {
  return slow.lost + slow.twice + slow.wrong === 0 && slow.requests > 0 && slow.maxMs <= Math.max(20, quick.maxMs + 20);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const given = options({ seconds: 30, delay: 50 });
  const quick = await measureLoop(0, given.seconds);
  const slow = await measureLoop(given.delay, given.seconds);
  report('slow-fsync', [quick, slow], { quick, slow }, isLoopFree(quick, slow));
  // What the library leaves running must not hold the run up.
  process.exit();
}
