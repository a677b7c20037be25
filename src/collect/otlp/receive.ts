import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { AuspexError } from '../../errors.ts';
import { InTurn } from '../../in-turn.ts';
import type { AppendResult, Clock, ErrorEvent, Labels, SampleBatch, SeriesKind, SeriesRef } from '../../model/index.ts';
import { metrics } from '../../telemetry/metrics.ts';
import type { RequestHeaders } from '../remote-write/decode.ts';
import type { LabelLimits } from '../remote-write/decode-labels.ts';
import { nextTurn } from '../../next-turn.ts';
import { answerOf, failureOf, type OtlpAnswer, type OtlpFormat } from './answers.ts';
import { walkLogs } from './decode-logs.ts';
import { type Budgets, walkMetrics } from './decode-metrics.ts';
import { DeltaSums } from './delta-sums.ts';
import { bytesOfJson } from './json-to-bytes.ts';
import type { LogCounts } from '../logs/log-counts.ts';
import { LogMapper } from './map-logs.ts';
import { HostTimes, PointMapper } from './map-points.ts';
import { logsRequest, type MessageTable, metricsRequest } from './message-tables.ts';
import type { OtlpRefusals } from './refusals.ts';
import type { OtlpHost } from './resource.ts';
import { Budget } from './wire.ts';

export interface OtlpLimits extends LabelLimits {
  /** Of the body once decompressed, and of JSON once it is decoded. */
  readonly decodedBytes: number;
  readonly futureMs: number;
}

export interface OtlpReceiverOptions {
  readonly resolve: (labels: Labels, kind: SeriesKind) => SeriesRef;
  readonly append: (batch: SampleBatch) => Promise<AppendResult>;
  /** Ties a host's id and name to one entity; its first part happens at once, what it writes is waited for before samples are. */
  readonly onHost: (host: OtlpHost) => Promise<void>;
  readonly onErrors: (errors: readonly ErrorEvent[]) => void;
  readonly logs: LogCounts;
  readonly limits: OtlpLimits;
  readonly clock: Clock;
  readonly log: { error(fields: object, message: string): void };
}

/** Of one request: a sample costs 20 bytes, and a series never seen some µs. */
const SAMPLES_PER_REQUEST = 200_000;
const MESSAGES_PER_REQUEST = 200_000;
const ATTRIBUTES_PER_REQUEST = 2_000_000;
/** Each has secrets and values taken out, some 0.1 ms. */
const ERRORS_A_STEP = 50;
/** Requests that may wait for the one that is decoded; their bodies are bounded by who reads them. */
const MOST_WAITING = 64;

const unzip = promisify(gunzip);

/**
 * OTLP over HTTP: `/v1/metrics` and `/v1/logs`, protobuf and JSON, from body to answer. 200 once all that can be taken is
 * durable, with `partial_success` for what was refused; 400 for what cannot be decoded, 415, 413; 503 and 429 to come again. Never rejects.
 * One request is decompressed and decoded at a time, in steps that let others have the thread: the memory of one is the bound.
 * Weak: exemplars are passed over; JSON is parsed at one go, so that 5 MB of it hold the thread for some 150 ms. Cost: about 7 µs a point of
 * three attributes as protobuf, 15 µs as JSON.
 */
export class OtlpReceiver {
  readonly #options: OtlpReceiverOptions;
  readonly #deltas = new DeltaSums();
  readonly #hostTimes = new HostTimes();
  readonly #turns = new InTurn();
  #waiting = 0;

  constructor(options: OtlpReceiverOptions) {
    this.#options = options;
  }

  /** The answer to `POST /v1/metrics`. */
  metrics(body: Uint8Array, headers: RequestHeaders): Promise<OtlpAnswer> {
    return this.#answer('metrics', headers, (format) => this.#takeMetrics(body, headers, format));
  }

  /** The answer to `POST /v1/logs`. */
  logs(body: Uint8Array, headers: RequestHeaders): Promise<OtlpAnswer> {
    return this.#answer('logs', headers, (format) => this.#takeLogs(body, headers, format));
  }

