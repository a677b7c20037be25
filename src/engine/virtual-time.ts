import { AuspexError } from '../errors.ts';
import type { Clock } from '../model/index.ts';
import type { Repeat } from './every.ts';

interface Task {
  readonly everyMs: number;
  readonly call: () => Promise<void>;
  dueAt: number;
}

/**
 * Time that stands still until it is moved: a clock, and what is repeated by it. With it the engine goes through weeks
 * in seconds, and does at each moment what it would have done then. One caller moves it, and waits until it has moved.
 */
export class VirtualTime implements Clock {
  readonly #startedAt: number;
  readonly #tasks = new Set<Task>();
  #now: number;

  /** `at`: ms UTC. */
  constructor(at: number) {
    this.#startedAt = at;
    this.#now = at;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#startedAt;
  }

  readonly repeat: Repeat = (everyMs, call) => {
    const task: Task = { everyMs, call, dueAt: this.#now + everyMs };
    this.#tasks.add(task);
    return () => this.#tasks.delete(task);
  };

  /**
   * Runs what falls due up to then, in the order of time and, at one time, of its making; each has ended when the next
   * begins. O(runs × tasks). @throws AuspexError BAD_REQUEST for a time before now.
   */
  async advanceTo(at: number): Promise<void> {
    if (at < this.#now)
      throw new AuspexError(
        'BAD_REQUEST',
        `Time does not run backwards: it is ${new Date(this.#now).toISOString()}, asked for was ${new Date(at).toISOString()}.`,
      );
    for (let task = this.#next(at); task !== undefined; task = this.#next(at)) {
      this.#now = task.dueAt;
      task.dueAt += task.everyMs;
      await task.call();
    }
    this.#now = at;
  }

  #next(until: number): Task | undefined {
    let next: Task | undefined;
    for (const task of this.#tasks)
      if (task.dueAt <= until && (next === undefined || task.dueAt < next.dueAt)) next = task;
    return next;
  }
}
