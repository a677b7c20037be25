import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { AuspexError } from '../../errors.ts';
import type { Clock, Collector, CollectorEvent, CollectorHealth, SeenChange } from '../../model/index.ts';
import type { Logger } from '../../telemetry/log.ts';
import { readFiles } from './files.ts';
import { noPackages, readPackages } from './packages.ts';

/** Where it is kept how far was read. */
export interface ChangeState {
  load(): Promise<unknown>;
  save(value: unknown): Promise<void>;
}

export interface ChangeCollectorOptions {
  /** Files beside the usual ones: paths and globs. */
  readonly files: readonly string[];
  readonly state: ChangeState;
  readonly clock: Clock;
  readonly log?: Logger;
  /** Where the file system begins; `/` but for tests. */
  readonly root?: string;
  readonly intervalMs?: number;
}

const INTERVAL_MS = 30_000;
/** Of one look; what is beyond is a machine that is set up, not one that is changed. */
const MOST_CHANGES = 100;

const place = z.object({ file: z.string(), offset: z.int().min(0) });
const file = z.object({
  modifiedAt: z.number(),
  size: z.number(),
  hash: z.string(),
  isMissing: z.literal(true).optional(),
});
const kept = z.object({
  packages: z.object({ places: z.record(z.string(), place), apk: z.record(z.string(), z.string()).nullable() }),
  files: z.record(z.string(), file),
});
type Kept = { readonly packages: Parameters<typeof readPackages>[1]; readonly files: Parameters<typeof readFiles>[2] };

/**
 * Sees what is changed on the host it runs on: packages and configuration files. Starts no process. What happened while it did not run is told at the
 * next start. Some ms every 30 s.
 */
export function createChangeCollector(options: ChangeCollectorOptions): Collector {
  const { clock, log, state, root = '/', intervalMs = INTERVAL_MS } = options;
  let health: CollectorHealth = {
    name: 'changes',
    state: 'stopped',
    since: clock.now(),
    problems: [],
    lastCollectionAt: null,
    lastDurationMs: null,
    samplesPerCollection: 0,
  };

  async function look(
    before: Kept,
  ): Promise<{ changes: readonly SeenChange[]; after: Kept; problems: readonly string[] }> {
    const now = clock.now();
    const packages = await readPackages(root, before.packages, now);
    const files = await readFiles(root, options.files, before.files, now);
    const changes = [...packages.changes, ...files.changes];
    const problems = [...files.problems];
    if (changes.length > MOST_CHANGES) problems.push(`Of ${changes.length} changes at once ${MOST_CHANGES} were kept.`);
    return {
      changes: changes.slice(0, MOST_CHANGES),
      after: { packages: packages.state, files: files.state },
      problems,
    };
  }

  async function collect(before: Kept, emit: (event: CollectorEvent) => Promise<void>): Promise<Kept> {
    const began = clock.monotonic();
    const { changes, after, problems } = await look(before);
    // Told before it is noted how far was read: what is told twice is kept once.
    if (changes.length > 0) await emit({ kind: 'changes', changes });
    if (JSON.stringify(after) !== JSON.stringify(before)) await state.save(after);
    const next = problems.length === 0 ? 'ok' : 'degraded';
    const since = next === health.state ? health.since : clock.now();
    const lastDurationMs = clock.monotonic() - began;
    health = { ...health, state: next, since, problems, lastCollectionAt: clock.now(), lastDurationMs };
    return after;
  }

  return {
    name: 'changes',
    health: () => health,
    start: async (emit, signal) => {
      const stored = kept.safeParse(await state.load().catch(() => undefined));
      let known: Kept = stored.success ? (stored.data as Kept) : { packages: noPackages, files: null };
      while (!signal.aborted) {
        try {
          known = await collect(known, emit);
        } catch (thrown) {
          const { message } = AuspexError.from(thrown);
          if (health.state !== 'failed') log?.warn({ err: thrown }, 'Changes of this host could not be read');
          health = { ...health, state: 'failed', since: clock.now(), problems: [message] };
        }
        await delay(intervalMs, undefined, { signal }).catch(() => {});
      }
      health = { ...health, state: 'stopped', since: clock.now() };
    },
  };
}
