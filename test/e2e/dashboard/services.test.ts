import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { axeFindings, axeScript, complaints, hasChromium, launch } from './browser.ts';
import { type Fixture, startFixture } from './fixture-server.ts';
import type { Scene } from './fixtures.ts';
import { ensurePage } from './page-build.ts';

/* Services in a real browser: what is said first, the map by keyboard, corrections that ask before they touch anything. */

let browser: Browser;
let fixture: Fixture | undefined;
let page: Page | undefined;

beforeAll(async () => {
  if (!hasChromium) return;
  ensurePage();
  browser = await launch();
}, 120_000);
afterAll(() => browser?.close());
afterEach(async () => {
  await page?.context().close();
  await fixture?.close();
  page = undefined;
  fixture = undefined;
});

async function open(scene: Scene, path: string, width = 1280): Promise<{ p: Page; f: Fixture; found: string[] }> {
  fixture = await startFixture(scene);
  const context = await browser.newContext({ viewport: { width, height: 800 }, reducedMotion: 'reduce' });
  await context.addInitScript(axeScript());
  page = await context.newPage();
  const found = complaints(page);
  await page.goto(fixture.url + path);
  return { p: page, f: fixture, found };
}

const sent = (f: Fixture) => f.changes.map(({ operation, params, body }) => [operation, params['id'], body]);

test.skipIf(!hasChromium)(
  'says first how all are; the map goes along the calls by keyboard, the list says the same (needs chromium)',
  async () => {
    const { p, found } = await open('busy', 'services');
    await p.getByRole('heading', { level: 1, name: /^1 of 30 services is not well\. orders is at 41/ }).waitFor();
    const rows = p.locator('main .rows > li');
    expect(await rows.count()).toBe(30);
    expect(await rows.first().innerText()).toMatch(
      /ill[\s\S]*orders[\s\S]*1 open incident[\s\S]*Calls orders-db, payments, redis/,
    );
    const focused = () => p.locator(':focus').getAttribute('data-id');
    await p.locator('.service-map [data-id="svc:nginx"]').focus();
    await p.keyboard.press('ArrowRight');
    expect(await focused()).toBe('svc:gateway');
    await p.keyboard.press('ArrowLeft');
    expect(await focused()).toBe('svc:nginx');
    await p.keyboard.press('ArrowRight');
    await p.keyboard.press('Enter');
    await p.getByRole('heading', { level: 1, name: 'gateway is well.' }).waitFor();
    expect(found).toEqual([]);
  },
  60_000,
);

test.skipIf(!hasChromium)(
  'a phone has the list alone, which is found through by name (needs chromium)',
  async () => {
    const { p } = await open('busy', 'services', 360);
    await p.getByRole('heading', { name: 'Services', exact: true }).waitFor();
    expect(await p.locator('.service-map').isVisible()).toBe(false);
    await p.getByRole('searchbox', { name: 'Find a service' }).fill('redis');
    expect(await p.locator('main .rows > li').count()).toBe(1);
  },
  60_000,
);

test.skipIf(!hasChromium)(
  'corrections say what they touch, then are sent as they stand (needs chromium)',
  async () => {
    const { p, f, found } = await open('busy', 'services/svc%3Aorders');
    await p.getByRole('heading', { level: 1, name: /^orders: Requests that fail 13 %/ }).waitFor();
    const dialog = p.getByRole('dialog');
    await p.getByRole('button', { name: 'Rename …' }).click();
    await dialog.getByLabel('Name').fill('checkout');
    await dialog.getByRole('button', { name: 'Rename', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await p.getByRole('button', { name: 'Split …' }).click();
    expect(await dialog.getByRole('button', { name: 'Split', exact: true }).isDisabled()).toBe(true);
    await dialog.getByLabel('process orders').check();
    await dialog.getByLabel('Its name').fill('orders batch');
    await dialog.getByRole('button', { name: 'Split', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await p.getByRole('button', { name: 'Remove the call orders to redis' }).click();
    expect(await dialog.innerText()).toMatch(/“orders” does not depend on “redis” any more[\s\S]*stays removed/);
    await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(sent(f)).toEqual([
      ['changeService', 'svc:orders', { kind: 'rename', name: 'checkout' }],
      ['changeService', 'svc:orders', { kind: 'split', keys: ['process=orders'], name: 'orders batch' }],
      ['changeDependency', undefined, { kind: 'remove', from: 'svc:orders', to: 'svc:redis' }],
    ]);
    expect(found).toEqual([]);
  },
  60_000,
);

test.skipIf(!hasChromium)(
  'one is removed by keyboard, after it is said what goes, what stays and what brings it back (needs chromium)',
  async () => {
    const { p, f, found } = await open('busy', 'services/svc%3Aredis', 390);
    await p.getByRole('button', { name: 'Remove …', exact: true }).press('Enter');
    const dialog = p.getByRole('dialog');
    expect(await dialog.innerText()).toMatch(
      /history and incidents stay[\s\S]*comes back by itself when it is seen again/,
    );
    expect(await axeFindings(p)).toEqual([]);
    await dialog.getByRole('button', { name: 'Remove', exact: true }).press('Enter');
    await p.getByRole('searchbox', { name: 'Find a service' }).fill('redis');
    expect(await p.locator('main .rows > li').count()).toBe(0);
    expect(sent(f)).toEqual([['removeService', 'svc:redis', undefined]]);
    expect(found).toEqual([]);
  },
  60_000,
);

test.skipIf(!hasChromium)(
  'where none is known yet the page says how they are found (needs chromium)',
  async () => {
    const { p } = await open('new', 'services');
    await p.getByRole('heading', { level: 1, name: 'No services are known yet.' }).waitFor();
    await p.getByText('Services are found by themselves').waitFor();
  },
  60_000,
);
