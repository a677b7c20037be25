import { AuspexError } from '../../errors.ts';
import type { Cell } from './fields.ts';

/** The last row of a page in the order that was asked for. */
export interface CursorPlace {
  readonly value: Cell;
  readonly id: Uint8Array;
}

/** `scope` names table and order: a cursor of another query is refused. Opaque to callers. */
export function encodeCursor(scope: string, place: CursorPlace): string {
  const { value } = place;
  const tagged =
    value === null
      ? ['z']
      : typeof value === 'number'
        ? ['n', String(value)]
        : typeof value === 'string'
          ? ['t', value]
          : ['z'];
  return Buffer.from(JSON.stringify([scope, tagged, Buffer.from(place.id).toString('base64url')])).toString(
    'base64url',
  );
}

export function decodeCursor(scope: string, cursor: string): CursorPlace {
  const refuse = (): never => {
    throw new AuspexError('BAD_CURSOR', `The cursor “${cursor.slice(0, 40)}” does not belong to this list.`);
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return refuse();
  }
  if (!Array.isArray(parsed) || parsed.length !== 3 || parsed[0] !== scope || typeof parsed[2] !== 'string')
    return refuse();
  const [tag, text] = Array.isArray(parsed[1]) ? (parsed[1] as unknown[]) : [];
  const id = new Uint8Array(Buffer.from(parsed[2], 'base64url'));
  if (id.length === 0) return refuse();
  if (tag === 'z') return { value: null, id };
  if (tag === 't' && typeof text === 'string') return { value: text, id };
  if (tag === 'n' && typeof text === 'string' && !Number.isNaN(Number(text))) return { value: Number(text), id };
  return refuse();
}
