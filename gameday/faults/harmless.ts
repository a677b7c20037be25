import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadShape } from '../load/shapes.ts';
import { STEADY } from '../probe/outside.ts';
import { needed, pause, run } from '../stack/execute.ts';
import { environmentText } from '../stack/part.ts';
import { readFileSync, copyFileSync } from 'node:fs';
import type { Stack } from '../stack/stack.ts';
import { drain, undoDrain } from './edge.ts';
import { cacheWords } from './stores.ts';
import { type FaultContext, type Step, undoByRestart } from './step.ts';

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
  return job(name, ['psql'], (stack) => [needed('psql'), '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-d', stack.plans.databaseUrl, '-c', text]);
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

/** Each instance is taken out at the edge, ended in good order, started (with other settings), and taken in again. */
export function rollThrough(settings: Readonly<Record<string, string>>): Step {
  return {
    says: Object.keys(settings).length > 0 ? 'a good version is rolled out' : 'the instances are restarted in turn',
    async apply(context) {
      const { stack } = context;
      undoDrain(stack);
      for (const { name } of stack.plans.edge.instances) {
        await drain(stack, name);
        await pause(DRAIN_MS);
        await restart(context, name, settings);
        await drain(stack, null);
        await pause(DRAIN_MS);
      }
    },
  };
}

/** Undone with care as well: users are not to notice the way back either. */
async function restart({ stack }: FaultContext, name: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const part = stack.part(name);
  if (Object.keys(settings).length > 0) {
    const good = `${part.environmentFile}.good`;
    copyFileSync(part.environmentFile, good);
    undoByRestart(stack, part);
    stack.ledger.add(['cp', good, part.environmentFile], false);
    writeFileSync(part.environmentFile, readFileSync(good, 'utf8') + environmentText(settings));
  }
  await part.stop();
  await part.start();
  await part.ready();
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

/** Another load, within what the stack bears. */
export function load(says: string, shape: LoadShape): Step {
  return {
    says,
    apply({ stack, outside }) {
      // Not in the ledger's words: the load is a process of the run, which the runner sets back at the end of each.
      void stack;
      outside.setShape(shape);
      return Promise.resolve();
    },
  };
}

export const MORE_TRAFFIC: LoadShape = { shape: 'surge', rate: 35, peak: 49, rampSeconds: 5 };
export { STEADY };
