import type { ComponentHealth } from '../../../engine/engine-view.ts';
import type { StatusView } from '../../contract/index.ts';
import { actor, type Handlers } from '../handlers.ts';
import { openApiDocument } from '../openapi.ts';
import type { ServerParts } from '../ports.ts';
import type { ProcessLoad } from '../process-load.ts';
import { iso, isoOrNull } from '../wire.ts';

const MEBIBYTE = 1024 * 1024;
const defaultBudget = { residentBytes: 160 * MEBIBYTE, cpuRatio: 0.015 };
/** An agent that has not been heard of for so long is silent: a dozen of its intervals. */
const AGENT_SILENT_MS = 2 * 60_000;

type Tag =
  | 'status'
  | 'targets'
  | 'agents'
  | 'enrolAgent'
  | 'settings'
  | 'reloadSettings'
  | 'ownMetrics'
  | 'healthz'
  | 'readyz'
  | 'openapi';

export function itselfHandlers(parts: ServerParts, load: ProcessLoad): Pick<Handlers, Tag> {
  const { engine, records, settings, clock } = parts;
  return {
    status: async () => statusOf(parts, load),
    targets: async () => ({ items: [...parts.scrapeTargets()] }),
    agents: async () => {
      const page = await records.find('agents', { limit: 500 });
      return {
        items: page.rows.map((row) => {
          // The row is written at enrolment; what came since is known of its host.
          const lastSeenAt = Math.max(row.lastSeenAt, parts.engine.state(row.entityId)?.entity.lastSeenAt ?? 0);
          return {
            id: row.id,
            name: row.name,
            entityId: row.entityId,
            version: row.version,
            enrolledAt: iso(row.enrolledAt),
            lastSeenAt: iso(lastSeenAt),
            state: clock.now() - lastSeenAt <= AGENT_SILENT_MS ? ('reporting' as const) : ('silent' as const),
          };
        }),
      };
    },
    enrolAgent: async ({ body }, context) =>
      await engine.enrol({ ...body, tokenId: context.principal?.kind === 'token' ? context.principal.id : '' }),
    settings: async () => ({ items: [...(await settings.list())] }),
    reloadSettings: async (_, context) => {
      const { changed, needRestart } = await settings.reload(actor(context));
      return { changed: [...changed], needRestart: [...needRestart] };
    },
    ownMetrics: async () => ({
      status: 200,
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
      body: await parts.ownMetrics(),
    }),
    healthz: async () => ({ status: 'ok' }),
    readyz: async (_, context) => {
      const waitingFor = [...(parts.waitingFor?.() ?? [])];
      if (waitingFor.length > 0) {
        context.setStatus(503);
        context.setHeader('retry-after', '1');
        return { status: 'starting', waitingFor };
      }
      return { status: overallState(engine.components()) === 'ok' ? 'ok' : 'degraded', waitingFor };
    },
    openapi: async () => openApiDocument(parts.version),
  };
}

/** `failed` when nothing can be kept any more, `degraded` when a part is not well, else `ok`. */
export function overallState(components: readonly ComponentHealth[]): StatusView['state'] {
  if (components.some((part) => part.state === 'failed' && part.kind === 'store')) return 'failed';
  return components.some((part) => part.state === 'failed' || part.state === 'degraded') ? 'degraded' : 'ok';
}

function sentenceOf(components: readonly ComponentHealth[]): string {
  const unwell = components.filter((part) => part.state === 'failed' || part.state === 'degraded');
  const [first] = unwell;
  if (first === undefined) return 'All parts of Auspex work.';
  const rest =
    unwell.length === 1 ? '' : ` ${unwell.length - 1} more ${unwell.length === 2 ? 'part is' : 'parts are'} not well.`;
  return `${first.name} is ${first.state === 'failed' ? 'out of order' : 'impaired'}: ${first.message}${rest}`;
}

async function statusOf(parts: ServerParts, load: ProcessLoad): Promise<StatusView> {
  const components = parts.engine.components();
  const stats = await parts.metrics.stats();
  const points = stats.headPoints + stats.blockPoints;
  const budget = parts.budget ?? defaultBudget;
  return {
    state: overallState(components),
    sentence: sentenceOf(components),
    version: parts.version,
    demonstration: parts.isDemonstration === true,
    startedAt: iso(parts.startedAt),
    home: parts.home,
    components: components.map((part) => ({ ...part, since: iso(part.since) })),
    process: { ...load.read() },
    budget: { ...budget, diskBytes: stats.quotaBytes },
    store: {
      seriesCount: stats.seriesCount,
      points,
      bytes: stats.totalBytes,
      quotaBytes: stats.quotaBytes,
      bytesPerPoint: stats.blockPoints === 0 ? null : stats.blockBytes / stats.blockPoints,
      oldestAt: isoOrNull(stats.oldestAt),
      newestAt: isoOrNull(stats.newestAt),
      accepting: stats.accepting,
    },
    ingest: { ...parts.engine.ingestStats() },
  };
}
