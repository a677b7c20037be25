import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { axeFindings, axeScript, complaints, hasChromium, launch, sticksOut } from './browser.ts';
import { type Fixture, startFixture } from './fixture-server.ts';
import type { Scene } from './fixtures.ts';
import { ensurePage } from './page-build.ts';

/* Incidents in a real browser: what is said first, what stands behind it, what a person may do and is asked before. */

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

async function open(
  scene: Scene,
  path: string,
  before: (fixture: Fixture) => void = () => {},
): Promise<{ page: Page; fixture: Fixture; found: string[] }> {
  fixture = await startFixture(scene);
  before(fixture);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  await context.addInitScript(axeScript());
  page = await context.newPage();
  const found = complaints(page);
  await page.goto(fixture.url + path);
  return { page, fixture, found };
}

const dialogOf = (p: Page) => p.getByRole('dialog');
const sent = (f: Fixture) => f.changes.map(({ operation, params, body }) => [operation, params['id'], body]);

test.skipIf(!hasChromium)(
  'the list says first what is open, since when and whether people know; a line leads to all of it (needs chromium)',
  async () => {
    const { page: p, fixture: f, found } = await open('busy', 'incidents');
    // Just after midnight the times before it carry their day.
    const sentence = p.getByRole('heading', {
      level: 1,
      name: /^2 open incidents; the worst, since (\d+ \w+ )?\d\d:\d\d: /,
    });
    await sentence.waitFor();
    expect(await sentence.innerText()).toMatch(
      /CPU saturation, ffmpeg on db-1\. People were told at (\d+ \w+ )?\d\d:\d\d\.$/,
    );
    const rows = p.locator('main .rows > li');
    expect(await rows.allInnerTexts()).toMatchObject(
      [
        /critical[\s\S]*CPU saturation/,
        /medium[\s\S]*91 % full[\s\S]*acknowledged[\s\S]*ann has it[\s\S]*Silenced by operator/,
        /Network trouble[\s\S]*dismissed/,
        /confirmed[\s\S]*bob had it/,
      ].map((pattern) => expect.stringMatching(pattern)),
    );
    await p.keyboard.press('j');
    await p.keyboard.press('Enter');
    await p.getByRole('heading', { level: 1, name: 'CPU saturation: ffmpeg on db-1' }).waitFor();
    expect(new URL(p.url()).pathname).toBe('/incidents/i-cpu');
    for (const part of [
      'no probabilities',
      'it began 1 min 30 s after',
      'Not told of',
      'In common: the same class',
      'Its cron line is set right.',
      'It lasted 38 min.',
      'Without “CPU of process group ffmpeg',
      'for the processor 62 % of the time',
      'stop it or give',
    ])
      await p.getByText(part).first().waitFor();
    const business = p.getByRole('region', { name: 'The business in that time' }).getByRole('listitem');
    expect(await business.allInnerTexts()).toEqual([
      expect.stringMatching(
        /^orders_total of shop: 12 a minute instead of 61.*; some 490 fewer in that time\.\s+Chart$/,
      ),
      expect.stringMatching(/^refunds_total of shop: no figures of that name have come from it\.\s+shop$/),
      expect.stringMatching(/^sign_ups_total of shop: 4 a minute, about as before/),
    ]);
    const chart = p.getByRole('link', { name: 'Chart of orders_total' });
    expect(await chart.getAttribute('href')).toMatch(/\/explore\?host=host%3A00000001&metric=orders_total&from=.+&to=/);
    await p.getByRole('img', { name: /Time axis\. .*people were told; .*class decided/ }).waitFor();
    await p.getByRole('link', { name: 'All incidents' }).click();
    await sentence.waitFor();
    await p.getByLabel('Class').selectOption('network');
    await p.getByText('The last, Network trouble').waitFor();
    expect(await rows.count()).toBe(1);
    expect(found).toEqual([]);
    expect(f.faults).toEqual([]);
  },
  60_000,
);

