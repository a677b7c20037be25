import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, type RunningAuspex, removeHome, startAuspex, temporaryHome, until } from '../running-auspex.ts';
import { axeFindings, axeScript, complaints, hasChromium, launch, sticksOut } from './browser.ts';
import { madeHosts, sendHosts } from './made-hosts.ts';
import { ensurePage } from './page-build.ts';

/* The page before the real server: its pages with real answers, an anomaly that appears by itself, a server that dies. */

const minute = 60_000;
const home = temporaryHome();
const historyEnd = Math.floor(Date.now() / 10_000) * 10_000 - 3 * minute;
let server: RunningAuspex;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let found: string[];
let strained: NodeJS.Timeout | undefined;

beforeAll(async () => {
  if (!hasChromium) return;
  ensurePage();
  server = await startAuspex({ home, port: await freePort(), args: ['--interval', '1'] });
  // A day before each host is heard of for the first time: enough to know what is usual and to look a day ahead.
  await sendHosts(server.url, { from: historyEnd - 26 * 60 * minute, to: historyEnd, everyMs: 30_000 });
  browser = await launch();
  context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  await context.addInitScript(axeScript());
  page = await context.newPage();
  found = complaints(page);
  await page.goto(await signInLink());
  await page.locator('.live[data-state="live"]').waitFor();
});
afterAll(async () => {
  clearInterval(strained);
  await browser?.close();
  await server?.stop();
  removeHome(home);
});

async function signInLink(): Promise<string> {
  const { url } = await server.client.call('signInLink', {});
  return url;
}

const pages: readonly (readonly [string, string | RegExp])[] = [
  ['', 'What comes next'],
  ['hosts/host%3Adb-1?last=24h', 'Heaviest processes'],
  ['incidents', /No incidents\.|open incident|No incident is open/],
  ['anomalies?last=24h', /anomal(y|ies) in this range|Nothing was unusual/],
  ['calendar', /Nothing is planned|holds until/],
  ['explore?host=host%3Adb-1', 'Export this range'],
  ['forecasts?host=host%3Adb-1&horizon=1h', 'between'],
  ['models', 'Latest predictions'],
  ['status', 'Parts'],
  ['settings', 'server.listen'],
  ['settings/rules', /disk/],
  ['users', 'New user'],
  ['users/tokens', 'Make it'],
  ['users/account', 'Nobody has an account yet'],
  ['settings/cardinality', 'By metric'],
  ['settings/appearance', 'Signed in as'],
];

test.skipIf(!hasChromium)(
  'every page shows the real server’s answers, without a complaint, in both themes (needs chromium)',
  async () => {
    const wrong: string[] = [];
    for (const [path, text] of pages) {
      await page.goto(`${server.url}/${path}`);
      await page.getByText(text).first().waitFor({ timeout: 10_000 });
      for (const finding of await axeFindings(page)) wrong.push(`${path}: ${finding}`);
      await page.emulateMedia({ colorScheme: 'dark' });
      for (const finding of await axeFindings(page, ['color-contrast'])) wrong.push(`${path} in dark: ${finding}`);
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize({ width: 320, height: 640 });
      if ((await sticksOut(page)) > 0) wrong.push(`${path} sticks out at 320 px`);
      await page.setViewportSize({ width: 1440, height: 900 });
    }
    expect(wrong).toEqual([]);
    expect(found).toEqual([]);
  },
  60_000,
);

