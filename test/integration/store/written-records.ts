import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { pino } from 'pino';
import { auditKeys } from '../../../src/access/audit-key.ts';
import { AuditLog } from '../../../src/access/audit-log.ts';
import type { Find, RecordStore, TableName, Tables } from '../../../src/model/index.ts';
import type { Stores } from '../../../src/store/open-stores.ts';

/* Rows of many tables, what of them is served again, and how the two differ. */

const AT = 1_795_000_000_000;
const HOSTS = ['host:a', 'host:9f86d081884c7d659a2feaa0c55ad015', 'host:web-1'];

export const keys = auditKeys(Buffer.alloc(32, 4));

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);
const some = <R>(count: number, row: (i: number) => R): R[] => Array.from({ length: count }, (_, i) => row(i));

type Written = { readonly [T in TableName]?: readonly Tables[T][] };

/** What is written: every row differs from every other. */
export const written: Written = {
  users: some(24, (i) => ({ id: `user-${i}`, role: 'viewer', passwordHash: `$argon2id$${hash(`u${i}`)}`, createdAt: AT + i, disabledAt: i % 5 === 0 ? AT : null, lastSignInAt: null })), // biome-ignore format: a row
  tokens: some(40, (i) => ({ id: hash(`t${i}`), name: `token ${i}`, hash: hash(`h${i}`) + hash(`g${i}`), scope: 'read', createdAt: AT + i, expiresAt: null, lastUsedAt: AT + i })), // biome-ignore format: a row
  settings: some(60, (i) => ({ id: `setting.${i}`, value: { i, text: 'ü'.repeat(i) }, at: AT + i })),
  sessions: some(30, (i) => ({ id: hash(`s${i}`), userId: `user-${i % 24}`, scope: 'read', createdAt: AT, expiresAt: AT + i })), // biome-ignore format: a row
  evidence: some(150, (i) => ({
    id: hash(`e${i}`),
    at: AT + i,
    body: { words: `finding ${i} `.repeat(1 + (i % 30)) },
  })),
  predictions: some(500, (i) => ({
    id: hash(`p${i}`),
    type: 'forecast',
    entityId: HOSTS[i % 3] ?? '',
    component: `disk used /${i % 7}`,
    model: 'forecast:disk',
    modelVersion: 3,
    madeAt: AT + i * 60_000,
    dueAt: AT + (i + 60) * 60_000,
    horizonMs: 3_600_000,
    value: Math.sin(i),
    unit: 'ratio',
    probability: 0.95,
    rule: i % 9 === 0 ? { kind: 'event', event: 'disk-full' } : { kind: 'interval', lower: Math.sin(i) - 1, upper: Math.sin(i) + 1 }, // biome-ignore format: one choice
    outcome: i % 2 === 0 ? 'true' : 'pending',
    actual: i % 2 === 0 ? Math.cos(i) : null,
    scoredAt: i % 2 === 0 ? AT + i : null,
    baseline: 0.5,
  })),
  anomalies: some(250, (i) => ({
    id: hash(`a${i}`),
    entityId: HOSTS[i % 3] ?? '',
    detector: 'metric',
    subject: `node_network_receive_bytes_total{device="eth${i % 40}"}`,
    resource: 'network',
    severity: 'high',
    score: 1 - 1 / (i + 7),
    direction: 'high',
    onsetAt: AT + i * 60_000,
    detectedAt: AT + i * 60_000 + 30_000,
    lastAt: AT + i * 60_000 + 60_000,
    endedAt: i % 3 === 0 ? null : AT + i * 60_000 + 60_000,
    status: i % 3 === 0 ? 'open' : 'ended',
    verdict: 'none',
    confidence: { value: 0.5, band: 'medium', source: 'prior', sampleCount: i },
    summary: `Received bytes of eth${i} are 3.4 MB/s, usually 0.2–1.1 MB/s.`,
    pages: i % 2 === 0,
  })),
};

/** Every table by its key, and those with an index by what the index is for. */
const questions: readonly (readonly [TableName, Find<never>])[] = [
  ...(Object.keys(written) as TableName[]).map((table) => [table, {}] as const),
  ...HOSTS.map((entityId) => ['predictions', { where: { entityId }, orderBy: 'madeAt' }] as const),
  ...HOSTS.map((entityId) => ['anomalies', { where: { entityId }, orderBy: 'onsetAt' }] as const),
  ['predictions', { where: { outcome: 'pending' }, orderBy: 'dueAt' }],
  ['anomalies', { where: { status: 'open' }, orderBy: 'onsetAt' }],
  ['sessions', { where: { expiresAt: { gte: 0 } }, orderBy: 'expiresAt' }],
  ['evidence', { where: { at: { gte: 0 } }, orderBy: 'at' }],
] as unknown as readonly (readonly [TableName, Find<never>])[];

