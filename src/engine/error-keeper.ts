import { createHash } from 'node:crypto';
import { errorClassOf } from '../detect/error-class.ts';
import { errorCodeOf } from '../detect/error-code.ts';
import { ownFrame } from '../detect/own-frame.ts';
import { AuspexError } from '../errors.ts';
import { fingerprint } from '../learners/text/fingerprint.ts';
import { maskMessage } from '../learners/text/mask.ts';
import type { Clock, ErrorClass, ErrorEvent, ErrorPattern, Labels, RecordStore } from '../model/index.ts';
import { hideSecrets } from '../telemetry/hide.ts';
import type { Logger } from '../telemetry/log.ts';
import { every, type Repeat, type Repeated } from './every.ts';

const WRITE_MS = 5_000;
/** Kinds of errors between two writes, and in all: what is beyond is counted as left out, not kept. */
const MOST_PENDING = 2_000;
const MOST_KEPT = 50_000;
const MOST_MESSAGE = 2_000;
const PRIOR = 0.5;

/**
 * Keeps what errors there are: each is freed of secrets, masked and fingerprinted, and counted to its kind. Written at most once in
 * five seconds a kind; a crash loses the counts of that time.
 */
export class ErrorKeeper {
  readonly #records: RecordStore;
  readonly #entityOf: (labels: Labels, now: number) => string;
  readonly #count: (labels: Labels, of: ErrorClass, code: string) => void;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #writing: Repeated;
  #pending = new Map<string, ErrorPattern>();
  #kept: number | null = null;
  #leftOut = 0;

  constructor(options: {
    readonly records: RecordStore;
    readonly entityOf: (labels: Labels, now: number) => string;
    /** Told of each error by whose it is, its class and its code, '' for none. */
    readonly count?: (labels: Labels, of: ErrorClass, code: string) => void;
    readonly clock: Clock;
    readonly log: Logger;
    readonly repeat?: Repeat;
  }) {
    this.#records = options.records;
    this.#entityOf = options.entityOf;
    this.#count = options.count ?? (() => {});
    this.#clock = options.clock;
    this.#log = options.log;
    this.#writing = every(WRITE_MS, 'error patterns', options.log, () => this.#write(), options.repeat);
  }

  /** Errors left out because there are too many kinds. */
  get leftOut(): number {
    return this.#leftOut;
  }

  take(errors: readonly ErrorEvent[]): void {
    for (const error of errors) {
      const code = errorCodeOf(error.code, error.message);
      const seen = this.#patternOf(error, code);
      if (error.isPast !== true) this.#count(error.labels, seen.class, code);
      const known = this.#pending.get(seen.id);
      if (known !== undefined) this.#pending.set(seen.id, joined(known, seen));
      else if (this.#pending.size < MOST_PENDING) this.#pending.set(seen.id, seen);
      else this.#leftOut++;
    }
  }

  /** Writes what is waiting. */
  flush(): Promise<void> {
    return this.#writing.now();
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#writing.stop();
  }

  #patternOf(error: ErrorEvent, code: string): ErrorPattern {
    const message = hideSecrets(error.message).trim();
    const type = hideSecrets(error.type);
    const topFrame = hideSecrets(ownFrame(error.stack)).slice(0, 500);
    return {
      id: fingerprint({ type, message, topFrame }, sha256),
      class: errorClassOf(type, message, code),
      type,
      message: maskMessage(message).slice(0, MOST_MESSAGE),
      topFrame,
      component: hideSecrets(error.component),
      entityId: this.#entityOf(error.labels, this.#clock.now()),
      firstSeenAt: error.at,
      lastSeenAt: error.at,
      count: 1,
      solution: null,
      successes: 0,
      failures: 0,
      confidence: PRIOR,
    };
  }

  async #write(): Promise<void> {
    if (this.#pending.size === 0) return;
    const waiting = this.#pending;
    this.#pending = new Map();
    try {
      this.#kept = await this.#records.transaction(async (access) => {
        const kept = this.#kept ?? (await access.count('error_patterns', {}));
        const ids = [...waiting.keys()];
        const { rows } = await access.find('error_patterns', { where: { id: { in: ids } }, limit: ids.length });
        const before = new Map(rows.map((row) => [row.id, row]));
        const fresh = [...waiting.values()].filter(({ id }) => !before.has(id));
        const room = Math.max(0, MOST_KEPT - kept);
        if (fresh.length > room) this.#nameFull(fresh.length - room);
        await access.put('error_patterns', [
          ...rows.map((row) => joined(row, waiting.get(row.id) ?? row)),
          ...fresh.slice(0, room),
        ]);
        return kept + Math.min(room, fresh.length);
      });
    } catch (thrown) {
      // Kept for the next time; what came meanwhile is added.
      for (const [id, seen] of this.#pending) {
        const known = waiting.get(id);
        if (known !== undefined || waiting.size < MOST_PENDING)
          waiting.set(id, known === undefined ? seen : joined(known, seen));
      }
      this.#pending = waiting;
      throw AuspexError.from(thrown);
    }
  }

  #nameFull(count: number): void {
    if (this.#leftOut === 0)
      this.#log.warn(`There are ${MOST_KEPT.toLocaleString('en-US')} kinds of errors; new ones are not kept.`);
    this.#leftOut += count;
    // Retention may have made room meanwhile.
    this.#kept = null;
  }
}

function joined(before: ErrorPattern, seen: ErrorPattern): ErrorPattern {
  const isNewer = seen.lastSeenAt >= before.lastSeenAt;
  return {
    ...before,
    component: isNewer ? seen.component : before.component,
    entityId: isNewer ? seen.entityId : before.entityId,
    firstSeenAt: Math.min(before.firstSeenAt, seen.firstSeenAt),
    lastSeenAt: Math.max(before.lastSeenAt, seen.lastSeenAt),
    count: before.count + seen.count,
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
