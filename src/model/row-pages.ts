import type { RecordAccess, TableName, Tables, Where } from './records.ts';

const PAGE = 500;

/** All rows of a table that match, a page at a time, by id. Rows that come or go meanwhile are met or not; none is met twice. */
export async function* rowPages<T extends TableName>(
  records: Pick<RecordAccess, 'find'>,
  table: T,
  where: Where<Tables[T]> = {},
): AsyncGenerator<readonly Tables[T][], void, void> {
  for (let cursor: string | undefined; ; ) {
    const page = await records.find(table, { where, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    yield page.rows;
    if (page.nextCursor === null) return;
    cursor = page.nextCursor;
  }
}

/** All rows of a table that match, by id. */
export async function allRows<T extends TableName>(
  records: Pick<RecordAccess, 'find'>,
  table: T,
  where: Where<Tables[T]> = {},
): Promise<Tables[T][]> {
  const rows: Tables[T][] = [];
  for await (const page of rowPages(records, table, where)) rows.push(...page);
  return rows;
}
