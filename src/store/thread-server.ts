import { parentPort } from 'node:worker_threads';
import { AuspexError } from '../errors.ts';
import type { Answer, PlainError, Request, ThreadMessage } from './protocol.ts';

/** A thread's side of the link: answers are gathered and go back together, one message for all of one turn. */
export class ThreadServer {
  #answers: Answer[] = [];
  #transfer: ArrayBuffer[] = [];
  #planned = false;

  send(message: ThreadMessage): void {
    parentPort?.postMessage(message);
  }

  answer(id: number, value: unknown, transfer: readonly ArrayBuffer[] = []): void {
    this.#queue({ id, value });
    for (const buffer of transfer) this.#transfer.push(buffer);
  }

  refuse(id: number, error: unknown): void {
    this.#queue({ id, error: plainError(error) });
  }

  #queue(answer: Answer): void {
    this.#answers.push(answer);
    if (this.#planned) return;
    this.#planned = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#planned = false;
    const answers = this.#answers;
    const transfer = this.#transfer;
    this.#answers = [];
    this.#transfer = [];
    parentPort?.postMessage({ type: 'answers', answers } satisfies ThreadMessage, transfer);
  }

  /** Handles requests until `close` was answered; a handler that throws refuses its request only. */
  serve(handle: (request: Request) => void): void {
    parentPort?.on('message', (request: Request) => {
      try {
        handle(request);
      } catch (error) {
        this.refuse(request.id, error);
      }
    });
  }
}

export function plainError(error: unknown): PlainError {
  if (error instanceof AuspexError) return error.toPlain();
  const detail = error instanceof Error ? error.message : String(error);
  const code = error instanceof RangeError ? 'BAD_REQUEST' : 'STORE_FAILED';
  return { code, detail, data: sqliteData(error) };
}

function sqliteData(error: unknown): Record<string, number> {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? { sqliteCode: error.errcode }
    : {};
}
