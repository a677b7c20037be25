import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../stack/execute.ts';
import { type Step, startOffender } from './step.ts';

/* Faults of the file system that the service writes to. */

/** Somebody writes a log until nothing is left, and goes on trying: within a minute unless told, at once where only its showing counts. */
export function fillDisk(bytesASecond = 1200 << 10): Step {
  return {
    says: 'the spool is filled',
    async apply(context) {
      const file = join(context.stack.spool, 'debug.log');
      context.stack.ledger.add(['rm', '-f', file], false);
      const bytes = context.isQuick ? 16 << 20 : Math.round(bytesASecond / 2);
      const script = `while :; do head -c ${bytes} /dev/zero >> "$1"; sleep 0.5; done`;
      await startOffender(context, 'debug-log', ['sh', '-c', script, 'debug-log', file]);
    },
  };
}

/** Somebody makes empty files until no inode is left, and goes on trying: so many, then a rest. */
export function fillInodes(atOnce = 15, restSeconds = 1): Step {
  return {
    says: 'the inodes of the spool are used up',
    async apply(context) {
      const folder = join(context.stack.spool, 'sessions');
      context.stack.ledger.add(['rm', '-rf', folder], false);
      mkdirSync(folder);
      const pauseEvery = context.isQuick ? 1000 : atOnce;
      const script = `i=0; while :; do i=$((i+1)); true > "$1/$i" || sleep 1; [ $((i % ${pauseEvery})) = 0 ] && sleep ${restSeconds}; done`;
      await startOffender(context, 'session-maker', ['sh', '-c', script, 'session-maker', folder]);
    },
  };
}

/** The file system takes no more writes, as after an error of its disk. */
export function remountReadOnly(): Step {
  return {
    says: 'the spool is read-only',
    async apply({ stack }) {
      stack.ledger.add(['mount', '-o', 'remount,rw', stack.spool], false);
      // Refused while a note is being written.
      const script =
        'for try in $(seq 100); do mount -o remount,ro "$1" 2>/dev/null && exit 0; sleep 0.02; done; exit 1';
      await run(['sh', '-c', script, 'remount', stack.spool]);
    },
  };
}
