import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { Observation } from '../probe/sights.ts';
import type { Ground } from './ground.ts';

/** What is seen of a fault from now on: the probe, the parts, and what they write. */
export function observe(ground: Ground): Observation {
  const injectedAt = Date.now();
  const begins = new Map(ground.stack.parts.map((part) => [part.name, sizeOf(part.logFile)]));
  return {
    injectedAt,
    // Seconds that had begun before are not of the fault.
    get probe() {
      return ground.outside.seconds.filter(({ at }) => at >= injectedAt);
    },
    parts: (name) => ground.watch.seconds.get(name) ?? [],
    log: (name) => textFrom(ground.stack.part(name).logFile, begins.get(name) ?? 0),
  };
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

/** At most the first megabyte. */
function textFrom(path: string, begin: number): string {
  const size = Math.min(sizeOf(path) - begin, 1 << 20);
  if (size <= 0) return '';
  const bytes = Buffer.alloc(size);
  const file = openSync(path, 'r');
  try {
    return bytes.toString('utf8', 0, readSync(file, bytes, 0, size, begin));
  } finally {
    closeSync(file);
  }
}
