// Power cuts: the home on an ext4 image, the server halted by SIGSTOP under load, the image copied as it is on the disk,
// the copy mounted and opened by another process: what was acknowledged before the halt must be there.
//   node test/acceptance/power-cut.ts [--times 20]        (root; loop devices)
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startAuspex } from '../e2e/running-auspex.ts';
import { Load, type Verdict } from './load.ts';
import {
  Cleanup,
  makeLoopDisk,
  mountImage,
  options,
  pause,
  report,
  temporaryFolder,
  whyNoLoopDisks,
} from './support.ts';

export interface CutRow extends Verdict {
  readonly cut: number;
  readonly readyMs: number;
}

export async function cutAgainAndAgain(times: number): Promise<CutRow[]> {
  const cleanup = new Cleanup();
  try {
    const folder = temporaryFolder(cleanup, 'power-cut');
    const disk = makeLoopDisk(cleanup, folder, 'disk', 512);
    const running = await startAuspex({ home: join(disk.mount, 'home') });
    cleanup.add(() => running.kill('SIGKILL'));
    const load = new Load(running.url, 3, 5);
    load.start();
    const rows: CutRow[] = [];
    for (let cut = 1; cut <= times; cut++) {
      await pause(300 + Math.random() * 1500);
      process.kill(running.pid, 'SIGSTOP');
      // An answer under way may still be read by a sender: what it then counts was acknowledged before the halt.
      await pause(100);
      const acknowledged = [...load.acknowledged];
      const copy = join(folder, `copy-${cut}.img`);
      // Only what the inner file system wrote out is in the file (direct I/O); a sparse copy of it is the disk after the cut.
      execFileSync('cp', ['--sparse=always', disk.image, copy]);
      process.kill(running.pid, 'SIGCONT');
      rows.push({ cut, ...(await openCopy(cleanup, folder, copy, load, acknowledged)) });
      rmSync(copy);
    }
    await load.stop();
    return rows;
  } finally {
    await cleanup.run();
  }
}

async function openCopy(
  cleanup: Cleanup,
  folder: string,
  copy: string,
  load: Load,
  acknowledged: readonly number[],
): Promise<Verdict & { readyMs: number }> {
  // Mounting replays the journal of the file system, as after a real cut.
  const mounted = mountImage(cleanup, copy, join(folder, 'copy'));
  const began = performance.now();
  const opened = await startAuspex({ home: join(mounted.mount, 'home') });
  const readyMs = Math.round(performance.now() - began);
  try {
    return { ...(await load.check(opened.client, acknowledged)), readyMs };
  } finally {
    await opened.kill('SIGKILL');
    mounted.release();
  }
}

export function areCutsGood(rows: readonly CutRow[]): boolean {
  return rows.length > 0 && rows.every((row) => row.acknowledged > 0 && row.lost + row.twice + row.wrong === 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const impossible = whyNoLoopDisks();
  if (impossible === null) {
    const rows = await cutAgainAndAgain(options({ times: 20 }).times);
    const lost = rows.reduce((sum, row) => sum + row.lost, 0);
    report(
      'power-cut',
      rows,
      { cuts: rows.length, lost, acknowledged: rows.at(-1)?.acknowledged ?? 0 },
      areCutsGood(rows),
    );
  } else console.log(`SKIPPED power-cut: ${impossible}`);
}
