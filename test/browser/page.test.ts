// The page of a report as people meet it: in a browser, on a desk, on a phone
// and on paper, by day and by night. Pictures of it go to reports/browser.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { remediation } from '../../src/cli/testing/run.ts';
import { asHtml } from '../../src/report/page/index.ts';
import { empty, hostile, january, many } from '../../src/report/testing/reviews.ts';
import { launch, type Opened, open } from './chromium.ts';
import type {} from './vitest-setup.ts';

const root = path.join(import.meta.dirname, '../..');
const pictures = path.join(root, 'reports/browser');
const program = inject('chromium');

const REVIEWS = { january, empty, hostile, many: () => many(120) } as const;
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
/** A4 less its margins. */
const PAPER = { width: 680, height: 960 };

describe.skipIf(!program)('the page of a report', { timeout: 120_000 }, () => {
  let folder: string;
  let browser: Browser;
  let january: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'report-page-'));
    await mkdir(pictures, { recursive: true });
    for (const [name, review] of Object.entries(REVIEWS))
      await writeFile(path.join(folder, `${name}.html`), asHtml(review().report));
    january = urlOf('january');
    browser = await launch(program ?? '');
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const urlOf = (name: string) => pathToFileURL(path.join(folder, `${name}.html`)).href;

  /** Opens a page, looks at it, and holds it to be quiet to the end. */
  async function visit(
    url: string,
    options: BrowserContextOptions,
    look: (page: Page) => Promise<void>,
  ): Promise<void> {
    const opened = await open(browser, url, options);
    try {
      await look(opened.page);
      expect(quiet(opened)).toEqual({ requests: [], complaints: [] });
    } finally {
      await opened.page.context().close();
    }
  }

  const views = Object.keys(REVIEWS).flatMap((review) =>
    (['light', 'dark'] as const).flatMap((colorScheme) => [
      { review, colorScheme, device: 'desk', viewport: DESK },
      { review, colorScheme, device: 'phone', viewport: PHONE },
    ]),
  );
  it.for(views)('$review on a $device, $colorScheme: quiet, fits, and accessible', async (view) => {
    const { review, colorScheme, device, viewport } = view;
    await visit(urlOf(review), { viewport, colorScheme }, async (page) => {
      await showAll(page);
      await page.screenshot({
        path: path.join(pictures, `${review}-${device}-${colorScheme}.png`),
        // A page of a hundred items is no picture.
        fullPage: review === 'january',
      });
      expect(await overflowing(page)).toEqual([]);
      expect(await violations(page)).toEqual([]);
    });
  });

  it.for(Object.keys(REVIEWS))('%s on paper: everything is told, and nothing is cut off', async (review) => {
    await visit(urlOf(review), { viewport: PAPER, colorScheme: 'dark' }, async (page) => {
      await page.emulateMedia({ media: 'print' });
      expect(await overflowing(page)).toEqual([]);
      expect(await page.locator('.filter').isVisible()).toBe(false);
      // What is folded on the screen is open on paper.
      expect(
        await page.$$eval(
          'details > :last-child',
          (all) => all.filter((each) => !each.checkVisibility()).length,
        ),
      ).toBe(0);
      // Black on white, whatever the screen was.
      expect(
        await page.$eval(
          'body',
          (body) => body.ownerDocument.defaultView?.getComputedStyle(body).backgroundColor,
        ),
      ).toBe('rgb(255, 255, 255)');
      const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
      await writeFile(path.join(pictures, `${review}.pdf`), pdf);
      expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    });
  });

  it('is dark by night and light by day', async () => {
    for (const [colorScheme, dark] of [
      ['light', false],
      ['dark', true],
    ] as const)
      await visit(january, { viewport: DESK, colorScheme }, async (page) => {
        const [red = 0] = (
          await page.$eval(
            'body',
            (body) => body.ownerDocument.defaultView?.getComputedStyle(body).backgroundColor,
          )
        )
          .match(/\d+/g)!
          .map(Number);
        expect(red < 64).toBe(dark);
      });
  });

  it('shows the items of one state alone, by keyboard too, and one that a link leads to', async () => {
    await visit(january, { viewport: DESK }, async (page) => {
      const shown = () => page.locator('article:visible h4').allInnerTexts();
      expect(await shown()).toHaveLength(13);
      await page.getByLabel('Drifted').check();
      expect(await shown()).toEqual(['#3 Add Trivy scanning to CI', '#9 Add health probes to critical apps']);
      expect(await page.locator('.group:visible').count()).toBe(2);
      await page.getByRole('region', { name: 'Roadmap' }).getByText('Create video tutorials').click();
      expect(await shown()).toContain('#20 Create video tutorials');
      await page.getByLabel('Drifted').focus();
      await page.keyboard.press('ArrowRight');
      expect(await page.getByLabel('Invalid').isChecked()).toBe(true);
      expect(await shown()).toContain('#17 Add SLSA compliance');
    });
  });

  it('unfolds the history of an item, with who changed what', async () => {
    await visit(january, { viewport: DESK }, async (page) => {
      const probes = page.locator('article', { hasText: '#9' }).first();
      await probes.getByText('History').click();
      await expect.poll(() => probes.locator('.history').textContent()).toContain('kubectl-edit');
      expect(await probes.locator('.history li').count()).toBe(4);
    });
  });

  it('shows what an attacker wrote as text, and does nothing of it', async () => {
    await visit(urlOf('hostile'), { viewport: DESK }, async (page) => {
      await showAll(page);
      expect(
        await page.locator('script, img, iframe, object, embed, form, [onerror], [onload]').count(),
      ).toBe(0);
      expect(await page.title()).toContain('<script>document.title=');
      expect(await page.locator('article').count()).toBe(8);
      expect(
        await page.$$eval('a', (links) => links.filter(({ protocol }) => protocol === 'javascript:').length),
      ).toBe(0);
      await expect
        .poll(() => page.locator('article').first().textContent())
        .toContain('</style></title>&lt;b&gt;');
    });
  });

  it('reads Arabic from the right, beside English from the left', async () => {
    await visit(urlOf('hostile'), { viewport: DESK }, async (page) => {
      const directions = await page.$$eval('article h4', (all) =>
        all.map((each) => each.ownerDocument.defaultView?.getComputedStyle(each).direction),
      );
      expect(directions).toContain('rtl');
      expect(directions).toContain('ltr');
    });
  });

  it('is what the command line writes of a review', async () => {
    const review = path.join(root, 'src/review/testing/reviews/review-followup-january-2026.md');
    const items = path.join(folder, 'items');
    expect(await remediation(['import', review, '-o', items])).toMatchObject({ code: 0 });
    const cluster = path.join(root, 'examples/repository/kubernetes');
    const { code, stdout } = await remediation(
      ['report', '--items', items, '--manifests', cluster, '--static', '--format', 'html'],
      { cwd: root },
    );
    expect(code).toBe(0);
    await writeFile(path.join(folder, 'written.html'), stdout);
    await visit(urlOf('written'), { viewport: PHONE }, async (page) => {
      await page.screenshot({ path: path.join(pictures, 'written-phone.png') });
      expect(await page.locator('h1').textContent()).toBe('Review Follow-Up Items - January 2026');
      expect(await page.locator('article').count()).toBe(13);
      expect(await overflowing(page)).toEqual([]);
      expect(await violations(page)).toEqual([]);
    });
  });
});

const quiet = ({ requests, complaints }: Opened) => ({ requests, complaints });

const showAll = (page: Page) =>
  page.$$eval('details', (all) => {
    for (const each of all) each.open = true;
  });

/** What stands out beyond the right edge, unless it can be scrolled to there. */
const overflowing = (page: Page): Promise<string[]> =>
  page.$eval('html', (html) => {
    const width = html.clientWidth;
    const out = [...html.querySelectorAll('body *')]
      .filter((each) => !each.closest('.scroll, .hidden, .sprite'))
      .filter((each) => each.getBoundingClientRect().right > width + 1)
      .map((each) => `${each.tagName}.${each.getAttribute('class')}: ${each.textContent?.slice(0, 40)}`);
    return html.scrollWidth > width ? ['the page itself', ...out] : out;
  });

/** By every rule of axe's: WCAG's, and those of good practice. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations: all } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
    return all.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.length} × ${nodes[0]?.html.slice(0, 200)} ${nodes[0]?.failureSummary}`,
    );
  });
  return found;
}
