import { LinearRegex } from './linear-regex.ts';

export type { RegexMatch } from './linear-regex.ts';

/**
 * Compiles a regular expression as Prometheus understands it (RE2): it has to match the whole text, `.` also matches a line
 * break. No pattern takes more than time in proportion to the text, so that it may come from anybody. Throws SyntaxError.
 */
export function anchoredRegex(pattern: string): Pick<LinearRegex, 'test' | 'exec'> {
  return new LinearRegex(pattern);
}
