import {
  METRIC_NAME,
  type Matcher,
  metricName,
  metricTitle,
  metricUnit,
  parseSelector,
  type Series,
} from '../../../model/index.ts';
import type { Handlers } from '../handlers.ts';
import { optionalEntityId } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { labelsToWire } from '../wire.ts';
import { nextTurn } from '../../../next-turn.ts';
import { chartOf } from './chart.ts';
import { chartBandOf } from './chart-band.ts';
import { seriesScoresOf } from './series-scores.ts';

/** Series looked at between two turns of the event loop, so that a large index does not hold it. */
const SLICE = 10_000;
const MAX_LABEL_VALUES = 100_000;
const TOP = 100;

type Tag = 'metrics' | 'series' | 'chart' | 'chartBand' | 'seriesScores' | 'cardinality';

export function exploreHandlers(parts: ServerParts): Pick<Handlers, Tag> {
  const { index } = parts.metrics;
  return {
    metrics: async ({ query }) => {
      const entityId = await optionalEntityId(parts, query.entity);
      return { items: await metricNames(parts, entityId, query.search) };
    },
    series: async ({ query }) => {
      const entityId = await optionalEntityId(parts, query.entity);
      const matchers = matchersOf(query.match, query.metric);
      const found = index.select(matchers, entityId === undefined ? query.limit : Number.MAX_SAFE_INTEGER);
      const own = entityId === undefined ? found : found.filter((series) => series.entityId === entityId);
      return {
        items: own.slice(0, query.limit).map((series) => ({
          ref: series.ref,
          labels: labelsToWire(series.labels),
          name: metricName(series.labels),
          kind: series.kind,
          entityId: series.entityId,
        })),
      };
    },
    chart: async ({ query }) => chartOf(parts, query),
    chartBand: async ({ query }) => chartBandOf(parts, query),
    seriesScores: async ({ query }) => seriesScoresOf(parts, query),
    cardinality: async () => cardinality(parts),
  };
}

/** The matchers of a selector, of a metric's name, or of both. */
export function matchersOf(selector: string | undefined, metric?: string): Matcher[] {
  const matchers = selector === undefined || selector.trim() === '' ? [] : parseSelector(selector);
  if (metric !== undefined && metric !== '') matchers.push({ name: METRIC_NAME, op: '=', value: metric });
  return matchers;
}

async function* allSeries(parts: ServerParts): AsyncGenerator<Series> {
  const all = parts.metrics.index.select([], Number.MAX_SAFE_INTEGER);
  for (let i = 0; i < all.length; i++) {
    if (i > 0 && i % SLICE === 0) await nextTurn();
    yield all[i] as Series;
  }
}

type MetricInfo = Awaited<ReturnType<Handlers['metrics']>>['items'][number];

async function metricNames(
  parts: ServerParts,
  entityId: string | undefined,
  search: string | undefined,
): Promise<MetricInfo[]> {
  const [groups, unusual] = await Promise.all([groupByName(parts, entityId), unusualMetrics(parts, entityId)]);
  const words = (search ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const items: MetricInfo[] = [];
  for (const [name, { kind, count }] of groups) {
    const title = metricTitle(name);
    const text = `${name} ${title}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    items.push({ name, title, unit: metricUnit(name, kind), kind, seriesCount: count, unusual: unusual.has(name) });
  }
  return items.sort((a, b) => Number(b.unusual) - Number(a.unusual) || (a.name < b.name ? -1 : 1));
}

async function groupByName(parts: ServerParts, entityId: string | undefined) {
  const groups = new Map<string, { kind: Series['kind']; count: number }>();
  for await (const series of allSeries(parts)) {
    if (entityId !== undefined && series.entityId !== entityId) continue;
    const name = metricName(series.labels);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { kind: series.kind, count: 1 });
    else group.count++;
  }
  return groups;
}

/** Names of the metrics that open findings speak of: their subject is a series as Prometheus writes it. */
async function unusualMetrics(parts: ServerParts, entityId: string | undefined): Promise<ReadonlySet<string>> {
  const page = await parts.records.find('anomalies', {
    where: { status: 'open', ...(entityId === undefined ? {} : { entityId }) },
    limit: 500,
  });
  return new Set(page.rows.map((row) => row.subject.split('{', 1)[0] ?? ''));
}

async function cardinality(parts: ServerParts): ReturnType<Handlers['cardinality']> {
  const { index } = parts.metrics;
  const byMetric = new Map<string, number>();
  const byEntity = new Map<string, number>();
  for await (const series of allSeries(parts)) {
    const name = metricName(series.labels);
    byMetric.set(name, (byMetric.get(name) ?? 0) + 1);
    byEntity.set(series.entityId, (byEntity.get(series.entityId) ?? 0) + 1);
  }
  const byLabel = new Map<string, number>();
  for (const name of index.labelNames()) {
    if (name !== METRIC_NAME) byLabel.set(name, index.labelValues(name, MAX_LABEL_VALUES).length);
  }
  return {
    seriesCount: index.size,
    limit: index.limit,
    byMetric: largest(byMetric).map(([name, seriesCount]) => ({ name, seriesCount })),
    byLabel: largest(byLabel).map(([name, valueCount]) => ({ name, valueCount })),
    byEntity: largest(byEntity).map(([entityId, seriesCount]) => ({
      entityId,
      name: parts.engine.nameOf(entityId) ?? entityId,
      seriesCount,
    })),
    refusedSamples: parts.engine.ingestStats().refused,
  };
}

function largest(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, TOP);
}
