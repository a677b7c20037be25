import { closeSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs';

/* Damage of every kind at random places of a file, the same in every run. */

/** Numbers in [0, 1) that are the same in every run. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Half of the time bits that turn, else random bytes or zeros over a random part, or a cut; gives what was done. */
export function damage(path: string, next: () => number): string {
  const size = statSync(path).size;
  const file = openSync(path, 'r+');
  try {
    const kind = next();
    if (kind < 0.5) return turnBits(file, size, next);
    const from = Math.floor(next() * size);
    if (kind < 0.65) {
      ftruncateSync(file, from);
      return `cut at ${from} of ${size}`;
    }
    const length = Math.min(size - from, 1 + Math.floor(next() ** 3 * 20_000));
    const zeros = next() < 0.3;
    const bytes = Uint8Array.from({ length }, () => (zeros ? 0 : next() * 256));
    writeSync(file, bytes, 0, length, from);
    return `${length} ${zeros ? 'zeros' : 'bytes'} at ${from} of ${size}`;
  } finally {
    closeSync(file);
  }
}

function turnBits(file: number, size: number, next: () => number): string {
  const places: string[] = [];
  const byte = new Uint8Array(1);
  for (let left = 1 + Math.floor(next() ** 2 * 24); left > 0; left--) {
    const at = Math.floor(next() * size);
    const bit = Math.floor(next() * 8);
    readSync(file, byte, 0, 1, at);
    byte[0] ^= 1 << bit;
    writeSync(file, byte, 0, 1, at);
    places.push(`${at}.${bit}`);
  }
  return `bits ${places.join(' ')} of ${size}`;
}
