import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { complaints, hasChromium, launch } from './browser.ts';
import { type Fixture, startFixture } from './fixture-server.ts';
import type { Scene } from './fixtures.ts';
import { ensurePage } from './page-build.ts';

/* What the page does: keys, live updates, a lost connection, actions. In a real browser against the contract's fixture. */

let browser: Browser;
let fixture: Fixture | undefined;
let page: Page | undefined;

beforeAll(async () => {
  if (!hasChromium) return;
  ensurePage();
  browser = await launch();
});
afterAll(() => browser?.close());
afterEach(async () => {
  await page?.context().close();
  await fixture?.close();
  page = undefined;
  fixture = undefined;
});

async function open(scene: Scene, path = '', base = ''): Promise<{ page: Page; fixture: Fixture; found: string[] }> {
  fixture = await startFixture(scene, { base });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  page = await context.newPage();
  const found = complaints(page);
  await page.goto(fixture.url + path);
  return { page, fixture, found };
}

const live = (p: Page) => p.locator('.live[data-state="live"]').waitFor();

test.skipIf(!hasChromium)('the palette reaches a host by keys alone (needs chromium)', async () => {
  const { page: p, found } = await open('fleet');
  await p.getByText('300 hosts', { exact: true }).waitFor();
  await p.keyboard.press('Control+k');
  await p.getByPlaceholder('A host, incident, metric, anomaly or page').waitFor();
  await p.getByRole('option', { name: /^web-142/ }).waitFor();
  await p.keyboard.type('web-142');
  await p.keyboard.press('Enter');
  await p.getByRole('heading', { level: 1, name: /web-142/ }).waitFor();
  expect(new URL(p.url()).pathname).toBe('/hosts/host%3A0000008e');
  expect(found).toEqual([]);
});

test.skipIf(!hasChromium)('j and k walk a list, Enter opens the line, ? shows the keys (needs chromium)', async () => {
  const { page: p } = await open('busy', 'anomalies?last=24h');
  await p.getByText('TCP segments').waitFor();
  await p.keyboard.press('j');
  await p.keyboard.press('j');
  await p.keyboard.press('k');
  await p.keyboard.press('Enter');
  await p.getByRole('dialog').getByText('What drove the score').waitFor();
  expect(new URL(p.url()).pathname).toBe('/anomalies/f-cpu');
  await p.keyboard.press('Escape');
  await p.getByRole('dialog').waitFor({ state: 'detached' });
  expect(new URL(p.url()).search).toBe('?last=24h');
  await p.keyboard.press('?');
  await p.getByText('Next, previous line of a list').waitFor();
});

test.skipIf(!hasChromium)(
  'an anomaly appears while the page is open, and goes when it ends (needs chromium)',
  async () => {
    const { page: p, fixture: f, found } = await open('calm');
    await p.getByText('Nothing needs you now').waitFor();
    await live(p);
    const anomaly = f.world.anomaly('f-live', { summary: 'writes 212 MiB/s, usually up to 30 MiB/s.' });
    f.send({ topic: 'anomalies', change: 'opened', anomaly });
    f.send({ topic: 'overview', sentence: 'db-1 writes far more than usual.' });
    await p.locator('main').getByText('writes 212 MiB/s').waitFor({ timeout: 3000 });
    await p.getByRole('heading', { level: 1, name: 'db-1 writes far more than usual.' }).waitFor();
    await p.getByText('critical: db-1 writes 212 MiB/s').waitFor({ state: 'attached' });
    f.send({ topic: 'anomalies', change: 'ended', anomaly: { ...anomaly, status: 'ended', endedAt: f.world.iso() } });
    await p.getByText('Nothing needs you now').waitFor({ timeout: 3000 });
    expect(found).toEqual([]);
  },
);

test.skipIf(!hasChromium)('samples change the gauges in place (needs chromium)', async () => {
  const { page: p, fixture: f } = await open('calm');
  await p.getByText('Nothing needs you now').waitFor();
  await live(p);
  const gauges = f.world.gauges(0).map((g) => (g.name === 'memory' ? { ...g, value: 0.777, at: f.world.iso() } : g));
  f.send({ topic: 'samples', entityId: 'host:00000000', at: f.world.iso(), gauges });
  await p.getByRole('button', { name: /^Memory 78/ }).waitFor({ timeout: 3000 });
});

