import type { Part } from '../stack/part.ts';
import type { Stack } from '../stack/stack.ts';

/** What a step works on. */
export interface FaultContext {
  readonly stack: Stack;
  /** True where a fault that grows may grow fast: it is only looked at whether it shows and is undone. */
  readonly isQuick: boolean;
}

/** One thing that is done to the stack. Its inverse is in the ledger before it is done. */
export interface Step {
  /** In plain words, for the terminal. */
  readonly says: string;
  /** Programs that it needs beside those of the stack. */
  readonly programs?: readonly string[];
  apply(context: FaultContext): Promise<void>;
}

/** Writes down that a part is to be ended and started again. */
export function undoByRestart(stack: Stack, part: Part): void {
  stack.ledger.add(part.startWords, false);
  stack.ledger.add(part.stopWords, false);
}

/** Starts what is at fault beside the stack, in a group of its own by which it is ended. */
export async function startOffender(context: FaultContext, name: string, argv: readonly string[]): Promise<void> {
  const { stack } = context;
  stack.ledger.add(stack.groups.kill(name), false);
  await stack.start(name, argv);
}

/** The words that write a text into a file, for an inverse. */
export function writeWords(file: string, text: string): string[] {
  return ['sh', '-c', 'printf %s "$1" > "$2"', 'write', text, file];
}
