import { setTimeout as delay } from 'node:timers/promises';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { openBrowser } from '../browser.ts';
import type { Options } from '../options.ts';
import { median, type Report } from '../report.ts';
import { type AuspexServer, startAuspex } from '../servers.ts';

const MOST_BYTES = 200_000;
const MOST_MS = 1_000;

interface Load {
  readonly bytes: number;
  readonly requests: number;
  readonly domMs: number;
  readonly paintMs: number;
  readonly sentenceMs: number;
}

/** The overview in a real Chromium: bytes and times of the first load and of a warm one, and what the open page costs. */
export async function page(options: Options): Promise<Report> {
  const rounds = options.number('rounds', 5);
  const seconds = options.number('seconds', 30);
  const server = await startAuspex();
  const browser = await openBrowser();
  const cold: Load[] = [];
  const warm: Load[] = [];
  try {
    await delay(12_000); // the first samples are there
    let context: BrowserContext | null = null;
    for (let round = 0; round < rounds; round++) {
      await context?.close();
      context = await signedIn(server, () => browser.newContext());
      cold.push(await load(context, server));
      warm.push(await load(context, server));
    }
    const open = await (context as BrowserContext).newPage();
    const session = await (context as BrowserContext).newCDPSession(open);
    await open.goto(`http://127.0.0.1:${server.port}/`);
    await sentenceOf(open).waitFor();
    await delay(2_000);
    const before = await busySeconds(session);
    await delay(seconds * 1_000);
    const busy = ((await busySeconds(session)) - before) / seconds;
    const row = (name: string, loads: readonly Load[]): (string | number)[] => [
      name,
      median(loads.map((l) => l.bytes)),
      median(loads.map((l) => l.requests)),
      median(loads.map((l) => l.domMs)),
      median(loads.map((l) => l.paintMs)),
      median(loads.map((l) => l.sentenceMs)),
    ];
    const rows = [row('first load', cold), row('warm', warm)];
    const [bytes, sentence] = [Number(rows[0]?.[1]), Number(rows[0]?.[5])];
    return {
      columns: ['', 'bytes sent', 'requests', 'DOM ready ms', 'first paint ms', 'sentence ms'],
      rows,
      notes: [
        `Medians of ${rounds}; bytes as they came over the wire, API answers included. The open page kept its main thread busy for ${(busy * 100).toFixed(2)} % of ${seconds} s.`,
        `Aims: at most ${MOST_BYTES} bytes at first, the sentence within ${MOST_MS} ms.`,
      ],
      figures: { cold, warm, pageBusyShare: busy },
      missed: [
        ...(bytes > MOST_BYTES ? [`${bytes} bytes at first`] : []),
        ...(sentence > MOST_MS ? [`${sentence.toFixed(0)} ms to the sentence`] : []),
      ],
    };
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** A context that has the session but nothing in its cache. */
async function signedIn(server: AuspexServer, make: () => Promise<BrowserContext>): Promise<BrowserContext> {
  const other = await make();
  const visit = await other.newPage();
  await visit.goto(await server.signInLink());
  await sentenceOf(visit).waitFor();
  const cookies = await other.cookies();
  await other.close();
  const context = await make();
  await context.addCookies(cookies);
  return context;
}

async function load(context: BrowserContext, server: AuspexServer): Promise<Load> {
  const tab = await context.newPage();
  const session = await context.newCDPSession(tab);
  let bytes = 0;
  let requests = 0;
  await session.send('Network.enable');
  session.on('Network.loadingFinished', (event) => {
    bytes += event.encodedDataLength;
    if (event.encodedDataLength > 0) requests++;
  });
  const started = performance.now();
  await tab.goto(`http://127.0.0.1:${server.port}/`, { waitUntil: 'commit' });
  await sentenceOf(tab).waitFor();
  const sentenceMs = performance.now() - started;
  await tab.waitForLoadState('load');
  await delay(500);
  // An expression, not a function: this file knows no browser types.
  const times = (await tab.evaluate(
    `({ dom: performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd,
        paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN })`,
  )) as { dom: number; paint: number };
  await tab.close();
  return { bytes, requests, domMs: times.dom, paintMs: times.paint, sentenceMs };
}

function sentenceOf(tab: Page): ReturnType<Page['locator']> {
  return tab.locator('h1').filter({ hasText: /\w/ }).first();
}

async function busySeconds(session: CDPSession): Promise<number> {
  await session.send('Performance.enable');
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find((metric) => metric.name === 'TaskDuration')?.value ?? Number.NaN;
}
