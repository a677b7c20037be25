import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Cell = string | number | null;

/** One part's outcome: rows for the eye, figures for the file. */
export interface Report {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly notes: readonly string[];
  readonly figures: unknown;
  /** Aims that were missed, one line each. */
  readonly missed?: readonly string[];
}

const folder = fileURLToPath(new URL('./results', import.meta.url));

export function print(part: string, report: Report): void {
  const lines = [report.columns, ...report.rows].map((row) => row.map(textOf));
  const widths = report.columns.map((_, c) => Math.max(...lines.map((line) => line[c]?.length ?? 0)));
  process.stdout.write(`\n${part}\n`);
  for (const line of lines) {
    const cells = line.map((cell, c) => (c === 0 ? cell.padEnd(widths[c] ?? 0) : cell.padStart(widths[c] ?? 0)));
    process.stdout.write(`  ${cells.join('   ')}\n`);
  }
  for (const note of report.notes) process.stdout.write(`  ${note}\n`);
  for (const line of report.missed ?? []) process.stdout.write(`  MISSED: ${line}\n`);
}

/** Writes bench/results/<part>.json with what is needed to repeat and to judge it. */
export function save(part: string, report: Report, command: string): void {
  mkdirSync(folder, { recursive: true });
  const record = {
    part,
    date: new Date().toISOString(),
    commit: commit(),
    command,
    machine: machine(),
    figures: report.figures,
    notes: report.notes,
    missed: report.missed ?? [],
  };
  writeFileSync(join(folder, `${part}.json`), `${JSON.stringify(record, null, 2)}\n`);
}

function machine(): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    loadBefore: Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]),
  };
}

function commit(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', 'src') === '' ? '' : ' with changes');
  } catch {
    return 'unknown';
  }
}

function textOf(cell: Cell): string {
  if (cell === null) return '–';
  if (typeof cell === 'string') return cell;
  if (!Number.isFinite(cell)) return '–';
  return Math.abs(cell) >= 1000 ? Math.round(cell).toLocaleString('en-US') : String(Number(cell.toPrecision(3)));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

export const mb = (bytes: number): number => bytes / 1e6;
