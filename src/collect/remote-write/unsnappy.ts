/**
 * The length that a snappy block begins with, a varint of at most 32 bits, and where its content begins; null where there
 * is none. To be asked before the library is: that takes the memory that the header announces.
 */
export function snappyHeader(block: Uint8Array): { readonly length: number; readonly end: number } | null {
  let length = 0;
  for (let i = 0; i < 5 && i < block.length; i++) {
    length += (block[i] & 0x7f) * 128 ** i;
    if (block[i] < 0x80) return length > 0xffffffff ? null : { length, end: i + 1 };
  }
  return null;
}

/**
 * Unpacks a snappy block behind its header into `target`, which has room for just what the header announced; false when
 * the block is damaged, or holds more or less. For large blocks: the library gives each its own memory, which is only
 * given back some time later, so that twenty at once would take twenty times as much. O(length), about 1 ns a byte.
 *
 * @param from Where the header ends.
 */
export function unsnappy(block: Uint8Array, from: number, target: Uint8Array): boolean {
  const end = block.length;
  const length = target.length;
  let at = from;
  let out = 0;
  while (at < end) {
    const tag = block[at++];
    let size = (tag >>> 2) + 1;
    if ((tag & 3) === 0) {
      if (size > 60) {
        const width = size - 60;
        if (at + width > end) return false;
        size = 1;
        for (let i = 0; i < width; i++) size += block[at + i] * 256 ** i;
        at += width;
      }
      if (at + size > end || out + size > length) return false;
      if (size <= 32) for (const until = at + size; at < until; ) target[out++] = block[at++];
      else {
        target.set(block.subarray(at, at + size), out);
        at += size;
        out += size;
      }
      continue;
    }
    const width = (tag & 3) === 1 ? 1 : (tag & 3) === 2 ? 2 : 4;
    if (at + width > end) return false;
    let distance = 0;
    for (let i = 0; i < width; i++) distance += block[at + i] * 256 ** i;
    at += width;
    if (width === 1) {
      distance += (tag >>> 5) * 256;
      size = 4 + ((tag >>> 2) & 7);
    }
    if (distance === 0 || distance > out || out + size > length) return false;
    // At most 64 bytes: a loop is faster than a call.
    for (const until = out + size; out < until; out++) target[out] = target[out - distance];
  }
  return out === length;
}
