import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { needed, pause, run } from '../stack/execute.ts';
import { environmentText } from '../stack/part.ts';
import { type Step, startOffender, undoByRestart, writeWords } from './step.ts';

/* Faults of processes: killed, stopped, started wrongly, starved. */

/** Sends a signal to a part's process. What is stopped goes on at undo; what is killed is started by the stack. */
export function signal(name: string, which: 'KILL' | 'STOP'): Step {
  return {
    says: `SIG${which} to ${name}`,
    async apply({ stack }) {
      const part = stack.part(name);
      const pid = part.pid();
      if (pid === null) throw new Error(`${name} does not run.`);
      if (which === 'STOP') stack.ledger.add(['sh', '-c', 'kill -CONT "$1" || true', 'go-on', String(pid)], false);
      await run(['kill', `-${which}`, String(pid)]);
    },
  };
}

/** Stops a part as a person would; it stays stopped, whoever supervises it. */
export function stop(name: string): Step {
  return {
    says: `${name} is stopped`,
    async apply({ stack }) {
      const part = stack.part(name);
      stack.ledger.add(part.startWords, false);
      await part.stop();
    },
  };
}

/** Starts parts one after another with other settings. Undone by starting them with the old ones. */
export function restartWith(names: readonly string[], settings: Readonly<Record<string, string>>): Step {
  return {
    says: `${names.join(' and ')} started with ${Object.keys(settings).join(', ')}`,
    async apply({ stack }) {
      for (const name of names) {
        const part = stack.part(name);
        const good = `${part.environmentFile}.good`;
        copyFileSync(part.environmentFile, good);
        undoByRestart(stack, part);
        stack.ledger.add(['cp', good, part.environmentFile], false);
        // A shell reads the last assignment of a name.
        const changed = readFileSync(good, 'utf8') + environmentText(settings);
        await part.stop();
        writeFileSync(part.environmentFile, changed);
        await part.start();
      }
    },
  };
}

/** A service whose clock is off: started under libfaketime. */
export function clockSkew(name: string, by: string): Step {
  return {
    says: `the clock of ${name} is off by ${by}`,
    programs: ['faketime'],
    apply(context) {
      const settings = { LD_PRELOAD: fakeTimeLibrary(), FAKETIME: by, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
      return restartWith([name], settings).apply(context);
    },
  };
}

function fakeTimeLibrary(): string {
  const folders = ['/usr/lib', ...readdirSync('/usr/lib').map((name) => join('/usr/lib', name))];
  const path = folders.map((folder) => join(folder, 'faketime', 'libfaketimeMT.so.1')).find(existsSync);
  if (path === undefined) throw new Error('libfaketime is not installed.');
  return path;
}

/** Another program sits on a part's port when that is started. */
export function squatPort(name: string): Step {
  return {
    says: `the port of ${name} is taken by another program`,
    async apply(context) {
      const { stack } = context;
      const part = stack.part(name);
      stack.ledger.add(part.startWords, false);
      const squatter = fileURLToPath(new URL('port-squatter.ts', import.meta.url));
      await part.stop();
      await startOffender(context, 'port-squatter', [process.execPath, squatter, part.address, String(part.port)]);
      stack.ledger.add(part.stopWords, false);
      await pause(500);
      await part.start();
    },
  };
}

/** Programs that compute, with a weight of their own among the run's groups (100 is what a part has). */
export function stressCpu(workers: number, weight: number): Step {
  return {
    says: `stress-ng on ${workers} processors`,
    programs: ['stress-ng'],
    async apply(context) {
      const { stack } = context;
      stack.groups.setWeight('stress-ng', weight);
      const words = ['--cpu', String(workers), '--cpu-method', 'matrixprod', '--timeout', '600'];
      await startOffender(context, 'stress-ng', [needed('stress-ng'), ...words]);
    },
  };
}

/** Memory is lost at so many megabytes a second, fast where only its showing counts. Undone by a restart without. */
export function leak(name: string, megabytes: number): Step {
  return {
    says: `${name} leaks memory`,
    async apply({ stack, isQuick }) {
      const part = stack.part(name);
      const file = join(stack.folder, `leak-${name}`);
      undoByRestart(stack, part);
      stack.ledger.add(['rm', '-f', file], false);
      await run(writeWords(file, String(isQuick ? 40 : megabytes)));
    },
  };
}
