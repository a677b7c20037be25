import { readFile } from 'node:fs/promises';
import { AuspexError } from '../../errors.ts';
import { type Labels, labelsFrom, METRIC_NAME } from '../../model/labels.ts';
import type { Clock, Emission } from '../../model/ports.ts';
import type { ScrapeAuthorization } from '../../model/scrape.ts';
import { declaredType, guessSeriesKind, type MetricType, seriesKindOf } from '../../model/series-kind.ts';
import { type SeriesKind, writeStaleMarker } from '../../model/series.ts';
import { CLOCK_OFFSET_METRIC, SCRAPE_FAILED_METRIC } from '../../model/service-figures.ts';
import { hideSecrets, knowSecrets } from '../../telemetry/hide.ts';
import { ExpositionParser, parseSeriesText } from './exposition.ts';
import { createRelabeller, type Relabeller } from './relabel.ts';
import type { ScrapeFetch, ScrapeResponse } from './scrape-fetch.ts';
import type { ScrapeTarget } from './targets.ts';

/** Of one page, whatever `sample_limit` says: beyond it memory would be another’s to fill. */
const MOST_SAMPLES = 500_000;
const ACCEPT = 'application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

/** One series of a page, known by its text. */
interface KnownSeries {
  /** null when relabelling drops it. */
  readonly labels: Labels | null;
  readonly kind: SeriesKind;
  lastSeen: number;
  givenOut: boolean;
  /** Whether its end is to be marked: not for those with times of their own. */
  tracked: boolean;
}

interface Page {
  readonly emissions: Emission[];
  scraped: number;
  added: number;
  /** The target's clock less ours, s; NaN where its answer has no date. */
  clockOffset: number;
}

/** The outcome of one scrape: what to store, and how it went. */
export interface Scrape {
  readonly emissions: readonly Emission[];
  readonly startedAt: number;
  readonly durationMs: number;
  readonly samples: number;
  readonly error: string | null;
}

/**
 * Scrapes one target again and again, and knows what it had the last time: so it can say which series have ended, and does
 * not parse the labels of those that go on.
 */
export class ScrapeLoop {
  readonly target: ScrapeTarget;
  private readonly fetch: ScrapeFetch;
  private readonly clock: Clock;
  private readonly relabel: Relabeller;
  private known = new Map<string, KnownSeries>();
  private readonly types = new Map<string, MetricType>();
  private scrapes = 0;
  private hasClock = false;
  private failure: ScrapeFailure | null = null;

  constructor(target: ScrapeTarget, fetch: ScrapeFetch, clock: Clock) {
    this.target = target;
    this.fetch = fetch;
    this.clock = clock;
    this.relabel = createRelabeller(target.job.metricRelabelConfigs);
  }

  /** Never rejects: a failed scrape is an outcome with `up` 0 and the end of all series that were there. */
  async scrape(signal: AbortSignal): Promise<Scrape> {
    const startedAt = this.clock.now();
    const began = this.clock.monotonic();
    const page: Page = { emissions: [], scraped: 0, added: 0, clockOffset: Number.NaN };
    let error: string | null = null;
    let failure: ScrapeFailure | null = null;
    this.scrapes++;
    try {
      await this.fetchPage(page, startedAt, signal);
      const { sampleLimit } = this.target.job;
      if (sampleLimit > 0 && page.emissions.length > sampleLimit) {
        throw new Error(
          `the page has ${page.emissions.length} samples after relabelling, sample_limit is ${sampleLimit}`,
        );
      }
    } catch (thrown) {
      error = hideSecrets(reasonOf(thrown, this.target.timeoutMs));
      failure = failureOf(thrown);
    }
    const durationMs = this.clock.monotonic() - began;
    const kept = error === null ? page.emissions : [];
    const ended = error === null ? this.takeEnded(startedAt) : this.endAll(startedAt);
    const report = this.report(startedAt, [
      ['up', error === null ? 1 : 0],
      ['scrape_duration_seconds', durationMs / 1000],
      ['scrape_samples_scraped', error === null ? page.scraped : 0],
      ['scrape_samples_post_metric_relabeling', kept.length],
      ['scrape_series_added', error === null ? page.added : 0],
      ...this.clockReport(page.clockOffset),
    ]);
    const told = this.tellFailure(failure, startedAt);
    return { emissions: [...kept, ...ended, ...report, ...told], startedAt, durationMs, samples: kept.length, error };
  }

