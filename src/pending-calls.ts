import type { AuspexError } from './errors.ts';

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: AuspexError) => void;
}

/** Calls to a thread that wait for its answer, by number. Once it has failed, every call rejects, those that come later too. */
export class PendingCalls {
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #fault: AuspexError | null = null;

  /** Why nothing is answered any more. */
  get fault(): AuspexError | null {
    return this.#fault;
  }

  make<R>(send: (id: number) => void): Promise<R> {
    if (this.#fault !== null) return Promise.reject(this.#fault);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      send(id);
    });
  }

  resolve(id: number, value: unknown): void {
    this.#take(id)?.resolve(value as never);
  }

  reject(id: number, error: AuspexError): void {
    this.#take(id)?.reject(error);
  }

  fail(error: AuspexError): void {
    this.#fault ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#fault);
    this.#waiting.clear();
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
