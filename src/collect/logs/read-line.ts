import { type LogSeverity, severityOfWord } from './severity.ts';

/** One record of a log: a line with the lines that belong to it. */
export interface LogRecord {
  /** ms UTC as the record says; null where it does not. */
  readonly at: number | null;
  /** Null where nothing tells. */
  readonly severity: LogSeverity | null;
  /** A logger's name; empty for none. */
  readonly component: string;
  readonly type: string;
  readonly code: string;
  readonly message: string;
  readonly stack: string;
}

const MOST_STACK_LINES = 100;
const MOST_STACK = 32_768;
/** A line longer than this is cut. */
const MOST_MESSAGE = 8_192;

/** `TypeError: x`, `java.io.IOException: x`, `Error [ERR_X]: x`: what runtimes print of what nobody caught. */
const THROWN =
  /^(?:Uncaught |Exception in thread "[^"]*" |Caused by: )?((?:[\w$]+[.:]{1,2})*[\w$]*(?:Error|Exception|Panic|Fault))(?: \[(\w+)\])?(?:: (.*))?$/;
const TRACEBACK = /^Traceback \(most recent call last\)/;
/** Of a stack trace or another line's rest. */
const GOES_ON = /^(\s+\S|Caused by: |\.\.\. \d+ more|goroutine \d+ \[)/;
/** A level as loggers write it: behind its name, in brackets, or in capitals; so that no word of a sentence is one. */
const LEVEL =
  /(?:\b(?:level|severity|lvl)["']?\s*[=:]\s*["']?|\[|<)(trace|verbose|debug|info|information|notice|log|warn|warning|err|error|severe|crit|critical|alert|emerg|panic|fatal)\b/i;
const CAPITALS =
  /\b(TRACE|VERBOSE|DEBUG|INFO|NOTICE|LOG|WARN|WARNING|ERR|ERROR|SEVERE|CRIT|CRITICAL|ALERT|EMERG|PANIC|FATAL)\b/;
/** Redis: pid, role, time, and a sign for the level. */
const REDIS = /^\d+:[A-Z] \d\d \w{3} \d{4} [\d:.]+ ([.\-*#]) /;
const REDIS_LEVELS: Readonly<Record<string, LogSeverity>> = { '.': 'debug', '-': 'trace', '*': 'info', '#': 'warn' };
/** klog: `E0102 15:04:05.0`. */
const KLOG = /^([IWEF])\d{4} \d\d:/;
const KLOG_LEVELS: Readonly<Record<string, LogSeverity>> = { I: 'info', W: 'warn', E: 'error', F: 'fatal' };
const LEVEL_WITHIN = 120;

/** Puts lines together to records: stack traces belong to what they follow. One for each file. */
export class LineReader {
  #record: LogRecord | null = null;
  #stack: string[] = [];
  #isTraceback = false;

  /** Takes a line; gives the record that it ends, if any. */
  take(line: string): LogRecord | null {
    if (this.#record !== null && this.#belongs(line)) return null;
    const before = this.end();
    if (line.trim() === '') return before;
    this.#record = line.startsWith('{') ? (fromJson(line) ?? fromText(line)) : fromText(line);
    this.#isTraceback = TRACEBACK.test(line);
    return before;
  }

  /** The record under way: nothing follows it for now. */
  end(): LogRecord | null {
    const record = this.#record;
    this.#record = null;
    if (record === null || this.#stack.length === 0) return record;
    const stack = [record.message, ...this.#stack].join('\n').slice(0, MOST_STACK);
    this.#stack = [];
    return { ...record, stack };
  }

  #belongs(line: string): boolean {
    if (GOES_ON.test(line)) {
      if (this.#stack.length < MOST_STACK_LINES) this.#stack.push(line);
      return true;
    }
    // Python tells what it was behind its trace.
    const thrown = this.#isTraceback ? THROWN.exec(line) : null;
    if (thrown === null || this.#record === null) return false;
    this.#record = { ...this.#record, ...thrownOf(thrown) };
    this.#isTraceback = false;
    return true;
  }
}

function thrownOf([line, type = '', code = '', said]: RegExpExecArray): Pick<LogRecord, 'type' | 'code' | 'message'> {
  return { type: type.slice(0, 500), code, message: (said ?? line).slice(0, MOST_MESSAGE) };
}

function fromText(line: string): LogRecord {
  const record: LogRecord = {
    at: null,
    severity: severityOf(line),
    component: '',
    type: '',
    code: '',
    message: line.slice(0, MOST_MESSAGE),
    stack: '',
  };
  const thrown = THROWN.exec(line.slice(0, MOST_MESSAGE));
  if (thrown !== null) return { ...record, severity: 'error', ...thrownOf(thrown) };
  return TRACEBACK.test(line) || line.startsWith('panic: ') ? { ...record, severity: 'error' } : record;
}

function severityOf(line: string): LogSeverity | null {
  const head = line.slice(0, LEVEL_WITHIN);
  const redis = REDIS.exec(head)?.[1];
  if (redis !== undefined) return REDIS_LEVELS[redis] ?? null;
  const klog = KLOG.exec(head)?.[1];
  if (klog !== undefined) return KLOG_LEVELS[klog] ?? null;
  const named = LEVEL.exec(head)?.[1] ?? CAPITALS.exec(head)?.[1];
  return named === undefined ? null : severityOfWord(named);
}

/** Numbers of pino and bunyan. */
function severityOfNumber(level: number): LogSeverity | null {
  if (level >= 60) return 'fatal';
  if (level >= 50) return 'error';
  if (level >= 40) return 'warn';
  if (level >= 30) return 'info';
  return level >= 20 ? 'debug' : null;
}

type Fields = Readonly<Record<string, unknown>>;

function fromJson(line: string): LogRecord | null {
  let fields: Fields;
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== 'object' || parsed === null) return null;
    fields = parsed as Fields;
  } catch {
    return null;
  }
  const level = fields['level'] ?? fields['severity'] ?? fields['lvl'] ?? fields['log.level'];
  const given = fields['err'] ?? fields['error'] ?? fields['exception'];
  const error: Fields = typeof given === 'object' && given !== null ? (given as Fields) : {};
  const said = text(error, 'message', 'msg') || (typeof given === 'string' ? given : '');
  return {
    at: timeOf(fields['time'] ?? fields['timestamp'] ?? fields['ts'] ?? fields['@timestamp']),
    severity: typeof level === 'number' ? severityOfNumber(level) : severityOfWord(String(level ?? '')),
    component: text(fields, 'logger', 'component', 'module', 'name').slice(0, 200),
    type: text(error, 'type', 'name').slice(0, 500),
    code: (text(fields, 'code', 'errno', 'error_code') || text(error, 'code')).slice(0, 100),
    message: (said || text(fields, 'message', 'msg', 'event') || line).slice(0, MOST_MESSAGE),
    stack: (text(error, 'stack', 'stacktrace') || text(fields, 'stack', 'stacktrace')).slice(0, MOST_STACK),
  };
}

function text(fields: Fields, ...names: readonly string[]): string {
  for (const name of names) {
    const value = fields[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return '';
}

/** ISO 8601, or seconds or milliseconds since 1970. */
function timeOf(value: unknown): number | null {
  const at = typeof value === 'string' ? Date.parse(value) : typeof value === 'number' ? value : Number.NaN;
  if (!Number.isFinite(at) || at <= 0) return null;
  return at < 1e11 ? at * 1000 : at;
}
