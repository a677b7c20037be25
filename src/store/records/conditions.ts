import { type RawBuilder, sql } from 'kysely';
import { AuspexError } from '../../errors.ts';
import { type Cell, type Field, type Symbols, storable } from './fields.ts';
import type { TableSpec } from './tables.ts';

type AnyFields = Readonly<Record<string, Field>>;
type Expression = RawBuilder<unknown>;

const COMPARISONS = { gte: '>=', gt: '>', lt: '<', lte: '<=' } as const;

export function fieldsOf(spec: { fields: object }): AnyFields {
  return spec.fields as AnyFields;
}

export function fieldNamed(spec: { fields: object }, name: string): Field {
  const field = Object.hasOwn(spec.fields, name) ? fieldsOf(spec)[name] : undefined;
  if (field === undefined) throw new AuspexError('BAD_REQUEST', `There is no field “${name}”.`);
  return field;
}

/** What a field is compared and ordered by: its column, for a symbol its text. */
export function orderExpression(field: Field): Expression {
  if (field.columns.length !== 1) throw new AuspexError('BAD_REQUEST', `${field.columns[0].name} cannot be compared.`);
  const column = sql.ref(field.columns[0].name);
  return field.symbolColumns === undefined ? column : sql`(select s.text from symbols s where s.id = ${column})`;
}

/** Texts in a condition that may have a number. */
export function symbolsInWhere(spec: TableSpec<never>, where: Readonly<Record<string, unknown>>): string[] {
  const texts: string[] = [];
  const take = (value: unknown): void => {
    if (typeof value === 'string') texts.push(storable(value));
  };
  for (const [name, condition] of Object.entries(where)) {
    if (condition === undefined || fieldNamed(spec, name).symbolColumns === undefined) continue;
    if (isOperators(condition)) {
      take(condition.not);
      condition.in?.forEach(take);
    } else take(condition);
  }
  return texts;
}

/** All conditions as one expression; `true` where there are none. */
export function whereExpression(
  spec: TableSpec<never>,
  where: Readonly<Record<string, unknown>>,
  symbols: Symbols,
): Expression {
  const parts: Expression[] = [];
  for (const [name, condition] of Object.entries(where)) {
    if (condition !== undefined) parts.push(...conditionParts(fieldNamed(spec, name), condition, symbols));
  }
  return parts.length === 0 ? sql`1 = 1` : sql.join(parts, sql` and `);
}

function conditionParts(field: Field, condition: unknown, symbols: Symbols): Expression[] {
  if (field.columns.length !== 1)
    throw new AuspexError('BAD_REQUEST', `${field.columns[0].name} cannot be a condition.`);
  const column = sql.ref(field.columns[0].name);
  const cell = (value: unknown): Cell => field.encode(value as never, symbols)[0];
  if (!isOperators(condition))
    return [condition === null ? sql`${column} is null` : sql`${column} = ${cell(condition)}`];
  const parts: Expression[] = [];
  for (const [name, operator] of Object.entries(COMPARISONS)) {
    const value = condition[name as keyof typeof COMPARISONS];
    if (value === undefined) continue;
    const right = field.symbolColumns === undefined ? cell(value) : storable(String(value));
    parts.push(sql`${orderExpression(field)} ${sql.raw(operator)} ${right}`);
  }
  if (condition.in !== undefined) {
    const values = condition.in.map(cell);
    parts.push(values.length === 0 ? sql`1 = 0` : sql`${column} in (${sql.join(values)})`);
  }
  if (condition.not !== undefined) {
    parts.push(
      condition.not === null
        ? sql`${column} is not null`
        : sql`(${column} <> ${cell(condition.not)} or ${column} is null)`,
    );
  }
  if (condition.has !== undefined) {
    // As JSON writes it, with its quotes: no other text has it in it. `like` would read its signs, and in SQLite either case.
    const token = storable(JSON.stringify(condition.has));
    parts.push(sql`length(replace(${column}, ${token}, '')) < length(${column})`);
  }
  return parts;
}

interface Operators {
  readonly gte?: unknown;
  readonly gt?: unknown;
  readonly lt?: unknown;
  readonly lte?: unknown;
  readonly in?: readonly unknown[];
  readonly not?: unknown;
  readonly has?: string;
}

function isOperators(condition: unknown): condition is Operators {
  return typeof condition === 'object' && condition !== null && !Array.isArray(condition);
}

/** Rows behind a place in the order (nulls are the smallest, ties by id). */
export function afterExpression(
  order: Expression,
  nullable: boolean,
  descending: boolean,
  value: Cell,
  id: Uint8Array,
): Expression {
  const beyond = sql.raw(descending ? '<' : '>');
  const beyondOrAt = sql.raw(descending ? '<=' : '>=');
  const idBeyond = sql`id ${beyond} ${id}`;
  if (value === null) {
    return descending ? sql`(${order} is null and ${idBeyond})` : sql`(${order} is not null or ${idBeyond})`;
  }
  const exact = sql`${order} ${beyondOrAt} ${value} and (${order} ${beyond} ${value} or ${idBeyond})`;
  return descending && nullable ? sql`((${exact}) or ${order} is null)` : sql`(${exact})`;
}