test.skipIf(!hasChromium)(
  'an anomaly appears on the open page by itself, and takes a person’s word (needs chromium)',
  async () => {
    await page.goto(`${server.url}/`);
    await page.locator('.live[data-state="live"]').waitFor();
    const main = page.locator('main');
    expect(await main.getByText('CPU of web-2').count()).toBe(0);
    const begun = Math.floor(Date.now() / 10_000) * 10_000;
    const strain = (host: string, at: number) => (host === 'web-2' && at >= begun - 20_000 ? 1 : 0);
    await sendHosts(server.url, { from: historyEnd + 10_000, to: begun, everyMs: 10_000, strain });
    strained = setInterval(() => {
      const at = Math.floor(Date.now() / 1000) * 1000;
      void sendHosts(server.url, { from: at, to: at, everyMs: 10_000, strain }).catch(() => {});
    }, 2000);
    const row = main.locator('a[href^="/anomalies/"]', { hasText: 'CPU of web-2' });
    await row.first().waitFor({ timeout: 20_000 });
    await row.first().click();
    const drawer = page.getByRole('dialog');
    await drawer.getByText('What drove the score').waitFor();
    await drawer.getByRole('figure').getByRole('heading', { name: 'CPU used' }).waitFor();
    for (const verdict of ['Confirm', 'This is normal']) {
      await drawer.getByRole('button', { name: verdict, exact: true }).click();
      await drawer.locator('[aria-pressed="true"]', { hasText: verdict }).waitFor();
    }
    await drawer.getByRole('button', { name: 'Silence …' }).click();
    await page.getByText('nobody is told about').waitFor();
    await page.getByLabel('Why').fill('A build that is known');
    await page.getByRole('button', { name: 'Silence', exact: true }).click();
    await page.getByText('nobody is told about').waitFor({ state: 'detached' });
    const silences = await server.client.call('silences', {});
    expect(silences.items.map((s) => s.entityId)).toEqual(['host:web-2']);
    expect(found).toEqual([]);
  },
  40_000,
);

test.skipIf(!hasChromium)(
  'what another system reports becomes an incident on the open page, and takes a person’s word (needs chromium)',
  async () => {
    await page.goto(`${server.url}/incidents`);
    await page.locator('.live[data-state="live"]').waitFor();
    const labels = { alertname: 'CheckoutFails', severity: 'critical', instance: 'web-1' };
    const annotations = { summary: 'Checkout fails for 12 % of users' };
    const alert = { status: 'firing' as const, labels, annotations, startsAt: new Date().toISOString() };
    await server.client.call('alertmanagerAlerts', { body: { version: '4', alerts: [alert] } });
    const own = async () => (await server.client.call('alerts', {})).items.find((one) => one.rule === 'CheckoutFails');
    await until('an incident', 20, async () => ((await own())?.incidentId ?? null) !== null);
    const id = (await own())?.incidentId ?? '';
    await page.locator(`main a[href*="/incidents/${id}"]`).click({ timeout: 10_000 });
    await page.getByText('Checkout fails for 12 % of users').first().waitFor();
    const axe = await axeFindings(page);
    await page.getByRole('button', { name: 'Acknowledge', exact: true }).click();
    await page.getByRole('button', { name: 'Acknowledged' }).waitFor();
    await page.getByRole('button', { name: 'Dismiss …' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Dismiss', exact: true }).click();
    await page.locator('.facts-line .tag', { hasText: 'dismissed' }).waitFor();
    const incident = await server.client.call('incident', { params: { id } });
    expect(incident).toMatchObject({ state: 'resolved', verdict: 'dismissed' });
    // What Auspex itself finds out meanwhile may stand between.
    expect(incident.steps.flatMap(({ kind, by }) => (by === 'owner' ? [kind] : []))).toEqual([
      'acknowledged',
      'judged',
    ]);
    expect([...axe, ...found]).toEqual([]);
  },
  60_000,
);

test.skipIf(!hasChromium)(
  'a server that is killed and comes back finds its page again, signed in and with fresh values (needs chromium)',
  async () => {
    clearInterval(strained);
    await page.goto(`${server.url}/`);
    await page.locator('.live[data-state="live"]').waitFor();
    const port = Number(new URL(server.url).port);
    await server.kill('SIGKILL');
    await page.locator('.live[data-state="reconnecting"]').waitFor({ timeout: 10_000 });
    server = await startAuspex({ home, port, args: ['--interval', '1'] });
    await page.locator('.live[data-state="live"]').waitFor({ timeout: 20_000 });
    const at = () => page.locator('main time').first().getAttribute('datetime');
    const before = await at();
    await until('fresh values', 15, async () => (await at()) !== before);
    expect(await page.getByRole('heading', { name: `${madeHosts.length + 1} hosts` }).count()).toBe(1);
    // A change after the restart carries a token that the new process knows.
    await page.goto(`${server.url}/settings/silences`);
    await page.getByText('A build that is known').waitFor();
    await page.getByRole('button', { name: 'End it' }).click();
    await page.getByText('A build that is known').waitFor({ state: 'detached' });
  },
  60_000,
);
