import { type Command, InvalidArgumentError, Option } from 'commander';
import type { GlobalOptions } from '../connect.ts';
import type { Output } from '../output.ts';

/** What a family of commands is added with. */
export interface Making {
  /** A command of the first level, with one example. */
  readonly command: (name: string, description: string, example: string) => Command;
  /** Runs what a command does, and tells its exit code or its error. */
  readonly act: <A extends unknown[]>(
    work: (output: Output, ...args: A) => Promise<number>,
  ) => (...args: A) => Promise<void>;
  readonly globals: () => GlobalOptions;
}

export interface HostOption {
  readonly host?: string;
}

export const host = (): Option => new Option('--host <name>', 'one host only');

export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('A number above 0 is needed.');
  return value;
}

export function steps(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100_000) throw new InvalidArgumentError('1 to 100,000 steps.');
  return value;
}

export function seconds(text: string): number {
  const value = positive(text);
  if (value < 1 || value > 300) throw new InvalidArgumentError('1 to 300 seconds.');
  return value;
}
