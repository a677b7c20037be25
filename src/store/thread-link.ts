import { type Transferable, Worker } from 'node:worker_threads';
import { AuspexError } from '../errors.ts';
import { PendingCalls } from '../pending-calls.ts';
import type { Answer, ThreadMessage } from './protocol.ts';

type RequestMap<R> = { [K in keyof R]: [argument: unknown, result: unknown] };

/**
 * One of the store's threads as the main thread sees it: requests that resolve with its answers. When the thread ends,
 * everything that waits rejects with STORE_FAILED, and so does what comes later.
 */
export class ThreadLink<R extends RequestMap<R>> {
  readonly ready: Promise<Extract<ThreadMessage, { type: 'ready' }>>;
  readonly #worker: Worker;
  readonly #calls = new PendingCalls();
  readonly #exited: Promise<void>;

  constructor(
    module: 'writer-thread' | 'reader-thread',
    options: unknown,
    onMessage: (message: ThreadMessage) => void,
  ) {
    // the product runs from compiled .js, tests from .ts: a URL in a string is not rewritten by the compiler
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    this.#worker = new Worker(new URL(`./${module}.${ending}`, import.meta.url), {
      workerData: options,
      name: module,
      // small young generation: the threads' data lies in typed arrays outside of it, and garbage would only raise the RSS
      resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 512 },
    });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: ThreadMessage) => {
        if (message.type === 'ready') resolve(message);
        else if (message.type === 'failed') reject(AuspexError.fromPlain(message.error));
        else if (message.type === 'answers') this.#settle(message.answers);
        onMessage(message);
      });
      this.#worker.on('error', (cause) => {
        this.#calls.fail(
          new AuspexError(
            'STORE_FAILED',
            `The store's ${module} stopped: ${cause instanceof Error ? cause.message : String(cause)}`,
            { cause },
          ),
        );
        reject(this.#calls.fault ?? cause);
      });
    });
    this.ready.catch(() => {});
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#calls.fail(new AuspexError('STORE_FAILED', 'The store is closed.'));
        resolve();
      });
    });
  }

  request<K extends keyof R & string>(
    name: K,
    argument: R[K][0],
    transfer: readonly Transferable[] = [],
  ): Promise<R[K][1]> {
    return this.#calls.make((id) => this.#worker.postMessage({ id, name, argument }, transfer));
  }

  /** Resolves when the thread has ended. */
  exited(): Promise<void> {
    return this.#exited;
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(answers: readonly Answer[]): void {
    for (const answer of answers) {
      if ('error' in answer) this.#calls.reject(answer.id, AuspexError.fromPlain(answer.error));
      else this.#calls.resolve(answer.id, answer.value);
    }
  }
}
