import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { needed, pause, run } from '../stack/execute.ts';
import { environmentText } from '../stack/part.ts';
import { GOOD_VERSION } from '../stack/plans.ts';
import type { Stack } from '../stack/stack.ts';
import { drain, undoDrain } from './edge.ts';
import type { Step } from './step.ts';
import { cacheWords } from './stores.ts';

/* What happens on every healthy system, and looks like trouble to a bad watch. */

/** Requests that an instance has under way end within this. */
const DRAIN_MS = 1_500;

/** A program that runs once beside the stack and has to succeed. */
export function job(name: string, programs: readonly string[], words: (stack: Stack) => readonly string[]): Step {
  return {
    says: `${name} runs`,
    programs,
    async apply(context) {
      const { stack } = context;
      stack.ledger.add(stack.groups.kill(name), false);
      const child = await stack.start(name, words(stack));
      const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
      if (code !== 0) throw new Error(`${name} ended with ${code}`);
    },
  };
}

/** A query of SQL as a person runs it. */
export function query(name: string, text: string): Step {
  return job(name, ['psql'], (stack) => [
    needed('psql'),
    '-q',
    '-v',
    'ON_ERROR_STOP=1',
    '-o',
    '/dev/null',
    '-d',
    stack.plans.databaseUrl,
    '-c',
    text,
  ]);
}

/** A copy of the whole database, compressed. */
export function backUp(): Step {
  return job('backup', ['pg_dump'], (stack) => {
    const words = ['-Fc', '-Z', '1', '-f', join(stack.folder, 'backup.dump'), '-d', stack.plans.databaseUrl];
    return ['nice', '-n', '10', needed('pg_dump'), ...words];
  });
}

/** Redis writes what it holds to the disk. */
export function saveCache(): Step {
  return {
    says: 'the cache is saved',
    async apply({ stack }) {
      await run(cacheWords(stack, ['BGSAVE']));
    },
  };
}

/** The version after the good one, which is as good. */
const NEXT_VERSION = '1.4.1';

/**
 * Each instance is taken out at the edge, ended in good order, started (in the other of two good versions) and taken in
 * again. It stays so: the way back would be one more release.
 */
export function rollThrough(isRelease: boolean): Step {
  return {
    says: isRelease ? 'a good version is rolled out' : 'the instances are restarted in turn',
    async apply({ stack }) {
      undoDrain(stack);
      for (const { name } of stack.plans.edge.instances) {
        const part = stack.part(name);
        await drain(stack, name);
        await pause(DRAIN_MS);
        if (isRelease)
          appendFileSync(part.environmentFile, environmentText({ VERSION: otherVersion(part.environmentFile) }));
        await part.stop();
        await part.start();
        await part.ready();
        await drain(stack, null);
        await pause(DRAIN_MS);
      }
    },
  };
}

function otherVersion(environmentFile: string): string {
  const versions = [...readFileSync(environmentFile, 'utf8').matchAll(/^VERSION='(.*)'$/gm)];
  return versions.at(-1)?.[1] === NEXT_VERSION ? GOOD_VERSION : NEXT_VERSION;
}

/** The edge's log is moved away, begun anew and compressed. */
export function rotateLog(): Step {
  const script = `mv "$1" "$1.1" && kill -USR1 "$(cat "$2")" && sleep 1 && gzip -f "$1.1"`;
  return job('logrotate', ['gzip'], (stack) => [
    'sh',
    '-c',
    script,
    'logrotate',
    join(stack.folder, 'log', 'edge-access.log'),
    stack.part('edge').pidFile,
  ]);
}