test.skipIf(!hasChromium)(
  'acknowledging, assigning and confirming are one click; what they do shows at once (needs chromium)',
  async () => {
    const { page: p, fixture: f, found } = await open('busy', 'incidents/i-cpu');
    await p.getByRole('button', { name: 'Acknowledge', exact: true }).click();
    await p.getByRole('button', { name: 'Acknowledged' }).waitFor();
    await p.getByRole('button', { name: 'Assign to me' }).click();
    await p.getByText('ann has it').waitFor();
    await p.getByRole('button', { name: 'Confirm', exact: true }).click();
    await p.locator('.steps').getByText('This was trouble.').waitFor();
    await p.getByRole('button', { name: 'Set by hand …' }).click();
    await dialogOf(p).getByLabel('Class').selectOption('bad-deployment');
    await dialogOf(p).getByRole('button', { name: 'Set', exact: true }).click();
    await p.getByText('Set by ann; Auspex leaves it so.').waitFor();
    await p.getByRole('button', { name: 'Note …' }).click();
    expect(await dialogOf(p).getByRole('button', { name: 'Keep the note' }).isDisabled()).toBe(true);
    await dialogOf(p).getByLabel('What was found or done').fill(' Stopped ffmpeg. ');
    await dialogOf(p).getByRole('button', { name: 'Keep the note' }).click();
    await p.locator('.steps').getByText('Stopped ffmpeg.').waitFor();
    expect(sent(f)).toEqual([
      ['changeIncident', 'i-cpu', { kind: 'acknowledge' }],
      ['changeIncident', 'i-cpu', { kind: 'assign', to: 'ann' }],
      ['changeIncident', 'i-cpu', { kind: 'judge', verdict: 'confirmed' }],
      ['changeIncident', 'i-cpu', { kind: 'override', class: 'bad-deployment' }],
      ['changeIncident', 'i-cpu', { kind: 'note', text: 'Stopped ffmpeg.' }],
    ]);
    expect(f.changes[0]?.csrf).toBe('csrf-of-the-fixture');
    expect([...found, ...f.faults]).toEqual([]);
  },
  60_000,
);

test.skipIf(!hasChromium)(
  'dismissing, merging and splitting say what happens and ask first; axe finds nothing in what asks (needs chromium)',
  async () => {
    const { page: p, fixture: f, found } = await open('busy', 'incidents/i-cpu');
    const dialog = dialogOf(p);
    const axe: string[] = [];
    await p.getByRole('button', { name: 'Split …' }).click();
    axe.push(...(await axeFindings(p)));
    expect(await dialog.getByRole('button', { name: 'Split', exact: true }).isDisabled()).toBe(true);
    await dialog.getByLabel(/reads 212/).check();
    await dialog.getByRole('button', { name: 'Split 1 off' }).click();
    await dialog.waitFor({ state: 'detached' });
    await p.locator('.steps').getByText('One sign is another trouble').waitFor();

    await p.getByRole('button', { name: 'Dismiss …' }).click();
    await dialog.getByText('Its 2 findings count as dismissed').waitFor();
    axe.push(...(await axeFindings(p)));
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(f.changes.length).toBe(1);

    await p.getByRole('button', { name: 'Merge …' }).click();
    await dialog.getByLabel('Into').selectOption('i-disk');
    axe.push(...(await axeFindings(p)));
    await dialog.getByText('its 3 signs go over to “/var on web-1 is 91 % full.”').waitFor();
    await dialog.getByRole('button', { name: 'Merge', exact: true }).click();
    await p.getByText('This became part of another incident.').waitFor();
    await p.locator('#why-off', { hasText: 'change that one' }).waitFor();
    await p.getByRole('link', { name: 'Go to it' }).click();
    await p.getByRole('heading', { level: 1, name: '/var on web-1' }).waitFor();
    await p.getByRole('button', { name: 'Dismiss …' }).click();
    await dialog.getByRole('button', { name: 'Dismiss', exact: true }).click();
    await p.locator('.facts-line .tag', { hasText: 'dismissed' }).waitFor();
    expect(sent(f)).toEqual([
      ['changeIncident', 'i-cpu', { kind: 'split', signs: ['f-read'] }],
      ['changeIncident', 'i-cpu', { kind: 'merge', into: 'i-disk' }],
      ['changeIncident', 'i-disk', { kind: 'judge', verdict: 'dismissed' }],
    ]);
    expect([...axe, ...found, ...f.faults]).toEqual([]);
  },
  90_000,
);

