import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeFindings, axeScript, complaints, hasChromium, launch, sticksOut } from './browser.ts';
import { type Fixture, startFixture } from './fixture-server.ts';
import { ensurePage } from './page-build.ts';

/* Every page in a real browser, in both themes and on phones: nothing on the console, nothing sticks out, axe finds nothing. */

const pages: readonly (readonly [string, string])[] = [
  ['', 'What comes next'],
  ['hosts/host%3A00000000', 'Heaviest processes'],
  ['incidents', 'Resolved in this range'],
  ['incidents/i-cpu', 'Who was told'],
  ['calendar', 'Now and to come'],
  ['calendar?view=week', 'Backup window'],
  ['alerts', 'Firing'],
  ['alerts/objectives', 'Pace'],
  ['alerts/rules', 'Of rule files'],
  ['services', 'Who calls whom'],
  ['services/svc%3Aorders', 'What its health is made of'],
  ['anomalies?last=24h', 'anomalies in this range'],
  ['anomalies/f-cpu?last=24h', 'What drove the score'],
  ['explore?metric=node_cpu_seconds_total', 'Export this range'],
  ['forecasts?horizon=7d', 'such forecasts did so far'],
  ['notification', 'ops-mail'],
  ['models', 'Latest predictions'],
  ['status', 'Parts'],
  ['audit', 'For who audits'],
  ['settings', 'server.listen'],
  ['settings/rules', 'cpu-saturated'],
  ['settings/silences', 'Restore runs'],
  ['users', 'carol'],
  ['users/tokens', 'web-1 agent'],
  ['users/account', 'Change the password'],
  ['settings/agents', 'last seen'],
  ['settings/targets', 'No answer within'],
  ['settings/cardinality', 'By metric'],
  ['settings/export', 'predictions'],
  ['settings/appearance', 'Signed in as'],
];

let browser: Browser;
let fixture: Fixture;
beforeAll(async () => {
  if (!hasChromium) return;
  ensurePage();
  browser = await launch();
  fixture = await startFixture('busy');
});
afterAll(async () => {
  await browser?.close();
  await fixture?.close();
});

test.skipIf(!hasChromium)(
  'every page renders without a complaint, in both themes and on phones; nothing sticks out, axe finds nothing (needs chromium)',
  async () => {
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    await context.addInitScript(axeScript());
    const page = await context.newPage();
    const found = complaints(page);
    const wrong: string[] = [];
    // One visit a page: its window and its theme change under it, as they do under a person's.
    for (const [path, text] of pages) {
      const note = (what: string, findings: readonly string[]) => {
        for (const finding of findings) wrong.push(`${path || '/'} ${what}: ${finding}`);
      };
      const wide = async (what: string) => {
        const over = await sticksOut(page);
        note(what, over > 0 ? [`${over} px too wide`] : []);
      };
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.emulateMedia({ colorScheme: 'light' });
      await page.goto(fixture.url + path);
      await page.getByText(text).first().waitFor({ timeout: 10_000 });
      await wide('at 1440 px');
      note('in light', await axeFindings(page));
      await page.emulateMedia({ colorScheme: 'dark' });
      note('in dark', await axeFindings(page, ['color-contrast']));
      await page.setViewportSize({ width: 390, height: 844 });
      await wide('at 390 px');
      note('on a phone', await axeFindings(page));
      await page.setViewportSize({ width: 320, height: 640 });
      await wide('at 320 px');
    }
    await context.close();
    expect(wrong).toEqual([]);
    expect(found).toEqual([]);
    expect(fixture.faults).toEqual([]);
  },
  120_000,
);

test.skipIf(!hasChromium)(
  'a day later, when days stand before the times, nothing sticks out on the narrowest phone (needs chromium)',
  async () => {
    const context = await browser.newContext({ reducedMotion: 'reduce', viewport: { width: 320, height: 640 } });
    const page = await context.newPage();
    await page.clock.setFixedTime(Date.now() + 24 * 3_600_000);
    const wrong: string[] = [];
    for (const [path] of pages) {
      await page.goto(fixture.url + path);
      await page.locator('main h1').first().waitFor({ timeout: 10_000 });
      await page.waitForLoadState('networkidle');
      const over = await sticksOut(page);
      if (over > 0) wrong.push(`${path || '/'}: ${over} px too wide`);
    }
    await context.close();
    expect(wrong).toEqual([]);
  },
  120_000,
);

test.skipIf(!hasChromium).each(['new', 'calm', 'fleet', 'empty'] as const)(
  'a %s installation has its own face (needs chromium)',
  async (scene) => {
    const texts = {
      new: 'not learnt yet',
      calm: 'Nothing needs you now',
      fleet: 'Show 100 more of 300',
      empty: 'No host reports yet',
    };
    const other = await startFixture(scene);
    const page = await browser.newPage();
    const found = complaints(page);
    await page.goto(other.url);
    await page.getByText(texts[scene]).first().waitFor({ timeout: 10_000 });
    await page.close();
    await other.close();
    expect(found).toEqual([]);
    expect(other.faults).toEqual([]);
  },
  30_000,
);
