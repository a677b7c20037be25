import { LineScanner, TOKEN } from './line-scanner.ts';

/** Goes up whenever the same message could be masked differently: fingerprints of two versions cannot be compared. */
export const MASK_VERSION = 1;

const NAMES: readonly string[] = [
  '',
  '',
  '<number>',
  '<size>',
  '<time>',
  '<address>',
  '<path>',
  '<id>',
  '<empty>',
  '<list>',
];
const scanner = new LineScanner();

/**
 * A message with its values replaced by their kinds: `Failed password for root from 10.0.0.7 port 4022` becomes
 * `Failed password for root from <id> port <number>`. Stateless: the same text on every machine, whatever came before.
 * Spaces are made one. Weak where values are plain words (a user's name): only many messages tell that, as `TemplateTree`
 * does. O(n).
 */
export function maskMessage(text: string): string {
  const n = scanner.scan(text);
  let out = '';
  for (let k = 0; k < n; k++) {
    if (k > 0 && scanner.starts[k] > scanner.ends[k - 1]) out += ' ';
    const kind = scanner.kinds[k];
    out += kind < TOKEN.number ? text.slice(scanner.starts[k], scanner.ends[k]) : NAMES[kind];
  }
  return out;
}
