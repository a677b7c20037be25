import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { AuditRow } from '../../model/index.ts';
import { RECORDS_FILE } from '../sql-file.ts';
import { fieldsOf } from './conditions.ts';
import type { Cell, Symbols } from './fields.ts';
import { tables } from './tables.ts';

const noSymbols: Symbols = { numberOf: () => -1, textOf: () => '' };

/** The audit log of a home folder that nobody uses, straight from the file, in order. Throws SQLite’s errors on damage. */
export function* readAuditRows(home: string): Generator<AuditRow> {
  const db = new DatabaseSync(join(home, RECORDS_FILE), { readOnly: true, timeout: 5_000 });
  try {
    const found = db.prepare("select 1 from sqlite_master where type = 'table' and name = 'audit_log'").get();
    if (found === undefined) return;
    const fields = Object.entries(fieldsOf(tables.audit_log));
    for (const cells of db.prepare('select * from audit_log order by id').iterate()) {
      const row = cells as Record<string, Cell>;
      const values = fields.map(([name, field]) => [
        name,
        field.decode(
          field.columns.map((column) => row[column.name] ?? null),
          noSymbols,
        ),
      ]);
      yield Object.fromEntries(values) as AuditRow;
    }
  } finally {
    db.close();
  }
}
