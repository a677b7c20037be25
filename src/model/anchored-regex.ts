/**
 * Compiles a regular expression as Prometheus understands it (RE2): anchored at both ends, `.` also matches a line break,
 * with RE2's own spellings (leading flags `(?i)`, `(?P<name>…)`, `[[:alpha:]]`, `\Q…\E`, escaped punctuation).
 * Weak: JavaScript backtracks, so a hostile pattern can take exponential time; look-ahead and back-references, which RE2
 * refuses, are refused here too. Throws SyntaxError.
 */
export function anchoredRegex(pattern: string): RegExp {
  const flags = /^\(\?([imsU]+)\)/.exec(pattern);
  const own = flags?.[1] ?? '';
  if (own.includes('U')) throw new SyntaxError('the flag U is not supported');
  const body = translated(pattern.slice(flags?.[0].length ?? 0));
  return new RegExp(`^(?:${body})$`, `su${own.includes('i') ? 'i' : ''}`);
}

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** One token at a time, from RE2's spelling to JavaScript's. */
function translated(pattern: string): string {
  const token =
    /\\Q([\s\S]*?)(?:\\E|$)|\\(x\{[0-9A-Fa-f]+\}|[\s\S]?)|\[:(\^?)(\w+):\]|\(\?(P?<(?![=!])|:|[ims]+:|[\s\S]?[\s\S]?)|[\s\S]/gu;
  let inClass = false;
  let classStart = 0;
  let out = '';
  for (const match of pattern.matchAll(token)) {
    const [whole, literal, escaped, negated, posix, group] = match;
    if (literal !== undefined) out += literal.replace(/[\^$\\.*+?()[\]{}|/]/g, '\\$&');
    else if (escaped !== undefined) out += escapeOf(escaped);
    else if (posix !== undefined && inClass) {
      const members = POSIX_CLASSES[posix];
      if (members === undefined || negated !== '') throw new SyntaxError(`${whole} is not supported`);
      out += members;
    } else if (group !== undefined && !inClass) out += groupOf(group);
    else if (whole === '[' && !inClass) {
      inClass = true;
      classStart = out.length + 1;
      out += whole;
    } else if (whole === ']' && inClass && out.length > classStart && out.slice(classStart) !== '^') {
      inClass = false;
      out += whole;
    } else out += whole === '[' || whole === ']' ? `\\${whole}` : whole;
  }
  return out;
}

function escapeOf(escaped: string): string {
  if (escaped === '') throw new SyntaxError('it ends in a backslash');
  if (escaped === 'A') return '^';
  if (escaped === 'z') return '$';
  if (escaped === 'a') return '\\x07';
  if (escaped.startsWith('x{')) return `\\u${escaped.slice(1)}`;
  if (/^[1-9k]$/.test(escaped)) throw new SyntaxError('back-references are not supported');
  // Of punctuation, JavaScript lets only its own be escaped.
  if (/^(?:_|[^\w\s])$/u.test(escaped) && !/^[\^$\\.*+?()[\]{}|/-]$/.test(escaped)) return escaped;
  return escaped === '-' ? '\\x2d' : `\\${escaped}`;
}

function groupOf(group: string): string {
  if (group === 'P<' || group === '<') return '(?<';
  if (group === ':' || /^[ims]+:$/.test(group)) return `(?${group}`;
  throw new SyntaxError(`(?${group} is not supported`);
}
