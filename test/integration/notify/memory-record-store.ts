import type { Condition, Find, RecordStore, TableName, Tables } from '../../../src/model/index.ts';

type Row = Record<string, unknown> & { id: string };

/** The record store's contract in memory, for tests of what stands on the port. Rows are copied in and out, as a database does. */
export function memoryRecordStore(initial?: string): RecordStore & { dump(): string } {
  const tables = new Map<string, Map<string, Row>>();
  const table = (name: TableName): Map<string, Row> => {
    const existing = tables.get(name) ?? new Map<string, Row>();
    tables.set(name, existing);
    return existing;
  };
  if (initial !== undefined) {
    for (const [name, rows] of JSON.parse(initial) as [TableName, Row[]][]) {
      for (const row of rows) table(name).set(row.id, row);
    }
  }
  const matches = (row: Row, where: object | undefined): boolean =>
    Object.entries(where ?? {}).every(([column, condition]) => holds(row[column], condition as Condition<unknown>));
  const select = (name: TableName, where: object | undefined) =>
    [...table(name).values()].filter((r) => matches(r, where));

  const store: RecordStore & { dump(): string } = {
    async get<T extends TableName>(name: T, id: string) {
      return structuredClone(table(name).get(id)) as Tables[T] | undefined;
    },
    async find<T extends TableName>(name: T, query: Find<Tables[T]>) {
      const column = query.orderBy ?? 'id';
      const sign = query.descending === true ? -1 : 1;
      const rows = select(name, query.where).sort(
        (a, b) => sign * (compare(a[column], b[column]) || compare(a.id, b.id)),
      );
      const start = query.cursor === undefined ? 0 : Number(query.cursor);
      const end = start + (query.limit ?? rows.length);
      return {
        rows: structuredClone(rows.slice(start, end)) as unknown as Tables[T][],
        nextCursor: end < rows.length ? String(end) : null,
      };
    },
    async count(name, where) {
      return select(name, where).length;
    },
    async put(name, rows) {
      for (const row of rows) table(name).set(row.id, structuredClone(row) as unknown as Row);
    },
    async insertNew(name, rows) {
      const fresh = rows.filter((row) => !table(name).has(row.id));
      for (const row of fresh) table(name).set(row.id, structuredClone(row) as unknown as Row);
      return fresh.map((row) => row.id);
    },
    async update(name, where, changes) {
      const rows = select(name, where);
      for (const row of rows) Object.assign(row, structuredClone(changes));
      return rows.length;
    },
    async remove(name, where) {
      const rows = select(name, where);
      for (const row of rows) table(name).delete(row.id);
      return rows.length;
    },
    async transaction(work) {
      const before = store.dump();
      try {
        return await work(store);
      } catch (error) {
        tables.clear();
        for (const [name, rows] of JSON.parse(before) as [TableName, Row[]][]) {
          for (const row of rows) table(name).set(row.id, row);
        }
        throw error;
      }
    },
    async expire() {
      return 0;
    },
    async close() {},
    dump: () => JSON.stringify([...tables].map(([name, rows]) => [name, [...rows.values()]])),
  };
  return store;
}

function holds(value: unknown, condition: Condition<unknown>): boolean {
  if (typeof condition !== 'object' || condition === null) return value === condition;
  const c = condition as {
    gte?: number;
    gt?: number;
    lt?: number;
    lte?: number;
    in?: unknown[];
    not?: unknown;
    has?: string;
  };
  const n = value as number;
  if (c.gte !== undefined && !(value !== null && n >= c.gte)) return false;
  if (c.gt !== undefined && !(value !== null && n > c.gt)) return false;
  if (c.lt !== undefined && !(value !== null && n < c.lt)) return false;
  if (c.lte !== undefined && !(value !== null && n <= c.lte)) return false;
  if (c.in !== undefined && !c.in.includes(value)) return false;
  if (c.has !== undefined && !(Array.isArray(value) && value.includes(c.has))) return false;
  return !('not' in c) || value !== c.not;
}

function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  return (a as string | number) < (b as string | number) ? -1 : 1;
}