  /** 1 under the kind of the failure for as long as it lasts. */
  private tellFailure(failure: ScrapeFailure | null, at: number): readonly Emission[] {
    const before = this.failure;
    this.failure = failure;
    const one = (kind: ScrapeFailure, value: number): Emission => ({
      labels: labelsFrom([...this.target.labels, [METRIC_NAME, SCRAPE_FAILED_METRIC], ['reason', kind]]),
      kind: 'gauge',
      at,
      value,
    });
    return [
      ...(failure === null ? [] : [one(failure, 1)]),
      ...(before === null || before === failure ? [] : [one(before, staleMarker())]),
    ];
  }

  /** The end of everything this target had, `up` included: for a target that is scraped no more. */
  end(at: number): readonly Emission[] {
    if (this.scrapes === 0) return [];
    const names = ['up', 'scrape_duration_seconds', 'scrape_samples_scraped'];
    names.push('scrape_samples_post_metric_relabeling', 'scrape_series_added');
    if (this.hasClock) names.push(CLOCK_OFFSET_METRIC);
    return [
      ...this.endAll(at),
      ...this.tellFailure(null, at),
      ...this.report(
        at,
        names.map((name) => [name, staleMarker()]),
      ),
    ];
  }

  private async fetchPage(page: Page, startedAt: number, signal: AbortSignal): Promise<void> {
    const { job, url, timeoutMs } = this.target;
    const authorization = await authorizationHeader(job.authorization);
    const response = await this.fetch(url, {
      headers: {
        accept: ACCEPT,
        'accept-encoding': 'gzip',
        'user-agent': 'Auspex',
        'x-prometheus-scrape-timeout-seconds': String(timeoutMs / 1000),
        ...(authorization === undefined ? {} : { authorization }),
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      tls: job.tls,
    });
    page.clockOffset = offsetOf(response.date, startedAt, this.clock.now());
    await this.readPage(response, page, startedAt);
  }

  /** The series ends with the first answer that has no date. */
  private clockReport(offset: number): [string, number][] {
    const had = this.hasClock;
    this.hasClock = !Number.isNaN(offset);
    return this.hasClock ? [[CLOCK_OFFSET_METRIC, offset]] : had ? [[CLOCK_OFFSET_METRIC, staleMarker()]] : [];
  }

  private async readPage(response: ScrapeResponse, page: Page, startedAt: number): Promise<void> {
    const format = /^application\/openmetrics-text(?:;|$)/i.test(response.contentType) ? 'openmetrics' : 'text';
    const parser = new ExpositionParser(format, {
      type: (family, type) => this.types.set(family, type),
      sample: (text, value, timestamp) => this.keep(page, text, value, timestamp, startedAt),
    });
    const limit = this.target.job.bodySizeLimitBytes;
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let size = 0;
    // Left early, the loop closes the connection: a page without end costs its limit and no more.
    for await (const piece of response.body) {
      if (response.status !== 200) break;
      size += piece.length;
      if (size > limit)
        throw new Error(`the page is larger than body_size_limit, ${limit.toLocaleString('en-US')} bytes`);
      parser.write(decoder.decode(piece, { stream: true }));
    }
    if (response.status !== 200) throw new Error(`the target answered HTTP ${response.status}`);
    parser.write(decoder.decode());
    parser.end();
  }

  private keep(page: Page, text: string, value: number, timestamp: number | null, startedAt: number): void {
    page.scraped++;
    let series = this.known.get(text);
    if (series === undefined) {
      series = this.meet(text);
      this.known.set(text, series);
      if (series.labels !== null) page.added++;
    }
    const at = this.target.job.honorTimestamps && timestamp !== null ? timestamp : startedAt;
    // A page that says a series twice means one value; the first holds, as for any repeated sample.
    if (series.lastSeen === this.scrapes && at === startedAt) return;
    series.lastSeen = this.scrapes;
    series.tracked = at === startedAt;
    if (series.labels === null) return;
    if (page.emissions.length >= MOST_SAMPLES) {
      throw new Error(`the page has more than ${MOST_SAMPLES.toLocaleString('en-US')} samples`);
    }
    page.emissions.push({ labels: series.labels, kind: series.kind, at, value });
  }

  private meet(text: string): KnownSeries {
    const parsed = parseSeriesText(text);
    if (typeof parsed === 'string')
      throw new Error(`a series of the page is not valid: ${parsed} (${text.slice(0, 80)})`);
    const name = parsed.get(METRIC_NAME) ?? '';
    const type = declaredType(this.types, name);
    const kind = type === undefined ? guessSeriesKind(name) : seriesKindOf(type, name);
    const labels = this.merged(parsed);
    const kept = this.relabel(labels) && labels.has(METRIC_NAME);
    return { labels: kept ? labelsFrom(labels) : null, kind, lastSeen: 0, givenOut: false, tracked: false };
  }

  /** The target's labels over the page's; what the page said of them goes on as `exported_…`, unless it is to be honoured. */
  private merged(scraped: Map<string, string>): Map<string, string> {
    const target = this.target.labels;
    if (this.target.job.honorLabels) return new Map([...target, ...scraped]);
    const labels = new Map(scraped);
    for (const name of target.keys()) labels.delete(name);
    for (const [name, value] of scraped) {
      if (!target.has(name)) continue;
      let exported = `exported_${name}`;
      while (labels.has(exported) || target.has(exported)) exported = `exported_${exported}`;
      labels.set(exported, value);
    }
    for (const [name, value] of target) labels.set(name, value);
    return labels;
  }

  private takeEnded(at: number): Emission[] {
    const ended: Emission[] = [];
    for (const [text, series] of this.known) {
      series.givenOut = true;
      if (series.lastSeen === this.scrapes) continue;
      this.known.delete(text);
      if (series.tracked && series.labels !== null) ended.push(endOf(series.labels, series.kind, at));
    }
    return ended;
  }

  /** Everything that an earlier scrape gave out; what a page had before it failed was not. */
  private endAll(at: number): Emission[] {
    const ended: Emission[] = [];
    for (const { labels, kind, tracked, givenOut } of this.known.values()) {
      if (tracked && givenOut && labels !== null) ended.push(endOf(labels, kind, at));
    }
    this.known = new Map();
    return ended;
  }

  private report(at: number, values: readonly (readonly [string, number])[]): Emission[] {
    return values.map(([name, value]) => ({
      labels: labelsFrom([...this.target.labels, [METRIC_NAME, name]]),
      kind: 'gauge',
      at,
      value,
    }));
  }
}

/** In s. A date names a whole second, and was made between the request and the answer: within that the clocks agree. */
function offsetOf(date: number, asked: number, answered: number): number {
  if (Number.isNaN(date)) return date;
  return (Math.max(0, date - answered) - Math.max(0, asked - date - 1000)) / 1000;
}

function endOf(labels: Labels, kind: SeriesKind, at: number): Emission {
  return { labels, kind, at, value: staleMarker() };
}

/** Read out of typed memory each time: a constant might lose its bits in an optimisation. */
function staleMarker(): number {
  const one = new Float64Array(1);
  writeStaleMarker(one, 0);
  return one[0] as number;
}

async function authorizationHeader(authorization: ScrapeAuthorization): Promise<string | undefined> {
  switch (authorization.type) {
    case 'none':
      return undefined;
    case 'basic': {
      const { username, password, passwordFile } = authorization;
      const secret = passwordFile === null ? password : (await readFile(passwordFile, 'utf8')).trim();
      knowSecrets([secret, `${username}:${secret}`]);
      return `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`;
    }
    case 'header': {
      const { scheme, credentials, credentialsFile } = authorization;
      const secret = credentialsFile === null ? credentials : (await readFile(credentialsFile, 'utf8')).trim();
      knowSecrets([secret]);
      return `${scheme} ${secret}`;
    }
  }
}

type ScrapeFailure = 'refused' | 'timeout' | 'reset' | 'unreachable' | 'name' | 'tls' | 'answer';

const failures: readonly (readonly [ScrapeFailure, RegExp])[] = [
  ['refused', /^ECONNREFUSED$/],
  ['timeout', /^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/],
  ['reset', /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/],
  ['unreachable', /^(EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN)$/],
  ['name', /^(ENOTFOUND|EAI_)/],
  ['tls', /^(CERT_|ERR_TLS|ERR_SSL|EPROTO|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/],
];

/** How a scrape failed; `answer`: there was one, and it is no page of metrics. */
function failureOf(failure: unknown): ScrapeFailure {
  const thrown = below(failure);
  if (thrown instanceof Error && thrown.name === 'TimeoutError') return 'timeout';
  const code = String((thrown as { code?: unknown } | null)?.code ?? '');
  return failures.find(([, pattern]) => pattern.test(code))?.[0] ?? 'answer';
}

/** Below the error of the way out lies the system's, which says more. */
function below(failure: unknown): unknown {
  return failure instanceof AuspexError && failure.code === 'UNREACHABLE' ? (failure.cause ?? failure) : failure;
}

/** Why a scrape failed, for a person. */
function reasonOf(failure: unknown, timeoutMs: number): string {
  const thrown = below(failure);
  if (thrown instanceof AuspexError) return thrown.message;
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s (scrape_timeout)`;
  const { code } = thrown as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'the connection was refused; nothing listens there';
  if (code === 'ENOTFOUND') return 'the host name is not known';
  return thrown.message === '' ? (code ?? thrown.name) : thrown.message;
}
