import { AuspexError } from '../../errors.ts';
import { linesOf, type OnShare } from './lines.ts';

/** One row and the line on which it began, from 1. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * The rows of a CSV file (RFC 4180: quotes, doubled quotes, line ends within quotes), parted by comma, semicolon or tab, whichever the
 * first line has most of. Empty lines are none. Throws FILE_INVALID for quotes that do not end, and what `linesOf` throws.
 */
export async function* csvRows(path: string, onShare?: OnShare): AsyncGenerator<readonly CsvRow[]> {
  let separator = '';
  let line = 0;
  let open: { text: string; line: number } | null = null;
  for await (const lines of linesOf(path, onShare)) {
    const rows: CsvRow[] = [];
    for (const next of lines) {
      line++;
      if (separator === '') separator = separatorOf(next);
      const text: string = open === null ? next : `${open.text}\n${next}`;
      const start: number = open?.line ?? line;
      if (text === '') continue;
      const cells = cellsOf(text, separator);
      open = cells === null ? { text, line: start } : null;
      if (cells !== null) rows.push({ line: start, cells });
    }
    if (rows.length > 0) yield rows;
  }
  if (open !== null)
    throw new AuspexError('FILE_INVALID', `${path}: the quotes that line ${open.line} opens never end.`);
}

function separatorOf(line: string): string {
  const plain = line.replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t'].map((separator) => ({ separator, count: plain.split(separator).length }));
  return counts.reduce((most, one) => (one.count > most.count ? one : most)).separator;
}

/** Null where quotes are still open at the end. */
function cellsOf(text: string, separator: string): string[] | null {
  if (!text.includes('"')) return text.split(separator);
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] !== '"') {
      const end = text.indexOf(separator, at);
      if (end < 0) return [...cells, text.slice(at)];
      cells.push(text.slice(at, end));
      at = end + 1;
      continue;
    }
    let cell = '';
    for (let from = at + 1; ; ) {
      const quote = text.indexOf('"', from);
      if (quote < 0) return null;
      cell += text.slice(from, quote);
      from = quote + 1;
      if (text[from] !== '"') {
        at = from;
        break;
      }
      cell += '"';
      from++;
    }
    // What stands between the quotes and the separator belongs to the cell.
    const end = text.indexOf(separator, at);
    cells.push(cell + text.slice(at, end < 0 ? text.length : end));
    if (end < 0) return cells;
    at = end + 1;
  }
}
