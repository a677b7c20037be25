import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { verifyChain } from './access/audit-chain.ts';
import { AuditHead } from './access/audit-head.ts';
import { readAuditKeys } from './access/audit-key.ts';
import { AuditLog } from './access/audit-log.ts';
import { systemClock } from './compose.ts';
import type { Config } from './config/schema.ts';
import { AuspexError } from './errors.ts';
import type { AuditReport } from './model/index.ts';
import { SecretKeys } from './platform/secret-keys.ts';
import { HomeLock } from './store/home-lock.ts';
import { readAuditRows } from './store/records/audit-rows.ts';
import { openPostgresRecords } from './store/records/open-records.ts';
import { RECORDS_FILE } from './store/sql-file.ts';
import { createLogger } from './telemetry/log.ts';

/**
 * Verifies the audit log of a stopped Auspex on its files. Changes nothing.
 * @throws AuspexError NOT_FOUND where there is none, STORE_LOCKED while a server runs, SECRET_KEY_MISSING.
 */
export async function verifyStoppedAudit(config: Config): Promise<AuditReport> {
  const { home } = config;
  const { postgres } = config.records;
  if (postgres === null && !existsSync(join(home, RECORDS_FILE)))
    throw new AuspexError('NOT_FOUND', `There is no audit log in ${home}: Auspex has not been started with it.`);
  const lock = new HomeLock(home);
  try {
    const { ring } = await SecretKeys.open(home);
    const keys = await readAuditKeys(home, ring);
    if (postgres === null) return await verifyChain(readAuditRows(home), keys, await new AuditHead(home, keys).read());
    const records = await openPostgresRecords(postgres);
    try {
      return await new AuditLog({ records, home, keys, clock: systemClock, log: createLogger('error') }).verify();
    } finally {
      await records.close();
    }
  } finally {
    lock.release();
  }
}
