import { AuspexError } from '../../errors.ts';
import type { Clock } from '../../model/index.ts';
import type { Logger } from '../../telemetry/log.ts';

/** Comes by even if nothing woke it: another process may have written rows. */
const IDLE_MS = 30_000;
const AFTER_FAULT_MS = 5000;

interface Turn {
  readonly work: () => Promise<number | null>;
  passing: Promise<number | null> | null;
  /** When it was asked to come during a pass. */
  again: number | null;
  /** When the next pass is due by its timer. */
  due: number | null;
  timer: NodeJS.Timeout | undefined;
}

/** Pieces of work that are done again and again, each by itself: who hangs holds up nobody else. Each gives when it is to be done again, null where nothing is due. */
export class Turns {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #turns = new Map<string, Turn>();
  #started = false;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  add(name: string, work: Turn['work']): void {
    const turn: Turn = { work, passing: null, again: null, due: null, timer: undefined };
    this.#turns.set(name, turn);
    if (this.#started) this.#schedule(turn, this.#clock.now());
  }

  remove(name: string): void {
    clearTimeout(this.#turns.get(name)?.timer);
    this.#turns.delete(name);
  }

  start(): void {
    this.#started = true;
    this.wake();
  }

  /** Comes at a time, at once unless told. */
  wake(at = this.#clock.now()): void {
    for (const turn of this.#turns.values()) {
      if (turn.passing === null) this.#schedule(turn, Math.min(at, turn.due ?? at));
      else turn.again = Math.min(at, turn.again ?? at);
    }
  }

  /** One pass of each now; the earliest time at which any is due. */
  async run(): Promise<number | null> {
    const dues = await Promise.all([...this.#turns.values()].map((turn) => this.#pass(turn)));
    const next = dues.filter((due) => due !== null);
    return next.length === 0 ? null : Math.min(...next);
  }

  async stop(): Promise<void> {
    this.#started = false;
    for (const { timer } of this.#turns.values()) clearTimeout(timer);
    await Promise.allSettled([...this.#turns.values()].flatMap(({ passing }) => passing ?? []));
  }

  /** One pass at a time: who asks during one gets the one after it. */
  #pass(turn: Turn): Promise<number | null> {
    if (turn.passing !== null) {
      const after = () => this.#pass(turn);
      return turn.passing.then(after, after);
    }
    turn.passing = turn.work().finally(() => {
      turn.passing = null;
    });
    return turn.passing;
  }

  #schedule(turn: Turn, at: number | null): void {
    if (!this.#started) return;
    clearTimeout(turn.timer);
    const due = turn.again === null || at === null ? (turn.again ?? at) : Math.min(turn.again, at);
    turn.again = null;
    turn.due = due;
    const wait = due === null ? IDLE_MS : Math.min(IDLE_MS, Math.max(0, due - this.#clock.now()));
    turn.timer = setTimeout(() => this.#cycle(turn), wait);
    turn.timer.unref();
  }

  #cycle(turn: Turn): void {
    turn.due = null;
    this.#pass(turn).then(
      // It may have been woken since the pass ended.
      (at) => this.#schedule(turn, at === null || turn.due === null ? (at ?? turn.due) : Math.min(at, turn.due)),
      (error: unknown) => {
        this.#log.error({ error: AuspexError.from(error).message }, 'The outbox cannot be read; it is tried again');
        this.#schedule(turn, this.#clock.now() + AFTER_FAULT_MS);
      },
    );
  }
}
