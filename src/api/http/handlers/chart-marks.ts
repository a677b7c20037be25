import { type Change, changeText, HOST_EVENT_METRIC, labelValue, METRIC_NAME } from '../../../model/index.ts';
import type { Chart } from '../../contract/index.ts';
import type { ServerParts } from '../ports.ts';
import { iso } from '../wire.ts';

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Jobs that ran on the hosts. */
export async function jobMarks(
  parts: ServerParts,
  entityIds: ReadonlySet<string>,
  { from, to }: Range,
): Promise<Chart['marks']> {
  const hosts = new Set<string>();
  for (const id of entityIds) {
    const entity = parts.engine.state(id)?.entity;
    for (const name of [id, entity?.name, ...(entity?.aliases ?? [])]) if (name !== undefined) hosts.add(name);
  }
  if (hosts.size === 0) return [];
  const page = await parts.records.find('execution_logs', {
    where: { startedAt: { gte: from, lte: to }, host: { in: [...hosts] } },
    orderBy: 'startedAt',
    descending: true,
    limit: 100,
  });
  return page.rows.map((run) => ({
    at: iso(run.startedAt),
    kind: 'job' as const,
    text: run.success ? run.job : `${run.job} failed (exit ${run.exitCode})`,
  }));
}

const MOST_CHANGES = 100;

/** What was changed on the hosts and services, also where only the service is known. */
export async function changeMarks(
  parts: ServerParts,
  entityIds: ReadonlySet<string>,
  { from, to }: Range,
): Promise<Chart['marks']> {
  if (entityIds.size === 0) return [];
  const services = parts.engine.servicesOf([...entityIds]);
  const within = { at: { gte: from, lte: to } };
  const page = { orderBy: 'at', descending: true, limit: MOST_CHANGES } as const;
  const [own, ofServices] = await Promise.all([
    parts.records.find('changes', { where: { ...within, entityId: { in: [...entityIds] } }, ...page }),
    services.length === 0
      ? { rows: [] }
      : parts.records.find('changes', { where: { ...within, service: { in: services } }, ...page }),
  ]);
  const found = new Map([...own.rows, ...ofServices.rows].map((change) => [change.id, change]));
  return [...found.values()].slice(0, MOST_CHANGES).map((change) => ({
    at: iso(change.at),
    kind: 'change' as const,
    text: markText(change),
  }));
}

function markText(change: Change): string {
  return change.by === null ? changeText(change) : `${changeText(change)}, by ${change.by}`;
}

const EVENT_MARKS: Readonly<Record<string, { readonly kind: 'reboot' | 'clock'; readonly text: string }>> = {
  reboot: { kind: 'reboot', text: 'rebooted' },
  resume: { kind: 'clock', text: 'resumed after suspension' },
  'clock-step': { kind: 'clock', text: 'the clock was set' },
};
/** A reboot is told again by each start of a collector soon after it, a few ms apart. */
const SAME_EVENT_MS = 5_000;

/** What happened to the hosts, from the samples by which collectors say so. */
export async function eventMarks(
  parts: ServerParts,
  entityIds: ReadonlySet<string>,
  { from, to }: Range,
): Promise<Chart['marks']> {
  const series = parts.metrics.index
    .select([{ name: METRIC_NAME, op: '=', value: HOST_EVENT_METRIC }], Number.MAX_SAFE_INTEGER)
    .filter((one) => entityIds.has(one.entityId));
  if (series.length === 0) return [];
  const found = await parts.metrics.range(
    series.map((one) => one.ref),
    from,
    to,
    100,
  );
  return found.flatMap(({ ref, times }) => {
    const one = series.find((candidate) => candidate.ref === ref);
    const mark = EVENT_MARKS[one === undefined ? '' : (labelValue(one.labels, 'type') ?? '')];
    if (one === undefined || mark === undefined) return [];
    const name = entityIds.size > 1 ? `${parts.engine.nameOf(one.entityId) ?? one.entityId} ` : '';
    return [...times]
      .filter((at, i) => i === 0 || at - (times[i - 1] ?? 0) > SAME_EVENT_MS)
      .map((at) => ({ at: iso(at), kind: mark.kind, text: `${name}${mark.text}` }));
  });
}
