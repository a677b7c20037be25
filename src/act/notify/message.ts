import { createHash } from 'node:crypto';
import { type Notification, type NotificationRow, type Severity, severityRank } from '../../model/index.ts';
import type { Message, Part } from './channel.ts';

/** The key of a message made of these rows, whatever their order. */
export function messageKey(parts: readonly Pick<Notification, 'id' | 'deduplicationKey' | 'kind'>[]): string {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return `${only.deduplicationKey}-${only.kind}`;
  const ids = parts.map((part) => part.id).sort();
  return `group-${createHash('sha256').update(ids.join('\n')).digest('hex').slice(0, 32)}`;
}

export function messageOf(rows: readonly (NotificationRow & Part)[], answers: readonly string[] = []): Message {
  const parts = rows.map(partOf);
  const severity = parts.reduce<Severity>(
    (worst, part) => (severityRank[part.severity] > severityRank[worst] ? part.severity : worst),
    'none',
  );
  return {
    key: messageKey(parts),
    title: oneLine(parts.length === 1 ? (parts[0]?.title ?? '') : groupTitle(parts)),
    text: parts.map((part) => (parts.length === 1 ? part.body : `${part.title}\n${part.body}`)).join('\n\n'),
    severity,
    parts,
    answers,
  };
}

function groupTitle(parts: readonly Notification[]): string {
  const firing = parts.filter((part) => part.kind === 'firing');
  const resolved = parts.filter((part) => part.kind === 'resolved').length;
  const counts = [firing.length > 0 ? `${firing.length} firing` : '', resolved > 0 ? `${resolved} resolved` : ''];
  const worst = [...firing, ...parts].sort((a, b) => severityRank[b.severity] - severityRank[a.severity])[0];
  return `${counts.filter((text) => text !== '').join(', ')}: ${(firing[0] === undefined ? parts[0] : worst)?.title ?? ''} …`;
}

function oneLine(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ').trim();
  return flat.length > 200 ? `${flat.slice(0, 199)}…` : flat;
}

/** A row without what is the outbox's own. */
export function partOf(row: NotificationRow & Part): Part {
  const { id, kind, alertId, channel, deduplicationKey, title, body, severity, createdAt, about } = row;
  return { id, kind, alertId, channel, deduplicationKey, title, body, severity, createdAt, about };
}