test.skipIf(!hasChromium)(
  'who may only look sees why a button is off; what is long over stays as it is (needs chromium)',
  async () => {
    const { page: p, fixture: f } = await open('busy', 'incidents/i-cpu', (one) => {
      one.world.isViewer = true;
    });
    await p.getByText('This needs the role operator; yours is viewer.').waitFor();
    const buttons = p.getByRole('button', { name: /Acknowledge|Assign|Confirm|Set by|Merge|Split|Dismiss/ });
    expect(await buttons.count()).toBe(8);
    for (const button of await buttons.all()) {
      expect(await button.isDisabled()).toBe(true);
      expect(await button.getAttribute('aria-describedby')).toBe('why-off');
    }
    f.world.isViewer = false;
    await p.goto(`${f.url}incidents/i-old`);
    await p.getByText('ended more than half an hour ago').waitFor();
    expect(await p.getByRole('button', { name: 'Confirm' }).isDisabled()).toBe(true);
    expect(await p.getByRole('button', { name: 'Acknowledge' }).count()).toBe(0);
  },
  60_000,
);

test.skipIf(!hasChromium)(
  'an incident that opens while the page is open appears, is counted and spoken of once (needs chromium)',
  async () => {
    const { page: p, fixture: f, found } = await open('calm', 'incidents');
    await p.getByRole('heading', { level: 1, name: 'No incidents.' }).waitFor();
    await p.locator('.live[data-state="live"]').waitFor();
    await p.getByText('Nothing in this range').waitFor();
    f.send({ topic: 'incidents', incident: f.world.incidents.open('i-new', '/var on web-1 is full.') });
    await p.getByRole('heading', { level: 1, name: /^One open incident.* Nobody was told\.$/ }).waitFor();
    await p.getByRole('link', { name: /^Incidents 1/ }).waitFor();
    const spoken = p.getByText('Incident, high: /var on web-1 is full.');
    await spoken.waitFor({ state: 'attached' });
    f.dropConnections(true);
    await p.getByText('what stands here is from then').waitFor();
    expect(found.filter((text) => !text.includes('WebSocket'))).toEqual([]);
    expect(f.faults).toEqual([]);
  },
  60_000,
);

test.skipIf(!hasChromium)(
  'the overview names open incidents, the palette reaches them (needs chromium)',
  async () => {
    const { page: p, found } = await open('busy', '');
    await p
      .locator('main')
      .getByRole('link', { name: /CPU saturation: ffmpeg on db-1/ })
      .waitFor();
    expect(await p.locator('main .of-incident').allInnerTexts()).toEqual([
      expect.stringMatching(/its alert[\s\S]*no CPU left/),
    ]);
    await p.keyboard.press('Control+k');
    await p.getByPlaceholder('A host, incident').waitFor();
    await p.getByRole('option', { name: /91 % full/ }).waitFor();
    await p.keyboard.type('91 % full');
    await p.keyboard.press('Enter');
    await p.getByRole('heading', { level: 1, name: '/var on web-1 is 91 % full.' }).waitFor();
    expect(new URL(p.url()).pathname).toBe('/incidents/i-disk');
    await p.getByText('each alert of it was held back').waitFor();
    expect(found).toEqual([]);
  },
  60_000,
);

test.skipIf(!hasChromium)(
  'learning, nothing there, an unknown one and a fault each have a face of their own (needs chromium)',
  async () => {
    const { page: p, fixture: f } = await open('new', 'incidents');
    await p.getByText('Learning.').waitFor();
    await p.getByText('Nothing in this range was serious enough').waitFor();
    await p.goto(`${f.url}incidents/gone`);
    await p.getByRole('alert').getByText('NOT_FOUND').waitFor({ timeout: 15_000 });
    f.failing = 'incidents';
    await p.goto(`${f.url}incidents`);
    await p.getByRole('alert').getByText('STORE_FAILED').waitFor({ timeout: 15_000 });
    await p.setViewportSize({ width: 320, height: 640 });
    expect(await sticksOut(p)).toBeLessThanOrEqual(0);
  },
  60_000,
);
