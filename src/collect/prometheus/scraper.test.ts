import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { scrapeJobSchema } from '../../config/scrape-schema.ts';
import { formatLabels } from '../../model/labels.ts';
import type { Emission } from '../../model/ports.ts';
import type { ScrapeJob } from '../../model/scrape.ts';
import { isStaleMarker } from '../../model/series.ts';
import { createOutbound } from '../../platform/outbound.ts';
import { createScrapeFetch } from './scrape-fetch.ts';
import { ScrapeLoop } from './scrape-loop.ts';
import { createScraper, untilNext } from './scraper.ts';
import { targetsOf } from './targets.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const silent = { warn: () => {} };

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const jobOf = (fields: object): ScrapeJob => scrapeJobSchema.parse({ job_name: 'test', ...fields });

function loopFor(address: string, fields: object = {}): ScrapeLoop {
  const job = jobOf({ scrape_interval: '1s', static_configs: [{ targets: [address] }], ...fields });
  const [target] = targetsOf(job, job.staticConfigs).targets;
  if (target === undefined) throw new Error('no target');
  return new ScrapeLoop(target, createScrapeFetch(createOutbound()), clock);
}

/** `name{labels} value` without what differs from run to run; `stale` for a marker. */
const shown = (emissions: readonly Emission[], address: string): string[] =>
  emissions
    .map(({ labels, value }) => {
      const name = formatLabels(labels).replace(`instance="${address}",job="test"`, '…');
      return `${name} ${isStaleMarker(value) ? 'stale' : name.startsWith('scrape_duration') ? '?' : value}`;
    })
    .sort();

const never = new AbortController().signal;

test.each<[string, () => Buffer]>([
  ['gzip of one line again and again', () => gzipSync(Buffer.alloc(30_000_000, 'a_metric{label="value"} 1\n'))],
  [
    'gzip of many members',
    () =>
      Buffer.concat(Array.from({ length: 300 }, () => gzipSync(Buffer.alloc(100_000, 'a_metric{label="value"} 1\n')))),
  ],
])('a page made to fill memory is given up early: %s', async (_, bomb) => {
  const body = bomb();
  const address = await serve((__, response) => response.setHeader('content-encoding', 'gzip').end(body));
  const { error, samples } = await loopFor(address).scrape(never);
  expect(error).toContain('unpacks to more than 200 times its size');
  expect(samples).toBe(0);
});

