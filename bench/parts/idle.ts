import { setTimeout as delay } from 'node:timers/promises';
import { openBrowser } from '../browser.ts';
import type { Options } from '../options.ts';
import { mb, median, type Report } from '../report.ts';
import { startAuspex } from '../servers.ts';

const MOST_RSS = 160e6;
const MOST_CPU = 0.015;

/** What Auspex costs the machine that it watches: default settings, one page open, nothing else to do. */
export async function idle(options: Options): Promise<Report> {
  const minutes = options.number('minutes', 10);
  const server = await startAuspex();
  const browser = await openBrowser();
  const rss: number[] = [];
  const pss: number[] = [];
  try {
    const page = await browser.newPage();
    await page.goto(await server.signInLink());
    await page.locator('h1').first().waitFor();
    const started = performance.now();
    const before = server.use().cpuSeconds;
    while (performance.now() - started < minutes * 60_000) {
      await delay(Math.min(5_000, minutes * 6_000));
      const use = server.use();
      rss.push(use.rssBytes);
      pss.push(use.pssBytes);
    }
    const cpu = (server.use().cpuSeconds - before) / ((performance.now() - started) / 1_000);
    const most = Math.max(...rss);
    return {
      columns: ['minutes', 'RSS median MB', 'RSS max MB', 'Pss max MB', 'share of a core', 'ready after ms'],
      rows: [
        [
          String(minutes),
          mb(median(rss)),
          mb(most),
          mb(Math.max(...pss)),
          `${(cpu * 100).toFixed(2)} %`,
          server.startMs,
        ],
      ],
      notes: [
        `Aims: at most ${mb(MOST_RSS)} MB resident, ${MOST_CPU * 100} % of a core. Page: ${await page.title()}, "${await page.locator('h1').first().innerText()}".`,
      ],
      figures: { minutes, rssMedian: median(rss), rssMax: most, pssMax: Math.max(...pss), cpuShare: cpu, rss },
      missed: [
        ...(most > MOST_RSS ? [`${mb(most).toFixed(0)} MB resident`] : []),
        ...(cpu > MOST_CPU ? [`${(cpu * 100).toFixed(2)} % of a core`] : []),
      ],
    };
  } finally {
    await browser.close();
    await server.stop();
  }
}
