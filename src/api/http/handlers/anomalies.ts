import { z } from 'zod';
import { AuspexError } from '../../../errors.ts';
import type { AnomalyRow, Contribution, Culprit, Finding } from '../../../model/index.ts';
import type { AnomalyDetail } from '../../contract/index.ts';
import { actor, type Handlers } from '../handlers.ts';
import { namesFor, optionalEntityId } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { anomalyToWire, contributionToWire } from '../wire.ts';

type Tag = 'anomalies' | 'anomaly' | 'judgeAnomaly';

export function anomalyHandlers(parts: ServerParts): Pick<Handlers, Tag> {
  const { records, engine } = parts;
  return {
    anomalies: async ({ query }) => {
      const entityId = await optionalEntityId(parts, query.entity);
      const page = await records.find('anomalies', {
        where: {
          ...(entityId === undefined ? {} : { entityId }),
          ...(query.status === undefined ? {} : { status: query.status }),
          ...(query.severity === undefined ? {} : { severity: query.severity }),
          ...(query.detector === undefined ? {} : { detector: query.detector }),
          // Those that overlap the range: begun before its end, last seen after its start.
          ...(query.from === undefined ? {} : { lastAt: { gte: Date.parse(query.from) } }),
          ...(query.to === undefined ? {} : { onsetAt: { lte: Date.parse(query.to) } }),
        },
        orderBy: 'onsetAt',
        descending: true,
        limit: query.limit,
        ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
      });
      const nameOf = await namesFor(parts, new Set(page.rows.map((row) => row.entityId)));
      return { items: page.rows.map((row) => anomalyToWire(row, nameOf)), nextCursor: page.nextCursor };
    },
    anomaly: async ({ params }) => detailOf(parts, await rowOf(parts, params.id)),
    judgeAnomaly: async ({ params, body }, context) => {
      // The engine knows findings that are not written yet.
      const judged = await engine.judge(params.id, body.verdict, actor(context));
      return anomalyToWire(judged, await namesFor(parts, [judged.entityId]));
    },
  };
}

async function rowOf(parts: ServerParts, id: string): Promise<AnomalyRow> {
  const row = await parts.records.get('anomalies', id);
  if (row === undefined) throw new AuspexError('NOT_FOUND', `There is no finding with the id “${id}”.`);
  return row;
}

/** What an evidence row holds. Its retention is shorter than the finding's, and an older version may have written less. */
type Evidence = Pick<Finding, 'contributions' | 'culprits' | 'actions' | 'counterfactual'>;
const evidenceBody = z.object({
  contributions: z.array(z.custom<Contribution>((c) => typeof c === 'object' && c !== null)).catch([]),
  culprits: z.array(z.custom<Culprit>((c) => typeof c === 'object' && c !== null)).catch([]),
  actions: z.array(z.string()).catch([]),
  counterfactual: z.string().catch(''),
});
const noEvidence: Evidence = { contributions: [], culprits: [], actions: [], counterfactual: '' };

async function detailOf(parts: ServerParts, row: AnomalyRow): Promise<AnomalyDetail> {
  const { records } = parts;
  const { detector } = row;
  const [evidenceRow, confirmed, dismissed, normal, nameOf] = await Promise.all([
    records.get('evidence', row.id),
    records.count('feedback', { detector, verdict: 'confirmed' }),
    records.count('feedback', { detector, verdict: 'dismissed' }),
    records.count('feedback', { detector, verdict: 'normal' }),
    namesFor(parts, [row.entityId]),
  ]);
  const parsed = evidenceBody.safeParse(evidenceRow?.body);
  const evidence = parsed.success ? parsed.data : noEvidence;
  return {
    ...anomalyToWire(row, nameOf),
    features: evidence.contributions.map(contributionToWire),
    culprits: evidence.culprits.map((c) => ({ kind: c.kind, name: c.name, pid: c.pid, evidence: c.evidence })),
    recommendations: [...evidence.actions],
    counterfactual: evidence.counterfactual,
    trackRecord: { confirmed, dismissed, normal },
  };
}
