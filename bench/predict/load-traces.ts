import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { publicData } from '../tables.ts';

/** A recorded load, a value a minute; NaN where nothing was recorded. */
export interface LoadTrace {
  readonly name: string;
  readonly values: Float64Array;
}

/** Constants were chosen on the one, figures are told of the other; which is which was fixed before either was looked at by the predictor. */
export type Half = 'tune' | 'report';

const DAY = 1440;
const MACHINES: Readonly<Record<Half, readonly string[]>> = {
  tune: ['machine-1-2', 'machine-2-1', 'machine-3-2'],
  report: ['machine-1-6', 'machine-2-8', 'machine-3-10'],
};
/** Load a minute, bytes in, bytes out, connections. */
const COLUMNS = [1, 18, 19, 25];
/** Fewer distinct values are a count of a handful, not a load. */
const LEAST_DISTINCT = 200;
/** What jumps by more than half of its mean from minute to minute is bursts and nothing else: no ramp is to be seen in it. */
const MOST_NOISE = 0.5;
/** A silence of the counter, not of the people. */
const SILENT_MINUTES = 60;

/** NASA's web server (its first half tunes, its second reports) and figures of six servers (SMD, three and three). */
export function loadTraces(half: Half): LoadTrace[] {
  const nasa = nasaLoad();
  const middle = Math.ceil(nasa.length / 2 / DAY) * DAY;
  const traces = [
    { name: 'nasa', values: half === 'tune' ? nasa.subarray(0, middle) : nasa.subarray(middle) },
    ...MACHINES[half].flatMap((machine) => ['train', 'test'].flatMap((part) => machineLoads(machine, part))),
  ];
  return traces.filter(({ values }) => new Set(values).size >= LEAST_DISTINCT / 2 && noiseOf(values) <= MOST_NOISE);
}

function nasaLoad(): Float64Array {
  const lines = gunzipSync(readFileSync(publicData('web-load/nasa_per_minute.csv.gz')))
    .toString()
    .trim()
    .split('\n');
  const values = Float64Array.from(lines.slice(1), (line) => Number(line.split(',')[1]));
  for (let i = 0; i < values.length; ) {
    let end = i;
    while (end < values.length && values[end] === 0) end++;
    if (end - i >= SILENT_MINUTES) values.fill(Number.NaN, i, end);
    i = Math.max(end, i + 1);
  }
  return values;
}

function machineLoads(machine: string, part: string): LoadTrace[] {
  const rows = gunzipSync(readFileSync(publicData(`smd/${machine}_${part}.csv.gz`)))
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number));
  return COLUMNS.flatMap((column) => {
    const values = Float64Array.from(rows, (row) => row[column] ?? Number.NaN);
    return new Set(values).size < LEAST_DISTINCT ? [] : [{ name: `${machine} ${part} ${column}`, values }];
  });
}

/** How far a minute is from the mean of its neighbours, as a share of the mean. */
function noiseOf(values: Float64Array): number {
  let squares = 0;
  let sum = 0;
  let n = 0;
  for (let i = 1; i < values.length - 1; i++) {
    const value = values[i] ?? Number.NaN;
    const off = value - ((values[i - 1] ?? Number.NaN) + (values[i + 1] ?? Number.NaN)) / 2;
    if (Number.isNaN(off)) continue;
    squares += off ** 2 / 1.5;
    sum += value;
    n++;
  }
  return Math.sqrt(squares / n) / (sum / n);
}

/** The mean of so many minutes around each; NaN where any is missing. */
export function centredMeans(values: Float64Array, width: number): Float64Array {
  const reach = width >> 1;
  return values.map((_, i) => {
    let sum = 0;
    let n = 0;
    for (let k = Math.max(0, i - reach); k <= Math.min(values.length - 1, i + reach); k++) {
      sum += values[k] ?? Number.NaN;
      n++;
    }
    return sum / n;
  });
}
