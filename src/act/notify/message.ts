import { createHash } from 'node:crypto';
import { type Notification, type NotificationRow, type Severity, severityRank } from '../../model/index.ts';
import type { Message, Part } from './channel.ts';

/** The key of a message made of these rows, whatever their order. */
export function messageKey(parts: readonly Pick<Notification, 'id' | 'deduplicationKey' | 'kind'>[]): string {
  const [only] = parts;
  // What is told again to the same receiver is another message.
  if (only !== undefined && parts.length === 1)
    return only.kind === 'escalated' ? `escalated-${only.id}` : `${only.deduplicationKey}-${only.kind}`;
  const ids = parts.map((part) => part.id).sort();
  return `group-${createHash('sha256').update(ids.join('\n')).digest('hex').slice(0, 32)}`;
}

/** Of what began and ended while it was kept back one line, in place of its beginning and its end. */
export function folded(
  rows: readonly (NotificationRow & Part)[],
  isKeptBack: (row: NotificationRow) => boolean,
): readonly Part[] {
  const keys = (kinds: readonly Notification['kind'][]) =>
    new Set(rows.filter(({ kind }) => kinds.includes(kind)).map((row) => row.deduplicationKey));
  const over = keys(['resolved']);
  const short = new Set(
    rows
      .filter((row) => row.kind === 'firing' && over.has(row.deduplicationKey) && isKeptBack(row))
      .map((row) => row.deduplicationKey),
  );
  return rows
    .filter(({ kind, deduplicationKey }) => kind === 'resolved' || !short.has(deduplicationKey))
    .map((row) => {
      if (!short.has(row.deduplicationKey)) return partOf(row);
      const times = row.body.split('\n').find((line) => line.startsWith('From ')) ?? '';
      return { ...partOf(row), title: row.title.replace(/^resolved: /, 'over by itself: '), body: times };
    });
}

export function messageOf(parts: readonly Part[], answers: readonly string[] = []): Message {
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
  const firing = parts.filter((part) => part.kind === 'firing' || part.kind === 'escalated');
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
  const { state: _, tries: __, nextTryAt: ___, lastError: ____, deliveredAt: _____, ...part } = row;
  return part;
}
