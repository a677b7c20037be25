import { AuspexError } from '../../errors.ts';
import { METRIC_NAME } from '../../model/labels.ts';
import type { MetricType } from '../../model/series-kind.ts';

export type ExpositionFormat = 'text' | 'openmetrics';

/** What a parsed page has. `series` is the raw text before the value: the key by which a reader knows it again without parsing it. */
export interface ExpositionHandler {
  sample(series: string, value: number, timestampMs: number | null): void;
  type(family: string, type: MetricType): void;
}

const TYPES: ReadonlyMap<string, MetricType> = new Map([
  ['counter', 'counter'],
  ['gauge', 'gauge'],
  ['histogram', 'histogram'],
  ['gaugehistogram', 'gaugehistogram'],
  ['summary', 'summary'],
  ['info', 'info'],
  ['stateset', 'stateset'],
  ['untyped', 'unknown'],
  ['unknown', 'unknown'],
]);
const MAX_LINE = 1024 * 1024;

/**
 * Reads a metrics page in pieces as they arrive: Prometheus text 0.0.4 or OpenMetrics 1.0. HELP, UNIT, comments and
 * exemplars are passed over. Throws BAD_ENCODING with the line number; what was handed out until then is not to be used.
 * Labels are not looked into here: `parseSeriesText` does that once a series.
 */
export class ExpositionParser {
  private readonly format: ExpositionFormat;
  private readonly handler: ExpositionHandler;
  private line = 0;
  private rest = '';
  private ended = false;

  constructor(format: ExpositionFormat, handler: ExpositionHandler) {
    this.format = format;
    this.handler = handler;
  }

  write(piece: string): void {
    const text = this.rest === '' ? piece : this.rest + piece;
    let from = 0;
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
      this.readLine(text.charCodeAt(to - 1) === 13 && to > from ? text.slice(from, to - 1) : text.slice(from, to));
      from = to + 1;
    }
    this.rest = text.slice(from);
    if (this.rest.length > MAX_LINE) this.fail(`it is longer than ${MAX_LINE} characters`, this.rest, this.line + 1);
  }

  end(): void {
    if (this.rest !== '') this.readLine(this.rest);
    this.rest = '';
    if (this.format === 'openmetrics' && !this.ended) {
      this.fail('"# EOF" is missing, so the page is cut off', '', this.line + 1);
    }
  }

  private readLine(line: string): void {
    this.line++;
    if (this.ended) this.fail('something follows "# EOF"', line);
    const first = line.charCodeAt(0);
    if (first === 35) return this.readComment(line);
    if (line.trim() === '') {
      if (this.format === 'openmetrics') this.fail('it is empty, which OpenMetrics does not allow', line);
      return;
    }
    const start = first === 32 || first === 9 ? line.length - line.trimStart().length : 0;
    const seriesEnd = seriesTextEnd(line, start);
    if (seriesEnd < 0) this.fail('the labels do not end with "}"', line);
    this.readValue(line, line.slice(start, seriesEnd), seriesEnd);
  }

  private readValue(line: string, series: string, from: number): void {
    if (series === '' || series === '{}') this.fail('a metric name is expected', line);
    // Behind the value and time OpenMetrics may have an exemplar.
    const exemplar = this.format === 'openmetrics' ? line.indexOf(' # ', from) : -1;
    const parts = (exemplar < 0 ? line.slice(from) : line.slice(from, exemplar)).trim().split(/[ \t]+/);
    const [valueText = '', timeText, extra] = parts;
    const value = parseGoFloat(valueText);
    if (value === undefined) this.fail(`"${valueText}" is not a number`, line);
    if (extra !== undefined) this.fail(`"${extra}" follows the timestamp`, line);
    let timestamp: number | null = null;
    if (timeText !== undefined) {
      const given = Number(timeText);
      if (!/^[-+]?[\d.]+(?:[eE][-+]?\d+)?$/.test(timeText) || !Number.isFinite(given)) {
        this.fail(`"${timeText}" is not a timestamp`, line);
      }
      timestamp = Math.round(this.format === 'openmetrics' ? given * 1000 : given);
    }
    this.handler.sample(series, value as number, timestamp);
  }

  private readComment(line: string): void {
    if (this.format === 'openmetrics' && line === '# EOF') {
      this.ended = true;
      return;
    }
    const match = /^#[ \t]+TYPE[ \t]+("(?:[^"\\]|\\.)*"|\S+)[ \t]+(\S+)[ \t]*$/.exec(line);
    if (match === null) {
      if (/^#[ \t]+TYPE(?:[ \t]|$)/.test(line)) this.fail('a TYPE needs a metric name and a type', line);
      return;
    }
    const [, family = '', typeText = ''] = match;
    const type = TYPES.get(typeText);
    if (type === undefined) this.fail(`"${typeText}" is not a metric type`, line);
    this.handler.type(family.startsWith('"') ? unescaped(family.slice(1, -1)) : family, type as MetricType);
  }

  private fail(what: string, line: string, number = this.line): never {
    const shown = line.length <= 80 ? line : `${line.slice(0, 79)}…`;
    throw new AuspexError('BAD_ENCODING', `Line ${number} of the metrics page is not valid: ${what}. ${shown}`.trim(), {
      data: { line: number },
    });
  }
}