test.skipIf(!hasChromium)(
  'a chart of one line tells what was expected then; of two it does not (needs chromium)',
  async () => {
    const { page: p, found } = await open('calm', 'explore?host=host%3A00000000&metric=auspex_host_cpu_ratio&last=1h');
    const values = p.locator('.chart .values');
    const point = async (share: number) => {
      await p.locator('.chart .u-over').hover({ position: { x: share * 600, y: 40 } });
      return values.innerText();
    };
    await expect.poll(() => point(0.5), { timeout: 10_000 }).toMatch(/expected \d/);
    await p.goto(p.url().replace('cpu_ratio', 'disk_ratio'));
    await values.getByText('/var').waitFor();
    expect(await point(0.5)).not.toContain('expected');
    expect(found).toEqual([]);
  },
);

test.skipIf(!hasChromium)('a lost connection is said, and resumes where it was lost (needs chromium)', async () => {
  const { page: p, fixture: f } = await open('calm');
  await live(p);
  await p.getByText('Nothing needs you now').waitFor();
  f.send({ topic: 'overview', sentence: 'The first.' });
  await p.getByRole('heading', { level: 1, name: 'The first.' }).waitFor();
  f.dropConnections(true);
  await p.locator('.live[data-state="reconnecting"]').waitFor();
  f.send({ topic: 'overview', sentence: 'Said while away.' });
  f.dropConnections(false);
  await live(p);
  await p.getByRole('heading', { level: 1, name: 'Said while away.' }).waitFor();
  expect(f.resumedAfter).toEqual([null, '101']);
});

test.skipIf(!hasChromium)('"This is normal" sends the verdict with the CSRF token (needs chromium)', async () => {
  const { page: p, fixture: f, found } = await open('busy', 'anomalies/f-cpu');
  await p.getByRole('button', { name: 'This is normal' }).click();
  await p.locator('[aria-pressed="true"]', { hasText: 'This is normal' }).waitFor();
  expect(f.changes).toMatchObject([
    { operation: 'judgeAnomaly', params: { id: 'f-cpu' }, body: { verdict: 'normal' }, csrf: 'csrf-of-the-fixture' },
  ]);
  expect(f.faults).toEqual([]);
  expect(found).toEqual([]);
});

