import { z } from 'zod';
import { AuspexError } from '../../errors.ts';
import {
  declaredType,
  guessSeriesKind,
  type Labels,
  labelsFrom,
  METRIC_NAME,
  type MetricType,
  type SeriesKind,
  seriesKindOf,
} from '../../model/index.ts';

const TIMEOUT_MS = 120_000;
const TRIES = 3;
/** As PromQL writes them; a name more or less does not matter where a list is halved. */
const nameList = z.object({ status: z.literal('success'), data: z.array(z.string()) });

const matrix = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('matrix'),
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])).default([]),
      }),
    ),
  }),
});
const metadata = z.object({ data: z.record(z.string(), z.array(z.object({ type: z.string() }))) });
const fault = z.object({ error: z.string() });

/** One series of a window: raw points, times in ms UTC. */
export interface ReadSeries {
  readonly labels: Labels;
  readonly kind: SeriesKind;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** Where a Prometheus-compatible server answers, and how. */
export interface PrometheusSource {
  /** With the path of its API's parent, where it has one: `https://mimir.example/prometheus`. */
  readonly url: string;
  readonly token?: string;
  /** For a server of several tenants: X-Scope-OrgID. */
  readonly tenant?: string;
  readonly fetch: ApiFetch;
  /** How often a request that failed on the way is made; 3 unless told. */
  readonly tries?: number;
  /** How long one answer may take; 2 min unless told. */
  readonly timeoutMs?: number;
}

/** How the API is called: `fetch`, or the one way out. */
export type ApiFetch = (
  url: string,
  options: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
) => Promise<{ readonly status: number; text(): Promise<string> }>;

/**
 * Reads raw samples from a Prometheus-compatible server (Prometheus, VictoriaMetrics, Mimir, Thanos) by its query API: an
 * instant query for a range selector gives points as they were stored, at their own times.
 * Weak: staleness markers are not given out; a series' end is seen as a gap.
 */
export class PrometheusReader {
  readonly #source: PrometheusSource;
  #types: ReadonlyMap<string, MetricType> | null = null;

  constructor(source: PrometheusSource) {
    this.#source = source;
  }

  /** Points in (from, to] of all series that the selector takes; ms UTC. @throws AuspexError UNREACHABLE, BAD_REQUEST. */
  async read(selector: string, from: number, to: number): Promise<readonly ReadSeries[]> {
    this.#types ??= await this.#readTypes();
    const range = `${Math.max(1, Math.round((to - from) / 1000))}s`;
    const answer = matrixOf(
      this.#source.url,
      await this.#get('/api/v1/query', { query: `${selector}[${range}]`, time: (to / 1000).toFixed(3) }),
    );
    return answer.data.result.flatMap(({ metric, values }) => {
      const name = metric['__name__'] ?? '';
      if (name === '' || values.length === 0) return [];
      return {
        labels: labelsFrom([...Object.entries(metric), [METRIC_NAME, name]]),
        kind: this.#kindOf(name),
        times: Float64Array.from(values, ([at]) => Math.round(at * 1000)),
        values: Float64Array.from(values, ([, value]) => numberOf(value)),
      };
    });
  }

  /** Names of metrics that the selector has in a range. @throws as `read`. */
  async names(selector: string, from: number, to: number): Promise<readonly string[]> {
    const parameters = { 'match[]': selector, start: (from / 1000).toFixed(3), end: (to / 1000).toFixed(3) };
    return nameList.parse(await this.#get('/api/v1/label/__name__/values', parameters)).data;
  }

  /** Asks anew what metrics are, at the next reading: new ones have come. */
  forgetTypes(): void {
    this.#types = null;
  }

  #kindOf(name: string): SeriesKind {
    const type = declaredType(this.#types ?? new Map(), name);
    return type === undefined ? guessSeriesKind(name) : seriesKindOf(type, name);
  }

  /** What metrics are by their own word; a server that does not say (VictoriaMetrics by default) leaves it to their names. */
  async #readTypes(): Promise<ReadonlyMap<string, MetricType>> {
    const answer = metadata.safeParse(await this.#get('/api/v1/metadata', {}).catch(onlyIfReachable));
    if (!answer.success) return new Map();
    return new Map(
      Object.entries(answer.data.data).map(([name, [first]]) => [name, (first?.type ?? 'unknown') as MetricType]),
    );
  }

  async #get(path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> {
    const { url, token, tenant } = this.#source;
    const address = `${url.replace(/\/+$/, '')}${path}?${new URLSearchParams(parameters)}`;
    const headers = {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(tenant === undefined ? {} : { 'x-scope-orgid': tenant }),
    };
    const { tries = TRIES, timeoutMs = TIMEOUT_MS } = this.#source;
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await this.#source.fetch(address, { headers, signal: AbortSignal.timeout(timeoutMs) });
        const text = await response.text();
        if (response.status >= 200 && response.status < 300) return JSON.parse(text);
        if (response.status < 500 || attempt >= tries) throw refusal(url, response.status, text);
      } catch (error) {
        if (error instanceof AuspexError) throw error;
        if (attempt >= tries) throw unreachable(url, error);
      }
      await new Promise((wake) => setTimeout(wake, 500 * attempt));
    }
  }
}

/** What another program answers there is not what a person can read as a list of faults. */
function matrixOf(url: string, answer: unknown): z.output<typeof matrix> {
  const read = matrix.safeParse(answer);
  if (read.success) return read.data;
  throw new AuspexError(
    'BAD_REQUEST',
    `${url} does not answer as Prometheus does: its answer is no matrix of samples.`,
  );
}

/** `+Inf`, `-Inf` and `NaN` as Prometheus writes them. */
function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

function onlyIfReachable(error: unknown): null {
  if (error instanceof AuspexError && error.code === 'UNREACHABLE') throw error;
  return null;
}

function refusal(url: string, status: number, text: string): AuspexError {
  let reason = text.slice(0, 200);
  try {
    reason = fault.parse(JSON.parse(text)).error;
  } catch {
    // It spoke otherwise than Prometheus does: a proxy's page, say.
  }
  return new AuspexError('BAD_REQUEST', `${url} answered ${status}: ${reason}`, { data: { status } });
}

function unreachable(url: string, cause: unknown): AuspexError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const reason = inner instanceof Error ? inner.message : String(inner);
  return new AuspexError('UNREACHABLE', `${url} does not answer: ${reason}`, { cause });
}
