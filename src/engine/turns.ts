import { nextTurn } from '../next-turn.ts';

/** No piece of work should hold the event loop for much longer than this. */
const HELD_MS = 5;

/** Lets others have their turn between two pieces of a long work, once it has held the event loop for some milliseconds. */
export class Turns {
  #since = performance.now();

  /** True where it took a turn. */
  async give(): Promise<boolean> {
    if (performance.now() - this.#since < HELD_MS) return false;
    await nextTurn();
    this.#since = performance.now();
    return true;
  }
}

/** The result of a work in pieces; others have their turn between two of them. */
export async function inTurns<T>(pieces: Generator<void, T>): Promise<T> {
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) return value;
    await nextTurn();
  }
}

/** The same for who cannot wait. */
export function atOnce<T>(pieces: Generator<void, T>): T {
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) return value;
  }
}