test.skipIf(!hasChromium)(
  'a silence says what it covers and for how long before it is made (needs chromium)',
  async () => {
    const { page: p, fixture: f } = await open('busy');
    await p.getByRole('button', { name: 'Silence …' }).click();
    const dialog = p.getByRole('dialog');
    await dialog.getByText('nobody is told about').waitFor();
    expect(f.changes).toEqual([]);
    await dialog.getByRole('button', { name: '1 hour' }).click();
    await dialog.getByRole('textbox').fill('Encoding the archive');
    await dialog.getByRole('button', { name: 'Silence', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(f.changes).toMatchObject([
      {
        operation: 'addSilence',
        body: { entityId: 'host:00000000', rule: 'cpu-saturated', subject: null, reason: 'Encoding the archive' },
      },
    ]);
    expect(f.faults).toEqual([]);
  },
);

test.skipIf(!hasChromium)('a token’s secret is shown once (needs chromium)', async () => {
  const { page: p, fixture: f } = await open('busy', 'users/tokens');
  await p.getByLabel('Name').fill('web-2 agent');
  await p.getByRole('button', { name: 'Make it' }).click();
  await p.getByText('auspex_ingest_3f9c1d7e5b2a4860').waitFor();
  await p.reload();
  await p.getByText('web-1 agent').waitFor();
  expect(await p.getByText('auspex_ingest_3f9c1d7e5b2a4860').count()).toBe(0);
  expect(f.changes).toMatchObject([
    { operation: 'addToken', body: { name: 'web-2 agent', scope: 'ingest', expiresAt: null } },
  ]);
});

test.skipIf(!hasChromium)('who is not signed in is told how to get the link (needs chromium)', async () => {
  fixture = await startFixture('calm');
  fixture.signedIn = false;
  page = await (await browser.newContext()).newPage();
  await page.goto(fixture.url);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await page.getByText('auspex dashboard --link').waitFor();
});

test.skipIf(!hasChromium)('name and password lead to the page that was asked for (needs chromium)', async () => {
  fixture = await startFixture('calm');
  fixture.signedIn = false;
  page = await (await browser.newContext()).newPage();
  await page.goto(`${fixture.url}users`);
  await page.getByRole('link', { name: 'Sign in with Example Ltd' }).waitFor();
  await page.getByLabel('Name').fill('ann');
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Manage … carol' }).waitFor();
  expect(fixture.changes).toMatchObject([
    { operation: 'signIn', body: { name: 'ann', password: 'correct horse battery' }, csrf: undefined },
  ]);
});

test.skipIf(!hasChromium)('a user is added and the link shown once; a role is given (needs chromium)', async () => {
  const { page: p, fixture: f } = await open('busy', 'users');
  await p.getByLabel('Name').fill('erin');
  await p.getByLabel('Role').selectOption('operator');
  await p.getByRole('button', { name: 'Add' }).click();
  await p.getByText('/sign-in?code=').waitFor();
  await p.getByRole('button', { name: 'Manage … bob' }).click();
  const dialog = p.getByRole('dialog');
  await dialog.getByLabel('Role').selectOption('viewer');
  await dialog.getByRole('button', { name: 'Give this role' }).click();
  await dialog.getByRole('button', { name: 'Disable the account' }).click();
  await p.waitForTimeout(300);
  expect(f.changes).toMatchObject([
    { operation: 'addUser', body: { name: 'erin', role: 'operator' } },
    { operation: 'changeUser', params: { id: 'bob' }, body: { role: 'viewer' } },
    { operation: 'changeUser', params: { id: 'bob' }, body: { disabled: true } },
  ]);
  expect(f.faults).toEqual([]);
});

test.skipIf(!hasChromium)('an error says what, why, what to do, and its code (needs chromium)', async () => {
  fixture = await startFixture('calm');
  fixture.failing = 'status';
  page = await (await browser.newContext()).newPage();
  await page.goto(`${fixture.url}status`);
  const alert = page.getByRole('alert');
  await alert.waitFor({ timeout: 15_000 });
  const text = await alert.innerText();
  for (const part of ['The store cannot be written', 'EIO', 'Check the disk', 'STORE_FAILED'])
    expect(text).toContain(part);
});

test.skipIf(!hasChromium)('below a base path every link and call stays there (needs chromium)', async () => {
  const { page: p, fixture: f, found } = await open('calm', '', '/ops/auspex');
  await live(p);
  await p.getByRole('link', { name: 'Status' }).click();
  await p.getByText('Auspex is well.').waitFor();
  expect(new URL(p.url()).pathname).toBe('/ops/auspex/status');
  await p.reload();
  await p.getByText('Auspex is well.').waitFor();
  expect(found).toEqual([]);
  expect(f.faults).toEqual([]);
});

test.skipIf(!hasChromium)(
  'the range lies in the address, and a drag in a chart zooms all charts (needs chromium)',
  async () => {
    const { page: p } = await open('busy', 'hosts/host%3A00000000?last=6h');
    const plot = p.locator('.plot .u-over').first();
    await plot.waitFor();
    await plot.scrollIntoViewIfNeeded();
    const box = await plot.boundingBox();
    if (box === null) throw new Error('The chart has no box.');
    await p.mouse.move(box.x + box.width * 0.25, box.y + 40);
    await p.mouse.down();
    await p.mouse.move(box.x + box.width * 0.5, box.y + 40, { steps: 5 });
    await p.mouse.up();
    await p.waitForURL(/from=/);
    const zoomed = new URL(p.url()).searchParams;
    const hours = (Date.parse(zoomed.get('to') ?? '') - Date.parse(zoomed.get('from') ?? '')) / 3_600_000;
    expect(hours).toBeGreaterThan(1.3);
    expect(hours).toBeLessThan(1.7);
    await plot.dblclick();
    await p.waitForURL(/last=6h/);
  },
);

test.skipIf(!hasChromium)('a theme that was chosen holds after a reload (needs chromium)', async () => {
  const { page: p } = await open('calm', 'settings/appearance');
  const ground = () => p.evaluate('getComputedStyle(document.body).backgroundColor');
  await p.getByRole('button', { name: 'Dark' }).click();
  const dark = await ground();
  await p.getByRole('button', { name: 'Light' }).click();
  expect(await ground()).not.toBe(dark);
  await p.getByRole('button', { name: 'Dark' }).click();
  await p.reload();
  await p.getByText('Signed in as').waitFor();
  expect(await ground()).toBe(dark);
});

test.skipIf(!hasChromium)('an idle page renders nothing (needs chromium)', async () => {
  const { page: p } = await open('calm');
  await live(p);
  await p.getByText('Nothing needs you now').waitFor();
  await p.waitForTimeout(1200);
  await p.evaluate(
    'window.changes = 0; new MutationObserver((m) => { changes += m.length; }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true })',
  );
  await p.waitForTimeout(1500);
  expect(await p.evaluate('window.changes')).toBe(0);
});
