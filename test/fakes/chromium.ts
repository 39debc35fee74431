import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const DEADLINE_MS = 60_000;

const missing = existsSync(CHROMIUM)
  ? undefined
  : `${CHROMIUM} is not installed: THE CONSOLE IS NOT TESTED IN A BROWSER`;
if (missing !== undefined) process.stderr.write(`SKIPPED: ${missing}\n`);

/** Why tests in a browser are skipped; false: they are not. */
export const withoutBrowser: string | false = missing ?? false;

export const launchBrowser = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

/** A page whose complaints, a violated CSP above all, are kept in `complaints`. */
export async function openPage(
  t: TestContext,
  browser: Browser,
  url: string,
  complaints: string[],
  width = 1280,
): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  page.setDefaultTimeout(DEADLINE_MS);
  t.after(() => page.close());
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  return page;
}
