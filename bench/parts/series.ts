import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openBrowser } from '../browser.ts';
import { startLoad } from '../ingest/load.ts';
import type { Options } from '../options.ts';
import { mb, type Report } from '../report.ts';
import { type AuspexServer, startAuspex } from '../servers.ts';

const SERIES_A_REQUEST = 500;
const MOST_RSS = 500e6;

/** Memory with many series, all defined, several samples of each scored, a page open; then the time of a start with them. */
export async function series(options: Options): Promise<Report> {
  const count = options.number('series', 100_000);
  const samples = options.number('samples', 6);
  const home = mkdtempSync(join(process.env['BENCH_HOME'] ?? tmpdir(), 'auspex-series-'));
  const env = { AUSPEX_LIMITS_SERIES: String(count + 5_000) };
  const browser = await openBrowser();
  const load = startLoad();
  let server: AuspexServer | null = await startAuspex({ home, env });
  try {
    const page = await browser.newPage();
    await page.goto(await server.signInLink());
    await page.locator('h1').first().waitFor();
    const connections = Math.ceil(count / SERIES_A_REQUEST);
    const started = performance.now();
    const sent = await load.run({
      port: server.port,
      path: '/api/v1/write',
      seconds: 300,
      connections,
      series: SERIES_A_REQUEST,
      samples: 1,
      requests: samples,
      startMs: Math.floor(Date.now() / 1_000) * 1_000 - samples * 1_000,
    });
    while ((await server.ingest()).waiting > 0) await delay(200);
    const definedMs = performance.now() - started;
    const rss: number[] = [];
    for (let i = 0; i < options.number('seconds', 30); i++) {
      await delay(1_000);
      rss.push(server.use().rssBytes);
    }
    const known = (await server.get<{ series: { count: number } | number }>('/api/status')) as unknown;
    await server.stop();
    server = null;
    server = await startAuspex({ home, env });
    const restartMs = server.startMs;
    const most = Math.max(...rss);
    return {
      columns: ['series', 'samples', 'taken in and scored ms', 'RSS after MB', 'RSS max MB', 'start with them ms'],
      rows: [
        [count.toLocaleString('en-US'), sent.samples, definedMs, mb(rss.at(-1) ?? Number.NaN), mb(most), restartMs],
      ],
      notes: [
        `${connections} connections, each ${samples} requests of ${SERIES_A_REQUEST} series; refused: ${sent.refused}${sent.refusal === null ? '' : ` (${sent.refusal})`}. Aim: at most ${mb(MOST_RSS)} MB.`,
      ],
      figures: { count, sent, definedMs, rss, restartMs, status: known },
      missed: most > MOST_RSS ? [`${mb(most).toFixed(0)} MB resident`] : [],
    };
  } finally {
    load.stop();
    await browser.close();
    await server?.stop();
    rmSync(home, { recursive: true, force: true });
  }
}
