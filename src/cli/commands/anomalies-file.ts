import { streamSeverity } from '../../detect/stream-scores.ts';
import { AuspexError } from '../../errors.ts';
import { EntityDeviation, StreamingDetector } from '../../learners/index.ts';
import type { Severity } from '../../model/index.ts';
import { writeCsv } from '../files/csv-writer.ts';
import { progressOf } from '../files/progress.ts';
import { readTable, type Table } from '../files/table.ts';
import { exitCodes, type Output } from '../output.ts';

const COLUMNS = ['row', 'time', 'score', 'expected', 'lower', 'upper', 'anomaly', 'severity'];
/** Between rows of a file without times. */
const STEP_MS = 60_000;
/** Of a file of several columns without a past of its own, so much is taken for it. */
const PAST_SHARE = 1 / 3;
const LEAST_PAST = 10;
/** Scores of an entity, in thresholds. */
const FAR = 2;
const FARTHEST = 4;

export interface AnomaliesFileOptions {
  readonly csv: string;
  readonly train?: string;
  readonly time?: string;
  readonly out?: string;
}

/**
 * Scores each row of a file: one value column as a stream, each row from those before it alone; several as one entity, whose
 * past is another file, or the first third of this one.
 */
export async function anomaliesOfFile(
  output: Output,
  { csv, train, time, out }: AnomaliesFileOptions,
): Promise<number> {
  if (out === undefined) throw new AuspexError('BAD_REQUEST', '--csv needs --out FILE: where the scores go.');
  const reading = progressOf(output, 'Reading');
  const table = await readTable(csv, time, (share) => reading.at(share, csv));
  const past = train === undefined ? null : await readTable(train, time);
  reading.end();
  if (table.leftOut.length > 0) output.say(`Left out, since they hold text: ${table.leftOut.join(', ')}.`);
  if (past !== null && past.names.length !== table.names.length)
    throw new AuspexError(
      'FILE_INVALID',
      `${train} has ${past.names.length} value columns (${past.names.join(', ')}), ${csv} ${table.names.length} (${table.names.join(', ')}).`,
    );
  let anomalies = 0;
  const writing = progressOf(output, 'Scoring');
  await writeCsv(out, COLUMNS, async (file) => {
    const scored = table.names.length === 1 ? asStream(table, past) : asEntity(output, table, past);
    for (const row of scored) {
      if (row.anomaly === 1) anomalies++;
      const { score, expected, lower, upper, anomaly, severity } = row;
      await file.row([row.row, table.timeTexts[row.row], score, expected, lower, upper, anomaly, severity]);
      if (row.row % 1000 === 0) writing.at(row.row / table.nRows, `row ${row.row}`);
    }
  });
  writing.end();
  const what =
    table.names.length === 1 ? `“${table.names[0]}” as a stream` : `${table.names.length} columns as one entity`;
  output.data({ rows: table.nRows, columns: table.names, anomalies, out }, () =>
    output.say(`${table.nRows} rows of ${what}: ${anomalies} are anomalies. Scores: ${out}`),
  );
  return exitCodes.fine;
}

interface Scored {
  readonly row: number;
  readonly score: number;
  readonly expected: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly anomaly: 0 | 1;
  readonly severity: Severity;
}

function* asStream(table: Table, past: Table | null): Generator<Scored> {
  const detector = new StreamingDetector();
  const timesBefore = past === null ? 0 : past.nRows;
  if (past !== null) for (let i = 0; i < past.nRows; i++) detector.take(timeOf(past, i, 0), past.x[i] ?? Number.NaN);
  for (let i = 0; i < table.nRows; i++) {
    const said = detector.take(timeOf(table, i, timesBefore), table.x[i] ?? Number.NaN);
    yield {
      row: i,
      score: said.score,
      expected: numberOrNull(said.expected),
      lower: numberOrNull(said.lower),
      upper: numberOrNull(said.upper),
      anomaly: said.isAnomaly ? 1 : 0,
      severity: streamSeverity(said),
    };
  }
}

function timeOf({ times }: Table, row: number, rowsBefore: number): number {
  return times === null ? (row + rowsBefore) * STEP_MS : (times[row] ?? Number.NaN);
}

function* asEntity(output: Output, table: Table, past: Table | null): Generator<Scored> {
  const nCols = table.names.length;
  const nPast = past?.nRows ?? Math.floor(table.nRows * PAST_SHARE);
  if (nPast < LEAST_PAST)
    throw new AuspexError(
      'FILE_INVALID',
      `${nPast} rows are too few for a past; ${LEAST_PAST} are needed at least. Name another file by --train.`,
    );
  if (past === null) output.say(`No --train: the first ${nPast} rows are taken for its normal past.`);
  const model = new EntityDeviation().fit((past ?? table).x.slice(0, nPast * nCols), nPast, nCols);
  const scores = model.scoreStream(table.x, table.nRows);
  const reported = model.reported(scores);
  for (let i = 0; i < table.nRows; i++) {
    const score = scores[i] ?? 0;
    const isReported = reported[i] === 1;
    yield {
      row: i,
      score,
      expected: null,
      lower: null,
      upper: null,
      anomaly: isReported ? 1 : 0,
      severity: isReported ? entitySeverity(score / model.threshold) : 'none',
    };
  }
}

function entitySeverity(thresholds: number): Severity {
  return thresholds >= FARTHEST ? 'critical' : thresholds >= FAR ? 'high' : 'medium';
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
