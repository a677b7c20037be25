import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { axeFindings, axeScript, complaints, hasChromium, launch, sticksOut } from './browser.ts';
import { type Fixture, startFixture } from './fixture-server.ts';
import { ensurePage } from './page-build.ts';

/* Objectives and rules that people make, in a real browser: by keyboard, on a phone, tried before they are kept. */

let browser: Browser;
let fixture: Fixture;
let page: Page;

beforeAll(async () => {
  if (!hasChromium) return;
  ensurePage();
  browser = await launch();
}, 120_000);
afterAll(() => browser?.close());
afterEach(async () => {
  await page?.context().close();
  await fixture?.close();
});

async function open(path: string, width = 390): Promise<string[]> {
  fixture = await startFixture('busy');
  const context = await browser.newContext({ viewport: { width, height: 844 }, reducedMotion: 'reduce' });
  await context.addInitScript(axeScript());
  page = await context.newPage();
  const found = complaints(page);
  await page.goto(fixture.url + path);
  return found;
}

/** What of an open dialog is wrong. */
async function wrong(): Promise<unknown[]> {
  const over = await sticksOut(page);
  return [...(await axeFindings(page)), ...(over > 0 ? [`${over} px too wide`] : [])];
}
const dialog = () => page.getByRole('dialog');
const gone = () => dialog().waitFor({ state: 'detached' });
const sent = () =>
  fixture.changes.map(({ operation, params, query, body }) => [
    operation,
    { ...params, ...Object.fromEntries(query) },
    body,
  ]);

test.skipIf(!hasChromium)(
  'an objective is made by keys alone, and says what it leaves room for before that (needs chromium)',
  async () => {
    const found = await open('alerts/objectives');
    await page.getByRole('button', { name: 'Add an objective …' }).press('Enter');
    await dialog().getByLabel('Name').fill('checkout');
    await dialog()
      .getByLabel(/^Service/)
      .fill('shop');
    await dialog().getByLabel('Share that must be good').fill('99.95');
    await dialog()
      .getByText(/Of 100,000 requests 50 may be bad\. .* 30 days is spent in 21.min/)
      .waitFor();
    expect(await wrong()).toEqual([]);
    await dialog().getByLabel('Share that must be good').fill('100');
    expect(await dialog().getByRole('button', { name: 'Add it' }).isDisabled()).toBe(true);
    await dialog().getByLabel('Share that must be good').fill('99.95');
    await dialog().getByLabel('What counts as good').selectOption('histogram');
    await dialog()
      .getByLabel(/^Histogram/)
      .fill('http_seconds');
    await dialog()
      .getByLabel(/^In time/)
      .fill('250');
    expect(await wrong()).toEqual([]);
    await dialog()
      .getByLabel(/^In time/)
      .press('Enter');
    await gone();
    const indicator = { kind: 'histogram', metric: 'http_seconds', match: '', limitSeconds: 0.25 };
    const body = { name: 'checkout', service: 'shop', indicator, target: 0.9995, windowDays: 30 };
    expect(sent()).toEqual([['addObjective', {}, body]]);
    expect([...found, ...fixture.faults]).toEqual([]);
  },
  120_000,
);

test.skipIf(!hasChromium)(
  'one that was made here is changed and removed; one of the configuration has no buttons (needs chromium)',
  async () => {
    const found = await open('alerts/objectives', 1280);
    await page.getByRole('button', { name: 'Change payments' }).click();
    await dialog().getByLabel('Within').selectOption('7');
    await dialog().getByRole('button', { name: 'Change it' }).click();
    await gone();
    await page.getByRole('button', { name: 'Remove payments' }).click();
    expect(await dialog().innerText()).toMatch(/nobody is told of its budget[\s\S]*What was counted stays/);
    expect(await wrong()).toEqual([]);
    await dialog().getByRole('button', { name: 'Remove', exact: true }).click();
    await gone();
    expect(sent()).toMatchObject([
      ['changeObjective', { id: 'o3' }, { name: 'payments', windowDays: 7, indicator: { kind: 'availability' } }],
      ['removeObjective', { id: 'o3' }, undefined],
    ]);
    expect(await page.getByRole('button', { name: /^Change / }).count()).toBe(1);
    expect([...found, ...fixture.faults]).toEqual([]);
  },
  120_000,
);

