/**
 * The id of a finding: 128 bits of a hash (FNV-1a, twice, with different seeds and a last mix) of entity, detector,
 * subject and onset, as 32 hex digits. The same on every worker and in every replay. Not cryptographic.
 */
export function findingId(entityId: string, detector: string, subject: string, onsetAt: number): string {
  const key = `${entityId}\u0000${detector}\u0000${subject}\u0000${onsetAt}`;
  let out = '';
  for (const seed of [0x811c9dc5, 0x9747b28c, 0x1b873593, 0xcc9e2d51]) {
    let hash = seed;
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    out += ((hash ^ (hash >>> 16)) >>> 0).toString(16).padStart(8, '0');
  }
  return out;
}
