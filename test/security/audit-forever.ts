/* A child process that writes acts to the audit log until it is killed, and prints the number of each that it was told is durable: `node audit-forever.ts HOME`. */
import { pino } from 'pino';
import { auditKeys } from '../../src/access/audit-key.ts';
import { AuditLog } from '../../src/access/audit-log.ts';
import { openTestStores } from '../conformance/store/open-test-stores.ts';

export const killKeys = auditKeys(Buffer.alloc(32, 9));

export async function openLogOn(home: string) {
  const stores = await openTestStores(home, { fsync: true });
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const { records } = stores;
  return { stores, log: new AuditLog({ records, home, keys: killKeys, clock, log: pino({ level: 'silent' }) }) };
}

const home = process.argv[2];
if (import.meta.main && home !== undefined) {
  const { log } = await openLogOn(home);
  const actor = { kind: 'user', name: 'ann', source: '127.0.0.1' } as const;
  for (let i = 0; ; i += 3) {
    const some = [0, 1, 2].map((n) => log.record({ actor, action: 'silence.add', target: `${i + n}` }));
    process.stdout.write(`${Math.max(...(await Promise.all(some)))}\n`);
  }
}