const AUDIT_ROWS = 120;
/** The audit log as it was written, hashes included. */
let auditWritten: readonly unknown[] = [];

function openLog(records: RecordStore, home: string): AuditLog {
  let at = AT;
  return new AuditLog({
    records,
    home,
    keys,
    clock: { now: () => ++at, monotonic: () => performance.now() },
    log: pino({ level: 'silent' }),
  });
}

const act = (i: number) =>
  ({ actor: { kind: 'user', name: 'ann', source: '192.0.2.1' }, action: 'silence.add', target: `row ${i}` }) as const;

export async function writeRecords(records: RecordStore, home: string): Promise<void> {
  for (const [table, rows] of Object.entries(written)) await records.put(table as TableName, rows as never);
  // As in life: rows that were changed by columns, and rows that were removed.
  await records.update('tokens', { name: 'token 3' }, { lastUsedAt: AT + 3 });
  await records.put('sessions', [{ id: 'gone', userId: 'x', scope: 'admin', createdAt: 1, expiresAt: 1 }]);
  await records.remove('sessions', { id: 'gone' });
  const log = openLog(records, home);
  for (let i = 0; i < AUDIT_ROWS; i += 20) await Promise.all(some(20, (n) => log.record(act(i + n))));
  await log.close();
  auditWritten = (await records.find('audit_log', { limit: 1_000 })).rows;
}

/**
 * Asks for everything and says what is not as it should be: a row that was never written or comes twice, and rows that are
 * missing without a word of it. The audit log shows what it finds, so there a changed row must be named.
 */
export async function faultsOfRecords(stores: Stores, home: string): Promise<string[]> {
  const faults: string[] = [];
  let missing = 0;
  for (const [table, query] of questions) {
    const expected = new Map(expectedRows(table, query).map((row) => [row.id, row]));
    const served = await stores.records.find(table, { ...query, limit: 1_000 } as never);
    const seen = new Set<string>();
    for (const row of served.rows as readonly { id: string }[]) {
      if (seen.has(row.id)) faults.push(`${table}: ${row.id} comes twice`);
      seen.add(row.id);
      if (!isDeepStrictEqual(row, expected.get(row.id)))
        faults.push(`${table}: ${JSON.stringify(row)} was not written so, or does not belong to the answer`);
    }
    missing += expected.size - seen.size;
  }
  const words = stores.problems().join('\n');
  if (missing > 0 && !/records\.db|in the records|of the records/.test(words))
    faults.push(`${missing} rows missing, not named`);
  const log = openLog(stores.records, home);
  const report = await log.verify();
  // Rows that were lost or changed must be told by the chain, and a sound chain must be whole.
  const { rows } = await stores.records.find('audit_log', { limit: 1_000 });
  const isWhole = isDeepStrictEqual(rows, auditWritten);
  if (isWhole !== (report.fault === null))
    faults.push(`audit: ${rows.length} rows, verified as ${JSON.stringify(report.fault)}`);
  if (!isWhole && words === '') faults.push('audit: not whole, not named');
  await log.close();
  return faults;
}

function expectedRows(table: TableName, query: Find<never>): readonly { id: string }[] {
  const rows = (written[table] ?? []) as readonly Record<string, unknown>[];
  const where = Object.entries((query.where ?? {}) as Record<string, unknown>);
  return rows.filter((row) => where.every(([name, value]) => typeof value === 'object' || row[name] === value)) as unknown as readonly { id: string }[]; // biome-ignore format: one filter
}

/** What must work after any damage: rows are taken in and given back, and acts go into the chain. */
export async function faultsOfNewRows(stores: Stores, home: string): Promise<string[]> {
  const faults: string[] = [];
  const user = { id: 'new-user', role: 'admin', passwordHash: null, createdAt: 1, disabledAt: null, lastSignInAt: null } as const; // biome-ignore format: a row
  await stores.records.put('users', [user]);
  const prediction = { ...written.predictions?.[1], id: 'new', component: 'a new name', entityId: 'host:new' } as never;
  await stores.records.put('predictions', [prediction]);
  if (!isDeepStrictEqual(await stores.records.get('users', 'new-user'), user)) faults.push('a new user is not there');
  if (!isDeepStrictEqual(await stores.records.get('predictions', 'new'), prediction))
    faults.push('a new row is not there');
  const log = openLog(stores.records, home);
  await log.record(act(0)).catch((error: unknown) => faults.push(`audit: ${String(error)}`));
  await log.close();
  return faults;
}
