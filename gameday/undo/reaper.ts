/**
 * Takes back what a gameday left: `node reaper.ts <ledger>`. Reads standard input, which only the gameday holds open; at its
 * end, which comes by kill -9 too, runs the inverses that are not marked as done, the last first. Twice, because a child of
 * the killed gameday may have been in the middle of a step.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { remaining } from './entries.ts';

const path = process.argv[2] ?? '';
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.stdin.resume();
process.stdin.on('end', takeBack);
process.stdin.on('error', takeBack);

function takeBack(): void {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // The folder is gone: all was undone.
  }
  const left = remaining(text).filter((entry) => entry.outlives);
  for (let pass = 0; pass < 2 && left.length > 0; pass++) {
    if (pass > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    for (const { argv } of left) spawnSync(argv[0] as string, argv.slice(1), { stdio: 'ignore', timeout: 10_000 });
  }
  process.exit(0);
}
