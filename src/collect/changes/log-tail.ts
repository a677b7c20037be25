import { open, stat } from 'node:fs/promises';

/** Where reading goes on: which file it was, and how much of it was read. */
export interface TailPlace {
  readonly file: string;
  readonly offset: number;
}

/** Bytes that one read takes at most; the rest comes with the next. */
const MOST_BYTES = 256 * 1024;

/**
 * Whole lines that were added to a log since `place`, at most 256 KiB, and where to go on. What was added to it before it was rotated away
 * (to `<path>.1`) comes first; one that was cut is read from its beginning. Without a place the last 256 KiB. Null where there is no such file.
 */
export async function readTail(
  path: string,
  place: TailPlace | null,
): Promise<{ readonly lines: readonly string[]; readonly place: TailPlace } | null> {
  const current = await identify(path);
  if (current === null) return null;
  if (place === null) {
    const from = Math.max(0, current.size - MOST_BYTES);
    const read = await linesFrom(path, from);
    // The first is half a line unless the file was read from its beginning.
    return { lines: from === 0 ? read.lines : read.lines.slice(1), place: { file: current.file, offset: read.end } };
  }
  if (place.file === current.file) {
    const read = await linesFrom(path, place.offset <= current.size ? place.offset : 0);
    return { lines: read.lines, place: { file: current.file, offset: read.end } };
  }
  const rotated = await identify(`${path}.1`);
  if (rotated?.file === place.file && place.offset < rotated.size) {
    const read = await linesFrom(`${path}.1`, place.offset);
    const isMore = read.end > place.offset && read.end < rotated.size;
    return { lines: read.lines, place: isMore ? { ...place, offset: read.end } : { file: current.file, offset: 0 } };
  }
  const read = await linesFrom(path, 0);
  return { lines: read.lines, place: { file: current.file, offset: read.end } };
}

async function identify(path: string): Promise<{ readonly file: string; readonly size: number } | null> {
  try {
    const { dev, ino, size } = await stat(path);
    return { file: `${dev}:${ino}`, size };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function linesFrom(path: string, offset: number): Promise<{ readonly lines: string[]; readonly end: number }> {
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(MOST_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, MOST_BYTES, offset);
    const last = buffer.subarray(0, bytesRead).lastIndexOf(10);
    if (last < 0) return { lines: [], end: bytesRead === MOST_BYTES ? offset + bytesRead : offset };
    return { lines: buffer.toString('utf8', 0, last).split('\n'), end: offset + last + 1 };
  } finally {
    await handle.close();
  }
}
