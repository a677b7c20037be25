import { AuspexError } from '../errors.ts';

const LONGEST = 1_000;

/**
 * A selector's regular expression, anchored at both ends. It runs on the main thread against values from outside, so what
 * can take exponential time (a repeated group that repeats inside, a reference back) is refused with BAD_REQUEST.
 */
export function anchoredPattern(source: string): RegExp {
  const refuse = (reason: string): never => {
    throw new AuspexError('BAD_REQUEST', `The pattern “${source.slice(0, 100)}” ${reason}.`);
  };
  if (source.length > LONGEST) refuse(`has ${source.length} characters; at most ${LONGEST} are allowed`);
  const ignoresCase = source.startsWith('(?i)');
  const body = ignoresCase ? source.slice(4) : source;
  if (repeatsNested(body)) refuse('repeats a group that repeats inside, which can take forever');
  if (/(^|[^\\])(\\\\)*\\[1-9k]/.test(body)) refuse('refers back to a group, which is not supported');
  try {
    return new RegExp(`^(?:${body})$`, ignoresCase ? 'isu' : 'su');
  } catch (cause) {
    return refuse(`is not a regular expression: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** Whether a group that contains a repetition is itself repeated without a small bound. O(length). */
function repeatsNested(source: string): boolean {
  const open: { repeats: boolean }[] = [{ repeats: false }];
  let closed: { repeats: boolean } | null = null;
  for (let i = 0; i < source.length; i++) {
    const character = source[i];
    const inside = open[open.length - 1];
    if (character === '\\') i++;
    else if (character === '[') {
      while (++i < source.length && source[i] !== ']') if (source[i] === '\\') i++;
    } else if (character === '(') {
      open.push({ repeats: false });
      if (source[i + 1] === '?') i++;
    } else if (character === ')') {
      closed = open.length > 1 ? (open.pop() ?? null) : null;
      if (closed?.repeats && open.length > 0) open[open.length - 1].repeats = true;
      continue;
    } else if (character === '*' || character === '+' || character === '{') {
      if (closed?.repeats) return true;
      inside.repeats = true;
    }
    closed = null;
  }
  return false;
}
