import { setTimeout as delay } from 'node:timers/promises';
import { InTurn } from '../../in-turn.ts';
import type { Clock, Collector, CollectorEvent, CollectorHealth } from '../../model/ports.ts';
import type { ScrapeJob, ScrapeTargetState, TargetGroup } from '../../model/scrape.ts';
import { hideSecrets } from '../../telemetry/hide.ts';
import { FileDiscovery } from './file-discovery.ts';
import type { ScrapeFetch } from './scrape-fetch.ts';
import { type Scrape, ScrapeLoop } from './scrape-loop.ts';
import { type ScrapeTarget, targetsOf } from './targets.ts';

export interface ScraperOptions {
  readonly jobs: readonly ScrapeJob[];
  readonly clock: Clock;
  readonly log: { warn(fields: object, message: string): void };
  readonly fetch: ScrapeFetch;
  /** How often files of targets are looked at. */
  readonly discoveryMs?: number;
}

export interface Scraper extends Collector {
  targets(): readonly ScrapeTargetState[];
  /** Takes other jobs; targets that are the same go on undisturbed, those that are gone end with staleness markers. */
  reload(jobs: readonly ScrapeJob[]): Promise<void>;
}

type Emit = (event: CollectorEvent) => Promise<void>;

interface Running {
  readonly loop: ScrapeLoop;
  readonly stop: AbortController;
  finished: Promise<void>;
  last: Scrape | null;
  fault: string | null;
}

/**
 * Scrapes Prometheus and OpenMetrics targets. Each target is scraped at its own offset within the interval, which follows
 * from its address, so that the work is spread and stays where it is over restarts. A target waits for its own `emit`
 * before it is scraped again. Weak: a slow `emit` makes scrapes come late, they are not made up for.
 */
export function createScraper(options: ScraperOptions): Scraper {
  return new PrometheusScraper(options);
}

class PrometheusScraper implements Scraper {
  readonly name = 'prometheus';
  private readonly clock: Clock;
  private readonly log: ScraperOptions['log'];
  private readonly fetch: ScrapeFetch;
  private readonly discoveryMs: number;
  private jobs: readonly { readonly job: ScrapeJob; readonly files: FileDiscovery }[];
  private running = new Map<string, Running>();
  private problems: readonly string[] = [];
  private active: { readonly emit: Emit; readonly signal: AbortSignal } | null = null;
  private since: number;
  private readonly refreshes = new InTurn();

  constructor(options: ScraperOptions) {
    this.clock = options.clock;
    this.log = options.log;
    this.fetch = options.fetch;
    this.discoveryMs = options.discoveryMs ?? 5000;
    this.jobs = withDiscovery(options.jobs);
    this.since = options.clock.now();
  }

  async start(emit: Emit, signal: AbortSignal): Promise<void> {
    this.active = { emit, signal };
    this.since = this.clock.now();
    while (!signal.aborted) {
      await this.refresh();
      await delay(this.discoveryMs, undefined, { signal }).catch(() => {});
    }
    // A stop of Auspex is not the end of the series: no markers.
    for (const { stop } of this.running.values()) stop.abort();
    await Promise.all([...this.running.values()].map(({ finished }) => finished));
    this.active = null;
  }

  async reload(jobs: readonly ScrapeJob[]): Promise<void> {
    this.jobs = withDiscovery(jobs);
    await this.refresh();
  }

  targets(): readonly ScrapeTargetState[] {
    return [...this.running.values()].map(({ loop: { target }, last, fault }) => ({
      job: target.job.jobName,
      url: hideSecrets(target.url),
      labels: Object.fromEntries(target.labels),
      up: last !== null && last.error === null,
      lastScrapeAt: last?.startedAt ?? null,
      lastDurationMs: last?.durationMs ?? null,
      samples: last?.samples ?? 0,
      error: last?.error ?? fault,
    }));
  }

