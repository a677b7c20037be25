import type { Call, CauseQuestion } from '../../decide/cause-question.ts';
import { type Cause, rankCauses } from '../../decide/root-cause.ts';
import { AuspexError } from '../../errors.ts';
import { csvRows } from '../files/csv-rows.ts';
import { timeIn } from '../files/numbers.ts';
import { progressOf } from '../files/progress.ts';
import { readTable, type Table } from '../files/table.ts';
import { exitCodes, type Output, paint } from '../output.ts';

export interface RootCauseFileOptions {
  readonly metrics: string;
  readonly graph?: string;
  /** A service, or `service|metric`. */
  readonly target: string;
  readonly at: string;
  readonly until?: string;
  readonly time?: string;
}

const SHOWN = 5;
const LEAST_PAST_ROWS = 20;

/** Ranks which service caused a trouble, from the figures in a file. */
export async function rootCauseOfFile(output: Output, options: RootCauseFileOptions): Promise<number> {
  const reading = progressOf(output, 'Reading');
  const table = await readTable(options.metrics, options.time, (share) => reading.at(share, options.metrics));
  reading.end();
  const calls = options.graph === undefined ? [] : await readCalls(options.graph);
  const question = questionOf(table, calls, options);
  const causes = rankCauses(question);
  output.data({ causes }, () => print(output, causes, question));
  return exitCodes.fine;
}

function print(output: Output, causes: readonly Cause[], { target, calls }: CauseQuestion): void {
  const likely = causes.filter(({ score }) => score > 0).slice(0, SHOWN);
  if (likely.length === 0) {
    output.print(
      'Nothing changed at that time. Check --at: it is when the trouble began, in UTC unless it says otherwise.',
    );
    return;
  }
  output.print(`Most likely behind the trouble of ${target.service}:`);
  for (const [k, { service, score, reasons }] of likely.entries()) {
    output.print(`${k + 1}. ${paint(output, 'strong', service)}  weight ${score.toFixed(2)}`);
    for (const reason of reasons) output.print(`   ${reason}`);
  }
  if (calls.length === 0)
    output.say('Without --graph nobody knows who calls whom: what only passed the trouble on may rank high.');
}

/** Throws BAD_REQUEST for a target or a time that the file does not have, FILE_INVALID where it is of another kind. */
function questionOf(table: Table, calls: readonly Call[], options: RootCauseFileOptions): CauseQuestion {
  const { metrics: path } = options;
  if (table.times === null)
    throw new AuspexError(
      'FILE_INVALID',
      `${path}: no column has times. Name one \`time\`, or say which it is with --time.`,
    );
  const named = table.names.map((name, column) => ({ column, ...partsOf(name) })).filter(({ metric }) => metric !== '');
  if (named.length === 0)
    throw new AuspexError(
      'FILE_INVALID',
      `${path}: no column is named \`service|metric\`; its columns are ${list(table.names)}.`,
    );
  const at = askedTime('--at', options.at);
  const until = options.until === undefined ? null : askedTime('--until', options.until);
  if (until !== null && until <= at) throw new AuspexError('BAD_REQUEST', '--until must be later than --at.');
  const target = partsOf(options.target);
  if (!named.some(({ service }) => service === target.service))
    throw new AuspexError(
      'BAD_REQUEST',
      `${path} has no service “${target.service}”. It has ${list([...new Set(named.map(({ service }) => service))])}.`,
    );
  const asked = named.find(
    ({ service, metric }) => service === target.service && target.metric !== '' && metric.startsWith(target.metric),
  );
  if (target.metric !== '' && asked === undefined)
    throw new AuspexError('BAD_REQUEST', `${path} has no column “${options.target}”.`);
  const rows = orderOf(table.times, at, until);
  const last = table.times.reduce((a, b) => Math.max(a, b), -Infinity);
  if (last < at)
    throw new AuspexError(
      'BAD_REQUEST',
      `${path} ends at ${new Date(last).toISOString()}, before --at: it has no row of the trouble.`,
    );
  return {
    times: Float64Array.from(rows, ({ at: time }) => time),
    series: named.map(({ column, service, metric }) => ({
      service,
      metric,
      values: Float64Array.from(rows, ({ row }) => table.x[row * table.names.length + column] ?? Number.NaN),
    })),
    calls,
    target: { service: target.service, metric: asked?.metric ?? null },
    at,
    until,
  };
}

/**
 * The rows by time. Where there is hardly any past but quiet rows behind the trouble, those are the past: `--until` or the half hour tells
 * where they begin.
 */
function orderOf(times: Float64Array, at: number, until: number | null): { row: number; at: number }[] {
  const rows = Array.from(times, (time, row) => ({ row, at: time })).sort((a, b) => a.at - b.at);
  const first = rows[0]?.at ?? 0;
  const end = until ?? at + 30 * 60_000;
  const behind = rows.filter((row) => row.at > end);
  if (rows.filter((row) => row.at < at).length >= LEAST_PAST_ROWS || behind.length < LEAST_PAST_ROWS) return rows;
  const before = (rows.at(-1)?.at ?? 0) - first + 3_600_000;
  return rows.map(({ row, at: time }) => ({ row, at: time > end ? time - before : time })).sort((a, b) => a.at - b.at);
}

function partsOf(name: string): { service: string; metric: string } {
  const bar = name.indexOf('|');
  return bar < 0
    ? { service: name.trim(), metric: '' }
    : { service: name.slice(0, bar).trim(), metric: name.slice(bar + 1).trim() };
}

function askedTime(option: string, text: string): number {
  const at = timeIn(text);
  if (at === undefined)
    throw new AuspexError(
      'BAD_REQUEST',
      `${option} “${text}” is no time: 2026-03-01T04:05:00Z, or seconds since 1970.`,
    );
  return at;
}

function list(names: readonly string[]): string {
  return names.slice(0, 10).join(', ') + (names.length > 10 ? ` and ${names.length - 10} more` : '');
}

/** `from,to` a line, the caller first; a header may stand above. */
async function readCalls(path: string): Promise<Call[]> {
  const calls: Call[] = [];
  for await (const rows of csvRows(path)) {
    for (const { line, cells } of rows) {
      const [from = '', to = ''] = cells.map((cell) => cell.trim());
      if (cells.length !== 2 || from === '' || to === '')
        throw new AuspexError('FILE_INVALID', `${path}, line ${line}: \`from,to\` is expected, the caller first.`);
      if (calls.length === 0 && from.toLowerCase() === 'from' && to.toLowerCase() === 'to') continue;
      calls.push({ from, to });
    }
  }
  return calls;
}
