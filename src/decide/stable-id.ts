/**
 * A name for what these parts say, the same in every process and after every replay: 128 bits as 32 hex digits.
 * Mixes like MurmurHash3 over UTF-16 code units; not for secrets. O(length).
 */
export function stableId(...parts: readonly (string | number)[]): string {
  const text = parts.map((part) => `${String(part).length}:${part}`).join('');
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = b ^ Math.imul(a ^ unit, 0x2362b9d3);
    b = c ^ Math.imul(b ^ unit, 0xafe3d30d);
    c = d ^ Math.imul(c ^ unit, 0x38b34ae5);
    d = a ^ Math.imul(d ^ unit, 0xa1e38b93);
  }
  const words = [a ^ (c >>> 18), b ^ (d >>> 22), c ^ (a >>> 17), d ^ (b >>> 19)].map(scramble);
  const all = words.reduce((sum, word) => sum ^ word, 0);
  return words
    .map((word, i) => ((i === 0 ? word : word ^ scramble(all + i)) >>> 0).toString(16).padStart(8, '0'))
    .join('');
}

function scramble(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
