import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';
/** Debian's chromium, where it is installed. */
export const hasChromium = existsSync(executablePath);

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath, args });
}

/** What a page complained of: console errors, exceptions, refused by CSP. Failed requests are named by the test that makes them. */
export function complaints(page: Page): string[] {
  const found: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') found.push(message.text());
  });
  page.on('pageerror', (error) => found.push(error.message));
  return found;
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** The script of axe, for a context's init script: put in beside the page's CSP, not past it. */
export function axeScript(): string {
  return readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
}

/** What axe finds on the page as it stands. `rules` narrows it: colours are all that another theme changes. */
export async function axeFindings(page: Page, rules?: readonly string[]): Promise<string[]> {
  const runOnly = rules === undefined ? '' : `, runOnly: { type: "rule", values: ${JSON.stringify(rules)} }`;
  const result = (await page.evaluate(`axe.run(document, { resultTypes: ["violations"]${runOnly} })`)) as AxeResult;
  return result.violations.map((v) => {
    const node = v.nodes[0];
    return `${v.id}: ${node?.html.slice(0, 160)} ${node?.failureSummary.slice(0, 200)}`;
  });
}

/** How far the page sticks out of its window to the side, in px. */
export async function sticksOut(page: Page): Promise<number> {
  return Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
}
