import { type Browser, chromium } from 'playwright-core';
import { findProgram } from './servers.ts';

/** Debian's Chromium, or one named by CHROMIUM. */
export async function openBrowser(): Promise<Browser> {
  const program = process.env['CHROMIUM'] ?? findProgram('chromium', 'chromium-headless-shell', 'google-chrome');
  if (program === null) throw new Error('There is no Chromium on the path: install it, or name it in CHROMIUM.');
  return chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
