import { AuspexError } from '../../errors.ts';
import { type CsvRow, csvRows } from './csv-rows.ts';
import type { OnShare } from './lines.ts';
import { numberIn, timeIn } from './numbers.ts';

/** Columns that say what is true: they are never learnt from. */
const LABELS = /^(y|label|anomaly|changepoint)$/i;
const TIMES = /^(time|timestamp|datetime|date|ts)$/i;

/** The figures of a file, row by row. */
export interface Table {
  /** Of the value columns; where the file has no header, their places: `1`, `2`, … */
  readonly names: readonly string[];
  /** nRows × names, row-major; NaN where a cell says that there is no value. */
  readonly x: Float64Array;
  readonly nRows: number;
  /** Of each row, ms, and as it stood in the file; null where no column has times. */
  readonly times: Float64Array | null;
  readonly timeTexts: readonly string[];
  /** Columns that were left out since they hold text. */
  readonly leftOut: readonly string[];
}

interface Shape {
  readonly hasHeader: boolean;
  readonly names: readonly string[];
  /** Places of the value columns. */
  readonly values: readonly number[];
  readonly time: number;
  readonly leftOut: readonly string[];
}

/**
 * Reads a file of figures, with a header or without. A column named `y`, `label`, `anomaly` or `changepoint` is not read; one with text in the
 * first row is left out. The time is the column named by `time`, else the first one of a usual name or with a date in it.
 * Throws FILE_INVALID with the line for a row that has other cells than the first, a cell that is no number or no time; FILE_FAILED.
 */
export async function readTable(path: string, time?: string, onShare?: OnShare): Promise<Table> {
  let shape: Shape | null = null;
  const head: CsvRow[] = [];
  let x = new Float64Array(1024);
  let times = new Float64Array(1024);
  const timeTexts: string[] = [];
  let nRows = 0;
  const take = ({ line, cells }: CsvRow, { values, time: timePlace, names }: Shape): void => {
    if (cells.length !== head[0]?.cells.length)
      throw invalid(path, `line ${line} has ${cells.length} cells, the first one ${head[0]?.cells.length}`);
    const start = nRows * values.length;
    if (start + values.length > x.length) x = grown(x, start + values.length);
    values.forEach((place, k) => {
      const value = numberIn(cells[place] ?? '');
      if (value === undefined)
        throw invalid(path, `line ${line}, column ${names[k]}: “${(cells[place] ?? '').slice(0, 40)}” is no number`);
      x[start + k] = value;
    });
    if (timePlace >= 0) {
      const text = cells[timePlace] ?? '';
      const at = timeIn(text);
      if (at === undefined) throw invalid(path, `line ${line}: “${text.slice(0, 40)}” is no time`);
      if (nRows >= times.length) times = grown(times, nRows + 1);
      times[nRows] = at;
      timeTexts.push(text);
    }
    nRows++;
  };
  for await (const rows of csvRows(path, onShare)) {
    for (const row of rows) {
      if (shape !== null) {
        take(row, shape);
        continue;
      }
      // Whether the first row is a header shows in the second.
      head.push(row);
      if (head.length < 2) continue;
      shape = shapeOf(path, head, time);
      for (const one of shape.hasHeader ? head.slice(1) : head) take(one, shape);
    }
  }
  if (shape === null) throw invalid(path, head.length === 0 ? 'it is empty' : 'it has one line only');
  return {
    names: shape.names,
    x: x.subarray(0, nRows * shape.values.length),
    nRows,
    times: shape.time >= 0 ? times.subarray(0, nRows) : null,
    timeTexts,
    leftOut: shape.leftOut,
  };
}

function shapeOf(path: string, [first, second]: readonly CsvRow[], wanted: string | undefined): Shape {
  const header = first?.cells.map((cell) => cell.trim()) ?? [];
  const data = second?.cells ?? [];
  const hasHeader = header.some((cell) => cell !== '' && numberIn(cell) === undefined && timeIn(cell) === undefined);
  const names = hasHeader ? header : header.map((_, place) => String(place + 1));
  const isDate = (place: number): boolean =>
    numberIn(data[place] ?? '') === undefined && timeIn(data[place] ?? '') !== undefined;
  const named = wanted === undefined ? -1 : names.indexOf(wanted);
  if (wanted !== undefined && named < 0)
    throw invalid(path, `there is no column “${wanted}”; there are ${names.slice(0, 20).join(', ')}`);
  const usual = names.findIndex((name) => TIMES.test(name));
  const time = named >= 0 ? named : usual >= 0 ? usual : names.findIndex((_, place) => isDate(place));
  const others = names.map((_, place) => place).filter((place) => place !== time && !LABELS.test(names[place] ?? ''));
  const values = others.filter((place) => numberIn(data[place] ?? '') !== undefined);
  if (values.length === 0) throw invalid(path, 'no column holds numbers');
  return {
    hasHeader,
    names: values.map((place) => names[place] ?? ''),
    values,
    time,
    leftOut: others.filter((place) => !values.includes(place)).map((place) => names[place] ?? ''),
  };
}

function grown(from: Float64Array<ArrayBuffer>, least: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(Math.max(least, 2 * from.length));
  to.set(from);
  return to;
}

function invalid(path: string, what: string): AuspexError {
  return new AuspexError('FILE_INVALID', `${path}: ${what}.`);
}