test.skipIf(!hasChromium)(
  'a rule is tried on the past before it is kept; what is changed of it is tried again (needs chromium)',
  async () => {
    const found = await open('alerts/rules');
    await page.getByRole('button', { name: 'Add a rule …' }).press('Enter');
    await dialog().getByLabel('Name').fill('queue-long');
    await dialog().getByText('Something was imported as “queue-long” already').waitFor();
    await dialog().getByLabel('Name').fill('queue');
    await dialog().getByLabel('It fires where').fill('queue{a="b\\"c"} > 3');
    await dialog().getByLabel('Name').press('Enter');
    await dialog().getByText('It would have fired 2 times.').waitFor();
    expect(await wrong()).toEqual([]);
    await dialog().getByLabel('and has lasted').selectOption('60');
    await dialog().getByRole('button', { name: 'Try it' }).press('Enter');
    await dialog().getByLabel('What people read').fill('{{ $value }} wait: "now"');
    await dialog().getByRole('button', { name: 'Add it' }).press('Enter');
    await gone();
    const trial = { expression: 'queue{a="b\\"c"} > 3', days: 1 };
    expect(sent()).toEqual([
      ['tryRule', {}, { ...trial, forSeconds: 300 }],
      ['tryRule', {}, { ...trial, forSeconds: 60 }],
      [
        'importRules',
        { name: 'queue' },
        expect.stringContaining('annotations: {summary: "{{ $value }} wait: \\"now\\""}'),
      ],
    ]);
    expect([...found, ...fixture.faults]).toEqual([]);
  },
  120_000,
);

test.skipIf(!hasChromium)(
  'a rule made here is changed as it was, an import is checked, replaced and removed (needs chromium)',
  async () => {
    const found = await open('alerts/rules', 1280);
    await page.getByRole('button', { name: 'Change queue-long' }).click();
    expect(await dialog().getByLabel('What people read').inputValue()).toBe('{{ $value }} wait');
    expect(await dialog().getByLabel('and has lasted').inputValue()).toBe('420');
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    expect(await page.getByRole('button', { name: 'Change redis' }).count()).toBe(0);

    await page.getByRole('button', { name: 'Import a file …' }).click();
    const file = { name: 'redis.yaml', mimeType: 'application/yaml', buffer: Buffer.from('groups: []') };
    await dialog().getByLabel('A rule file').setInputFiles(file);
    await dialog().getByText('It replaces what was imported as “redis”: 2 rules.').waitFor();
    await dialog().getByRole('button', { name: 'Check it' }).click();
    await dialog().getByText('1 rule in 1 group can run.').waitFor();
    await dialog()
      .getByText('Line 9, RedisFull: position 3: the expression ends too early. It would not run.')
      .waitFor();
    expect(await wrong()).toEqual([]);
    await dialog().getByRole('button', { name: 'Import', exact: true }).click();
    await gone();
    await page.getByRole('button', { name: 'Remove redis' }).click();
    await dialog().getByText('Its 2 rules are looked at no more').waitFor();
    await dialog().getByRole('button', { name: 'Remove', exact: true }).click();
    await gone();
    expect(sent()).toEqual([
      ['importRules', { name: 'redis', dryRun: 'true' }, 'groups: []'],
      ['importRules', { name: 'redis', dryRun: 'false' }, 'groups: []'],
      ['removeImportedRules', { name: 'redis' }, undefined],
    ]);
    expect([...found, ...fixture.faults]).toEqual([]);
  },
  120_000,
);
