import type { AuditFault, AuditReport, AuditRow } from '../model/index.ts';
import type { AuditKeys } from './audit-key.ts';

export const FIRST_PREVIOUS = '0'.repeat(64);
/** The act that is written when rows are found missing: the log says for ever that something was taken out of it. */
export const CUT_ACTION = 'audit.cut';
/** How far a row is looked for that stands in another row’s place. */
const REORDER_REACH = 64;

export function auditId(seq: number): string {
  return String(seq).padStart(16, '0');
}

/** Everything of a row that is hashed, in one text that only this row has. */
export function canonicalForm(row: Omit<AuditRow, 'hash'>): string {
  return JSON.stringify([
    'auspex audit 1',
    row.id,
    row.at,
    row.actorKind,
    row.actor,
    row.source,
    row.action,
    row.target,
    row.outcome,
    row.detail,
    row.keyId,
    row.previous,
  ]);
}

/** What the head file says: so far the chain has come, so far it must still go. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/**
 * Walks rows in the order of their ids and stops at the first that is not as it was written.
 *
 * @param head What is known of the chain’s end: null where no row was ever written, `missing` where that cannot be told.
 */
export async function verifyChain(
  rows: AsyncIterable<AuditRow> | Iterable<AuditRow>,
  keys: AuditKeys,
  head: ChainHead | null | 'missing',
): Promise<AuditReport> {
  let last: AuditRow | null = null;
  let firstAt: number | null = null;
  let count = 0;
  let fault: AuditFault | null = null;
  for await (const row of rows) {
    firstAt ??= row.at;
    fault = faultOf(row, last, keys) ?? headFault(row, head);
    if (fault !== null) break;
    last = row;
    count++;
  }
  const end = last === null ? null : { seq: Number(last.id), hash: last.hash };
  return {
    rows: count,
    firstAt,
    lastAt: last?.at ?? null,
    head: end,
    fault: fault ?? endFault(end, head),
  };
}

function faultOf(row: AuditRow, last: AuditRow | null, keys: AuditKeys): AuditFault | null {
  const expected = last === null ? 1 : Number(last.id) + 1;
  if (!/^\d{16}$/.test(row.id))
    return { kind: 'edited', seq: expected, detail: `A row has the number “${row.id.slice(0, 40)}”, which is none.` };
  const seq = Number(row.id);
  if (seq !== expected) {
    const missing = seq - expected === 1 ? `Row ${expected} is` : `Rows ${expected} to ${seq - 1} are`;
    return { kind: 'removed', seq: expected, detail: `${missing} missing before row ${seq}.` };
  }
  const key = keys.find(row.keyId);
  if (key === undefined)
    return {
      kind: 'unknown key',
      seq,
      detail: `Row ${seq} was written with the key ${row.keyId.slice(0, 40)}, which is not in this home folder, so it can be neither proved nor refuted.`,
    };
  if (key.mac(canonicalForm(row)) !== row.hash) {
    for (let other = Math.max(1, seq - REORDER_REACH); other <= seq + REORDER_REACH; other++)
      if (key.mac(canonicalForm({ ...row, id: auditId(other) })) === row.hash)
        return {
          kind: 'reordered',
          seq,
          detail: `In the place of row ${seq} stands what was written as row ${other}.`,
        };
    return { kind: 'edited', seq, detail: `Row ${seq} is not as it was written: its hash does not fit its content.` };
  }
  if (row.previous !== (last?.hash ?? FIRST_PREVIOUS))
    return {
      kind: 'edited',
      seq,
      detail: `Row ${seq} does not follow the row before it: that one was replaced by another.`,
    };
  if (row.action === CUT_ACTION)
    return { kind: 'cut', seq, detail: `Row ${seq} tells that rows before it were missing when it was written.` };
  return null;
}

function headFault(row: AuditRow, head: ChainHead | null | 'missing'): AuditFault | null {
  if (head === null || head === 'missing' || Number(row.id) !== head.seq || row.hash === head.hash) return null;
  return {
    kind: 'edited',
    seq: head.seq,
    detail: `Row ${head.seq} is not the one that was there when the end of the log was last noted.`,
  };
}

function endFault(end: ChainHead | null, head: ChainHead | null | 'missing'): AuditFault | null {
  if (head === 'missing')
    return end === null
      ? null
      : {
          kind: 'cut',
          seq: end.seq + 1,
          detail: `The file that notes the end of the log is missing or not genuine: rows after ${end.seq} may have been removed.`,
        };
  if (head === null || (end !== null && end.seq >= head.seq)) return null;
  const first = (end?.seq ?? 0) + 1;
  const missing = first === head.seq ? `Row ${first}, the last one, is` : `The last rows, ${first} to ${head.seq}, are`;
  return { kind: 'cut', seq: first, detail: `${missing} missing.` };
}
