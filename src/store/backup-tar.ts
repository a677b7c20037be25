import { AuspexError } from '../errors.ts';

/*
 * The part of the tar format (ustar) that a backup needs: plain files with short names. Written so that any tar program
 * reads it; read so that nothing but what we write gets in.
 */

const BLOCK = 512;
const NAME_BYTES = 100;
const SIZE_AT = 124;
const SUM_AT = 148;
const TYPE_AT = 156;
/** Larger sizes than eleven octal digits hold are written in base 256, as GNU tar does. */
const MOST_OCTAL = 0o77777777777;

export interface TarEntry {
  readonly name: string;
  readonly size: number;
  /** To be read to its end before the next entry is asked for. */
  readonly body: AsyncIterable<Buffer>;
}

export function tarHeader(name: string, size: number, mtimeMs: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  if (Buffer.byteLength(name) > NAME_BYTES)
    throw new AuspexError('INTERNAL', `${name} is too long a name for a backup.`);
  header.write(name, 0, 'utf8');
  header.write('0000600\0', 100, 'latin1');
  header.write('0000000\0'.repeat(2), 108, 'latin1');
  if (size <= MOST_OCTAL) header.write(`${size.toString(8).padStart(11, '0')}\0`, SIZE_AT, 'latin1');
  else {
    header.writeBigUInt64BE(BigInt(size), SIZE_AT + 4);
    header[SIZE_AT] = 0x80;
  }
  const seconds = Math.max(0, Math.floor(mtimeMs / 1000));
  header.write(`${seconds.toString(8).padStart(11, '0')}\0`, 136, 'latin1');
  header.write('0', TYPE_AT, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, SUM_AT, 'latin1');
  return header;
}

/** What follows a body of this size. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** What ends an archive. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * BLOCK);
}

/**
 * The entries of an archive in order, in bounded memory.
 * @throws AuspexError BACKUP_DAMAGED for anything but plain files, and for an archive that ends too early.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const input = new Input(source);
  for (;;) {
    const header = await input.take(BLOCK);
    if (header.every((byte) => byte === 0)) return await input.end();
    const { name, size } = parseHeader(header);
    let left = size;
    async function* body(): AsyncGenerator<Buffer> {
      while (left > 0) {
        const piece = await input.some(left);
        left -= piece.length;
        yield piece;
      }
    }
    yield { name, size, body: body() };
    if (left > 0) throw new AuspexError('INTERNAL', `${name} was not read to its end.`);
    await input.take((BLOCK - (size % BLOCK)) % BLOCK);
  }
}

function parseHeader(header: Buffer): { name: string; size: number } {
  const told = Number.parseInt(header.toString('latin1', SUM_AT, SUM_AT + 8).replace(/[\0 ]+$/, ''), 8);
  if (told !== checksum(header)) throw damaged('a header does not fit its checksum');
  const end = header.indexOf(0);
  const name = header.toString('utf8', 0, end >= 0 && end < NAME_BYTES ? end : NAME_BYTES);
  const type = header[TYPE_AT];
  if (type !== 0 && type !== 0x30)
    throw damaged(`“${name}” is no plain file (a link or a folder, say), which no backup of ours holds`);
  if (header.subarray(345, 500).some((byte) => byte !== 0)) throw damaged(`“${name}” has a name that is too long`);
  const isBinary = header[SIZE_AT] === 0x80;
  const size = isBinary
    ? Number(header.readBigUInt64BE(SIZE_AT + 4))
    : Number.parseInt(header.toString('latin1', SIZE_AT, SIZE_AT + 11), 8);
  if (!Number.isSafeInteger(size) || size < 0) throw damaged(`“${name}” has no size`);
  return { name, size };
}

/** The sum of a header's bytes, its own field taken as spaces. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= SUM_AT && i < SUM_AT + 8 ? 0x20 : (header[i] ?? 0);
  return sum;
}

/** A stream of pieces, taken in the sizes that are needed. */
class Input {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** At least one byte, at most so many. */
  async some(most: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) throw damaged('it ends in the middle');
      this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    }
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  /** Reads what fills the archive up, and with it the checksum of what packs it. */
  async end(): Promise<void> {
    if (this.#rest.some((byte) => byte !== 0)) throw damaged('something stands behind its end');
    for (;;) {
      const next = await this.#source.next();
      if (next.done === true) return;
      if (next.value.some((byte) => byte !== 0)) throw damaged('something stands behind its end');
    }
  }

  async take(count: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let left = count; left > 0; ) {
      const piece = await this.some(left);
      pieces.push(piece);
      left -= piece.length;
    }
    return Buffer.concat(pieces);
  }
}

function damaged(what: string): AuspexError {
  return new AuspexError('BACKUP_DAMAGED', `The archive is not a whole backup of Auspex: ${what}.`);
}
