import { AuspexError } from '../../errors.ts';
import type { Confidence, OutcomeRule } from '../../model/index.ts';
import { confidence } from '../../model/index.ts';

/*
 * How one field of a row lies in columns. Rows are many (a ledger row an hour, target and horizon), so what repeats is
 * stored as a small number: choices by their place, names by their number in the table of symbols; ids of hex digits as bytes.
 */

export type ColumnType = 'integer' | 'real' | 'text' | 'bytes';
export type Cell = number | string | Uint8Array | null;

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** Texts and their numbers, resolved before a row is encoded or decoded. */
export interface Symbols {
  numberOf(text: string): number;
  textOf(number: number): string;
}

export interface Field {
  readonly columns: readonly Column[];
  readonly nullable: boolean;
  /** Texts that need a number before `encode`. */
  readonly symbolsIn?: (value: never) => readonly string[];
  /** Which of the columns hold symbols. */
  readonly symbolColumns?: readonly number[];
  encode(value: never, symbols: Symbols): Cell[];
  decode(cells: readonly Cell[], symbols: Symbols): unknown;
}

export function id(): Field {
  return {
    columns: [{ name: 'id', type: 'bytes' }],
    nullable: false,
    encode: (value: string) => [encodeId(value)],
    decode: ([cell]) => decodeId(cell as Uint8Array),
  };
}

const HEX = 1;
const TEXT = 2;

/** Hex digits take half the room; anything else goes as UTF-8. The first byte says which. */
export function encodeId(value: string): Uint8Array {
  const isHex = /^(?:[0-9a-f]{2}){8,32}$/.test(value);
  const body = Buffer.from(value, isHex ? 'hex' : 'utf8');
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = isHex ? HEX : TEXT;
  bytes.set(body, 1);
  return bytes;
}

export function decodeId(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + 1, bytes.length - 1).toString(bytes[0] === HEX ? 'hex' : 'utf8');
}

export function integer(name: string): Field {
  return {
    columns: [{ name, type: 'integer' }],
    nullable: true,
    encode: (value: number | null) => [value === null || Number.isNaN(value) ? null : Math.round(value)],
    decode: ([cell]) => (cell === null ? null : Number(cell)),
  };
}

/** A number that is always there; NaN is stored as no value. */
export function real(name: string): Field {
  return { ...realOrNull(name), decode: ([cell]) => (cell === null ? Number.NaN : Number(cell)) };
}

export function realOrNull(name: string): Field {
  return {
    columns: [{ name, type: 'real' }],
    nullable: true,
    encode: (value: number | null) => [value === null || Number.isNaN(value) ? null : value],
    decode: ([cell]) => (cell === null ? null : Number(cell)),
  };
}

export function text(name: string): Field {
  return {
    columns: [{ name, type: 'text' }],
    nullable: true,
    encode: (value: string | null) => [value === null ? null : storable(value)],
    decode: ([cell]) => cell,
  };
}

/** PostgreSQL takes neither NUL nor half a surrogate pair. */
export function storable(value: string): string {
  return value.replaceAll('\u0000', '\ufffd').toWellFormed();
}

export function json(name: string): Field {
  return {
    columns: [{ name, type: 'text' }],
    nullable: false,
    encode: (value: unknown) => [JSON.stringify(value ?? null)],
    decode: ([cell]) => JSON.parse(String(cell)) as unknown,
  };
}

/** One that rows from before it do not have. */
export function laterJson(name: string): Field {
  return {
    columns: [{ name, type: 'text' }],
    nullable: true,
    encode: (value: unknown) => [value === undefined ? null : JSON.stringify(value)],
    decode: ([cell]) => (cell === null ? undefined : (JSON.parse(String(cell)) as unknown)),
  };
}

export function flag(name: string): Field {
  return {
    columns: [{ name, type: 'integer' }],
    nullable: false,
    encode: (value: boolean) => [value ? 1 : 0],
    decode: ([cell]) => Number(cell) === 1,
  };
}

/** One of a few words, stored by its place: new words only at the end. */
export function choice(name: string, words: readonly string[]): Field {
  return {
    columns: [{ name, type: 'integer' }],
    nullable: false,
    encode: (value: string) => [placeOf(name, words, value)],
    decode: ([cell]) => words[Number(cell)] ?? words[0],
  };
}

function placeOf(name: string, words: readonly string[], value: string): number {
  const place = words.indexOf(value);
  if (place < 0) throw new AuspexError('BAD_REQUEST', `${name} is “${value}”; it must be one of ${words.join(', ')}.`);
  return place;
}

/** A text that many rows share. */
export function symbol(name: string): Field {
  return {
    columns: [{ name, type: 'integer' }],
    nullable: true,
    symbolColumns: [0],
    symbolsIn: (value: string | null) => (value === null ? [] : [storable(value)]),
    encode: (value: string | null, symbols) => [value === null ? null : symbols.numberOf(storable(value))],
    decode: ([cell], symbols) => (cell === null ? null : symbols.textOf(Number(cell))),
  };
}

export function outcomeRule(): Field {
  return {
    columns: [
      { name: 'rule_lower', type: 'real' },
      { name: 'rule_upper', type: 'real' },
      { name: 'rule_event', type: 'integer' },
    ],
    nullable: false,
    symbolColumns: [2],
    symbolsIn: (rule: OutcomeRule) => (rule.kind === 'event' ? [storable(rule.event)] : []),
    encode: (rule: OutcomeRule, symbols) =>
      rule.kind === 'event'
        ? [null, null, symbols.numberOf(storable(rule.event))]
        : [numberOrNull(rule.lower), numberOrNull(rule.upper), null],
    decode: ([lower, upper, event], symbols): OutcomeRule =>
      event === null
        ? {
            kind: 'interval',
            lower: lower === null ? Number.NaN : Number(lower),
            upper: upper === null ? Number.NaN : Number(upper),
          }
        : { kind: 'event', event: symbols.textOf(Number(event)) },
  };
}

const SOURCES = ['prior', 'measured'] as const;

export function statedConfidence(): Field {
  return {
    columns: [
      { name: 'confidence', type: 'real' },
      { name: 'confidence_source', type: 'integer' },
      { name: 'confidence_samples', type: 'integer' },
    ],
    nullable: false,
    encode: (value: Confidence) => [numberOrNull(value.value), SOURCES.indexOf(value.source), value.sampleCount],
    decode: ([value, source, samples]) =>
      confidence(value === null ? Number.NaN : Number(value), SOURCES[Number(source)] ?? 'prior', Number(samples)),
  };
}

function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
