import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, type RunningAuspex, removeHome, startAuspex, temporaryHome } from '../running-auspex.ts';
import { complaints, hasChromium, launch } from './browser.ts';
import { ensurePage } from './page-build.ts';

/* Rules and objectives that are made on the page of a real server: what its forms send is what the server keeps. */

const home = temporaryHome();
let server: RunningAuspex;
let browser: Browser;
let page: Page;
let found: string[];

beforeAll(async () => {
  if (!hasChromium) return;
  ensurePage();
  server = await startAuspex({ home, port: await freePort(), args: ['--interval', '1'] });
  browser = await launch();
  page = await (await browser.newContext({ reducedMotion: 'reduce' })).newPage();
  found = complaints(page);
  await page.goto((await server.client.call('signInLink', {})).url);
  await page.locator('.live[data-state="live"]').waitFor();
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  removeHome(home);
});

test.skipIf(!hasChromium)(
  'a rule and an objective that are made on the page are evaluated, changed and taken away (needs chromium)',
  async () => {
    const dialog = page.getByRole('dialog');
    const press = (name: string) => dialog.getByRole('button', { name, exact: true }).click();
    await page.goto(`${server.url}/alerts/rules`);
    await page.getByRole('button', { name: 'Add a rule …' }).click();
    await dialog.getByLabel('Name').fill('cpu-idle');
    await dialog.getByLabel('It fires where').fill('rate(node_cpu_seconds_total[');
    await press('Try it');
    await dialog.getByText(/Position \d+/i).waitFor();
    await dialog.getByLabel('It fires where').fill('node_load1{job="auspex"} >= 0');
    await dialog.getByLabel('What people read').fill('“{{ $labels.instance }}”: it \\ idles');
    await press('Try it');
    await dialog.getByText(/It would (not )?have fired/).waitFor();
    await press('Add it');
    await dialog.waitFor({ state: 'detached' });
    const rule = async () => (await server.client.call('rules', {})).items.find(({ name }) => name === 'cpu-idle');
    expect(await rule()).toMatchObject({
      source: 'import',
      expression: 'node_load1{job="auspex"} >= 0',
      forSeconds: 300,
      severity: 'high',
      summary: '“{{ $labels.instance }}”: it \\ idles',
    });
    await page.getByRole('button', { name: 'Change cpu-idle' }).click();
    await dialog.getByLabel('and has lasted').selectOption('0');
    await press('Try it');
    await press('Change it');
    await dialog.waitFor({ state: 'detached' });
    expect(await rule()).toMatchObject({ forSeconds: 0, summary: '“{{ $labels.instance }}”: it \\ idles' });
    await page.getByRole('button', { name: 'Remove cpu-idle' }).click();
    await press('Remove');
    await dialog.waitFor({ state: 'detached' });
    expect(await rule()).toBeUndefined();

    await page.goto(`${server.url}/alerts/objectives`);
    await page.getByRole('button', { name: 'Add an objective …' }).click();
    await dialog.getByLabel('Name').fill('shop');
    await dialog.getByLabel('What counts as good').selectOption('events');
    await dialog.getByLabel('Good ones a second').fill('sum(');
    await dialog.getByLabel('All a second').fill('sum(rate(node_cpu_seconds_total[5m]))');
    await press('Add it');
    await dialog.getByText(/good: Position/).waitFor();
    await dialog.getByLabel('Good ones a second').fill('sum(rate(node_cpu_seconds_total{mode="idle"}[5m]))');
    await press('Add it');
    await dialog.waitFor({ state: 'detached' });
    const objectives = async () => (await server.client.call('objectives', {})).items;
    expect(await objectives()).toMatchObject([{ name: 'shop', target: 0.999, source: 'api', service: null }]);
    await page.getByRole('button', { name: 'Remove shop' }).click();
    await press('Remove');
    await dialog.waitFor({ state: 'detached' });
    expect(await objectives()).toEqual([]);
    // The two answers that say what is wrong.
    expect(found.splice(0)).toEqual(Array(2).fill(expect.stringContaining('400')));
  },
  240_000,
);
