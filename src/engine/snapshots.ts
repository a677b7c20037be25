import { Detector } from '../detect/detector.ts';
import { AuspexError } from '../errors.ts';
import type { Logger } from '../telemetry/log.ts';
import type { ShardSnapshot } from './detection-port.ts';

/** Learnt state on disk, by name; a damaged one is undefined. */
export interface SnapshotStore {
  save(name: string, bytes: Uint8Array): Promise<void>;
  load(name: string): Promise<Uint8Array | undefined>;
  /** Keeps a damaged one under another name, for who wants to look at it. */
  setAside(name: string): Promise<void>;
}

/** Which threads' states there are, and how far each has come. */
const SNAPSHOT_HEAD = 'detector-position';

/**
 * Writes the states, then the head that names them; gives the position up to which all of them have come. Killed between
 * the two, states are ahead of the head: the replay then repeats what they pass over.
 */
export async function saveSnapshots(store: SnapshotStore, snapshots: readonly ShardSnapshot[]): Promise<number> {
  for (const { thread, bytes } of snapshots) await store.save(`detector-${thread}-of-${snapshots.length}`, bytes);
  const positions = snapshots.map((snapshot) => snapshot.position);
  await store.save(SNAPSHOT_HEAD, new TextEncoder().encode(JSON.stringify({ threads: snapshots.length, positions })));
  return Math.min(...positions);
}

/** The learnt state to go on from; null to begin anew. What is damaged is set aside and named, and stops nothing. */
export async function loadSnapshots(
  snapshots: SnapshotStore,
  threads: number,
  log: Logger,
): Promise<{ states: Uint8Array[]; position: number; fault: string | null }> {
  const anew = (fault: string | null) => ({ states: [], position: 0, fault });
  const head = await snapshots.load(SNAPSHOT_HEAD);
  if (head === undefined) return anew(null);
  const { threads: stored, positions } = readHead(head);
  if (stored === null) {
    await snapshots.setAside(SNAPSHOT_HEAD);
    return anew(`${SNAPSHOT_HEAD} is damaged`);
  }
  if (stored !== threads) {
    log.warn(
      { stored, threads },
      'The number of detection threads changed: what is normal is learnt again from the samples',
    );
    return anew(null);
  }
  const states: Uint8Array[] = [];
  for (let i = 0; i < threads; i++) {
    const name = `detector-${i}-of-${threads}`;
    const bytes = await snapshots.load(name);
    try {
      if (bytes === undefined) return anew(`${name} is missing`);
      Detector.verify(bytes);
      states.push(bytes);
    } catch (error) {
      await snapshots.setAside(name);
      return anew(`${name} is damaged (${AuspexError.from(error).message})`);
    }
  }
  return { states, position: Math.min(...positions), fault: null };
}

/** The last saved state of one thread; null where there is none, or none that can be read. */
export async function loadSnapshot(
  snapshots: SnapshotStore,
  thread: number,
  threads: number,
): Promise<Uint8Array | null> {
  const name = `detector-${thread}-of-${threads}`;
  try {
    const bytes = await snapshots.load(name);
    if (bytes === undefined) return null;
    Detector.verify(bytes);
    return bytes;
  } catch {
    await snapshots.setAside(name);
    return null;
  }
}

function readHead(bytes: Uint8Array): { threads: number | null; positions: number[] } {
  try {
    const head: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof head === 'object' && head !== null && 'threads' in head && 'positions' in head) {
      const { threads, positions } = head;
      if (typeof threads === 'number' && Array.isArray(positions) && positions.every(Number.isFinite))
        return { threads, positions: positions as number[] };
    }
  } catch {
    // Cut short or altered: the same as no head.
  }
  return { threads: null, positions: [] };
}
