import {
  goExponent,
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  humanizeTimestamp,
  plainNumber,
  significant,
} from './humanize.ts';

/** What a template is filled with: one alert's labels and value. */
export interface TemplateData {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** A text of a rule, with what of it is not understood; that stays in the text as it stands. */
export interface Template {
  /** As it stands in the file. */
  readonly text: string;
  readonly parts: readonly (string | Action)[];
  readonly unknown: readonly string[];
}

type Value = string | number;
type Action = (data: TemplateData) => Value;

const NUMBERS: ReadonlyMap<string, (value: number) => string> = new Map([
  ['humanize', humanize],
  ['humanize1024', humanize1024],
  ['humanizePercentage', humanizePercentage],
  ['humanizeDuration', humanizeDuration],
  ['humanizeTimestamp', humanizeTimestamp],
]);
const TEXTS: ReadonlyMap<string, (text: string) => string> = new Map([
  ['toUpper', (text: string) => text.toUpperCase()],
  ['toLower', (text: string) => text.toLowerCase()],
  [
    'title',
    (text: string) => text.replaceAll(/(^|\s)(\S)/g, (_, space: string, first: string) => space + first.toUpperCase()),
  ],
  ['stripPort', (text: string) => text.replace(/:\d+$/, '')],
  ['stripDomain', (text: string) => text.replace(/^([^.:]+)\.[^:]*/, '$1')],
]);
const WORD = /"(?:[^"\\]|\\.)*"|`[^`]*`|[^\s"`]+/g;

/**
 * Reads the part of Go's templates that rules use: labels, the value, literals, `printf` and the humanizing functions, by
 * call or by pipe. Conditions, loops and queries are not understood: they are named, and left as text.
 */
export function parseTemplate(text: string): Template {
  const parts: (string | Action)[] = [];
  const unknown: string[] = [];
  let at = 0;
  for (const match of text.matchAll(/\{\{(-\s)?(.*?)(\s-)?\}\}/gs)) {
    let before = text.slice(at, match.index);
    if (match[1] !== undefined) before = before.trimEnd();
    parts.push(before);
    at = match.index + match[0].length;
    if (match[3] !== undefined) at += text.slice(at).length - text.slice(at).trimStart().length;
    const action = actionOf((match[2] ?? '').trim());
    if (action === null) unknown.push(match[0]);
    parts.push(action ?? match[0]);
  }
  parts.push(text.slice(at));
  return { text, parts: parts.filter((part) => part !== ''), unknown };
}

export function renderTemplate({ parts }: Template, data: TemplateData): string {
  return parts.map((part) => (typeof part === 'string' ? part : written(part(data)))).join('');
}

function written(value: Value): string {
  return typeof value === 'number' ? plainNumber(value) : value;
}

/** A pipeline: what one stage gives is the last argument of the next. */
function actionOf(text: string): Action | null {
  if (text.startsWith('/*') && text.endsWith('*/')) return () => '';
  let result: Action | null = null;
  for (const stage of stagesOf(text)) {
    const next = stageOf(stage, result);
    if (next === null) return null;
    result = next;
  }
  return result;
}

function stagesOf(text: string): string[][] {
  const stages: string[][] = [[]];
  for (const [word] of text.matchAll(WORD)) {
    if (word === '|') stages.push([]);
    else stages.at(-1)?.push(word);
  }
  return stages;
}

function stageOf([head, ...rest]: readonly string[], piped: Action | null): Action | null {
  if (head === undefined) return null;
  const given = rest.map(operandOf);
  const args = piped === null ? given : [...given, piped];
  if (args.includes(null)) return null;
  const [first, second] = args as Action[];
  const number = NUMBERS.get(head);
  if (number !== undefined)
    return first === undefined || args.length > 1 ? null : (data) => number(Number(first(data)));
  const text = TEXTS.get(head);
  if (text !== undefined) return first === undefined || args.length > 1 ? null : (data) => text(written(first(data)));
  if (head === 'printf' && first !== undefined) return printfOf(args as Action[]);
  if (head === 'index' && rest[0] === '$labels' && second !== undefined)
    return (data) => data.labels.get(written(second(data))) ?? '';
  return args.length === 0 ? operandOf(head) : null;
}

function operandOf(word: string): Action | null {
  if (word === '$value' || word === '.Value') return ({ value }) => value;
  const label = /^(?:\$labels|\.Labels)(?:\.([a-zA-Z_]\w*))?$/.exec(word);
  if (label !== null) {
    const name = label[1];
    return name === undefined ? () => '' : ({ labels }) => labels.get(name) ?? '';
  }
  if (/^\$externalLabels\.\w+$/.test(word)) return () => '';
  if (word.startsWith('`')) return () => word.slice(1, -1);
  if (word.startsWith('"')) {
    const literal = literalOf(word);
    return literal === null ? null : () => literal;
  }
  const constant = Number(word);
  return /^-?[\d.]/.test(word) && Number.isFinite(constant) ? () => constant : null;
}

function literalOf(word: string): string | null {
  try {
    return String(JSON.parse(word));
  } catch {
    return null;
  }
}

const VERB = /%([-+ 0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g;

function printfOf([format, ...args]: readonly Action[]): Action | null {
  if (format === undefined) return null;
  return (data) => {
    let next = 0;
    return written(format(data)).replaceAll(
      VERB,
      (whole, flags: string, width?: string, digits?: string, verb?: string) => {
        if (verb === '%') return '%';
        const arg = args[next++];
        if (arg === undefined) return `%!${verb}(MISSING)`;
        const text = formatted(verb ?? '', arg(data), digits === undefined ? null : Number(digits)) ?? whole;
        const signed = flags.includes('+') && /^\d/.test(text) && verb !== 's' ? `+${text}` : text;
        const wanted = Number(width ?? 0);
        if (flags.includes('-')) return signed.padEnd(wanted);
        return flags.includes('0') && verb !== 's' ? signed.padStart(wanted, '0') : signed.padStart(wanted);
      },
    );
  };
}

function formatted(verb: string, value: Value, digits: number | null): string | null {
  const number = Number(value);
  switch (verb) {
    case 's':
    case 'v':
      return digits === null ? written(value) : written(value).slice(0, digits);
    case 'q':
      return JSON.stringify(written(value));
    case 'd':
      return String(Math.trunc(number));
    case 'f':
      return Number.isFinite(number) ? number.toFixed(Math.min(100, digits ?? 6)) : significant(number, 1);
    case 'g':
      return digits === null ? plainNumber(number) : significant(number, digits);
    case 'e': {
      const [mantissa = '', power = '0'] = number.toExponential(Math.min(100, digits ?? 6)).split('e');
      return `${mantissa}e${goExponent(Number(power))}`;
    }
    default:
      return null;
  }
}
