import type { Client } from '../../src/api/client.ts';
import { encodeWriteRequest } from '../../src/collect/remote-write/encode.ts';
import { type Labels, labelsFrom } from '../../src/model/index.ts';
import { pause } from './support.ts';

export const WRITE_HEADERS = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
};
const SERIES = 20;
const SAMPLES = 10;
const STEP_MS = 250;
const METRIC = 'load_value';

/** One answer to one request; `status` 0 when nobody answered. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: number | null;
  readonly ms: number;
}

export async function write(url: string, body: Uint8Array, timeoutMs = 20_000): Promise<Answer> {
  const began = performance.now();
  try {
    const answer = await fetch(`${url}/api/v1/write`, {
      method: 'POST',
      headers: WRITE_HEADERS,
      body: new Uint8Array(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    await answer.arrayBuffer();
    const retryAfter = answer.headers.get('retry-after');
    return {
      status: answer.status,
      retryAfter: retryAfter === null ? null : Number(retryAfter),
      ms: performance.now() - began,
    };
  } catch {
    return { status: 0, retryAfter: null, ms: performance.now() - began };
  }
}

export interface Verdict {
  /** Samples that were acknowledged, of them not found, found twice or more, found with another value. */
  readonly acknowledged: number;
  readonly lost: number;
  readonly twice: number;
  readonly wrong: number;
}

/**
 * Senders as Prometheus is one: each sends its requests in order and one request again until it is acknowledged. Every
 * value tells its place, so that at the end each acknowledged sample can be asked for.
 */
export class Load {
  /** Acknowledged requests by sender. */
  readonly acknowledged: number[];
  readonly answers = new Map<number, number>();
  /** The longest that an acknowledgement took. */
  slowestMs = 0;
  url: string;
  /** The first sample's time. */
  readonly from: number;
  readonly #labels: Labels[][];
  readonly #pauseMs: number;
  #stopping = false;
  #running: Promise<unknown> = Promise.resolve();
  onAnswer: (answer: Answer) => void = () => {};

  constructor(
    url: string,
    senders: number,
    pauseMs: number,
    from = Math.floor(Date.now() / 1000) * 1000 - 4 * 86_400_000,
  ) {
    this.from = from;
    this.url = url;
    this.#pauseMs = pauseMs;
    this.acknowledged = Array.from({ length: senders }, () => 0);
    this.#labels = this.acknowledged.map((_, sender) =>
      Array.from({ length: SERIES }, (_, series) =>
        labelsFrom([
          ['__name__', METRIC],
          ['instance', `load-${sender}`],
          ['job', 'load'],
          ['series', String(series)],
        ]),
      ),
    );
  }

  start(): void {
    this.#stopping = false;
    this.#running = Promise.all(this.acknowledged.map((_, sender) => this.#send(sender)));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async #send(sender: number): Promise<void> {
    for (;;) {
      const request = this.acknowledged[sender] ?? 0;
      const body = this.#body(sender, request);
      for (;;) {
        if (this.#stopping) return;
        const answer = await write(this.url, body);
        this.answers.set(answer.status, (this.answers.get(answer.status) ?? 0) + 1);
        this.onAnswer(answer);
        if (answer.status === 204) {
          this.slowestMs = Math.max(this.slowestMs, answer.ms);
          this.acknowledged[sender] = request + 1;
          break;
        }
        await pause(50);
      }
      if (this.#pauseMs > 0) await pause(this.#pauseMs);
    }
  }

  #body(sender: number, request: number): Uint8Array {
    return encodeWriteRequest(
      (this.#labels[sender] ?? []).map((labels, series) => ({
        labels,
        samples: Array.from({ length: SAMPLES }, (_, i) => {
          const step = request * SAMPLES + i;
          return { at: this.from + step * STEP_MS, value: valueOf(series, step) };
        }),
      })),
    );
  }

  /** Reads all of it back by export; `acknowledged` may be an earlier state of the senders. */
  async check(client: Client, acknowledged: readonly number[] = this.acknowledged): Promise<Verdict> {
    const seen = acknowledged.map((requests) =>
      Array.from({ length: SERIES }, () => new Uint8Array((requests + 1) * SAMPLES)),
    );
    let wrong = 0;
    for await (const line of exported(client, METRIC, this.from)) {
      const { time, labels, value } = JSON.parse(line) as {
        time: string;
        labels: Record<string, string>;
        value: number;
      };
      const step = (Date.parse(time) - this.from) / STEP_MS;
      const counts = seen[Number(labels['instance']?.slice('load-'.length))]?.[Number(labels['series'])];
      if (counts === undefined || !Number.isInteger(step) || step < 0) wrong++;
      else if (step < counts.length) {
        counts[step] = (counts[step] ?? 0) + 1;
        if (value !== valueOf(Number(labels['series']), step)) wrong++;
      }
    }
    let lost = 0;
    let twice = 0;
    seen.forEach((series, sender) => {
      const due = (acknowledged[sender] ?? 0) * SAMPLES;
      for (const counts of series) {
        counts.forEach((count, step) => {
          if (count === 0 && step < due) lost++;
          if (count > 1) twice++;
        });
      }
    });
    const requests = acknowledged.reduce((sum, count) => sum + count, 0);
    return { acknowledged: requests * SERIES * SAMPLES, lost, twice, wrong };
  }
}

function valueOf(series: number, step: number): number {
  return (step % 100_003) + series / 64;
}

/** The lines of /api/export/samples for one metric, as JSON. */
export async function* exported(client: Client, match: string, fromMs: number): AsyncGenerator<string> {
  const answer = await client.stream('exportSamples', {
    query: { match, from: new Date(fromMs).toISOString(), format: 'json' },
  });
  if (answer.body === null) throw new Error('The export has no body');
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
