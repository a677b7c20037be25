import { type Alert, type FindingVerdict, resources, type Severity } from '../../../model/index.ts';
import type { Handlers } from '../handlers.ts';
import { rangeOf } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { iso } from '../wire.ts';

const DAY_MS = 86_400_000;
const severities: readonly Severity[] = ['medium', 'high', 'critical'];

export function analyticsHandlers(parts: ServerParts): Pick<Handlers, 'analytics'> {
  return {
    analytics: async ({ query }) => {
      const { from, to } = rangeOf(query, parts.clock.now(), 7 * DAY_MS);
      const within = { gte: from, lte: to };
      const { records, metrics, engine } = parts;
      const [stats, anomalies, alerts, made, scored, held, executions, failed, models] = await Promise.all([
        metrics.stats(),
        anomalyCounts(parts, within),
        alertCounts(parts, within),
        records.count('predictions', { madeAt: within }),
        records.count('predictions', { scoredAt: within, outcome: { in: ['true', 'false'] } }),
        records.count('predictions', { scoredAt: within, outcome: 'true' }),
        records.count('execution_logs', { startedAt: within }),
        records.count('execution_logs', { startedAt: within, success: false }),
        records.count('model_metadata', { status: 'serving' }),
      ]);
      return {
        fromAt: iso(from),
        toAt: iso(to),
        samples: stats.headPoints + stats.blockPoints,
        series: metrics.index.size,
        entities: engine.states().length,
        anomalies,
        alerts,
        predictions: { made, scored, held },
        executions: { total: executions, failed },
        models,
      };
    },
  };
}

interface Range {
  readonly gte: number;
  readonly lte: number;
}

async function anomalyCounts(parts: ServerParts, within: Range) {
  const { records } = parts;
  const withVerdict = (verdict: FindingVerdict) => records.count('anomalies', { onsetAt: within, verdict });
  const [total, bySeverity, byResource, confirmed, dismissed, normal] = await Promise.all([
    records.count('anomalies', { onsetAt: within }),
    countsOf(severities, (severity) => records.count('anomalies', { onsetAt: within, severity })),
    countsOf(resources, (resource) => records.count('anomalies', { onsetAt: within, resource })),
    withVerdict('confirmed'),
    withVerdict('dismissed'),
    withVerdict('normal'),
  ]);
  const judged = confirmed + dismissed + normal;
  const precision = judged === 0 ? null : confirmed / judged;
  return { total, bySeverity, byResource, confirmed, dismissed, normal, precision };
}

async function countsOf<K extends string>(keys: readonly K[], count: (key: K) => Promise<number>) {
  const counts = await Promise.all(keys.map(count));
  return Object.fromEntries(keys.map((key, i) => [key, counts[i] ?? 0]).filter(([, n]) => n !== 0)) as Record<
    string,
    number
  >;
}

async function alertCounts(parts: ServerParts, within: Range) {
  const { records } = parts;
  let fired = 0;
  let suppressed = 0;
  let resolved = 0;
  let resolvedMs = 0;
  let cursor: string | undefined;
  do {
    const page = await records.find('alerts', {
      where: { firedAt: within },
      orderBy: 'firedAt',
      limit: 500,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const alert of page.rows) {
      fired++;
      if (alert.suppressedBy !== null) suppressed++;
      const took = timeToResolve(alert);
      if (took !== null) {
        resolved++;
        resolvedMs += took;
      }
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return { fired, suppressed, meanTimeToResolveSeconds: resolved === 0 ? null : resolvedMs / resolved / 1000 };
}

function timeToResolve(alert: Alert): number | null {
  return alert.firedAt === null || alert.resolvedAt === null ? null : alert.resolvedAt - alert.firedAt;
}
