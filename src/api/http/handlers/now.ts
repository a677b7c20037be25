import { AuspexError } from '../../../errors.ts';
import type { Alert, AnomalyRow, Severity } from '../../../model/index.ts';
import type { EntityState } from '../../../engine/engine-view.ts';
import type { Overview } from '../../contract/index.ts';
import type { Handlers } from '../handlers.ts';
import { entityIdOf, namesFor } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import {
  alertToWire,
  anomalyToWire,
  entityDetailToWire,
  entityToWire,
  gaugeToWire,
  iso,
  outlookToWire,
  patternToWire,
  performanceToWire,
} from '../wire.ts';
import { overallState } from './itself.ts';

const WEEK_MS = 7 * 86_400_000;
const OUTLOOK_MS = 30 * 86_400_000;
/** More than this nobody reads on one page; the lists have paging. */
const SHOWN = 50;

type Tag = 'overview' | 'entities' | 'entity' | 'performance' | 'patterns';

export function nowHandlers(parts: ServerParts): Pick<Handlers, Tag> {
  const { engine } = parts;
  return {
    overview: async () => overview(parts),
    entities: async () => ({ items: engine.states().map(entityToWire) }),
    entity: async ({ params }) => entityDetailToWire(liveState(parts, params.id)),
    performance: async ({ params }) => performanceToWire(await engine.performance(await entityIdOf(parts, params.id))),
    patterns: async ({ params, query }) => {
      const patterns = await engine.patterns(await entityIdOf(parts, params.id), query.days);
      return { items: patterns.map(patternToWire) };
    },
  };
}

function liveState(parts: ServerParts, idOrName: string): EntityState {
  const state = parts.engine.state(idOrName);
  if (state === undefined) throw new AuspexError('NOT_FOUND', `No host or service has the id or name “${idOrName}”.`);
  return state;
}

async function overview(parts: ServerParts): Promise<Overview> {
  const { engine, clock } = parts;
  const now = clock.now();
  const { hosts, others, othersCount } = engine.overview(SHOWN);
  const [anomalies, alerts, record] = await Promise.all([
    openAnomalies(parts),
    activeAlerts(parts),
    weekRecord(parts, now),
  ]);
  const outlook = engine.outlook(OUTLOOK_MS);
  const nameOf = await namesFor(
    parts,
    [...anomalies, ...alerts, ...outlook].map((row) => row.entityId),
  );
  return {
    sentence: engine.sentence(),
    at: iso(now),
    hosts: hosts.map((state) => ({ ...entityToWire(state), gauges: state.gauges.map(gaugeToWire) })),
    others: others.map(entityToWire),
    othersCount,
    anomalies: anomalies.map((row) => anomalyToWire(row, nameOf)),
    alerts: alerts.map((row) => alertToWire(row, nameOf)),
    outlook: [...outlook]
      .sort((a, b) => (a.dueAt ?? Infinity) - (b.dueAt ?? Infinity))
      .slice(0, SHOWN)
      .map((o) => outlookToWire(o, nameOf)),
    trackRecord: record,
    learning: engine.learning(),
    status: overallState(engine.components()),
  };
}

const rank: Readonly<Record<Severity, number>> = { critical: 3, high: 2, medium: 1, none: 0 };

async function openAnomalies(parts: ServerParts): Promise<AnomalyRow[]> {
  const page = await parts.records.find('anomalies', {
    where: { status: 'open' },
    orderBy: 'onsetAt',
    descending: true,
    limit: SHOWN,
  });
  return [...page.rows].sort((a, b) => rank[b.severity] - rank[a.severity] || b.score - a.score);
}

async function activeAlerts(parts: ServerParts): Promise<Alert[]> {
  const page = await parts.records.find('alerts', {
    where: { state: { in: ['firing', 'held', 'no-data'] }, firedAt: { not: null } },
    orderBy: 'startedAt',
    descending: true,
    limit: SHOWN,
  });
  return [...page.rows].sort((a, b) => rank[b.severity] - rank[a.severity]);
}

async function weekRecord(parts: ServerParts, now: number): Promise<Overview['trackRecord']> {
  const { records } = parts;
  const [ledger, fired] = await Promise.all([
    records.find('track_records', { limit: 500 }),
    records.find('alerts', { where: { firedAt: { gte: now - WEEK_MS } }, limit: 500 }),
  ]);
  const scored = ledger.rows.reduce((sum, row) => sum + row.scored, 0);
  const held = ledger.rows.reduce((sum, row) => sum + row.held, 0);
  const pages = fired.rows.filter((alert) => alert.suppressedBy === null);
  return {
    sentence:
      scored === 0
        ? 'No prediction has fallen due yet.'
        : `Of ${scored} predictions ${held} held (${Math.round((100 * held) / scored)} %).`,
    scored,
    held,
    pagesThisWeek: pages.length,
    needlessPagesThisWeek: await needless(parts, pages),
  };
}

/** Pages of which a person said that they told nothing worth knowing. */
async function needless(parts: ServerParts, pages: readonly Alert[]): Promise<number> {
  const findings = pages.flatMap((alert) => (alert.findingId === null ? [] : [alert.findingId]));
  if (findings.length === 0) return 0;
  return await parts.records.count('anomalies', { id: { in: findings }, verdict: { in: ['dismissed', 'normal'] } });
}
