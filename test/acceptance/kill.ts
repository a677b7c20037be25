// kill -9 at random moments under remote write: ready again within 5 s, nothing acknowledged lost, nothing twice, the
// same findings as without a single kill.
//   node test/acceptance/kill.ts [--times 50]
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, type RunningAuspex, startAuspex, until } from '../e2e/running-auspex.ts';
import { differences, findingIds } from './compare-findings.ts';
import { Load, type Verdict } from './load.ts';
import { Cleanup, options, pause, report, temporaryFolder } from './support.ts';
import { SyntheticFleet } from './synthetic-fleet.ts';

export interface KillResult extends Verdict {
  readonly kills: number;
  readonly slowestReadyMs: number;
  readonly findings: number;
  readonly missing: readonly string[];
  readonly beyond: readonly string[];
  readonly repeated: number;
}

export async function killAgainAndAgain(times: number, longestLifeMs: number): Promise<KillResult> {
  const cleanup = new Cleanup();
  try {
    const home = join(temporaryFolder(cleanup, 'kill'), 'home');
    const port = await freePort();
    const begin = (): Promise<RunningAuspex> => startAuspex({ home, port, env: { TZ: 'UTC' } });
    let running = await begin();
    cleanup.add(() => running.kill('SIGKILL'));
    const load = new Load(running.url, 2, 20);
    load.start();
    const fleet = new SyntheticFleet(2, Math.max(60, Math.min(240, times * 4)));
    const sent = fleet.send(() => load.url, 60);
    let slowestReadyMs = 0;
    for (let kill = 0; kill < times; kill++) {
      await pause(Math.random() * longestLifeMs);
      await running.kill('SIGKILL');
      const began = performance.now();
      running = await begin();
      slowestReadyMs = Math.max(slowestReadyMs, performance.now() - began);
    }
    await sent;
    await load.stop();
    const verdict = await load.check(running.client);
    const expected = fleet.findings();
    const found = await settledFindings(running, expected.size);
    return {
      ...verdict,
      kills: times,
      slowestReadyMs: Math.round(slowestReadyMs),
      findings: expected.size,
      ...differences(expected, found.ids),
      repeated: found.repeated,
    };
  } finally {
    await cleanup.run();
  }
}

/** The last findings are written with the next tick. */
async function settledFindings(running: RunningAuspex, count: number): Promise<Awaited<ReturnType<typeof findingIds>>> {
  await until('the findings', 15, async () => (await findingIds(running.client)).ids.size >= count).catch(() => false);
  return findingIds(running.client);
}

export function isKillGood(result: KillResult): boolean {
  const { lost, twice, wrong, missing, beyond, repeated, slowestReadyMs } = result;
  return lost + twice + wrong + missing.length + beyond.length + repeated === 0 && slowestReadyMs <= 5000;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const given = options({ times: 50, life: 3000 });
  const result = await killAgainAndAgain(given.times, given.life);
  const { missing, beyond, ...rest } = result;
  report('kill', [{ ...rest, missing: missing.length, beyond: beyond.length }], { ...result }, isKillGood(result));
}