  health(): CollectorHealth {
    const targets = this.targets();
    const down = targets.filter(({ error }) => error !== null);
    const problems = [...this.problems, ...down.map(({ job, url, error }) => `${job} ${url}: ${error}`)];
    const scraped = targets.filter(({ lastScrapeAt }) => lastScrapeAt !== null);
    const allDown = targets.length > 0 && down.length === targets.length;
    return {
      name: this.name,
      state: this.active === null ? 'stopped' : problems.length === 0 ? 'ok' : allDown ? 'failed' : 'degraded',
      since: this.since,
      problems,
      lastCollectionAt: scraped.length === 0 ? null : Math.max(...scraped.map(({ lastScrapeAt }) => lastScrapeAt ?? 0)),
      lastDurationMs:
        scraped.length === 0 ? null : Math.max(...scraped.map(({ lastDurationMs }) => lastDurationMs ?? 0)),
      samplesPerCollection: targets.reduce((sum, { samples }) => sum + samples, 0),
    };
  }

  /** One at a time: a reload and the look at the files must not start the same target twice. */
  private refresh(): Promise<void> {
    return this.refreshes.run(() => this.refreshOnce());
  }

  private async refreshOnce(): Promise<void> {
    const { active } = this;
    if (active === null || active.signal.aborted) return;
    const wanted = new Map<string, ScrapeTarget>();
    const problems: string[] = [];
    for (const { job, files } of this.jobs) {
      const discovered = await files.read();
      const groups: TargetGroup[] = [...job.staticConfigs, ...discovered.groups];
      const made = targetsOf(job, groups);
      problems.push(...[...discovered.problems, ...made.problems].map(hideSecrets));
      for (const target of made.targets) wanted.set(target.key, target);
    }
    for (const problem of problems) if (!this.problems.includes(problem)) this.log.warn({}, problem);
    this.problems = problems;
    await this.stopMissing(wanted, active.emit);
    for (const [key, target] of wanted) {
      if (!this.running.has(key)) this.running.set(key, this.run(target, active.emit, active.signal));
    }
  }

  private async stopMissing(wanted: ReadonlyMap<string, ScrapeTarget>, emit: Emit): Promise<void> {
    const gone = [...this.running].filter(([key]) => !wanted.has(key));
    await Promise.all(
      gone.map(async ([key, running]) => {
        this.running.delete(key);
        running.stop.abort();
        await running.finished;
        await this.give(running, emit, running.loop.end(this.clock.now()));
      }),
    );
  }

  private run(target: ScrapeTarget, emit: Emit, signal: AbortSignal): Running {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const loop = new ScrapeLoop(target, this.fetch, this.clock);
    const running: Running = { loop, stop, finished: Promise.resolve(), last: null, fault: null };
    running.finished = this.scrapeUntil(running, emit, either);
    return running;
  }

  private async scrapeUntil(running: Running, emit: Emit, signal: AbortSignal): Promise<void> {
    const { target } = running.loop;
    for (;;) {
      const wait = untilNext(this.clock.now(), target.intervalMs, offsetOf(target.key, target.intervalMs));
      await delay(wait, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const scrape = await running.loop.scrape(signal);
      // Cut off by our own stop, a scrape says nothing about its target.
      if (signal.aborted) return;
      if (scrape.error !== null && running.last?.error !== scrape.error) {
        this.log.warn({ job: target.job.jobName, url: hideSecrets(target.url) }, `Scrape failed: ${scrape.error}`);
      }
      running.last = scrape;
      await this.give(running, emit, scrape.emissions);
    }
  }

  private async give(running: Running, emit: Emit, samples: Scrape['emissions']): Promise<void> {
    if (samples.length === 0) return;
    try {
      await emit({ kind: 'samples', samples });
      running.fault = null;
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      if (running.fault === null)
        this.log.warn({ url: hideSecrets(running.loop.target.url) }, `Scraped samples were not stored: ${reason}`);
      running.fault = `not stored: ${reason}`;
    }
  }
}

function withDiscovery(jobs: readonly ScrapeJob[]): { job: ScrapeJob; files: FileDiscovery }[] {
  return jobs.map((job) => ({ job, files: new FileDiscovery(job.files) }));
}

/** ms until the next moment that lies at `offset` in the interval, counted from 1970: the same over restarts. */
export function untilNext(now: number, intervalMs: number, offset: number): number {
  const since = (((now - offset) % intervalMs) + intervalMs) % intervalMs;
  return intervalMs - since;
}

/** FNV-1a of the target's key, within the interval. */
function offsetOf(key: string, intervalMs: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % intervalMs;
}
