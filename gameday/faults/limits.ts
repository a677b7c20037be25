import { run } from '../stack/execute.ts';
import { type Step, writeWords } from './step.ts';

/* Faults of limits: too little processor, too few files. */

/** So many cores for a part and no more. */
export function cpuQuota(name: string, cores: number): Step {
  return {
    says: `${name} gets ${cores} of a core`,
    async apply({ stack }) {
      const without = stack.groups.quota(name, null);
      const limited = stack.groups.quota(name, cores);
      stack.ledger.add(writeWords(without.file, without.text), false);
      await run(writeWords(limited.file, limited.text));
    },
  };
}

/** A running part may open no file or connection beyond so many. */
export function openFileLimit(name: string, files: number): Step {
  return {
    says: `${name} may have ${files} files open`,
    async apply({ stack }) {
      const pid = stack.part(name).pid();
      if (pid === null) throw new Error(`${name} does not run.`);
      const words = ['prlimit', '--pid', String(pid)];
      const [soft = '', hard = ''] = (await run([...words, '--nofile', '--noheadings', '-o', 'SOFT,HARD']))
        .trim()
        .split(/\s+/);
      // The process may be another by then.
      stack.ledger.add(['sh', '-c', '"$@" || true', 'undo', ...words, `--nofile=${soft}:${hard}`], false);
      await run([...words, `--nofile=${files}:${hard}`]);
    },
  };
}
