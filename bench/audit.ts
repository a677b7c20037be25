// What the audit log costs: the time until an act is let through (its row and the note of the end are on the disk), and
// how long it takes to prove a long log.
//   node bench/audit.ts [--acts 500] [--rows 100000]
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { auditKeys } from '../src/access/audit-key.ts';
import { AuditLog } from '../src/access/audit-log.ts';
import { openStores } from '../src/store/open-stores.ts';

const { values } = parseArgs({
  options: { acts: { type: 'string', default: '500' }, rows: { type: 'string', default: '100000' } },
});
const home = mkdtempSync(join(tmpdir(), 'auspex-bench-audit-'));
const day = 86_400_000;
const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const stores = await openStores({
  home,
  limits: { series: 100, quotaBytes: 2e9, minFreeBytes: 1 },
  retention: { rawMs: day, fiveMinuteMs: day, hourMs: day, recordsMs: day },
  clock,
  entityOf: () => 'host:bench',
});
const keys = auditKeys(Buffer.alloc(32, 1));
const log = new AuditLog({ records: stores.records, home, keys, clock, log: pino({ level: 'silent' }) });
const act = {
  actor: { kind: 'user', name: 'ann', source: '192.168.1.20' },
  action: 'silence.add',
  detail: { body: { entity: 'web-1', endsAt: '2026-11-21T12:00:00Z', reason: 'maintenance' } },
} as const;

const times: number[] = [];
for (let i = 0; i < Number(values.acts); i++) {
  const began = performance.now();
  await log.record({ ...act, target: String(i) });
  times.push(performance.now() - began);
}
times.sort((a, b) => a - b);
const bytes = (): number => statSync(join(home, 'records.db')).size + statSync(join(home, 'records.db-wal')).size;
const before = bytes();
const rows = Number(values.rows);
for (let i = 0; i < rows; i += 6400)
  await Promise.all(
    Array.from({ length: Math.min(6400, rows - i) }, (_, n) => log.record({ ...act, target: `${i + n}` })),
  );
const grown = bytes() - before;
const began = performance.now();
const report = await log.verify();
const seconds = (performance.now() - began) / 1000;
console.log(
  JSON.stringify({
    actMedianMs: times[Math.floor(times.length / 2)],
    actP99Ms: times[Math.floor(times.length * 0.99)],
    rows: report.rows,
    verifySeconds: seconds,
    isWhole: report.fault === null,
    bytesPerRow: Math.round(grown / rows),
  }),
);
await log.close();
await stores.close();
rmSync(home, { recursive: true, force: true });
