import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { chownSync, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditKeys } from '../../../src/access/audit-key.ts';
import { AuditLog } from '../../../src/access/audit-log.ts';
import { everything } from '../../../src/model/index.ts';
import type { AnomalyRow, Prediction, RecordStore } from '../../../src/model/index.ts';
import { openPostgresRecords } from '../../../src/store/records/open-records.ts';
import { newHome, openTestStores } from './open-test-stores.ts';

const POSTGRES_BIN = [
  '/usr/lib/postgresql/17/bin',
  '/usr/lib/postgresql/16/bin',
  '/usr/lib/postgresql/15/bin',
  '/usr/lib/postgresql/14/bin',
].find((path) => existsSync(join(path, 'initdb')));

interface Engine {
  readonly name: string;
  start(): Promise<{ records: RecordStore; stop(): Promise<void> }>;
}

const sqlite: Engine = {
  name: 'SQLite',
  async start() {
    const home = newHome();
    const stores = await openTestStores(home);
    return {
      records: stores.records,
      async stop() {
        await stores.close();
        rmSync(home, { recursive: true, force: true });
      },
    };
  },
};

const postgres: Engine = {
  name: 'PostgreSQL',
  async start() {
    const folder = mkdtempSync(join(tmpdir(), 'auspex-pg-'));
    const port = 20_000 + (process.pid % 20_000);
    const asPostgres = (program: string, ...args: string[]): void => {
      // PostgreSQL does not run as root; root lends it Debian's account
      const isRoot = process.getuid?.() === 0;
      const uid = Number(spawnSync('id', ['-u', 'postgres']).stdout.toString());
      if (isRoot) chownSync(folder, uid, uid);
      const result = spawnSync(join(POSTGRES_BIN ?? '', program), args, {
        ...(isRoot ? { uid, gid: uid } : {}),
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      if (result.status !== 0) throw new Error(`${program}: ${result.stderr}`);
    };
    asPostgres('initdb', '-D', join(folder, 'data'), '-A', 'trust', '-U', 'auspex', '-E', 'UTF8', '--no-sync');
    const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off`;
    asPostgres('pg_ctl', '-D', join(folder, 'data'), '-w', '-l', join(folder, 'log'), '-o', options, 'start');
    const records = await openPostgresRecords(`postgresql://auspex@127.0.0.1:${port}/postgres`);
    return {
      records,
      async stop() {
        await records.close();
        asPostgres('pg_ctl', '-D', join(folder, 'data'), '-m', 'immediate', 'stop');
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};

const prediction = (id: string, changes: Partial<Prediction> = {}): Prediction => ({
  id,
  type: 'forecast',
  entityId: 'host:9f86d081884c7d659a2feaa0c55ad015',
  component: 'disk used /',
  model: 'forecast:disk',
  modelVersion: 3,
  madeAt: 1_795_000_000_000,
  dueAt: 1_795_003_600_000,
  horizonMs: 3_600_000,
  value: 0.4375,
  unit: 'ratio',
  probability: 0.95,
  rule: { kind: 'interval', lower: 0.25, upper: 0.75 },
  outcome: 'pending',
  actual: null,
  scoredAt: null,
  baseline: 0.5,
  ...changes,
});

const anomaly = (id: string, changes: Partial<AnomalyRow> = {}): AnomalyRow => ({
  id,
  entityId: 'host:a',
  detector: 'metric',
  subject: 'node_load1{instance="a"}',
  resource: 'cpu',
  severity: 'high',
  score: 0.99,
  direction: 'high',
  onsetAt: 1_000,
  detectedAt: 1_500,
  lastAt: 2_000,
  endedAt: null,
  status: 'open',
  verdict: 'none',
  confidence: { value: 0.5, band: 'medium', source: 'prior', sampleCount: 0 },
  summary: 'Load “9” — far from usual \u{1f642}',
  pages: false,
  ...changes,
});

for (const engine of [sqlite, postgres]) {
  const isThere = engine === sqlite || POSTGRES_BIN !== undefined;
  describe.skipIf(!isThere)(
    `records on ${engine.name}${isThere ? '' : ' (skipped: no PostgreSQL under /usr/lib/postgresql)'}`,
    () => {
      let records: RecordStore;
      let stop: () => Promise<void>;
      beforeAll(async () => {
        ({ records, stop } = await engine.start());
      }, 60_000);
      afterAll(() => stop());

      test('gives back rows as they were put', async () => {
        const rows = [
          prediction('ab'.repeat(16)),
          prediction('an id – not hex', { rule: { kind: 'event', event: 'disk-full' }, actual: 1e300, value: -0.1 }),
        ];
        await records.put('predictions', rows);
        for (const row of rows) expect(await records.get('predictions', row.id)).toEqual(row);
        const finding = anomaly('f1');
        await records.put('anomalies', [finding]);
        expect(await records.get('anomalies', 'f1')).toEqual(finding);
        await records.put('anomalies', [{ ...finding, endedAt: 9, status: 'ended' }]);
        expect(await records.get('anomalies', 'f1')).toMatchObject({ endedAt: 9, status: 'ended' });
        expect(await records.get('anomalies', 'none')).toBeUndefined();
        await records.put('settings', [{ id: 's', value: { nested: [1, null, 'x\u0000'] }, at: 5 }]);
        expect(await records.get('settings', 's')).toEqual({ id: 's', value: { nested: [1, null, 'x\u0000'] }, at: 5 });
      });

      test('keeps the rows of the audit log as they were written, and makes one chain of what two processes write', async () => {
        const homes = [newHome(), newHome()];
        const clock = { now: () => Date.now(), monotonic: () => performance.now() };
        const keys = auditKeys(Buffer.alloc(32, 4));
        const log = pino({ level: 'silent' });
        const logs = homes.map((home) => new AuditLog({ records, home, keys, clock, log }));
        const odd = 'a\u0000b \ud800 ü 🙂 "';
        const actor = { kind: 'user', name: odd, source: null } as const;
        await logs[0]?.record({ actor, action: 'a', target: odd, detail: { odd, n: 1.5, none: null } });
        copyFileSync(join(homes[0] ?? '', 'audit.head'), join(homes[1] ?? '', 'audit.head'));
        const writes = Array.from({ length: 60 }, (_, i) =>
          logs[i % 2]?.record({ actor, action: 'b', target: `${i}` }),
        );
        expect(new Set(await Promise.all(writes)).size).toBe(60);
        const report = await logs[0]?.verify();
        expect(report).toMatchObject({ rows: 61, fault: null });
        await expect(records.update('audit_log', {}, { actor: 'bob' })).rejects.toThrow('never changed or removed');
        await expect(records.remove('audit_log', {})).rejects.toThrow('never changed or removed');
        for (const one of logs) await one.close();
        for (const home of homes) rmSync(home, { recursive: true, force: true });
      });

      test('inserts only what is new and says which', async () => {
        const row = (id: string) => ({ id, at: 1, requestHash: 'h', status: 200, body: null });
        expect(await records.insertNew('idempotency_keys', [row('one'), row('two')])).toEqual(['one', 'two']);
        expect(await records.insertNew('idempotency_keys', [row('two'), row('three')])).toEqual(['three']);
        expect(await records.insertNew('idempotency_keys', [row('three')])).toEqual([]);
      });

      test('finds by every kind of condition', async () => {
        const rows = [1, 2, 3, 4].map((n) =>
          anomaly(`c${n}`, {
            entityId: n < 3 ? 'host:x' : 'host:y',
            detector: 'absence',
            onsetAt: n,
            endedAt: n === 4 ? null : n,
          }),
        );
        await records.put('anomalies', rows);
        const ids = async (where: object): Promise<string[]> =>
          (await records.find('anomalies', { where: { detector: 'absence', ...where }, orderBy: 'onsetAt' })).rows.map(
            (row) => row.id,
          );
        expect(await ids({ entityId: 'host:x' })).toEqual(['c1', 'c2']);
        expect(await ids({ entityId: 'host:nowhere' })).toEqual([]);
        expect(await ids({ entityId: { not: 'host:x' } })).toEqual(['c3', 'c4']);
        expect(await ids({ entityId: { gt: 'host:x' } })).toEqual(['c3', 'c4']);
        expect(await ids({ onsetAt: { gte: 2, lt: 4 } })).toEqual(['c2', 'c3']);
        expect(await ids({ onsetAt: { in: [1, 4] } })).toEqual(['c1', 'c4']);
        expect(await ids({ onsetAt: { in: [] } })).toEqual([]);
        expect(await ids({ endedAt: null })).toEqual(['c4']);
        expect(await ids({ endedAt: { not: null } })).toEqual(['c1', 'c2', 'c3']);
        expect(await ids({ endedAt: { not: 1 } })).toEqual(['c2', 'c3', 'c4']);
        expect(await ids({ pages: false, status: 'open' })).toHaveLength(4);
        expect(await records.count('anomalies', { detector: 'absence', entityId: 'host:x' })).toBe(2);
        await records.put('settings', [
          { id: 'has-1', value: ['host:a', 'a"b%_'], at: 1 },
          { id: 'has-2', value: ['host:ab', 'HOST:A'], at: 2 },
        ]);
        const having = async (text: string): Promise<string[]> =>
          (await records.find('settings', { where: { value: { has: text } }, orderBy: 'at' })).rows.map(
            (row) => row.id,
          );
        expect(await having('host:a')).toEqual(['has-1']);
        expect(await having('HOST:A')).toEqual(['has-2']);
        expect(await having('a"b%_')).toEqual(['has-1']);
        expect(await having('%')).toEqual([]);
        await expect(records.find('anomalies', { where: { nothing: 1 } as never })).rejects.toMatchObject({
          code: 'BAD_REQUEST',
        });
      });

      test('pages through every row once, in each order, while rows come and go', async () => {
        const entityOf = (n: number): string | null => (n % 3 === 0 ? null : `e${n % 5}`);
        const rows = [...Array(23).keys()].map((n) => ({ id: `s${String(n).padStart(2, '0')}`, kind: 'silence' as const, title: '', scope: everything, recurrence: entityOf(n), timeZone: 'UTC', except: [], governs: [], startsAt: n % 4, endsAt: 9e12, overAt: 9e12, reason: '', createdBy: '', createdAt: n })); // biome-ignore format: one row
        await records.put('calendar', rows);
        for (const orderBy of ['id', 'startsAt', 'recurrence'] as const) {
          for (const descending of [false, true]) {
            const seen: string[] = [];
            const values: (string | number | null)[] = [];
            let cursor: string | undefined;
            do {
              const page = await records.find('calendar', {
                orderBy,
                descending,
                limit: 4,
                ...(cursor === undefined ? {} : { cursor }),
              });
              seen.push(...page.rows.map((row) => row.id));
              values.push(...page.rows.map((row) => row[orderBy]));
              cursor = page.nextCursor ?? undefined;
            } while (cursor !== undefined);
            expect(new Set(seen).size, orderBy).toBe(23);
            expect(seen).toHaveLength(23);
            const rank = (value: string | number | null): string => (value === null ? '' : String(value));
            const sorted = values.map(rank).sort();
            expect(values.map(rank), `${orderBy} ${descending}`).toEqual(descending ? sorted.reverse() : sorted);
          }
        }
        for (const cursor of ['rubbish', Buffer.from('[1]').toString('base64url'), '']) {
          await expect(records.find('calendar', { cursor })).rejects.toMatchObject({ code: 'BAD_CURSOR' });
        }
      });

      test('updates and removes what matches, and gives how many', async () => {
        await records.put('predictions', [prediction('u1', { component: 'u' }), prediction('u2', { component: 'u' })]);
        const changes = { outcome: 'true', actual: 0.5, scoredAt: 7 } as const;
        expect(await records.update('predictions', { component: 'u', outcome: 'pending' }, changes)).toBe(2);
        expect(await records.get('predictions', 'u1')).toMatchObject(changes);
        expect(await records.remove('predictions', { component: 'u' })).toBe(2);
        expect(await records.count('predictions', { component: 'u' })).toBe(0);
      });

      test('a transaction takes effect as a whole or not at all', async () => {
        const failing = records.transaction(async (access) => {
          await access.put('anomalies', [anomaly('t1', { subject: 'only in the transaction' })]);
          expect(await access.get('anomalies', 't1')).toBeDefined();
          throw new Error('changed my mind');
        });
        await expect(failing).rejects.toThrow('changed my mind');
        expect(await records.get('anomalies', 't1')).toBeUndefined();
        await records.put('anomalies', [anomaly('t2', { subject: 'only in the transaction' })]);
        expect(await records.get('anomalies', 't2')).toMatchObject({ subject: 'only in the transaction' });
        const writers = [...Array(10).keys()].map((n) =>
          records.transaction((access) => access.put('anomalies', [anomaly(`w${n}`, { subject: `subject ${n}` })])),
        );
        await Promise.all(writers);
        expect(await records.count('anomalies', { id: { in: [...Array(10).keys()].map((n) => `w${n}`) } })).toBe(10);
      });

      test('expires what passed its retention and keeps what is open', async () => {
        const now = 100 * 86_400_000 + 2_000;
        await records.put('anomalies', [
          anomaly('x-open', { onsetAt: 5 }),
          anomaly('x-ended', { onsetAt: 5, status: 'ended' }),
        ]);
        await records.put('sessions', [{ id: 'x', userId: 'u', scope: 'read', createdAt: 1, expiresAt: now - 1 }]);
        await records.put('evidence', [{ id: 'old', at: now - 31 * 86_400_000, body: 1 }, { id: 'new', at: now - 1, body: 1 }]); // biome-ignore format: a table
        expect(await records.expire(now)).toBeGreaterThanOrEqual(3);
        expect(await records.get('anomalies', 'x-open')).toBeDefined();
        expect(await records.get('anomalies', 'x-ended')).toBeUndefined();
        expect(await records.get('sessions', 'x')).toBeUndefined();
        expect(await records.get('evidence', 'old')).toBeUndefined();
        expect(await records.get('evidence', 'new')).toBeDefined();
      });
    },
  );
}

test('a stored prediction takes at most 200 bytes and an anomaly at most 300, indexes included', async () => {
  const home = newHome();
  const stores = await openTestStores(home);
  const hash = (table: string, n: number): string =>
    createHash('sha256').update(`${table}${n}`).digest('hex').slice(0, 32);
  const components = ['cpu used', 'memory used', 'disk used /', 'network received', 'load'];
  const predictions = [...Array(5_000).keys()].map((n) =>
    prediction(hash('p', n), {
      component: components[n % 5],
      madeAt: 1_795_000_000_000 + n * 60_000,
      dueAt: 1_795_003_600_000 + n * 60_000,
      value: Math.sin(n),
      rule: { kind: 'interval', lower: Math.sin(n) - 0.1, upper: Math.sin(n) + 0.1 },
      outcome: 'true',
      actual: Math.cos(n),
      scoredAt: 1_795_003_660_000 + n * 60_000,
      baseline: Math.sin(n + 1),
    }),
  );
  const anomalies = [...Array(5_000).keys()].map((n) =>
    anomaly(hash('a', n), {
      subject: `node_network_receive_bytes_total{device="eth${n % 40}",instance="web-1"}`,
      score: 1 - 1 / (n + 7),
      onsetAt: 1_795_000_000_000 + n * 60_000,
      detectedAt: 1_795_000_030_000 + n * 60_000,
      lastAt: 1_795_000_300_000 + n * 60_000,
      endedAt: 1_795_000_300_000 + n * 60_000,
      status: 'ended',
      summary: `Received bytes of eth${n % 40} are 3.4 MB/s, usually 0.2–1.1 MB/s at this time, since 14:0${n % 10}.`,
    }),
  );
  const bytes = (): number => {
    const db = new DatabaseSync(join(home, 'records.db'));
    const free = Number(db.prepare('PRAGMA freelist_count').get()?.freelist_count);
    const pages = Number(db.prepare('PRAGMA page_count').get()?.page_count);
    const size = Number(db.prepare('PRAGMA page_size').get()?.page_size);
    db.close();
    return (pages - free) * size;
  };
  const empty = bytes();
  await stores.records.put('predictions', predictions);
  const withPredictions = bytes();
  await stores.records.put('anomalies', anomalies);
  expect((withPredictions - empty) / 5_000).toBeLessThanOrEqual(200);
  expect((bytes() - withPredictions) / 5_000).toBeLessThanOrEqual(300);
  await stores.close();
  rmSync(home, { recursive: true, force: true });
});
