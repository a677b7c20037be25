import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { whyNoGameday } from '../../../gameday/stack/requirements.ts';
import { SeededRandom } from '../../../src/stats/random.ts';
import { leftovers, runsIn, sharedMemory } from './leftovers.ts';

const reason = whyNoGameday();
const because = reason === null ? '' : ` (skipped: ${reason})`;
const main = resolve(import.meta.dirname, '../../../gameday/run.ts');
/** Of a killed gameday all has to be gone within this. */
const GONE_MS = 30_000;

let place: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'gameday-killed-'));
  // The database's own user walks through it.
  chmodSync(place, 0o755);
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** A gameday whose folder lies in `place`: a route, a table of rules on the machine, and a full disk, each for long. */
function gameday(): ChildProcess {
  const words = ['18', '30', '7', '--times', '50', '--fault-seconds', '6', '--out', join(place, 'out')];
  return spawn(process.execPath, [main, ...words], {
    env: { ...process.env, TMPDIR: place },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function whenGone(ids: readonly string[]): Promise<string[]> {
  const end = performance.now() + GONE_MS;
  for (;;) {
    const left = ids.flatMap((id) => leftovers(id, place));
    if (left.length === 0 || performance.now() > end) return left;
    await delay(200);
  }
}

async function hasRun(): Promise<string[]> {
  const end = performance.now() + 10_000;
  while (runsIn(place).length === 0 && performance.now() < end) await delay(20);
  return runsIn(place);
}

// While it is put together, when it has just been, and in the middle of a fault. The moment is drawn, and named when it fails.
test.skipIf(reason !== null).each([
  [1, 0, 4_000],
  [2, 4_000, 14_000],
  [3, 36_000, 48_000],
])(
  `a gameday killed at a random moment leaves nothing behind (%i)${because}`,
  async (seed, from, to) => {
    const moment = Math.round(from + (to - from) * new SeededRandom(seed + Math.floor(Date.now() / 1000)).next());
    const before = sharedMemory();
    const child = gameday();
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece) => (said += piece));
    const ids = await hasRun();
    expect(ids, said).toHaveLength(1);
    await delay(moment);
    expect(child.exitCode, `it ended by itself: ${said}`).toBeNull();
    // A stack that was not healthy after a fault has made room for another.
    const made = [...new Set([...ids, ...(await hasRun())])];
    await expect.poll(() => made.flatMap((id) => leftovers(id, place)).length, { timeout: 10_000 }).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await whenGone([...new Set([...made, ...runsIn(place)])]), `killed after ${moment} ms`).toEqual([]);
    await expect.poll(() => sharedMemory().filter((one) => !before.includes(one)), { timeout: 10_000 }).toEqual([]);
  },
  120_000,
);

test.skipIf(reason !== null)(
  `an interrupted gameday takes everything away before it ends${because}`,
  async () => {
    const child = gameday();
    const ids = await hasRun();
    await delay(12_000);
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(130);
    // Its reaper needs a moment to see that nothing is left.
    await delay(1_500);
    expect(leftovers(ids[0] as string, place)).toEqual([]);
  },
  90_000,
);
