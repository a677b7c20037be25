import { AuspexError } from '../../../errors.ts';
import {
  type AnomalyRow,
  formatLabels,
  figureMetric,
  isCumulative,
  METRIC_NAME,
  metricName,
  metricUnit,
  rateUnit,
  type Series,
} from '../../../model/index.ts';
import type { Chart, OperationInput } from '../../contract/index.ts';
import { optionalEntityId } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { finite, iso, isoOrNull, labelsToWire } from '../wire.ts';
import { changeMarks, eventMarks, jobMarks } from './chart-marks.ts';
import { type Columns, gaugeColumns, rateColumns, rollupColumns } from './chart-columns.ts';
import { chartRange, type Range, stepFor } from './chart-range.ts';

/** More lines than this nobody can tell apart. */
const MAX_SERIES = 6;
/** Of more candidates than this the order is not worked out. */
const MAX_CANDIDATES = 500;
/** A counter's first rate in the range needs a point before it. */
const RATE_LEAD_MS = 5 * 60_000;
/** Up to this step points are drawn as they are, where they are not too many. */
const RAW_STEP_MS = 30_000;

type Query = OperationInput<'chart'>['query'];

/** Series over a range with what is usual, what was unusual and what happened: a whole chart in one answer. */
export async function chartOf(parts: ServerParts, query: Query): Promise<Chart> {
  const range = chartRange(query, parts.clock.now());
  const { chosen, truncated } = await chooseSeries(parts, query, range);
  const entityIds = new Set(chosen.map((series) => series.entityId));
  const [series, findings, expected, jobs, events, changes] = await Promise.all([
    columnsOf(parts, chosen, range, query.points),
    overlapping(parts, entityIds, range),
    chosen.length === 1 ? parts.engine.expected((chosen[0] as Series).ref) : null,
    jobMarks(parts, entityIds, range),
    eventMarks(parts, entityIds, range),
    changeMarks(parts, entityIds, range),
  ]);
  return {
    fromAt: iso(range.from),
    toAt: iso(range.to),
    series,
    expected:
      expected === null
        ? null
        : {
            lower: finite(expected.lower),
            upper: finite(expected.upper),
            mean: finite(expected.mean),
            learning: expected.learning,
          },
    anomalies: findings
      .filter((finding) => concerns(finding, chosen))
      .map((finding) => ({
        id: finding.id,
        fromAt: iso(finding.onsetAt),
        toAt: isoOrNull(finding.endedAt),
        severity: finding.severity,
        summary: finding.summary,
      })),
    marks: [...jobs, ...events, ...changes].sort((a, b) => (a.at < b.at ? -1 : 1)),
    truncated,
  };
}

async function chooseSeries(parts: ServerParts, query: Query, range: Range) {
  const candidates =
    query.ref === undefined || query.ref === '' ? await seriesByName(parts, query) : seriesByRef(parts, query.ref);
  if (candidates.length <= MAX_SERIES) return { chosen: candidates, truncated: false };
  const considered = candidates.slice(0, MAX_CANDIDATES);
  const [unusual, sizes] = await Promise.all([unusualSubjects(parts, considered), sizesOf(parts, considered, range)]);
  const order = (series: Series) => Number(unusual.has(formatLabels(series.labels)));
  const chosen = considered
    .map((series) => ({ series, unusual: order(series), size: sizes.get(series.ref) ?? -1 }))
    .sort((a, b) => b.unusual - a.unusual || b.size - a.size || a.series.ref - b.series.ref)
    .slice(0, MAX_SERIES)
    .map(({ series }) => series);
  return { chosen, truncated: true };
}

function seriesByRef(parts: ServerParts, text: string): Series[] {
  return [...new Set(text.split(','))].map((part) => {
    if (!/^\s*\d{1,10}\s*$/.test(part))
      throw new AuspexError('BAD_REQUEST', `query.ref: “${part}” is not a series number.`, {
        data: { field: 'query.ref' },
      });
    const series = parts.metrics.index.get(Number(part));
    if (series === undefined) throw new AuspexError('NOT_FOUND', `There is no series with the number ${part.trim()}.`);
    return series;
  });
}

async function seriesByName(parts: ServerParts, query: Query): Promise<Series[]> {
  if (query.metric === undefined || query.metric === '')
    throw new AuspexError('BAD_REQUEST', 'query.metric: name a metric, or series numbers as ref.', {
      data: { field: 'query.metric' },
    });
  const entityId = await optionalEntityId(parts, query.entity);
  const found = parts.metrics.index.select(
    [{ name: METRIC_NAME, op: '=', value: query.metric }],
    Number.MAX_SAFE_INTEGER,
  );
  return entityId === undefined ? [...found] : found.filter((series) => series.entityId === entityId);
}

