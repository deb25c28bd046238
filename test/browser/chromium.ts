// A headless Chromium that talks to nobody: the one that CHROMIUM names, else
// the one on the PATH, as Debian's package `chromium` puts it there.

import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The program's path. Throws with what to do where there is none. */
export async function findChromium(): Promise<string> {
  const named = process.env.CHROMIUM;
  const candidates = named
    ? [named]
    : (process.env.PATH ?? '')
        .split(path.delimiter)
        .flatMap((dir) => NAMES.map((name) => path.join(dir, name)));
  for (const candidate of candidates) if (await isProgram(candidate)) return candidate;
  throw new Error(
    named
      ? `CHROMIUM names ${named}, which is no program that can be run`
      : `there is no Chromium on the PATH (${NAMES.join(', ')}): install Debian's package chromium, or name one with CHROMIUM`,
  );
}

const isProgram = async (file: string): Promise<boolean> => {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
};

/** Without a sandbox: it is shown nothing but the project's own pages, and CI runs as root. */
export const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

export interface Opened {
  readonly page: Page;
  /** What the page asked for beside itself: refused, and kept here. */
  readonly requests: readonly string[];
  /** Errors and warnings of the console, what was thrown, and dialogs. */
  readonly complaints: readonly string[];
}

/** Opens a file and watches what it does. Closed with its context. */
export async function open(browser: Browser, url: string, options: BrowserContextOptions): Promise<Opened> {
  const context = await browser.newContext(options);
  const requests: string[] = [];
  const complaints: string[] = [];
  await context.route('**/*', async (route) => {
    if (route.request().url() === url) return route.continue();
    requests.push(route.request().url());
    return route.abort();
  });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', async (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  await page.goto(url, { waitUntil: 'load' });
  return { page, requests, complaints };
}
