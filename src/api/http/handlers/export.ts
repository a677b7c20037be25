import { Readable } from 'node:stream';
import {
  labelPairs,
  METRIC_NAME,
  metricName,
  type Series,
  type TableName,
  type Tables,
  type Where,
} from '../../../model/index.ts';
import type { OperationInput } from '../../contract/index.ts';
import type { Handlers, RawAnswer } from '../handlers.ts';
import { optionalEntityId, rangeOf } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { finite, iso, labelsToWire } from '../wire.ts';
import { csvLine } from './csv.ts';
import { matchersOf } from './explore.ts';

/** One read holds at most about 64 series of an hour, one chunk about 64 KiB: memory stays flat however much is asked for. */
const SERIES_AT_ONCE = 64;
const SLICE_MS = 3_600_000;
const CHUNK_CHARS = 64 * 1024;
const PAGE = 500;

export type Format = 'csv' | 'json';
type RecordTable = OperationInput<'exportRecords'>['params']['table'];

export function exportHandlers(parts: ServerParts): Pick<Handlers, 'exportSamples' | 'exportRecords'> {
  return {
    exportSamples: async ({ query }, { signal }) => {
      const entityId = await optionalEntityId(parts, query.entity);
      const found = parts.metrics.index.select(matchersOf(query.match), Number.MAX_SAFE_INTEGER);
      const series = entityId === undefined ? found : found.filter((one) => one.entityId === entityId);
      const stats = await parts.metrics.stats();
      const now = parts.clock.now();
      const range = rangeOf(query, now, Math.max(1, now - (stats.oldestAt ?? now)));
      const from = Math.max(range.from, stats.oldestAt ?? range.from);
      return answerOf('samples', query.format, sampleLines(parts, series, from, range.to, query.format, signal));
    },
    exportRecords: async ({ params, query }, { signal }) => {
      const now = parts.clock.now();
      const range = rangeOf(query, now + 1, now);
      return answerOf(params.table, query.format, recordLines(parts, params.table, range, query.format, signal));
    },
  };
}

/** A stream of lines as a file to keep. */
export function answerOf(name: string, format: Format, lines: AsyncIterable<string>): RawAnswer {
  return {
    status: 200,
    headers: {
      'content-type':
        format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson; charset=utf-8',
      'content-disposition': `attachment; filename="auspex-${name}.${format === 'csv' ? 'csv' : 'jsonl'}"`,
      'cache-control': 'no-store',
    },
    body: Readable.from(chunked(lines), { objectMode: false, highWaterMark: CHUNK_CHARS }),
  };
}

