import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { axeFindings, axeScript, complaints, hasChromium, launch } from './browser.ts';
import { type Fixture, startFixture } from './fixture-server.ts';
import { ensurePage } from './page-build.ts';

/* The calendar's page in a real browser, against the contract's fixture. */

let browser: Browser;
let fixture: Fixture;
let page: Page;

beforeAll(async () => {
  if (!hasChromium) return;
  ensurePage();
  browser = await launch();
});
afterAll(() => browser?.close());
afterEach(async () => {
  await page?.context().close();
  await fixture?.close();
});

async function open(path: string, width = 1280): Promise<string[]> {
  fixture = await startFixture('busy', { base: '' });
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
  });
  await context.addInitScript(axeScript());
  page = await context.newPage();
  const found = complaints(page);
  await page.goto(fixture.url + path);
  await page.getByText('Now and to come').waitFor();
  return found;
}

test.skipIf(!hasChromium)(
  'what is planned says what it governs and how long before it is made, by keys alone (needs chromium)',
  async () => {
    const found = await open('calendar');
    await page.getByRole('heading', { level: 1, name: /“New disk in web-1” holds until/ }).waitFor();
    await page.getByRole('button', { name: 'Plan something …' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('What it is').selectOption('freeze');
    await dialog.getByLabel('Title').fill('Year end');
    await dialog.getByLabel('From').fill('2027-01-01T00:00');
    await dialog.getByLabel('Until').fill('2027-01-02T12:00');
    await dialog.getByText(/1.d 12.h.*No runbook or change may run/).waitFor();
    await dialog.getByLabel('Again').selectOption('FREQ=YEARLY');
    await dialog.getByLabel('Learning').check();
    await dialog.getByText('nothing of it is learnt').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    expect(fixture.changes).toEqual([]);
    await dialog.getByLabel('Title').press('Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(fixture.changes).toMatchObject([
      {
        operation: 'addCalendarEntry',
        csrf: 'csrf-of-the-fixture',
        body: {
          kind: 'freeze',
          title: 'Year end',
          scope: { entityId: null, service: null },
          startsAt: '2026-12-31T23:00:00.000Z',
          endsAt: '2027-01-02T11:00:00.000Z',
          recurrence: 'FREQ=YEARLY',
          timeZone: 'Europe/Berlin',
          governs: ['training', 'remediation'],
        },
      },
    ]);
    expect([...found, ...fixture.faults]).toEqual([]);
  },
);

test.skipIf(!hasChromium)(
  'an entry is changed as a whole; what it is about beside that stays; ending it is asked for (needs chromium)',
  async () => {
    await open('calendar');
    await page.getByRole('button', { name: 'Restore runs' }).last().click();
    await page.getByRole('dialog').getByText('Nobody is told about shop, rule disk-nearly-full').waitFor();
    await page.getByRole('button', { name: 'Change …' }).click();
    await page.getByLabel('Title').fill('Restore runs on');
    await page.getByRole('button', { name: 'Change it' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'New disk in web-1' }).last().click();
    await page.getByRole('button', { name: 'Remove …' }).click();
    await page.getByText('It ends now and stays on the record').waitFor();
    await page.getByRole('button', { name: 'End it' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(fixture.changes).toMatchObject([
      {
        operation: 'changeCalendarEntry',
        params: { id: 'c5' },
        body: { title: 'Restore runs on', scope: { service: 'shop', rule: 'disk-nearly-full' } },
      },
      { operation: 'removeCalendarEntry', params: { id: 'c1' } },
    ]);
    expect(fixture.faults).toEqual([]);
  },
);

test.skipIf(!hasChromium)(
  'one that stands in a file says where, and has no buttons to change it (needs chromium)',
  async () => {
    await open('calendar');
    await page.getByRole('button', { name: 'Company outing' }).last().click();
    await page.getByRole('dialog').getByText('/etc/auspex/holidays.ics').waitFor();
    expect(await page.getByRole('button', { name: 'Change …' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Remove …' }).count()).toBe(0);
  },
);

test.skipIf(!hasChromium)('the next week and month are a link that can be sent (needs chromium)', async () => {
  await open('calendar');
  await page.getByRole('button', { name: 'The next month' }).click();
  await page.getByRole('button', { name: 'Week' }).click();
  const url = new URL(page.url());
  expect([url.searchParams.get('view'), url.searchParams.get('on')]).toEqual([
    'week',
    expect.stringMatching(/^\d{4}-\d\d-01$/),
  ]);
  const title = await page.locator('.calendar-title').textContent();
  await page.reload();
  await page.getByText('Now and to come').waitFor();
  expect(await page.locator('.calendar-title').textContent()).toBe(title);
});

test.skipIf(!hasChromium)('on a phone the list is the calendar (needs chromium)', async () => {
  await open('calendar', 320);
  expect(await page.locator('.calendar-grid').isVisible()).toBe(false);
  for (const title of ['New disk in web-1', 'Night', 'Company outing', 'Restore runs'])
    expect(await page.getByRole('button', { name: title, exact: true }).last().isVisible(), title).toBe(true);
});
