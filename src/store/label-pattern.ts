import { AuspexError } from '../errors.ts';
import { anchoredRegex } from '../model/index.ts';

const LONGEST = 1_000;

/**
 * A selector's regular expression, anchored at both ends. It runs on the main thread against values from outside; its time
 * grows with their length alone, whatever the pattern. Throws BAD_REQUEST for what is none.
 */
export function anchoredPattern(source: string): { test(text: string): boolean } {
  const refuse = (reason: string): never => {
    throw new AuspexError('BAD_REQUEST', `The pattern “${source.slice(0, 100)}” ${reason}.`);
  };
  if (source.length > LONGEST) refuse(`has ${source.length} characters; at most ${LONGEST} are allowed`);
  try {
    return anchoredRegex(source);
  } catch (cause) {
    return refuse(`is not a regular expression: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
