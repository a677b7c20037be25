import { AuspexError, errorTable } from '../errors.ts';
import { hideSecrets } from '../telemetry/hide.ts';

/** 0 fine, 1 findings, 2 wrong use, 3 cannot reach, 4 failed. */
export const exitCodes = { fine: 0, findings: 1, wrongUse: 2, cannotReach: 3, failed: 4 } as const;

const SPARKS = '▁▂▃▄▅▆▇█';

export interface Output {
  readonly json: boolean;
  readonly color: boolean;
  readonly quiet: boolean;
  /** Data: stdout. */
  print(text: string): void;
  /** Talk: stderr, silent with --quiet. */
  say(text: string): void;
  /** One JSON document on stdout with --json, else what `human` prints. */
  data(value: unknown, human: () => void): void;
}

export function createOutput(options: { json?: boolean; quiet?: boolean }): Output {
  const color = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  return {
    json: options.json === true,
    color,
    quiet: options.quiet === true,
    print,
    say: (text) => {
      if (options.quiet !== true) process.stderr.write(`${text}\n`);
    },
    data: (value, human) => (options.json === true ? print(JSON.stringify(value, null, 2)) : human()),
  };
}

type Tone = 'quiet' | 'strong' | 'medium' | 'high' | 'critical' | 'good';
const TONES: Record<Tone, string> = { quiet: '2', strong: '1', medium: '34', high: '33', critical: '31;1', good: '32' };

export function paint(output: Output, tone: Tone, text: string): string {
  return output.color ? `\u001b[${TONES[tone]}m${text}\u001b[0m` : text;
}

/** Severity as shape and word, colour last. */
export function severityMark(output: Output, severity: 'none' | 'medium' | 'high' | 'critical'): string {
  const marks = { none: '·', medium: '▲', high: '◆', critical: '■' } as const;
  const word = `${marks[severity]} ${severity}`;
  return severity === 'none' ? word : paint(output, severity, word);
}

/** Rows in columns as wide as their widest cell; numbers (cells that begin with a digit or a minus) to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(visibleLength(title), ...rows.map((row) => visibleLength(row[column] ?? ''))),
  );
  const line = (cells: readonly string[], isHeader: boolean): string =>
    cells
      .map((cell, column) => {
        const space = ' '.repeat(Math.max(0, (widths[column] ?? 0) - visibleLength(cell)));
        return !isHeader && /^[−-]?\d/.test(cell) && column > 0 ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  return [line(header, true), ...rows.map((row) => line(row, false))].join('\n');
}

/** One character a value, gaps as spaces. */
export function sparkline(values: readonly (number | null)[], width: number): string {
  const cells: (number | null)[] = [];
  for (let i = 0; i < Math.min(width, values.length); i++) {
    const part = values.slice(
      Math.floor((i * values.length) / Math.min(width, values.length)),
      Math.floor(((i + 1) * values.length) / Math.min(width, values.length)),
    );
    const known = part.filter((value): value is number => value !== null && Number.isFinite(value));
    cells.push(known.length === 0 ? null : Math.max(...known));
  }
  const known = cells.filter((cell): cell is number => cell !== null);
  const low = Math.min(...known);
  const span = Math.max(...known) - low;
  return cells
    .map((cell) =>
      cell === null ? ' ' : (SPARKS[span === 0 ? 0 : Math.min(7, Math.floor(((cell - low) / span) * 8))] ?? ' '),
    )
    .join('');
}

/** `12:04:31` today, `20 Nov 12:04` else; local time. */
export function formatTime(iso: string | null): string {
  if (iso === null) return '–';
  const at = new Date(iso);
  const today = new Date().toDateString() === at.toDateString();
  return today
    ? at.toLocaleTimeString('en-GB')
    : `${at.getDate()} ${at.toLocaleString('en-GB', { month: 'short' })} ${at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })}`;
}

/** Says what failed, why and what to do, and gives the exit code for it. */
export function reportError(output: Output, thrown: unknown): number {
  const error = AuspexError.from(thrown);
  const entry = errorTable[error.code];
  const detail = hideSecrets(error.message);
  if (output.json)
    process.stdout.write(
      `${JSON.stringify({ error: { code: error.code, title: entry.title, detail, remedy: entry.remedy } }, null, 2)}\n`,
    );
  else process.stderr.write(`${entry.title} (${error.code}): ${detail}\n${entry.remedy}\n`);
  if (error.code === 'UNREACHABLE' || error.code === 'TIMEOUT') return exitCodes.cannotReach;
  if (['BAD_REQUEST', 'NOT_FOUND', 'CONFIG_INVALID', 'FILE_INVALID'].includes(error.code)) return exitCodes.wrongUse;
  return exitCodes.failed;
}

function visibleLength(text: string): number {
  // oxlint-disable-next-line no-control-regex -- colour codes are control characters
  return text.replace(/\u001b\[[\d;]*m/g, '').length;
}
