import type { FastifyContentTypeParser, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { AuspexError } from '../../errors.ts';

/**
 * Reads bodies as bytes, with a bound on all that are held at once beside the one on each: many large ones at the same
 * time would otherwise take many times the memory of one. Bytes count as they arrive, so a sender that announces much
 * and sends little takes no room from others. Rejects with TOO_LARGE, TOO_BUSY, BAD_REQUEST.
 */
export class BodyBudget {
  readonly #bodyBytes: number;
  readonly #heldBytes: number;
  readonly #releases = new WeakMap<IncomingMessage, () => void>();
  #held = 0;

  constructor(bodyBytes: number, heldBytes: number) {
    this.#bodyBytes = bodyBytes;
    this.#heldBytes = heldBytes;
  }

  readonly parser: FastifyContentTypeParser = (request: FastifyRequest, payload: IncomingMessage, done) => {
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > this.#bodyBytes) return done(this.#tooLarge(announced));
    const chunks: Buffer[] = [];
    let size = 0;
    const release = (): void => {
      this.#held -= size;
      size = 0;
    };
    const finish = (error: Error | null): void => {
      payload.off('data', take).off('end', end).off('error', finish).off('close', cut);
      if (error === null) done(null, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
      else {
        release();
        done(error);
      }
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      this.#held += chunk.length;
      if (size > this.#bodyBytes) finish(this.#tooLarge(size));
      else if (this.#held > this.#heldBytes) finish(this.#tooBusy());
      else chunks.push(chunk);
    };
    const end = (): void => finish(null);
    const cut = (): void => finish(new AuspexError('BAD_REQUEST', 'The body was cut off.'));
    payload.on('data', take).on('end', end).on('error', finish).on('close', cut);
    // They are in use until the answer is out, not only until they are read.
    this.#releases.set(request.raw, release);
  };

  /** To be called when a request's answer is out or its connection is gone. */
  done(request: IncomingMessage): void {
    this.#releases.get(request)?.();
    this.#releases.delete(request);
  }

  #tooLarge(size: number): AuspexError {
    return new AuspexError(
      'TOO_LARGE',
      `The body has at least ${size.toLocaleString('en-US')} bytes, the limit is ${this.#bodyBytes.toLocaleString('en-US')} (limits.bodyBytes).`,
      { data: { limitBytes: this.#bodyBytes } },
    );
  }

  #tooBusy(): AuspexError {
    return new AuspexError(
      'TOO_BUSY',
      `Bodies of ${this.#heldBytes.toLocaleString('en-US')} bytes are being read already; send again in a second.`,
    );
  }
}
