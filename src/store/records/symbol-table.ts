import { type Kysely, sql } from 'kysely';
import type { Symbols } from './fields.ts';

export type Db = Kysely<Record<string, Record<string, unknown>>>;

const MOST_CACHED = 50_000;
const AT_ONCE = 500;

/** Texts that rows share, each with a number. What a transaction added is known to others only once it is committed. */
export class SymbolTable implements Symbols {
  readonly #parent: SymbolTable | null;
  readonly #numbers = new Map<string, number>();
  readonly #texts = new Map<number, string>();

  constructor(parent: SymbolTable | null = null) {
    this.#parent = parent;
  }

  /** For one transaction: sees what is known, keeps what it learns to itself until `settle`. */
  child(): SymbolTable {
    return new SymbolTable(this);
  }

  /** After the commit: hands on what was learnt. */
  settle(): void {
    for (const [text, number] of this.#numbers) this.#parent?.remember(number, text);
  }

  remember(number: number, text: string): void {
    if (this.#numbers.size >= MOST_CACHED) {
      this.#numbers.clear();
      this.#texts.clear();
    }
    this.#numbers.set(text, number);
    this.#texts.set(number, text);
  }

  #find(text: string): number | undefined {
    return this.#numbers.get(text) ?? this.#parent?.lookUp(text);
  }

  lookUp(text: string): number | undefined {
    return this.#find(text);
  }

  /** -1 for a text that no row has: it equals nothing. */
  numberOf(text: string): number {
    return this.#find(text) ?? -1;
  }

  textOf(number: number): string {
    return this.#texts.get(number) ?? this.#parent?.textOf(number) ?? '';
  }

  #knows(number: number): boolean {
    return this.#texts.has(number) || (this.#parent?.knows(number) ?? false);
  }

  knows(number: number): boolean {
    return this.#knows(number);
  }

  /** Learns the numbers of texts that have one. */
  async find(db: Db, texts: readonly string[]): Promise<void> {
    const missing = [...new Set(texts)].filter((text) => this.#find(text) === undefined);
    for (let start = 0; start < missing.length; start += AT_ONCE) {
      const some = missing.slice(start, start + AT_ONCE);
      const { rows } = await sql<{
        id: number;
        text: string;
      }>`select id, text from symbols where text in (${sql.join(some)})`.execute(db);
      for (const row of rows) this.remember(Number(row.id), row.text);
    }
  }

  /** Gives numbers to texts that have none. In order of the text, so that two transactions cannot wait for each other. */
  async intern(db: Db, texts: readonly string[]): Promise<void> {
    await this.find(db, texts);
    const missing = [...new Set(texts)].filter((text) => this.#find(text) === undefined).sort();
    for (let start = 0; start < missing.length; start += AT_ONCE) {
      const values = missing.slice(start, start + AT_ONCE).map((text) => sql`(${text})`);
      await sql`insert into symbols (text) values ${sql.join(values)} on conflict (text) do nothing`.execute(db);
    }
    if (missing.length > 0) await this.find(db, missing);
  }

  /** Learns the texts of numbers that rows brought. */
  async resolve(db: Db, numbers: readonly number[]): Promise<void> {
    const missing = [...new Set(numbers)].filter((number) => !this.#knows(number));
    for (let start = 0; start < missing.length; start += AT_ONCE) {
      const some = missing.slice(start, start + AT_ONCE);
      const { rows } = await sql<{
        id: number;
        text: string;
      }>`select id, text from symbols where id in (${sql.join(some)})`.execute(db);
      for (const row of rows) this.remember(Number(row.id), row.text);
    }
  }
}
