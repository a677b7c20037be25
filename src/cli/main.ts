#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --disable-warning=ExperimentalWarning --max-semi-space-size=1 --initial-old-space-size=4 --max-lazy --heap-growing-percent=80
import { runProgram } from './program.ts';

// A reader that has enough (`auspex forecast | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
// npm only warns of it, and what fails then says little.
if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `Auspex needs Node 24 or newer, and this is ${process.versions.node} (${process.execPath}). Install a newer one, or put one before it in PATH: npm install node@24 brings one into node_modules/.bin.\n`,
  );
  process.exit(4);
}
process.exitCode = await runProgram(process.argv);
