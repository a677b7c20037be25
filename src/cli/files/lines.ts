import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AuspexError } from '../../errors.ts';

/** A line that is longer is no line of a text file. */
const MAX_LINE_CHARS = 100_000_000;
const CHUNK_BYTES = 1 << 20;

/** How much of the file has been read, 0..1. */
export type OnShare = (share: number) => void;

/**
 * The lines of a text file in batches, without their ends (LF or CRLF) and without a byte order mark; a file that ends in `.gz` is
 * unpacked. Bytes that are no UTF-8 become U+FFFD. A last line needs no end. Throws FILE_FAILED where the file cannot be
 * read, FILE_INVALID for a line above 100 million characters. Memory: one chunk and the longest line.
 */
export async function* linesOf(path: string, onShare: OnShare = () => {}): AsyncGenerator<readonly string[]> {
  let rest: string[] = [];
  let restChars = 0;
  let isFirst = true;
  for await (const text of chunksOf(path, onShare)) {
    const chunk = isFirst && text.startsWith('\uFEFF') ? text.slice(1) : text;
    isFirst = false;
    const lines = chunk.split('\n');
    const last = lines.pop() ?? '';
    if (lines.length > 0) {
      lines[0] = rest.join('') + lines[0];
      rest = [];
      restChars = 0;
      yield lines.map(withoutReturn);
    }
    rest.push(last);
    restChars += last.length;
    if (restChars > MAX_LINE_CHARS) {
      throw new AuspexError('FILE_INVALID', `${path} has a line of more than ${MAX_LINE_CHARS} characters.`);
    }
  }
  const end = rest.join('');
  if (end !== '') yield [withoutReturn(end)];
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

async function* chunksOf(path: string, onShare: OnShare): AsyncGenerator<string> {
  try {
    const { size } = await stat(path);
    const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
    const unpacked: Readable = path.endsWith('.gz') ? file.pipe(createGunzip({ chunkSize: CHUNK_BYTES })) : file;
    // A pipe does not hand an error on.
    file.on('error', (error) => unpacked.destroy(error));
    unpacked.setEncoding('utf8');
    for await (const chunk of unpacked) {
      onShare(size > 0 ? Math.min(1, file.bytesRead / size) : 1);
      yield String(chunk);
    }
  } catch (cause) {
    throw fileFailed(path, 'read', cause);
  }
}

/** FILE_FAILED with what the system says. */
export function fileFailed(path: string, what: 'read' | 'written', cause: unknown): AuspexError {
  if (cause instanceof AuspexError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AuspexError('FILE_FAILED', `${path} cannot be ${what}: ${reason}.`, { cause });
}
