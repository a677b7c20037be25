import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuspexError } from '../errors.ts';
import { writeFileAtomic } from './files.ts';
import { HEAD_BYTES, isSealed, keyIdOf, type KeyRing, TAG_BYTES } from './secrets.ts';

const PIECE_BYTES = 4 << 20;

/** Writes a file of the home folder encrypted, so that it is there whole or not at all. `name` is its path below the home folder. */
export async function writeSealed(home: string, name: string, plain: Uint8Array, keys: KeyRing): Promise<void> {
  await keys.exclusively(name, () => writeFileAtomic(join(home, name), keys.seal(plain, placeOf(name))));
}

/** Encrypts a file anew under the current key. False when it went away meanwhile, or cannot be read: it stays as it is. */
export async function reseal(home: string, name: string, keys: KeyRing): Promise<boolean> {
  return await keys.exclusively(name, async () => {
    try {
      const plain = await readSealed(home, name, keys);
      await writeFileAtomic(join(home, name), keys.seal(plain, placeOf(name)));
      return true;
    } catch (error) {
      if (error instanceof AuspexError) return false;
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    }
  });
}

/**
 * Reads a file of the home folder that `writeSealed` wrote, or a plain one of before there were keys. Holds one piece
 * beside the content, whatever its size.
 * @throws The system's error; AuspexError SECRET_KEY_MISSING, STORE_DAMAGED.
 */
export async function readSealed(home: string, name: string, keys: KeyRing): Promise<Uint8Array> {
  const file = await open(join(home, name), 'r');
  try {
    const { size } = await file.stat();
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    if (bytesRead < HEAD_BYTES || !isSealed(head)) return await readFile(file);
    const opening = keys.open(head, placeOf(name));
    const length = size - HEAD_BYTES - TAG_BYTES;
    if (length < 0) throw new AuspexError('STORE_DAMAGED', `${name} is cut short: it has ${size} bytes.`);
    const plain = new Uint8Array(length);
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, length));
    for (let at = 0; at < length; ) {
      const wanted = Math.min(piece.length, length - at);
      const read = (await file.read(piece, 0, wanted, HEAD_BYTES + at)).bytesRead;
      if (read === 0) throw new AuspexError('STORE_DAMAGED', `${name} became shorter while it was read.`);
      plain.set(opening.piece(piece.subarray(0, read)), at);
      at += read;
    }
    const tag = Buffer.alloc(TAG_BYTES);
    await file.read(tag, 0, TAG_BYTES, HEAD_BYTES + length);
    opening.finish(tag);
    return plain;
  } finally {
    await file.close();
  }
}

/** Files of these folders by the id of their key; null for those that are not encrypted. */
export async function sealedFiles(
  home: string,
  folders: readonly string[],
): Promise<{ readonly name: string; readonly keyId: string | null }[]> {
  const found: { name: string; keyId: string | null }[] = [];
  for (const folder of folders) {
    const names: string[] = await readdir(join(home, folder)).catch(() => []);
    for (const name of names.toSorted()) {
      if (name.endsWith('.tmp')) continue;
      const head = await headOf(join(home, folder, name));
      if (head !== null) found.push({ name: `${folder}/${name}`, keyId: keyIdOf(head) });
    }
  }
  return found;
}

/** Null for what went away meanwhile or is no file. */
async function headOf(path: string): Promise<Uint8Array | null> {
  try {
    const file = await open(path, 'r');
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
      return head.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}

/** A file that was set aside keeps the seal of where it came from. */
function placeOf(name: string): string {
  return name.replace(/\.damaged$/, '');
}
