/** Runs pieces of work one after another, in the order in which they were given. One that fails rejects for its caller only. */
export class InTurn {
  #last: Promise<unknown> = Promise.resolve();

  run<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
