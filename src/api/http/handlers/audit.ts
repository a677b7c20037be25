import { type AuditReport, type AuditRow, auditSentence, type Where } from '../../../model/index.ts';
import type { AuditReportView, AuditRowView } from '../../contract/index.ts';
import { auditOutcome, auditRow } from '../../contract/index.ts';
import type { Handlers } from '../handlers.ts';
import { rangeOf } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { iso, isoOrNull } from '../wire.ts';
import { csvLine } from './csv.ts';
import { answerOf, type Format } from './export.ts';

const PAGE = 500;
const COLUMNS = [
  'seq',
  'at',
  'actorKind',
  'actor',
  'source',
  'action',
  'target',
  'outcome',
  'detail',
  'keyId',
  'previous',
  'hash',
] as const;

export function auditHandlers({
  audit,
  records,
}: ServerParts): Pick<Handlers, 'audit' | 'verifyAudit' | 'exportAudit'> {
  return {
    audit: async ({ query }) => {
      const { from, to, actor, action, target, outcome, limit, cursor } = query;
      const times = timesOf(from, to);
      const page = await records.find('audit_log', {
        where: {
          ...times,
          ...(actor === undefined ? {} : { actor }),
          ...(action === undefined ? {} : { action }),
          ...(target === undefined ? {} : { target }),
          ...(outcome === undefined ? {} : { outcome }),
        },
        orderBy: orderOf(times),
        descending: true,
        limit,
        ...(cursor === undefined ? {} : { cursor }),
      });
      return { items: page.rows.map(rowToWire), nextCursor: page.nextCursor };
    },
    verifyAudit: async () => reportToWire(await audit.verify()),
    exportAudit: async ({ query: { from, to, format } }, { signal }) =>
      answerOf('audit', format, lines(timesOf(from, to), format, signal)),
  };

  /** Every column as it is stored, so that the chain can be followed with nothing but this file. */
  async function* lines(where: Where<AuditRow>, format: Format, signal: AbortSignal): AsyncGenerator<string> {
    if (format === 'csv') yield csvLine(COLUMNS);
    for (let cursor: string | undefined; !signal.aborted; ) {
      const page = await records.find('audit_log', {
        where,
        orderBy: orderOf(where),
        limit: PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const row of page.rows) {
        const shown: Record<string, unknown> = { ...row, seq: Number(row.id), at: iso(row.at) };
        const cells = COLUMNS.map((name) => shown[name]);
        yield format === 'csv'
          ? csvLine(cells)
          : `${JSON.stringify(Object.fromEntries(COLUMNS.map((name, i) => [name, cells[i]])))}\n`;
      }
      if (page.nextCursor === null) return;
      cursor = page.nextCursor;
    }
  }
}

function timesOf(from: string | undefined, to: string | undefined): Where<AuditRow> {
  if (from === undefined && to === undefined) return {};
  const range = rangeOf({ from, to }, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  return { at: { gte: range.from, lte: range.to } };
}

/** By time where times are asked for, which is by number but for a clock that was set back: by number all of them would be sorted for each page. */
function orderOf({ at }: Where<AuditRow>): 'at' | 'id' {
  return at === undefined ? 'id' : 'at';
}

/** A row that somebody edited may hold anything: it is shown all the same, as far as it can be. */
function rowToWire(row: AuditRow): AuditRowView {
  return {
    seq: Math.max(0, Number(row.id)) || 0,
    at: iso(Math.min(Math.max(Number(row.at) || 0, 0), 8.64e15)),
    actor: {
      kind: auditRow.shape.actor.shape.kind.catch('nobody').parse(row.actorKind),
      name: row.actor ?? '',
      source: row.source,
    },
    action: row.action ?? '',
    target: row.target ?? '',
    outcome: auditOutcome.catch('done').parse(row.outcome),
    detail: parsed(row.detail),
    hash: row.hash ?? '',
  };
}

function parsed(detail: string): unknown {
  try {
    return JSON.parse(detail);
  } catch {
    return detail;
  }
}

function reportToWire(report: AuditReport): AuditReportView {
  return {
    isSound: report.fault === null,
    sentence: auditSentence(report),
    rows: report.rows,
    firstAt: isoOrNull(report.firstAt),
    lastAt: isoOrNull(report.lastAt),
    head: report.head,
    fault: report.fault,
  };
}
