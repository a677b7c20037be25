/**
 * The page in a real Chromium: frame times of 12 charts of 1,000 points while the crosshair moves and while data change,
 * the CPU of an open page that shows live data, and the first load. Needs Debian's chromium and a built page.
 * `node bench/page/frames.ts [seconds of idling]`
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { chromium, type Page } from 'playwright-core';
import { startFixture } from '../../test/e2e/dashboard/fixture-server.ts';
import { distFolder, ensurePage, firstLoadFiles } from '../../test/e2e/dashboard/page-build.ts';

const seconds = Number(process.argv[2] ?? 20);
const charts = 12;
const points = 1000;

ensurePage();
const fixture = await startFixture('busy');
const server = await chromium.launchServer({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
});
const browser = await chromium.connect(server.wsEndpoint());
const rootPid = server.process().pid ?? 0;
try {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addInitScript(`
    window.frames_ = [];
    window.record = (on) => {
      window.on_ = on;
      let last = performance.now();
      const tick = (now) => { frames_.push(now - last); last = now; if (window.on_) requestAnimationFrame(tick); };
      if (on) { frames_ = []; requestAnimationFrame((now) => { last = now; requestAnimationFrame(tick); }); }
    };`);
  const page = await context.newPage();
  await withTwelveCharts(page);
  await page.goto(`${fixture.url}forecasts?horizon=7d`);
  await page
    .locator('.plot canvas')
    .nth(charts - 1)
    .waitFor();
  await delay(1000);
  const box = await page.locator('.plot .u-over').first().boundingBox();
  if (box === null) throw new Error('The chart has no box.');
  await page.evaluate('record(true)');
  for (let i = 0; i < 240; i++) await page.mouse.move(box.x + (box.width * (i % 120)) / 120, box.y + 60);
  report(`crosshair over ${charts} charts of ${points} points in step`, await frames(page));

  const idle = await context.newPage();
  await page.close();
  const before = await cpuOf(idle, 'about:blank', async () => {});
  const used = await cpuOf(idle, fixture.url, async (end) => {
    // As a host at 10 s does: new figures, which the page draws.
    while (Date.now() < end) {
      const gauges = fixture.world.gauges(0).map((g) => ({ ...g, at: fixture.world.iso() }));
      fixture.send({ topic: 'samples', entityId: 'host:00000000', at: fixture.world.iso(), gauges });
      await delay(Math.min(10_000, Math.max(0, end - Date.now())));
    }
  });
  line(
    'an open page, all of chromium',
    `${(100 * used).toFixed(2)} % of a core (about:blank ${(100 * before).toFixed(2)} %)`,
  );
  const sizes = firstLoadFiles().map((file) => gzipSync(readFileSync(`${distFolder}/${file}`), { level: 9 }).length);
  line('first load, gzip', `${(sizes.reduce((a, b) => a + b, 0) / 1000).toFixed(1)} kB in ${sizes.length} files`);
} finally {
  await browser.close();
  await server.close();
  await fixture.close();
}

/** The fixture's first forecast, twelve times, with so many points. */
async function withTwelveCharts(page: Page): Promise<void> {
  await page.route('**/api/forecasts?*', async (route) => {
    const answer = (await (await route.fetch()).json()) as { items: Record<string, unknown>[] };
    const first = answer.items[0] as { madeAt: string; horizonSeconds: number };
    const end = Date.parse(first.madeAt);
    const step = (first.horizonSeconds * 1000 * 2.9) / points;
    const items = Array.from({ length: charts }, (_, c) => ({
      ...first,
      component: `figure ${c + 1}`,
      history: {
        timesMs: Array.from({ length: points }, (_, i) => end - (points - i) * step),
        values: Array.from({ length: points }, (_, i) => 0.4 + 0.2 * Math.sin(i / 20 + c) + 0.05 * Math.sin(i * 7.3)),
      },
    }));
    await route.fulfill({ json: { items } });
  });
}

async function frames(page: Page): Promise<number[]> {
  const found = (await page.evaluate('frames_')) as number[];
  await page.evaluate('record(false)');
  return found.sort((a, b) => a - b);
}

function report(what: string, sorted: readonly number[]): void {
  const at = (q: number) => (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0).toFixed(1);
  const late = sorted.filter((ms) => ms > 20).length;
  line(
    what,
    `frame p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, max ${at(1)} ms; ${late} of ${sorted.length} later than 20 ms`,
  );
}

async function cpuOf(page: Page, url: string, meanwhile: (end: number) => Promise<void>): Promise<number> {
  await page.goto(url);
  await delay(3000);
  const start = { ticks: treeTicks(), at: Date.now() };
  const end = start.at + seconds * 1000;
  await meanwhile(end);
  await delay(Math.max(0, end - Date.now()));
  return (treeTicks() - start.ticks) / 100 / ((Date.now() - start.at) / 1000);
}

/** User and system ticks (of 10 ms) of chromium and all that it started. */
function treeTicks(): number {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ');
        return [{ pid: Number(name), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }];
      } catch {
        return [];
      }
    });
  const ours = new Set([rootPid]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const p of all) if (ours.has(p.parent) && !ours.has(p.pid)) grown = !!ours.add(p.pid);
  }
  return all.reduce((sum, p) => sum + (ours.has(p.pid) ? p.ticks : 0), 0);
}

function line(what: string, text: string): void {
  process.stdout.write(`${what}: ${text}\n`);
}
