import { AuspexError } from '../../errors.ts';

/** An expression that cannot be read, or cannot be answered: says what and, counted from 1, where. */
export function promqlFault(what: string, position: number): AuspexError {
  return new AuspexError('BAD_REQUEST', `Position ${position}: ${what}.`, { data: { position } });
}
