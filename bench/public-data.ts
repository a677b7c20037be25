import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The folder of public data. */
const root = resolve(process.env['AUSPEX_BENCH_DATA'] ?? '../shared/data');

/** A path in the folder of public data, or null, with a line that says so, when it is not there. */
export function publicData(path: string): string | null {
  const full = join(root, path);
  if (existsSync(full)) return full;
  process.stderr.write(`${path}: not found under ${root}; set AUSPEX_BENCH_DATA. This part is left out.\n`);
  return null;
}

/** Rows of a CSV text with quoted cells. */
export function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') cell += text[i++];
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ',') {
      row.push(cell);
      cell = '';
    } else if (c === '\n') {
      row.push(cell.endsWith('\r') ? cell.slice(0, -1) : cell);
      rows.push(row);
      row = [];
      cell = '';
    } else cell += c;
  }
  if (cell !== '' || row.length > 0) rows.push([...row, cell]);
  return rows;
}
