import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { AuspexError } from '../../errors.ts';
import type { Random } from '../../model/index.ts';
import { createOutbound, type Outbound, type OutboundTls } from '../../platform/outbound.ts';
import type { Logger } from '../../telemetry/log.ts';

export interface SenderOptions {
  /** The server's base address: `https://auspex.example.org` or with a base path. */
  readonly url: string;
  readonly token?: string;
  /** PEM file with the authority that signed the server's certificate, where the system does not know it. */
  readonly caFile?: string;
  readonly timeoutMs?: number;
  readonly log?: Logger;
  /** Spreads the retries of many agents. */
  readonly random?: Random;
  /** For tests. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** `dropped`: the server will never take it, and said why. */
export type Delivery = { readonly outcome: 'delivered' } | { readonly outcome: 'dropped'; readonly reason: string };

/** Speaks to one Auspex (or Prometheus-compatible) server. */
export interface Sender {
  /** Delivers one remote-write body, trying for as long as it takes. Rejects only when the signal aborts. */
  send(body: Uint8Array, signal: AbortSignal): Promise<Delivery>;
  /** Posts JSON, trying for ever, and gives the answer's JSON. Rejects only when the signal aborts. */
  post(path: string, body: unknown, signal: AbortSignal): Promise<unknown>;
  /** What the server last refused or why it could not be reached; null while all is well. */
  readonly trouble: string | null;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number | null;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
const LONGEST_RETRY_AFTER_MS = 600_000;
const ANSWER_AT_MOST = 64 << 10;
/** Wrong at this end or at the server's, but not in the data: kept and tried again, so that putting it right loses nothing. */
const RETRIED = new Set([401, 403, 404, 405, 407, 408, 409, 421, 425, 429]);

/**
 * A sender with one kept connection. 5xx, 429, time-outs, an unreachable server and refused tokens are tried again after
 * 1, 2, 4 … 60 s with jitter, or after Retry-After; other 4xx mean that the data are at fault: dropped, and logged with the
 * server's words. Throws CONFIG_INVALID when the address is no http(s) URL or the CA file cannot be read.
 */
export function createSender(options: SenderOptions): Sender {
  return new HttpSender(options);
}

class HttpSender implements Sender {
  trouble: string | null = null;
  readonly #base: URL;
  readonly #outbound: Outbound;
  readonly #tls: OutboundTls | undefined;
  readonly #options: SenderOptions;
  readonly #timeoutMs: number;
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#base = parseBase(options.url);
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#sleep = options.sleep ?? sleep;
    this.#outbound = createOutbound();
    this.#tls = options.caFile === undefined ? undefined : { ca: readCa(options.caFile) };
  }

  async send(body: Uint8Array, signal: AbortSignal): Promise<Delivery> {
    const headers = {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    };
    const answer = await this.#until(
      'api/v1/write',
      headers,
      body,
      signal,
      (status) => status >= 400 && status < 500 && !RETRIED.has(status),
    );
    if (answer.status < 300) return { outcome: 'delivered' };
    const reason = `${answer.status} ${detailOf(answer.text)}`;
    this.#options.log?.error({ bytes: body.length, reason }, 'The server refused data for good; they are dropped');
    return { outcome: 'dropped', reason };
  }

  async post(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    const headers = { 'content-type': 'application/json' };
    for (;;) {
      const answer = await this.#until(path.replace(/^\//, ''), headers, JSON.stringify(body), signal, () => false);
      try {
        return JSON.parse(answer.text) as unknown;
      } catch {
        this.#note('the server’s answer is no JSON: is this address an Auspex server?');
        await this.#sleep(LONGEST_WAIT_MS, signal);
        signal.throwIfAborted();
      }
    }
  }

  async close(): Promise<void> {
    await this.#outbound.close();
  }

  /** Tries until the answer is 2xx or `isFinal`. */
  async #until(
    path: string,
    headers: Record<string, string>,
    body: Uint8Array | string,
    signal: AbortSignal,
    isFinal: (status: number) => boolean,
  ): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      let retryAfterMs: number | null = null;
      try {
        const answer = await this.#request(path, headers, body, signal);
        if (answer.status >= 200 && answer.status < 300) {
          if (this.trouble !== null) this.#options.log?.info({ url: this.#base.origin }, 'The server answers again');
          this.trouble = null;
          return answer;
        }
        if (isFinal(answer.status)) return answer;
        retryAfterMs = answer.retryAfterMs;
        this.#note(`${answer.status} ${detailOf(answer.text)}`);
      } catch (error) {
        signal.throwIfAborted();
        this.#note(reasonOf(error, this.#timeoutMs));
      }
      await this.#sleep(this.#waitMs(attempt, retryAfterMs), signal);
    }
  }

  async #request(
    path: string,
    headers: Record<string, string>,
    body: Uint8Array | string,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { token } = this.#options;
    const response = await this.#outbound.open(new URL(path, this.#base), {
      method: 'POST',
      purpose: 'configured',
      headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body,
      ...(this.#tls === undefined ? {} : { tls: this.#tls }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]),
    });
    let text = '';
    for await (const chunk of response.body) {
      if (text.length < ANSWER_AT_MOST) text += String(chunk);
    }
    return { status: response.status, text, retryAfterMs: parseRetryAfter(response.headers['retry-after']) };
  }

  #waitMs(attempt: number, retryAfterMs: number | null): number {
    if (retryAfterMs !== null) return Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS);
    const longest = Math.min(FIRST_WAIT_MS * 2 ** Math.min(attempt, 10), LONGEST_WAIT_MS);
    return longest * (0.5 + 0.5 * (this.#options.random?.next() ?? Math.random()));
  }

  /** Each new reason once; a server away for a day is one line, not a thousand. */
  #note(reason: string): void {
    if (this.trouble === reason) return;
    this.trouble = reason;
    this.#options.log?.warn(
      { url: this.#base.origin, reason },
      'The server cannot take data now; they are kept and tried again',
    );
  }
}

function parseBase(text: string): URL {
  let url: URL;
  try {
    url = new URL(text.endsWith('/') ? text : `${text}/`);
  } catch {
    throw new AuspexError('CONFIG_INVALID', `the server’s address “${text}” is no URL; write it as https://host:port`);
  }
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw new AuspexError('CONFIG_INVALID', `the server’s address “${text}” must begin with http:// or https://`);
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new AuspexError('CONFIG_INVALID', `the CA file ${path} cannot be read`, { cause: error });
  }
}

function parseRetryAfter(header: string | string[] | undefined): number | null {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return null;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

/** A problem's detail where the server speaks problem+json, else the first words. */
function detailOf(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'detail' in parsed && typeof parsed.detail === 'string') {
      return parsed.detail.slice(0, 500);
    }
  } catch {
    // Not JSON: shown as it is.
  }
  return text.trim().slice(0, 200);
}

function reasonOf(failure: unknown, timeoutMs: number): string {
  const error = failure instanceof AuspexError && failure.code === 'UNREACHABLE' ? failure.cause : failure;
  if (error instanceof AuspexError) return error.message;
  if (error instanceof Error) {
    if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
    const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
    return `${code}${error.message}`;
  }
  return String(error);
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  // An abort ends the wait; the caller looks at the signal.
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
