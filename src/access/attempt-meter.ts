import type { Act, Clock } from '../model/index.ts';

const WINDOW_MS = 60_000;
const MOST_PER_SOURCE = 10;
const MOST = 60;

interface Held {
  /** The last act that was left out, and how many. */
  act: Act;
  count: number;
}

/**
 * How many rows strangers can cause: ten a minute from one address, sixty from all. What is beyond is counted, and the
 * count is told when the minute is over: a guesser is seen and cannot fill the disk.
 */
export class AttemptMeter {
  readonly #clock: Clock;
  readonly #tell: (act: Act) => void;
  readonly #written = new Map<string, number>();
  readonly #held = new Map<string, Held>();
  #total = 0;
  #until = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(clock: Clock, tell: (act: Act) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Whether this one gets a row of its own. */
  takes(act: Act): boolean {
    const now = this.#clock.monotonic();
    if (now >= this.#until) {
      this.#finish();
      this.#until = now + WINDOW_MS;
    }
    const source = act.actor.source ?? '';
    const written = this.#written.get(source) ?? 0;
    if (written < MOST_PER_SOURCE && this.#total < MOST) {
      this.#written.set(source, written + 1);
      this.#total++;
      return true;
    }
    const held = this.#held.get(act.action);
    if (held === undefined) this.#held.set(act.action, { act, count: 1 });
    else {
      held.act = act;
      held.count++;
    }
    this.#timer ??= setTimeout(() => this.#finish(), WINDOW_MS).unref();
    return false;
  }

  close(): void {
    this.#finish();
  }

  #finish(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#until = 0;
    this.#total = 0;
    this.#written.clear();
    const held = [...this.#held.values()];
    this.#held.clear();
    // Names and targets are what the guesser chose; of many only the last address is told.
    for (const { act, count } of held)
      this.#tell({
        actor: { kind: 'nobody', name: 'several', source: act.actor.source },
        action: act.action,
        ...(act.outcome === undefined ? {} : { outcome: act.outcome }),
        detail: { more: count, note: 'in a minute, beyond those with a row of their own' },
      });
  }
}