  async #answer(
    signal: 'metrics' | 'logs',
    headers: RequestHeaders,
    take: (format: OtlpFormat) => Promise<OtlpRefusals>,
  ): Promise<OtlpAnswer> {
    let format: OtlpFormat = 'protobuf';
    try {
      format = formatOf(headers);
      const refusals = await take(format);
      for (const { reason, count } of refusals.list()) metrics.samplesRefused.inc({ reason }, count);
      return answerOf(signal, refusals, format);
    } catch (thrown) {
      const error = AuspexError.from(thrown);
      if (error.code === 'INTERNAL') this.#options.log.error({ err: error.cause ?? error }, error.message);
      return failureOf(error, format);
    }
  }

  async #takeMetrics(body: Uint8Array, headers: RequestHeaders, format: OtlpFormat): Promise<OtlpRefusals> {
    const { resolve, limits, clock, append, onHost } = this.#options;
    const hosts: Promise<void>[] = [];
    const mapper = new PointMapper({
      resolve,
      onHost: (host) => hosts.push(onHost(host)),
      limits: { ...limits, samplesPerRequest: SAMPLES_PER_REQUEST },
      deltas: this.#deltas,
      hostTimes: this.#hostTimes,
      now: clock.now(),
    });
    try {
      await this.#decode(body, headers, { format, table: metricsRequest }, (bytes, budgets) =>
        walkMetrics(bytes, mapper, budgets),
      );
      await Promise.all(hosts);
      const batch = mapper.take();
      if (batch.count > 0) await append(batch);
    } catch (thrown) {
      this.#deltas.undo(mapper.changes);
      await Promise.allSettled(hosts);
      throw thrown;
    }
    return mapper.refusals;
  }

  async #takeLogs(body: Uint8Array, headers: RequestHeaders, format: OtlpFormat): Promise<OtlpRefusals> {
    const { limits, clock, logs, onErrors } = this.#options;
    const mapper = new LogMapper({ limits, now: clock.now(), counts: logs });
    await this.#decode(body, headers, { format, table: logsRequest }, (bytes, budgets) =>
      walkLogs(bytes, mapper, budgets),
    );
    mapper.count();
    for (let first = 0; first < mapper.errors.length; first += ERRORS_A_STEP) {
      onErrors(mapper.errors.slice(first, first + ERRORS_A_STEP));
      await nextTurn();
    }
    return mapper.refusals;
  }

  async #decode(
    body: Uint8Array,
    headers: RequestHeaders,
    { format, table }: { readonly format: OtlpFormat; readonly table: MessageTable },
    walk: (bytes: Uint8Array, budgets: Budgets) => Generator<void>,
  ): Promise<void> {
    if (this.#waiting >= MOST_WAITING) {
      throw new AuspexError('TOO_BUSY', `${MOST_WAITING} requests wait to be decoded.`, {
        data: { retryAfterSeconds: 2 },
      });
    }
    this.#waiting++;
    try {
      await this.#turns.run(async () => {
        const { decodedBytes } = this.#options.limits;
        const plain = await decompressed(body, headers, decodedBytes);
        const bytes = format === 'json' ? bytesOfJson(plain, table, decodedBytes) : plain;
        const budgets = { messages: new Budget(MESSAGES_PER_REQUEST), attributes: new Budget(ATTRIBUTES_PER_REQUEST) };
        const steps = walk(bytes, budgets);
        while (steps.next().done !== true) await nextTurn();
      });
    } finally {
      this.#waiting--;
    }
  }
}

function formatOf(headers: RequestHeaders): OtlpFormat {
  const type = headerOf(headers, 'content-type').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/x-protobuf' || type === 'application/protobuf') return 'protobuf';
  if (type === 'application/json') return 'json';
  throw new AuspexError(
    'UNSUPPORTED_TYPE',
    `The Content-Type is ${type === '' ? 'missing' : type}; OTLP is read as application/x-protobuf or application/json.`,
  );
}

async function decompressed(body: Uint8Array, headers: RequestHeaders, limitBytes: number): Promise<Uint8Array> {
  const encoding = headerOf(headers, 'content-encoding').trim().toLowerCase();
  if (encoding !== '' && encoding !== 'identity' && encoding !== 'gzip') {
    throw new AuspexError('UNSUPPORTED_TYPE', `The Content-Encoding is ${encoding}; OTLP is read plain or as gzip.`);
  }
  if (encoding !== 'gzip') {
    if (body.length > limitBytes) throw tooLarge(limitBytes);
    return body;
  }
  try {
    return await unzip(body, { maxOutputLength: limitBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limitBytes);
    throw new AuspexError('BAD_ENCODING', 'The body is not gzip: its content is damaged or cut off.', { cause });
  }
}

function tooLarge(limitBytes: number): AuspexError {
  return new AuspexError(
    'TOO_LARGE',
    `The body has more than ${limitBytes.toLocaleString('en-US')} bytes once decompressed (limits.decompressedBytes). Send smaller batches.`,
    { data: { limitBytes } },
  );
}

function headerOf(headers: RequestHeaders, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : (value?.[0] ?? '');
}
