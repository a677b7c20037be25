import { AuspexError } from '../../errors.ts';
import { AutomaticForecast, seasonsOf } from '../../learners/index.ts';
import { csvRows } from '../files/csv-rows.ts';
import { writeCsv } from '../files/csv-writer.ts';
import { numberIn, timeIn } from '../files/numbers.ts';
import { progressOf } from '../files/progress.ts';
import { exitCodes, type Output } from '../output.ts';

const COLUMNS = ['series', 'step', 'mean', 'lower95', 'upper95'];
const LEVEL = 0.95;
/** Nominal time of one core: for a series at most and at least, and for all of them. */
const MOST_MS = 400;
const LEAST_MS = 5;
const ALL_MS = 300_000;
/** A step may be missing, but not so many in a row that a mistyped date fills the memory. */
const MOST_STEPS = 10_000_000;

export interface ForecastFileOptions {
  readonly csv: string;
  readonly horizon?: number;
  readonly season?: number;
  readonly out?: string;
}

interface Series {
  readonly name: string;
  readonly values: Float64Array;
  /** Ms; undefined where the file tells no times. */
  readonly stepMs?: number;
}

/** Forecasts each series of a file by what does best on its own past. */
export async function forecastOfFile(output: Output, options: ForecastFileOptions): Promise<number> {
  const { csv, horizon, season, out } = options;
  if (out === undefined) throw new AuspexError('BAD_REQUEST', '--csv needs --out FILE: where the forecasts go.');
  if (horizon === undefined) throw new AuspexError('BAD_REQUEST', '--csv needs --horizon STEPS: how far ahead.');
  const reading = progressOf(output, 'Reading');
  const all = await readSeries(csv, (share) => reading.at(share, csv));
  reading.end();
  const budgetMs = Math.max(LEAST_MS, Math.min(MOST_MS, ALL_MS / all.length));
  const working = progressOf(output, 'Forecasting');
  await writeCsv(out, COLUMNS, async (file) => {
    for (const [k, { name, values, stepMs }] of all.entries()) {
      const seasons = seasonsOf(values, {
        ...(season === undefined ? {} : { season }),
        ...(stepMs === undefined ? {} : { stepMs }),
      });
      const model = new AutomaticForecast({ ...seasons, horizon, budgetMs }).fit(values);
      const mean = model.forecast(horizon);
      const { lower, upper } = model.interval(horizon, LEVEL);
      for (let step = 0; step < horizon; step++) await file.row([name, step + 1, mean[step], lower[step], upper[step]]);
      working.at((k + 1) / all.length, `${k + 1} of ${all.length} series`);
    }
  });
  working.end();
  output.data({ series: all.length, horizon, out }, () =>
    output.say(`${all.length} series, ${horizon} steps ahead each. Forecasts: ${out}`),
  );
  return exitCodes.fine;
}

async function readSeries(path: string, onShare: (share: number) => void): Promise<Series[]> {
  let isFirst = true;
  let isLong = false;
  const wide: Series[] = [];
  const long = new Map<string, { times: number[]; values: number[] }>();
  for await (const rows of csvRows(path, onShare)) {
    for (const { line, cells } of rows) {
      const wrong = (what: string): AuspexError => new AuspexError('FILE_INVALID', `${path}, line ${line}: ${what}.`);
      if (isFirst) {
        isFirst = false;
        isLong = isLongHeader(cells);
        if (isLong || cells.slice(1).some((cell) => numberIn(cell) === undefined)) continue;
      }
      if (!isLong) {
        wide.push({ name: cells[0] ?? '', values: wideValues(cells, wrong) });
        continue;
      }
      const [name = '', time = '', text = ''] = cells;
      if (cells.length !== 3) throw wrong(`it has ${cells.length} cells; series, time and value are expected`);
      const at = timeIn(time);
      if (at === undefined) throw wrong(`“${time.slice(0, 40)}” is no time`);
      const value = numberIn(text);
      if (value === undefined) throw wrong(`“${text.slice(0, 40)}” is no number`);
      const one = long.get(name) ?? { times: [], values: [] };
      one.times.push(at);
      one.values.push(value);
      long.set(name, one);
    }
  }
  const all = isLong ? [...long].map(([name, { times, values }]) => evenly(path, name, times, values)) : wide;
  if (all.length === 0) throw new AuspexError('FILE_INVALID', `${path}: there is no series in it.`);
  const empty = all.find(({ values }) => !values.some(Number.isFinite));
  if (empty !== undefined) throw new AuspexError('FILE_INVALID', `${path}: series “${empty.name}” has no value.`);
  return all;
}

function isLongHeader(cells: readonly string[]): boolean {
  const [series, time, value] = cells.map((cell) => cell.trim().toLowerCase());
  return cells.length === 3 && series === 'series' && value === 'value' && (time === 'time' || time === 'timestamp');
}

/** Shorter series end in empty cells. */
function wideValues(cells: readonly string[], wrong: (what: string) => AuspexError): Float64Array {
  let end = cells.length;
  while (end > 1 && (cells[end - 1] ?? '').trim() === '') end--;
  return Float64Array.from(cells.slice(1, end), (cell, k) => {
    const value = numberIn(cell);
    if (value === undefined) throw wrong(`cell ${k + 2}, “${cell.slice(0, 40)}”, is no number`);
    return value;
  });
}

/** Values by time, one for each step; the step is the median one, what is missing between is NaN. */
function evenly(path: string, name: string, times: readonly number[], values: readonly number[]): Series {
  const order = times.map((_, i) => i).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0));
  const first = times[order[0] ?? 0] ?? 0;
  const last = times[order.at(-1) ?? 0] ?? 0;
  const steps = order
    .slice(1)
    .map((i, k) => (times[i] ?? 0) - (times[order[k] ?? 0] ?? 0))
    .filter((step) => step > 0)
    .sort((a, b) => a - b);
  const stepMs = steps[steps.length >> 1] ?? 1;
  const count = Math.round((last - first) / stepMs) + 1;
  if (count > MOST_STEPS)
    throw new AuspexError(
      'FILE_INVALID',
      `${path}: series “${name}” would have ${count} steps of ${stepMs} ms; check its times.`,
    );
  const out = new Float64Array(count).fill(Number.NaN);
  for (const i of order) out[Math.round(((times[i] ?? 0) - first) / stepMs)] = values[i] ?? Number.NaN;
  return { name, values: out, stepMs };
}
