import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AuditRow } from '../model/index.ts';
import { auditId, canonicalForm, FIRST_PREVIOUS, verifyChain } from './audit-chain.ts';
import { auditKeys } from './audit-key.ts';

const keys = auditKeys(Buffer.alloc(32, 7));

function chain(length: number): AuditRow[] {
  const rows: AuditRow[] = [];
  for (let seq = 1; seq <= length; seq++) {
    const row = {
      id: auditId(seq),
      at: 1_795_000_000_000 + seq,
      actorKind: 'user',
      actor: 'ann',
      source: seq % 2 === 0 ? '127.0.0.1' : null,
      action: 'silence.add',
      target: `t${seq}`,
      outcome: 'begun',
      detail: JSON.stringify({ seq }),
      keyId: keys.current.id,
      previous: rows.at(-1)?.hash ?? FIRST_PREVIOUS,
    };
    rows.push({ ...row, hash: keys.current.mac(canonicalForm(row)) });
  }
  return rows;
}

const headOf = (rows: readonly AuditRow[]) => ({ seq: rows.length, hash: rows.at(-1)?.hash ?? '' });

test('a chain as it was written is whole, also with rows behind the noted end', async () => {
  const rows = chain(20);
  const report = await verifyChain(rows, keys, headOf(rows.slice(0, 15)));
  expect(report).toEqual({ rows: 20, firstAt: rows[0]?.at, lastAt: rows[19]?.at, head: headOf(rows), fault: null });
});

const columns = Object.keys(chain(1)[0] ?? {}) as (keyof AuditRow)[];
const place = fc.integer({ min: 0, max: 29 });

test('any other value in any column of any row is found, at that row', () =>
  fc.assert(
    fc.asyncProperty(place, fc.constantFrom(...columns), fc.string(), async (at, column, text) => {
      const rows = chain(30);
      const row = rows[at] as AuditRow;
      const value = column === 'at' ? row.at + 1 + text.length : text;
      fc.pre(row[column] !== value);
      rows[at] = { ...row, [column]: value } as AuditRow;
      const { fault } = await verifyChain(rows, keys, headOf(chain(30)));
      expect(fault?.seq).toBe(at + 1);
    }),
    { numRuns: 300 },
  ));

test('rows removed anywhere are found, and which', () =>
  fc.assert(
    fc.asyncProperty(place, fc.integer({ min: 1, max: 5 }), async (at, count) => {
      const rows = chain(30);
      const head = headOf(rows);
      const gone = rows.splice(at, count).length;
      const { fault } = await verifyChain(rows, keys, head);
      expect(fault).toMatchObject({ kind: at + gone === 30 ? 'cut' : 'removed', seq: at + 1 });
    }),
  ));

test('two rows that changed places are found, with and without their numbers', () =>
  fc.assert(
    fc.asyncProperty(place, place, fc.boolean(), async (a, b, renumber) => {
      fc.pre(a !== b);
      const rows = chain(30);
      const head = headOf(rows);
      const [first, second] = [rows[a] as AuditRow, rows[b] as AuditRow];
      rows[a] = renumber ? { ...second, id: first.id } : second;
      rows[b] = renumber ? { ...first, id: second.id } : first;
      const { fault } = await verifyChain(rows, keys, head);
      expect(fault?.seq).toBe(Math.min(a, b) + 1);
      if (renumber) expect(fault?.kind).toBe('reordered');
    }),
  ));

test('a row that was written with another key does not pass, nor does a chain made anew without the key', async () => {
  const rows = chain(5);
  const others = auditKeys(Buffer.alloc(32, 8));
  let previous = rows[1]?.hash ?? '';
  const forged = rows.map((row, i) => {
    if (i < 2) return row;
    const body = { ...row, actor: 'bob', previous };
    const made = { ...body, hash: others.current.mac(canonicalForm(body)) };
    previous = made.hash;
    return made;
  });
  expect((await verifyChain(forged, keys, headOf(rows))).fault).toMatchObject({ kind: 'edited', seq: 3 });
  const named = forged.map((row, i) => (i < 2 ? row : { ...row, keyId: others.current.id }));
  expect((await verifyChain(named, keys, headOf(rows))).fault).toMatchObject({ kind: 'unknown key', seq: 3 });
});

test('an end that does not reach the noted one, another end, and a lost note are found', async () => {
  const rows = chain(10);
  expect((await verifyChain([], keys, headOf(rows))).fault).toMatchObject({ kind: 'cut', seq: 1 });
  expect((await verifyChain(rows.slice(0, 7), keys, headOf(rows))).fault).toMatchObject({ kind: 'cut', seq: 8 });
  expect((await verifyChain(rows, keys, { seq: 10, hash: 'f'.repeat(64) })).fault).toMatchObject({ seq: 10 });
  expect((await verifyChain(rows, keys, 'missing')).fault).toMatchObject({ kind: 'cut', seq: 11 });
  expect((await verifyChain([], keys, 'missing')).fault).toBeNull();
});
