import { formatNumber } from '../../model/index.ts';
import type { Output } from '../output.ts';

const BAR = 30;
const TERMINAL_MS = 200;
const FILE_MS = 5000;

/** Says how far a long work has come: a bar that is drawn over itself in a terminal, a line every five seconds elsewhere; nothing with --quiet. */
export function progressOf(
  output: Output,
  title: string,
): { at: (share: number, count: string) => void; end: () => void } {
  const isTerminal = process.stderr.isTTY === true;
  let next = performance.now() + (isTerminal ? TERMINAL_MS : FILE_MS);
  let drawn = false;
  return {
    at: (share, count) => {
      const now = performance.now();
      if (now < next || output.quiet) return;
      next = now + (isTerminal ? TERMINAL_MS : FILE_MS);
      const full = Math.round(Math.max(0, Math.min(1, share)) * BAR);
      if (isTerminal) {
        process.stderr.write(`\r${title} ${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${count}\u001b[K`);
        drawn = true;
      } else output.say(`${title}: ${formatNumber(Math.floor(share * 100))} %, ${count}`);
    },
    end: () => {
      if (drawn) process.stderr.write('\r\u001b[K');
      drawn = false;
    },
  };
}
