import { RE2JS } from 're2js';

/** What a pattern found: the whole at 0, groups behind it, undefined for those that took no part. */
export interface RegexMatch {
  readonly texts: readonly (string | undefined)[];
  readonly groups: ReadonlyMap<string, string | undefined>;
}

export interface AnchoredRegex {
  test(text: string): boolean;
  exec(text: string): RegexMatch | null;
}

/** Each step of a program costs memory and, for each character of a text, time. */
const MOST_STEPS = 2_000;
/** Steps that are made before they can be counted: about 1 µs each. */
const MOST_UNFOLDED = 100_000;
/** The engine itself refuses to repeat anything more often. */
const MOST_REPEATED = 1_000;

/**
 * Compiles a regular expression as Prometheus understands it (RE2): it has to match the whole text, `.` also matches a line
 * break. No pattern takes more than time in proportion to the text, so that it may come from anybody. Throws SyntaxError.
 */
export function anchoredRegex(pattern: string): AnchoredRegex {
  if (pattern.length * repetitions(pattern) > MOST_UNFOLDED) throw tooLarge();
  const regex = compiled(pattern);
  if (regex.programSize() > MOST_STEPS) throw tooLarge();
  const names = Object.entries(regex.namedGroups());
  return {
    test: (text) => regex.matches(text),
    exec: (text) => {
      const matcher = regex.matcher(text);
      if (!matcher.matches()) return null;
      const texts = Array.from({ length: regex.groupCount() + 1 }, (_, i) => matcher.group(i) ?? undefined);
      return { texts, groups: new Map(names.map(([name, index]) => [name, texts[index]])) };
    },
  };
}

function compiled(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^error parsing regexp: /, '') : 'unreadable';
    throw new SyntaxError(reason, { cause });
  }
}

/** How often a part can be repeated at most when all counts stand around each other. */
function repetitions(pattern: string): number {
  let most = 1;
  for (const [, least = '', last = ''] of pattern.matchAll(/\{(\d+)(?:,(\d*))?/g))
    most = Math.min(MOST_REPEATED, most * Math.max(1, Number(least), Number(last)));
  return most;
}

function tooLarge(): SyntaxError {
  return new SyntaxError('it is too large: its repetitions unfold to more than 2,000 steps');
}
