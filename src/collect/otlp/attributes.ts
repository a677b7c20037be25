import { BYTES, type ProtoReader, VARINT } from '../remote-write/decode-wire.ts';
import { type Budget, doubleAt, eachField, type Range, rangeAt, textAt } from './wire.ts';

export type Attribute = readonly [name: string, value: string];

const MOST_DEPTH = 8;
/** Of one message; more than any label set may have, so that the excess is still seen as such. */
const MOST_ATTRIBUTES = 1024;

type Plain = string | number | boolean | bigint | null | readonly Plain[] | { readonly [name: string]: Plain };

/** A `KeyValue` as texts: what is not a text is written as JSON writes it. */
export function attributeAt(reader: ProtoReader, tag: number, end: number, budget: Budget): Attribute {
  const range = rangeAt(reader, tag, end);
  const after = reader.pos;
  const [key, value] = keyValueIn(reader, range, budget, MOST_DEPTH);
  reader.pos = after;
  return [key, textOf(value)];
}

/** All attributes of one field of a message. */
export function attributesOf(reader: ProtoReader, range: Range, wanted: number, budget: Budget): Attribute[] {
  const found: Attribute[] = [];
  eachField(reader, range, (field, tag, end) => {
    if (field !== wanted || found.length >= MOST_ATTRIBUTES) return false;
    found.push(attributeAt(reader, tag, end, budget));
    return true;
  });
  return found;
}

/** An `AnyValue` as text. */
export function valueTextAt(reader: ProtoReader, tag: number, end: number, budget: Budget): string {
  const range = rangeAt(reader, tag, end);
  const after = reader.pos;
  const value = anyValueIn(reader, range, budget, MOST_DEPTH);
  reader.pos = after;
  return textOf(value);
}

function textOf(value: Plain): string {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  return typeof value === 'object'
    ? JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner))
    : String(value);
}

function keyValueIn(reader: ProtoReader, range: Range, budget: Budget, depth: number): [string, Plain] {
  budget.spend(1);
  let key = '';
  let value: Plain = null;
  eachField(reader, range, (field, tag, end) => {
    if (field === 1) key = textAt(reader, tag, end);
    else if (field === 2) {
      const inner = rangeAt(reader, tag, end);
      const after = reader.pos;
      value = anyValueIn(reader, inner, budget, depth);
      reader.pos = after;
    } else return false;
    return true;
  });
  return [key, value];
}

function anyValueIn(reader: ProtoReader, range: Range, budget: Budget, depth: number): Plain {
  let value: Plain = null;
  eachField(reader, range, (field, tag, end) => {
    switch (field) {
      case 1:
        value = textAt(reader, tag, end);
        return true;
      case 2:
        reader.expect(tag, VARINT);
        value = reader.int64(end) !== 0;
        return true;
      case 3:
        value = integerAt(reader, tag, end);
        return true;
      case 4:
        value = doubleAt(reader, tag, end);
        return true;
      case 5:
      case 6: {
        const inner = rangeAt(reader, tag, end);
        const after = reader.pos;
        // Deeper than anything that is sent in earnest.
        value = depth === 0 ? null : listIn(reader, inner, budget, field === 6, depth - 1);
        reader.pos = after;
        return true;
      }
      case 7: {
        reader.expect(tag, BYTES);
        const { from, to } = rangeAt(reader, tag, end);
        value = Buffer.from(reader.bytes.buffer, reader.bytes.byteOffset + from, to - from).toString('base64');
        return true;
      }
      default:
        return false;
    }
  });
  return value;
}

function listIn(reader: ProtoReader, range: Range, budget: Budget, isMap: boolean, depth: number): Plain {
  const items: Plain[] = [];
  const pairs: [string, Plain][] = [];
  eachField(reader, range, (field, tag, end) => {
    if (field !== 1) return false;
    const inner = rangeAt(reader, tag, end);
    const after = reader.pos;
    if (isMap) pairs.push(keyValueIn(reader, inner, budget, depth));
    else {
      budget.spend(1);
      items.push(anyValueIn(reader, inner, budget, depth));
    }
    reader.pos = after;
    return true;
  });
  return isMap ? Object.fromEntries(pairs) : items;
}

/** Exact also beyond 2^53: an id must not become another one. */
function integerAt(reader: ProtoReader, tag: number, end: number): number | bigint {
  reader.expect(tag, VARINT);
  const start = reader.pos;
  const value = reader.int64(end);
  if (Number.isSafeInteger(value)) return value;
  let exact = 0n;
  for (let i = start; i < reader.pos; i++)
    exact |= BigInt((reader.bytes[i] as number) & 0x7f) << BigInt(7 * (i - start));
  return BigInt.asIntN(64, exact);
}