async function unusualSubjects(parts: ServerParts, series: readonly Series[]): Promise<ReadonlySet<string>> {
  const entityIds = [...new Set(series.map((one) => one.entityId))];
  const page = await parts.records.find('anomalies', {
    where: { status: 'open', entityId: { in: entityIds } },
    limit: 500,
  });
  return new Set(page.rows.map((row) => row.subject));
}

/** The mean of each over the range, of counters the increase: what makes the line stand high. */
async function sizesOf(parts: ServerParts, series: readonly Series[], { from, to }: Range) {
  const stepMs = stepFor(to - from, 12);
  const rollups = await parts.metrics.downsample(
    series.map((one) => one.ref),
    from,
    to,
    stepMs,
  );
  const sizes = new Map<number, number>();
  for (const rollup of rollups) {
    const one = parts.metrics.index.get(rollup.ref);
    const isRate = one !== undefined && isCumulative(metricName(one.labels), one.kind);
    let sum = 0;
    let count = 0;
    for (let i = 0; i < rollup.count.length; i++) {
      sum += (isRate ? rollup.increase[i] : rollup.sum[i]) ?? 0;
      count += rollup.count[i] ?? 0;
    }
    sizes.set(rollup.ref, isRate ? sum : count === 0 ? -1 : Math.abs(sum / count));
  }
  return sizes;
}

async function columnsOf(
  parts: ServerParts,
  chosen: readonly Series[],
  range: Range,
  points: number,
): Promise<Chart['series']> {
  const refs = chosen.map((series) => series.ref);
  const columns =
    (await rawColumns(parts, chosen, range, points)) ?? (await steppedColumns(parts, refs, range, points));
  return chosen.map((series) => {
    const name = metricName(series.labels);
    const isRate = isCumulative(name, series.kind);
    const unit = metricUnit(name, series.kind);
    const own = columns.get(series.ref) ?? { timesMs: [], mean: [], min: [], max: [], stepMs: 0 };
    return {
      ref: series.ref,
      labels: labelsToWire(series.labels),
      name,
      unit: isRate ? rateUnit(name, unit) : unit,
      rate: isRate,
      ...own,
    };
  });
}

/** The points themselves where the range is short; null where steps are called for. */
async function rawColumns(
  parts: ServerParts,
  chosen: readonly Series[],
  { from, to }: Range,
  points: number,
): Promise<Map<number, Columns> | null> {
  if (stepFor(to - from, points) > RAW_STEP_MS) return null;
  const refs = chosen.map((series) => series.ref);
  const raw = await parts.metrics.range(refs, from - RATE_LEAD_MS, to, 3 * points);
  const columns = new Map<number, Columns>();
  for (const found of raw) {
    const series = parts.metrics.index.get(found.ref);
    const isRate = series !== undefined && isCumulative(metricName(series.labels), series.kind);
    const first = found.times.findIndex((at) => at >= from);
    const inRange = first === -1 ? 0 : found.times.length - first;
    if (inRange > 2 * points) return null;
    const start = first === -1 ? found.times.length : first;
    columns.set(
      found.ref,
      isRate
        ? rateColumns(found, from)
        : gaugeColumns({ ref: found.ref, times: found.times.subarray(start), values: found.values.subarray(start) }),
    );
  }
  return columns;
}

async function steppedColumns(
  parts: ServerParts,
  refs: readonly number[],
  { from, to }: Range,
  points: number,
): Promise<Map<number, Columns>> {
  const stepMs = stepFor(to - from, points);
  const rollups = await parts.metrics.downsample(refs, Math.floor(from / stepMs) * stepMs, to, stepMs);
  const columns = new Map<number, Columns>();
  for (const rollup of rollups) {
    const series = parts.metrics.index.get(rollup.ref);
    const isRate = series !== undefined && isCumulative(metricName(series.labels), series.kind);
    columns.set(rollup.ref, rollupColumns(rollup, isRate, to));
  }
  return columns;
}

async function overlapping(
  parts: ServerParts,
  entityIds: ReadonlySet<string>,
  { from, to }: Range,
): Promise<readonly AnomalyRow[]> {
  if (entityIds.size === 0) return [];
  const page = await parts.records.find('anomalies', {
    where: { entityId: { in: [...entityIds] }, lastAt: { gte: from }, onsetAt: { lte: to } },
    orderBy: 'onsetAt',
    descending: true,
    limit: 200,
  });
  return page.rows;
}

/** Whether a finding belongs on a chart of these series: it is about one of them, or about their resource as a whole. */
function concerns(finding: AnomalyRow, chosen: readonly Series[]): boolean {
  return chosen.some((series) => {
    if (series.entityId !== finding.entityId) return false;
    const name = metricName(series.labels);
    if (finding.subject === formatLabels(series.labels) || finding.subject === name) return true;
    if (finding.detector === 'metric') return false;
    const resource = figureMetric(name)?.resource;
    return resource !== undefined && resource === finding.resource;
  });
}
