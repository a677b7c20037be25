import type { Alert, Entity, NotificationRow, RecordAccess } from '../../model/index.ts';
import type { About, Part } from './channel.ts';

/** Rows of the outbox with what they are about, in the order given. */
export async function withAbout(
  rows: readonly NotificationRow[],
  records: Pick<RecordAccess, 'find'>,
): Promise<(NotificationRow & Part)[]> {
  const alertIds = [...new Set(rows.flatMap((row) => row.alertId ?? []))];
  const alerts = new Map<string, Alert>();
  if (alertIds.length > 0) {
    const found = await records.find('alerts', { where: { id: { in: alertIds } }, limit: alertIds.length });
    for (const alert of found.rows) alerts.set(alert.id, alert);
  }
  const entityIds = [...new Set([...alerts.values()].map((alert) => alert.entityId))];
  const entities = new Map<string, Entity>();
  if (entityIds.length > 0) {
    const found = await records.find('entities', { where: { id: { in: entityIds } }, limit: entityIds.length });
    for (const entity of found.rows) entities.set(entity.id, entity);
  }
  return rows.map((row) => {
    const alert = alerts.get(row.alertId ?? '');
    return { ...row, about: alert === undefined ? null : aboutOf(alert, entities.get(alert.entityId)) };
  });
}

function aboutOf(alert: Alert, entity: Entity | undefined): About {
  const { rule, kind, entityId, subject, resource, startedAt, resolvedAt, summary, action } = alert;
  const instances = (entity?.aliases ?? []).flatMap((alias) => /^instance=([^,]+)/.exec(alias)?.[1] ?? []);
  return {
    rule,
    kind,
    entityId,
    subject,
    resource,
    startedAt,
    resolvedAt,
    summary,
    action,
    entityName: entity?.name ?? entityId,
    // Never the name: it may change between an alert's beginning and its end.
    instance: instances[0] ?? entityId,
  };
}

/** As they came about; of one alert its beginning before its end, also where both stand in one millisecond. */
export function inOrder(parts: readonly Part[]): Part[] {
  const last = (part: Part) => (part.kind === 'resolved' ? 1 : 0);
  return parts.toSorted((a, b) => a.createdAt - b.createdAt || last(a) - last(b));
}

/** A part's text without what stands in fields of their own. */
export function besideFields({ about, body }: Part): string {
  return about === null ? body : body.replaceAll(/^(?:Where|Since): .*\n?/gm, '').trimEnd();
}

export function formatTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