/** Lines in pieces worth a write each; the reader's pace decides when the next is made. */
async function* chunked(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = '';
  for await (const line of lines) {
    chunk += line;
    if (chunk.length < CHUNK_CHARS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

async function* sampleLines(
  parts: ServerParts,
  series: readonly Series[],
  from: number,
  to: number,
  format: Format,
  signal: AbortSignal,
): AsyncGenerator<string> {
  if (format === 'csv') yield csvLine(['time', 'name', 'labels', 'value']);
  for (let start = 0; start < series.length; start += SERIES_AT_ONCE) {
    const group = series.slice(start, start + SERIES_AT_ONCE);
    const byRef = new Map(group.map((one) => [one.ref, one]));
    const refs = group.map((one) => one.ref);
    for (let at = from; at <= to && !signal.aborted; at += SLICE_MS) {
      const slice = await parts.metrics.range(refs, at, Math.min(to, at + SLICE_MS - 1));
      for (const points of slice) {
        const one = byRef.get(points.ref);
        if (one !== undefined) yield linesOf(one, points.times, points.values, format);
      }
    }
  }
}

function linesOf(series: Series, times: Float64Array, values: Float64Array, format: Format): string {
  const name = metricName(series.labels);
  const labels = labelsText(series);
  let lines = '';
  for (let i = 0; i < times.length; i++) {
    const time = iso(times[i] as number);
    const value = values[i] as number;
    lines +=
      format === 'csv'
        ? csvLine([time, name, labels, value])
        : `${JSON.stringify({ time, name, labels: labelsToWire(series.labels), value: finite(value) })}\n`;
  }
  return lines;
}

/** The labels as JSON, without the name: what every reader of CSV can take apart again. */
function labelsText(series: Series): string {
  return JSON.stringify(Object.fromEntries([...labelPairs(series.labels)].filter(([name]) => name !== METRIC_NAME)));
}

interface Exported<T extends TableName> {
  /** The column that the range speaks of. */
  readonly time: keyof Tables[T] & string;
  readonly columns: readonly (keyof Tables[T] & string)[];
}
const exported: { readonly [T in RecordTable]: Exported<T> } = {
  anomalies: {
    time: 'onsetAt',
    columns: [
      'id',
      'entityId',
      'detector',
      'subject',
      'resource',
      'severity',
      'score',
      'direction',
      'onsetAt',
      'detectedAt',
      'lastAt',
      'endedAt',
      'status',
      'verdict',
      'confidence',
      'summary',
      'pages',
    ],
  },
  alerts: {
    time: 'startedAt',
    columns: [
      'id',
      'rule',
      'kind',
      'entityId',
      'subject',
      'resource',
      'severity',
      'state',
      'startedAt',
      'firedAt',
      'resolvedAt',
      'lastAt',
      'value',
      'limit',
      'unit',
      'summary',
      'action',
      'findingId',
      'suppressedBy',
      'incidentId',
    ],
  },
  incidents: {
    time: 'startedAt',
    columns: [
      'id',
      'title',
      'class',
      'severity',
      'state',
      'startedAt',
      'openedAt',
      'lastAt',
      'resolvedAt',
      'toldAt',
      'acknowledgedAt',
      'assignee',
      'verdict',
      'mergedInto',
      'entityId',
      'entityIds',
      'causes',
      'signs',
      'steps',
    ],
  },
  changes: {
    time: 'at',
    columns: ['id', 'at', 'kind', 'entityId', 'service', 'what', 'from', 'to', 'by', 'source', 'url'],
  },
  error_patterns: {
    time: 'lastSeenAt',
    columns: [
      'id',
      'class',
      'type',
      'message',
      'topFrame',
      'component',
      'entityId',
      'firstSeenAt',
      'lastSeenAt',
      'count',
    ],
  },
  predictions: {
    time: 'madeAt',
    columns: [
      'id',
      'type',
      'entityId',
      'component',
      'model',
      'modelVersion',
      'madeAt',
      'dueAt',
      'horizonMs',
      'value',
      'unit',
      'probability',
      'rule',
      'outcome',
      'actual',
      'scoredAt',
      'baseline',
    ],
  },
  execution_logs: {
    time: 'startedAt',
    columns: [
      'id',
      'job',
      'command',
      'userId',
      'host',
      'startedAt',
      'durationMs',
      'exitCode',
      'success',
      'errorMessage',
      'context',
    ],
  },
  model_metadata: {
    time: 'trainedAt',
    columns: [
      'id',
      'name',
      'entityId',
      'version',
      'algorithm',
      'status',
      'trainedAt',
      'trainedFrom',
      'trainedTo',
      'sampleCount',
      'featureNames',
      'sizeBytes',
      'checksum',
      'metrics',
      'trainingMs',
      'fault',
    ],
  },
  system_metrics: {
    time: 'at',
    columns: [
      'id',
      'entityId',
      'at',
      'cpuRatio',
      'memoryRatio',
      'diskRatio',
      'diskIoRatio',
      'networkBytesPerSecond',
      'loadPerCore',
      'processCount',
      'health',
      'performance',
    ],
  },
  patterns: { time: 'at', columns: ['id', 'entityId', 'component', 'at', 'type', 'strength', 'body'] },
};
const isTime = /(^at$|At$|^trained(From|To)$)/;

async function* recordLines(
  parts: ServerParts,
  table: RecordTable,
  range: { readonly from: number; readonly to: number },
  format: Format,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { time, columns } = exported[table] as Exported<TableName>;
  if (format === 'csv') yield csvLine(columns);
  let cursor: string | null = null;
  do {
    // The table, its time column and the condition belong together by `exported`; the compiler cannot follow a union of tables.
    const where: Where<Tables[TableName]> = Object.fromEntries([[time, { gte: range.from, lte: range.to }]]);
    const page: { rows: readonly object[]; nextCursor: string | null } = await parts.records.find(table as TableName, {
      where,
      orderBy: time,
      limit: PAGE,
      ...(cursor === null ? {} : { cursor }),
    });
    for (const row of page.rows) {
      const fields = columns.map((column) => exportedValue(column, (row as Record<string, unknown>)[column]));
      yield format === 'csv'
        ? csvLine(fields)
        : `${JSON.stringify(Object.fromEntries(columns.map((column, i) => [column, fields[i] ?? null])))}\n`;
    }
    cursor = page.nextCursor;
  } while (cursor !== null && !signal.aborted);
}

function exportedValue(column: string, value: unknown): unknown {
  return typeof value === 'number' && isTime.test(column) ? iso(value) : value;
}
