import { z } from 'zod';
import { Turns } from '../../engine/turns.ts';
import { AuspexError } from '../../errors.ts';
import type { Route } from '../contract/index.ts';

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** Bytes that are looked through before others may have their turn. */
const LOOKED_THROUGH = 65_536;

/**
 * A JSON object of which one list may be very long, checked like any other body, but an element at a time: to read and to check
 * megabytes at once would hold the event loop for a quarter of a second. @throws z.ZodError, AuspexError BAD_REQUEST.
 */
export async function readInPieces(
  bytes: Buffer,
  { list, element, rest, most }: NonNullable<Route['long']>,
): Promise<unknown> {
  const turns = new Turns();
  const { places, from, to } = await findElements(bytes, list, turns);
  if (places.length > most)
    throw new z.ZodError([
      {
        code: 'too_big',
        origin: 'array',
        maximum: most,
        inclusive: true,
        path: [list],
        message: `at most ${most}`,
        input: undefined,
      },
    ]);
  const outer = rest.parse(jsonOf(`${textOf(bytes, 0, from)}${textOf(bytes, to, bytes.length)}`));
  if (to === bytes.length) throw missing(list);
  const elements: unknown[] = [];
  for (const { start, end } of places) {
    await turns.give();
    const result = element.safeParse(jsonOf(textOf(bytes, start, end)));
    if (!result.success)
      throw new z.ZodError(
        result.error.issues.map((issue) => ({ ...issue, path: [list, elements.length, ...issue.path] })),
      );
    elements.push(result.data);
  }
  return { ...outer, [list]: elements };
}

interface Found {
  readonly places: readonly { readonly start: number; readonly end: number }[];
  /** Where the list's brackets open and close; both the body's end where there is none. */
  readonly from: number;
  readonly to: number;
}

/** Where the list's elements are; only a parser can tell whether they are JSON. */
async function findElements(bytes: Buffer, list: string, turns: Turns): Promise<Found> {
  const key = Buffer.from(`"${list}"`);
  const places: { start: number; end: number }[] = [];
  let [depth, start, from, to, named] = [0, -1, bytes.length, bytes.length, false];
  const isInside = (): boolean => from < bytes.length && to === bytes.length;
  for (let i = 0; i < bytes.length; i++) {
    if (i % LOOKED_THROUGH === 0) await turns.give();
    const byte = bytes[i] as number;
    if (byte === QUOTE) {
      const end = endOfString(bytes, i);
      if (depth === 1) named = bytes.compare(key, 0, key.length, i, end) === 0;
      i = end - 1;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth++;
      if (byte === OPEN_ARRAY && depth === 2 && named && from === bytes.length) {
        from = i + 1;
        start = i + 1;
      }
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      depth--;
      if (depth === 1 && isInside()) {
        to = i;
        if (places.length > 0 || bytes.toString('latin1', start, i).trim() !== '') places.push({ start, end: i });
      }
    } else if (byte === COMMA && depth === 2 && isInside()) {
      places.push({ start, end: i });
      start = i + 1;
    } else if (byte === COMMA && depth === 1) named = false;
  }
  return { places, from, to };
}

/** Behind the closing quote. */
function endOfString(bytes: Buffer, start: number): number {
  for (let i = start + 1; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === BACKSLASH) i++;
    else if (byte === QUOTE) return i + 1;
  }
  return bytes.length;
}

function textOf(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('utf8', from, to);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AuspexError('BAD_REQUEST', 'The body is not valid JSON.', { cause, data: { field: 'body' } });
  }
}

function missing(list: string): z.ZodError {
  return new z.ZodError([
    {
      code: 'invalid_type',
      expected: 'array',
      path: [list],
      message: 'Invalid input: expected array',
      input: undefined,
    },
  ]);
}