/** Where the text that names a series ends: before the first blank, or behind the labels' closing brace; -1 when there is none. */
function seriesTextEnd(line: string, start: number): number {
  let i = start;
  for (; i < line.length; i++) {
    const c = line.charCodeAt(i);
    if (c === 123) break;
    if (c === 32 || c === 9) {
      // `name {a="b"}` is allowed too.
      let next = i + 1;
      while (line.charCodeAt(next) === 32 || line.charCodeAt(next) === 9) next++;
      if (line.charCodeAt(next) !== 123) return i;
      i = next;
      break;
    }
  }
  if (i === line.length) return i;
  let quoted = false;
  for (i++; i < line.length; i++) {
    const c = line.charCodeAt(i);
    if (c === 92 && quoted) i++;
    else if (c === 34) quoted = !quoted;
    else if (c === 125 && !quoted) return i + 1;
  }
  return -1;
}

/** As Go's ParseFloat reads it, hexadecimal apart: nobody writes that. */
function parseGoFloat(text: string): number | undefined {
  const value = Number(text);
  if (text !== '' && value === value && /^[-+]?[\d.]/.test(text) && !/[xXoObB_]/.test(text)) {
    return value;
  }
  switch (text.toLowerCase()) {
    case 'nan':
      return Number.NaN;
    case 'inf':
    case '+inf':
    case 'infinity':
    case '+infinity':
      return Number.POSITIVE_INFINITY;
    case '-inf':
    case '-infinity':
      return Number.NEGATIVE_INFINITY;
    default:
      return undefined;
  }
}

/**
 * The labels in a series' text, `name{a="b"}` or `{"name",a="b"}`, the name under `__name__`. A label with an empty value is
 * left out. Returns what is wrong as a phrase.
 */
export function parseSeriesText(text: string): Map<string, string> | string {
  const labels = new Map<string, string>();
  const open = text.indexOf('{');
  const name = (open < 0 ? text : text.slice(0, open)).trim();
  if (name !== '') {
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) return `"${name}" is not a metric name`;
    labels.set(METRIC_NAME, name);
  }
  if (open >= 0) {
    const fault = readPairs(text.slice(open + 1, -1), labels);
    if (fault !== undefined) return fault;
  }
  return labels.has(METRIC_NAME) ? labels : 'a metric name is expected';
}

function readPairs(text: string, labels: Map<string, string>): string | undefined {
  const pair =
    /[ \t]*(?:([a-zA-Z_][a-zA-Z0-9_]*)|"((?:[^"\\]|\\.)*)")[ \t]*(?:=[ \t]*"((?:[^"\\]|\\.)*)")?[ \t]*(,|$)/suy;
  const seen = new Set<string>();
  while (pair.lastIndex < text.length) {
    if (/^[ \t]*$/.test(text.slice(pair.lastIndex))) return undefined;
    const at = pair.lastIndex;
    const match = pair.exec(text);
    if (match === null) return `a label is not written as name="value": ${text.slice(at, at + 40)}`;
    const [, bare, quoted, value] = match;
    const name = bare ?? unescaped(quoted ?? '');
    if (value === undefined) {
      if (bare !== undefined || labels.has(METRIC_NAME)) return `label "${name}" has no value`;
      labels.set(METRIC_NAME, name);
      continue;
    }
    if (seen.has(name) || name === METRIC_NAME) return `label "${name}" is there twice`;
    seen.add(name);
    if (value !== '') labels.set(name, unescaped(value));
  }
  return undefined;
}

function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\([\\"n])/g, (_, c) => (c === 'n' ? '\n' : c)) : text;
}
