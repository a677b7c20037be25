import { type Kysely, sql } from 'kysely';
import { AuspexError } from '../../errors.ts';
import { rowSum } from '../row-sum.ts';
import type { Symbols } from './fields.ts';

export type Db = Kysely<Record<string, Record<string, unknown>>>;

/** Of SQLite: texts have checksums as rows have. */
export interface SymbolGuard {
  mendSymbols(db: Db): Promise<void>;
  mendSymbolsSoon(): void;
}

interface SymbolRow {
  readonly id: number;
  readonly text: string;
  readonly row_sum?: number;
}

const MOST_CACHED = 25_000;
const AT_ONCE = 500;

/** Texts that rows share, each with a number. What a transaction added is known to others only once it is committed. */
export class SymbolTable implements Symbols {
  readonly #parent: SymbolTable | null;
  readonly #guard: SymbolGuard | null;
  #numbers = new Map<string, number>();
  #texts = new Map<number, string>();
  /** What was known before the last many came: still there for whoever is at work with it. */
  #olderNumbers = new Map<string, number>();
  #olderTexts = new Map<number, string>();

  constructor(guard: SymbolGuard | null, parent: SymbolTable | null = null) {
    this.#guard = guard;
    this.#parent = parent;
  }

  /** For one transaction: sees what is known, keeps what it learns to itself until `settle`. */
  child(): SymbolTable {
    return new SymbolTable(this.#guard, this);
  }

  /** After the commit: hands on what was learnt. */
  settle(): void {
    for (const learnt of [this.#olderNumbers, this.#numbers])
      for (const [text, number] of learnt) this.#parent?.remember(number, text);
  }

  remember(number: number, text: string): void {
    if (this.#numbers.size >= MOST_CACHED) {
      this.#olderNumbers = this.#numbers;
      this.#olderTexts = this.#texts;
      this.#numbers = new Map();
      this.#texts = new Map();
    }
    this.#numbers.set(text, number);
    this.#texts.set(number, text);
  }

  #find(text: string): number | undefined {
    return this.#numbers.get(text) ?? this.#olderNumbers.get(text) ?? this.#parent?.lookUp(text);
  }

  lookUp(text: string): number | undefined {
    return this.#find(text);
  }

  /** -1 for a text that no row has: it equals nothing. */
  numberOf(text: string): number {
    return this.#find(text) ?? -1;
  }

  textOf(number: number): string {
    return this.#texts.get(number) ?? this.#olderTexts.get(number) ?? this.#parent?.textOf(number) ?? '';
  }

  knows(number: number): boolean {
    return this.#texts.has(number) || this.#olderTexts.has(number) || (this.#parent?.knows(number) ?? false);
  }

  /** Learns the numbers of texts that have one. */
  async find(db: Db, texts: readonly string[]): Promise<void> {
    const damaged = await this.#look(db, texts);
    if (damaged > 0) this.#guard?.mendSymbolsSoon();
  }

  /** Gives numbers to texts that have none. In order of the text, so that two transactions cannot wait for each other. */
  async intern(db: Db, texts: readonly string[]): Promise<void> {
    let damaged = await this.#look(db, texts);
    const missing = [...new Set(texts)].filter((text) => this.#find(text) === undefined).sort();
    if (missing.length === 0) return;
    if (damaged > 0) await this.#guard?.mendSymbols(db);
    for (let start = 0; start < missing.length; start += AT_ONCE) {
      const values = missing.slice(start, start + AT_ONCE).map((text) => sql`(${text})`);
      await sql`insert into symbols (text) values ${sql.join(values)} on conflict (text) do nothing`.execute(db);
    }
    damaged = await this.#look(db, missing);
    if (missing.some((text) => this.#find(text) === undefined))
      throw new AuspexError('STORE_FAILED', `A name could not be stored (${damaged} in the records are damaged).`);
  }

  /** Gives how many of the rows that were read are not as they were written. */
  async #look(db: Db, texts: readonly string[]): Promise<number> {
    const missing = [...new Set(texts)].filter((text) => this.#find(text) === undefined);
    let damaged = 0;
    for (let start = 0; start < missing.length; start += AT_ONCE) {
      const some = missing.slice(start, start + AT_ONCE);
      const { rows } = await sql<SymbolRow>`select * from symbols where text in (${sql.join(some)})`.execute(db);
      damaged += this.#learn(rows);
    }
    return damaged;
  }

  /** Learns the texts of numbers that rows brought. */
  async resolve(db: Db, numbers: readonly number[]): Promise<void> {
    const missing = [...new Set(numbers)].filter((number) => !this.knows(number));
    let damaged = 0;
    for (let start = 0; start < missing.length; start += AT_ONCE) {
      const some = missing.slice(start, start + AT_ONCE);
      const { rows } = await sql<SymbolRow>`select * from symbols where id in (${sql.join(some)})`.execute(db);
      damaged += this.#learn(rows);
    }
    if (damaged > 0) this.#guard?.mendSymbolsSoon();
  }

  #learn(rows: readonly SymbolRow[]): number {
    let damaged = 0;
    for (const { id, text, row_sum: sum } of rows) {
      if (this.#guard === null || sum === rowSum('symbols', [id, text])) this.remember(Number(id), text);
      else damaged++;
    }
    return damaged;
  }
}
