import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { EDGE_NAME } from '../stack/certificates.ts';
import type { ShopRequest } from './requests.ts';

export interface EdgeAddress {
  readonly host: string;
  readonly port: number;
  /** File of the authority that the edge's certificate has to come from. */
  readonly ca: string;
}

/** What became of a request: an answer, or none in the time with the client's own word for why. */
export type Outcome =
  | { readonly status: number; readonly text: string; readonly ms: number }
  | { readonly lost: string };

/** Seconds after which a token is renewed; it lives for 120. */
const TOKEN_SECONDS = 30;

/** A client of the shop, as a browser or another service is one: believes the run's authority only, and shows a token. */
export class ShopClient {
  readonly #edge: EdgeAddress;
  readonly #agent: Agent;
  readonly #timeoutMs: number;
  #token = '';
  #tokenAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;

  constructor(edge: EdgeAddress, options: { readonly timeoutMs: number; readonly connections: number | 'new' }) {
    this.#edge = edge;
    this.#timeoutMs = options.timeoutMs;
    const ca = readFileSync(edge.ca);
    this.#agent =
      options.connections === 'new'
        ? new Agent({ ca, keepAlive: false, maxCachedSessions: 0 })
        : new Agent({ ca, keepAlive: true, maxSockets: options.connections });
  }

  async send(asked: ShopRequest): Promise<Outcome> {
    if (performance.now() - this.#tokenAt > TOKEN_SECONDS * 1000) {
      this.#asking ??= this.#askToken().finally(() => (this.#asking = null));
      // The old one is good for a while yet.
      if (this.#token === '') await this.#asking;
    }
    return this.#call(asked.method, asked.path, asked.body, this.#token);
  }

  async #askToken(): Promise<void> {
    const outcome = await this.#call('GET', '/token', null, '');
    if (!('status' in outcome) || outcome.status !== 200) return;
    this.#token = (JSON.parse(outcome.text) as { token: string }).token;
    this.#tokenAt = performance.now();
  }

  #call(method: string, path: string, body: string | null, token: string): Promise<Outcome> {
    const begun = performance.now();
    return new Promise((resolve) => {
      const { host, port } = this.#edge;
      const headers = { authorization: `Bearer ${token}`, host: EDGE_NAME };
      const sent = request({ host, port, servername: EDGE_NAME, method, path, headers, agent: this.#agent });
      const timer = setTimeout(() => {
        resolve({ lost: 'time-out' });
        sent.destroy();
      }, this.#timeoutMs);
      const end = (outcome: Outcome): void => {
        clearTimeout(timer);
        resolve(outcome);
      };
      const fail = (error: Error): void => end({ lost: 'code' in error ? String(error.code) : error.message });
      sent.on('error', fail);
      sent.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => (text += piece));
        response.on('error', fail);
        response.on('end', () => end({ status: response.statusCode ?? 0, text, ms: performance.now() - begun }));
      });
      sent.end(body ?? undefined);
    });
  }
}