test('a series that stands on a page twice is taken once, one with times of its own each time', async () => {
  const address = await serve((_, response) => response.end('a 1\na 2\na{b="c"} 3\nb 1 1000\nb 2 2000\n'));
  const { emissions } = await loopFor(address).scrape(never);
  expect(shown(emissions, address).filter((line) => /^[ab]{/.test(line))).toEqual([
    'a{b="c",…} 3',
    'a{…} 1',
    'b{…} 1',
    'b{…} 2',
  ]);
});

test('a page has a most of samples, whatever its job says', { timeout: 20_000 }, async () => {
  const page = Array.from({ length: 500_001 }, (_, i) => `a 1 ${i}`).join('\n');
  const address = await serve((_, response) => response.end(`${page}\n`));
  const { error } = await loopFor(address, { scrape_interval: '10s' }).scrape(never);
  expect(error).toBe('the page has more than 500,000 samples');
});

test('a page becomes samples with the target’s labels, up and the scrape’s own figures', async () => {
  let seen: Record<string, unknown> = {};
  const address = await serve((request, response) => {
    seen = { url: request.url, accept: request.headers.accept, auth: request.headers.authorization };
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4', 'content-encoding': 'gzip' });
    response.end(gzipSync('# TYPE a counter\na{job="inner"} 1\nb{instance="x",exported_instance="y"} 2 1000\nc 3\n'));
  });
  const loop = loopFor(address, {
    metrics_path: '/m',
    params: { q: ['1 2'] },
    basic_auth: { username: 'u', password: 'p' },
    metric_relabel_configs: [{ source_labels: ['__name__'], regex: 'c', action: 'drop' }],
  });
  const { emissions, error } = await loop.scrape(never);
  expect(error).toBeNull();
  expect(shown(emissions, address)).toEqual([
    'auspex_scrape_clock_offset_seconds{…} 0',
    `a{exported_job="inner",…} 1`,
    `b{exported_exported_instance="x",exported_instance="y",…} 2`,
    'scrape_duration_seconds{…} ?',
    'scrape_samples_post_metric_relabeling{…} 2',
    'scrape_samples_scraped{…} 3',
    'scrape_series_added{…} 2',
    'up{…} 1',
  ]);
  expect(emissions.find(({ labels }) => labels.includes('b'))).toMatchObject({ at: 1000 });
  expect(emissions[0]).toMatchObject({ kind: 'counter' });
  expect(seen).toMatchObject({ url: '/m?q=1+2', auth: 'Basic dTpw' });
  expect(seen['accept']).toContain('openmetrics');
});

test('the date of the answer tells whose clock is wrong, to a second; an answer without one ends that series', async () => {
  const hour = 3_600_000;
  let shift = 0;
  const address = await serve((_, response) => {
    if (Number.isNaN(shift)) response.sendDate = false;
    else response.setHeader('date', new Date(Date.now() + shift).toUTCString());
    response.end('a 1\n');
  });
  const loop = loopFor(address);
  const offset = async (ms: number): Promise<number | undefined> => {
    shift = ms;
    const { emissions } = await loop.scrape(never);
    return emissions.find(({ labels }) => labels.includes('auspex_scrape_clock_offset_seconds'))?.value;
  };
  expect(await offset(0)).toBe(0);
  const ahead = (await offset(hour)) ?? 0;
  expect(ahead).toBeGreaterThan(3598);
  expect(ahead).toBeLessThanOrEqual(3600);
  const behind = (await offset(-hour)) ?? 0;
  expect(behind).toBeGreaterThanOrEqual(-3600);
  expect(behind).toBeLessThan(-3598);
  expect(isStaleMarker((await offset(Number.NaN)) ?? 0)).toBe(true);
  expect(await offset(Number.NaN)).toBeUndefined();
  expect(await offset(0)).toBe(0);
  const ended = loop.end(Date.now()).filter(({ labels }) => labels.includes('auspex_scrape_clock_offset_seconds'));
  expect(ended.map(({ value }) => isStaleMarker(value))).toEqual([true]);
});

test('with honor_labels the page’s labels hold', async () => {
  const address = await serve((_, response) => response.end('a{job="inner"} 1\n'));
  const { emissions } = await loopFor(address, { honor_labels: true }).scrape(never);
  expect(formatLabels(emissions[0]?.labels ?? [])).toBe(`a{instance="${address}",job="inner"}`);
});

test('series that vanish, a scrape that fails, and a target that ends are marked stale', async () => {
  const pages = ['a 1\nb 2\ntimed 3 1000\n', 'a 4\n', null, 'a 5\n'];
  const address = await serve((_, response) => {
    const page = pages.shift();
    if (page === null) response.writeHead(500);
    response.end(page ?? '');
  });
  const loop = loopFor(address);
  const series = (emissions: readonly Emission[]) =>
    shown(emissions, address).filter((row) => !/^(auspex_)?scrape_/.test(row));
  expect(series((await loop.scrape(never)).emissions)).toEqual(['a{…} 1', 'b{…} 2', 'timed{…} 3', 'up{…} 1']);
  expect(series((await loop.scrape(never)).emissions)).toEqual(['a{…} 4', 'b{…} stale', 'up{…} 1']);
  const failed = await loop.scrape(never);
  expect(failed.error).toBe('the target answered HTTP 500');
  expect(series(failed.emissions)).toEqual(['a{…} stale', 'up{…} 0']);
  expect(series((await loop.scrape(never)).emissions)).toEqual(['a{…} 5', 'up{…} 1']);
  expect(series(loop.end(Date.now()))).toEqual(['a{…} stale', 'up{…} stale']);
});

test.each<[string, object, RequestListener, string]>([
  ['hangs', { scrape_timeout: '100ms' }, () => {}, 'no answer within 0.1 s (scrape_timeout)'],
  [
    'stops in the middle of its page',
    { scrape_timeout: '100ms' },
    (_, response) => void response.write('a 1\n'),
    'no answer within 0.1 s (scrape_timeout)',
  ],
  [
    'never ends',
    { body_size_limit: '100KB' },
    (_, response) => {
      const more = (): void => {
        while (response.write(`a{b="${'x'.repeat(1000)}"} 1\n`) && !response.destroyed);
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    },
    'larger than body_size_limit, 102,400 bytes',
  ],
  [
    'sends too much, compressed',
    { body_size_limit: '500KB', scrape_interval: '10s' },
    (_, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync(Array.from({ length: 100_000 }, (__, i) => `a{b="${i * 7919}"} ${i}\n`).join('')));
    },
    'larger than body_size_limit',
  ],
  [
    'sends too many samples',
    { sample_limit: 2 },
    (_, response) => response.end('a 1\nb 1\nc 1\n'),
    'sample_limit is 2',
  ],
  ['sends nonsense', {}, (_, response) => response.end('<html>'), 'Line 1 of the metrics page is not valid'],
  ['sends a bad series', {}, (_, response) => response.end('a{b=c} 1'), 'a series of the page is not valid'],
  ['breaks off', {}, (request) => request.socket.destroy(), 'other side closed'],
])('a target that %s fails its scrape and says why', async (what, fields, listener, words) => {
  const address = await serve(listener);
  const { error, emissions } = await loopFor(address, fields).scrape(never);
  expect(error).toContain(words);
  expect(shown(emissions, address)).toContain('up{…} 0');
  // Who answered at all has told the time, too.
  expect(emissions.filter(({ labels }) => !labels.includes('auspex_scrape_clock_offset_seconds'))).toHaveLength(6);
  const failed = emissions.filter(({ labels }) => labels.includes('auspex_scrape_failed'));
  expect(failed).toHaveLength(1);
  const reasons: Readonly<Record<string, string>> = {
    hangs: 'timeout',
    'breaks off': 'reset',
    'sends nonsense': 'answer',
  };
  if (reasons[what] !== undefined) expect(failed[0]?.labels.at(-1)).toBe(reasons[what]);
});

test('how a scrape failed is told for as long as it fails, and ended with the first that does not', async () => {
  let isWell = false;
  const address = await serve((_, response) => (isWell ? response.end('a 1\n') : response.writeHead(503).end()));
  const loop = loopFor(address);
  const failed = async (): Promise<readonly number[]> =>
    (await loop.scrape(never)).emissions
      .filter(({ labels }) => labels.includes('auspex_scrape_failed'))
      .map(({ value }) => value);
  expect(await failed()).toEqual([1]);
  expect(await failed()).toEqual([1]);
  isWell = true;
  expect(await failed()).toEqual([Number.NaN]);
  expect(await failed()).toEqual([]);
});

test('nobody listening is said so', async () => {
  const { error, emissions } = await loopFor('127.0.0.1:1').scrape(never);
  expect(error).toContain('refused');
  expect(emissions.some(({ labels }) => labels.at(-1) === 'refused')).toBe(true);
});

test('discovered labels make the address, then go', () => {
  const job = jobOf({
    params: { module: ['icmp'] },
    static_configs: [{ targets: ['web-1', '[::1]:9100', 'bad/host'], labels: { __meta_zone: 'a', team: 'x' } }],
    relabel_configs: [
      { source_labels: ['__meta_zone'], target_label: 'zone' },
      { source_labels: ['__address__'], target_label: '__param_target' },
      { source_labels: ['zone'], regex: 'a', target_label: '__scheme__', replacement: 'https' },
      { target_label: '__metrics_path__', replacement: '/probe' },
    ],
  });
  const { targets, problems } = targetsOf(job, job.staticConfigs);
  expect(targets.map(({ url, labels }) => [url, Object.fromEntries(labels)])).toEqual([
    ['https://web-1/probe?module=icmp&target=web-1', { instance: 'web-1:443', job: 'test', team: 'x', zone: 'a' }],
    [
      'https://[::1]:9100/probe?module=icmp&target=%5B%3A%3A1%5D%3A9100',
      { instance: '[::1]:9100', job: 'test', team: 'x', zone: 'a' },
    ],
  ]);
  expect(problems).toEqual(['Target bad/host of job test is left out: "bad/host" is not an address; write host:port.']);
});

test.each<[object, string]>([
  [{ scrape_intervall: '5s' }, 'scrape_intervall'],
  [{ scrape_interval: '5 seconds' }, 'is not a duration'],
  [{ scrape_interval: '5s', scrape_timeout: '6s' }, 'longer than scrape_interval'],
  [{ relabel_configs: [{ regex: '(', target_label: 'a' }] }, 'regular expression is not valid'],
  [{ relabel_configs: [{ action: 'replace' }] }, 'needs target_label'],
  [{ relabel_configs: [{ action: 'hashmod', target_label: 'a' }] }, 'needs a modulus'],
  [{ relabel_configs: [{ action: 'labeldrop', source_labels: ['a'] }] }, 'takes regex only'],
  [{ basic_auth: {}, authorization: {} }, 'at most one of'],
  [{ body_size_limit: 'ten' }, 'is not a size'],
])('the configuration %j is refused', (fields, words) => {
  const result = scrapeJobSchema.safeParse({ job_name: 'x', ...fields });
  expect(result.success ? '' : result.error.message).toContain(words);
});

test('the next scrape lies at the target’s offset in the interval', () => {
  expect(untilNext(10_000, 5000, 1200)).toBe(1200);
  expect(untilNext(11_200, 5000, 1200)).toBe(5000);
  expect(untilNext(14_000, 5000, 1200)).toBe(2200);
});

/** As a careful writer does it: a reader sees the old file or the new one, never one that is cut short. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

test('a running scraper follows its files, a reload and a stop', async () => {
  const address = await serve((_, response) => response.end('a 1\n'));
  const folder = await mkdtemp(join(tmpdir(), 'auspex-sd-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'targets.yml');
  const list = (zone: string) => replaceFile(file, `- targets: ["${address}"]\n  labels: {zone: ${zone}}\n`);
  await list('first');
  const job = jobOf({ scrape_interval: '50ms', file_sd_configs: [{ files: [join(folder, '*.yml')] }] });
  const scraper = createScraper({
    jobs: [job],
    clock,
    fetch: createScrapeFetch(createOutbound()),
    log: silent,
    discoveryMs: 20,
  });
  const rows: string[] = [];
  const waiting: { pattern: RegExp; done: () => void }[] = [];
  const arrives = (pattern: RegExp) => new Promise<void>((done) => waiting.push({ pattern, done }));
  const stop = new AbortController();
  const first = arrives(/^a\{.*zone="first"\} 1/);
  const running = scraper.start(async (event) => {
    if (event.kind !== 'samples') return;
    for (const { labels, value } of event.samples) {
      const row = `${formatLabels(labels)} ${isStaleMarker(value) ? 'stale' : value}`;
      rows.push(row);
      for (const { pattern, done } of waiting) if (pattern.test(row)) done();
    }
  }, stop.signal);
  await first;
  expect(scraper.targets()).toMatchObject([
    { job: 'test', url: `http://${address}/metrics`, up: true, samples: 1, error: null },
  ]);
  expect(scraper.health()).toMatchObject({ state: 'ok', samplesPerCollection: 1 });
  const changed = Promise.all([arrives(/^a\{.*zone="first"\} stale/), arrives(/^a\{.*zone="second"\} 1/)]);
  await list('second');
  await changed;
  // Broken content keeps the last good one, and is told.
  await replaceFile(file, 'targets: [');
  while (scraper.health().state !== 'degraded') await new Promise((resolve) => setTimeout(resolve, 10));
  expect(scraper.targets()).toHaveLength(1);
  expect(scraper.health().problems[0]).toContain('Its last good content is kept.');
  const ended = arrives(/^up\{.*zone="second"\} stale/);
  await scraper.reload([]);
  await ended;
  expect(scraper.targets()).toEqual([]);
  await scraper.reload([job]);
  stop.abort();
  await running;
  expect(scraper.health().state).toBe('stopped');
  expect(rows.at(-1)).not.toContain('NaN');
});
