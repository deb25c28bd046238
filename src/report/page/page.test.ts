// What the page says, as text. How it looks and behaves: test/browser.

import { describe, expect, it } from 'vitest';
import { STATES } from '../../api/status.ts';
import { empty, HOSTILE, hostile, january, many } from '../testing/reviews.ts';
import { asHtml } from './index.ts';
import { prose } from './prose.ts';

const page = asHtml(january().report);

describe('the page', () => {
  it('says how far the review has come, and what of its claims is true', () => {
    expect(page).toContain('<b>4</b> of 13 items are done');
    expect(page).toContain('Of 6 items that the review calls implemented');
    expect(page).toMatch(
      /<b>4<\/b> proven.*#10.*#13.*#14.*#15.*<b>2<\/b> refuted.*#3.*#9.*<b>0<\/b> not known/s,
    );
    expect(page).toContain(
      'Medium Priority - Security &amp; Resilience</span><span class="count">3 of 5 done',
    );
    expect(page).toContain('Week 2-3</span><span class="count">4 of 6 done');
  });

  it('says every state in words', () => {
    for (const state of STATES) expect(page).toMatch(new RegExp(`<article [^>]*class="s-${state}"`));
    for (const badge of page.matchAll(/<span class="badge s-(\w+)">(.*?)<\/span>/g))
      expect(badge[2]).toContain(badge[1]);
  });

  it('shows findings with their object, field and fix, and says who changed what', () => {
    expect(page).toContain('Container loki of StatefulSet monitoring/loki has no readiness probe.');
    expect(page).toContain('spec.template.spec.containers[loki].readinessProbe');
    expect(page).toContain('<b>Fix</b> Add readinessProbe: {httpGet: {path: /ready, port: 3100}}');
    expect(page).toContain('and 3 more findings');
    expect(page).toContain('<bdi>StatefulSet monitoring/loki</bdi> (<bdi>kubectl-edit</bdi>)');
  });

  it('says beside checks and prerequisites what their author said of them', () => {
    expect(page).toMatch(
      /<bdi>alertmanager<\/bdi><\/b>.*\n?.*?<\/p><p class="about" dir="auto">Suggested by import: AlertManager: /,
    );
    expect(page).toContain('<p class="about" dir="auto">GitHub Actions workflow access</p>');
  });

  it('leads from each link to an item on the page, and calls nothing twice by the same name', () => {
    for (const { report } of [january(), hostile(), many(40)]) {
      const text = asHtml(report);
      const links = [...text.matchAll(/<a [^>]*href="#([^"]+)"/g)].map((match) => match[1] ?? '');
      expect(links.length).toBeGreaterThan(8);
      for (const link of links) expect(text).toContain(`id="${link}"`);
      const ids = [...text.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  it('shows whatever comes from outside as text', () => {
    const text = asHtml(hostile().report);
    expect(text).not.toMatch(/<script|<img|<iframe|href="javascript:|[\p{Cc}--\n]/v);
    expect(text).toContain('&lt;script&gt;document.title=');
    expect(text.match(/<\/style>/g)).toHaveLength(1);
    expect(text.match(/<\/title>/g)).toHaveLength(1);
    expect(text.isWellFormed()).toBe(true);
  });

  it('asks nobody for anything, and runs nothing', () => {
    expect(page).toContain(`default-src 'none'`);
    expect(
      [...page.matchAll(/<(?!a )\w+ [^>]*?(?:src|href)="(?!#)([^"]*)"/g)].map((match) => match[1]),
    ).toEqual(['data:,']);
    expect(page).not.toMatch(/url\(|@import| on\w+=/);
  });

  it('has something to say of a review without items', () => {
    expect(asHtml(empty().report)).toContain('This review has no items.');
  });
});

describe('the prose of a review', () => {
  it('is Markdown as people know it', () => {
    const html = prose('Added `probes`:\n- **Loki**: ~~old~~\n- [x] done\n\n| a |\n|---|\n| b |');
    expect(html).toContain('<code>probes</code>');
    expect(html).toContain('<strong>Loki</strong>: <del>old</del>');
    expect(html).toContain('☑ done');
    expect(html).toContain('<td>b</td>');
  });

  it('has headings that do not break up those of the page', () => {
    expect(prose('# Title')).toBe('<p class="heading">Title</p>');
  });

  it('keeps links to the web, and nothing else that leads somewhere', () => {
    const html = prose(
      '[a](https://x.example) [b](javascript:alert(1)) [c](docs/X.md) [d](//y.example) <mailto:e@x.example> ![f](https://x.example/f.png)',
    );
    expect([...html.matchAll(/href="([^"]*)"/g)].map((match) => match[1])).toEqual([
      'https://x.example',
      'mailto:e@x.example',
      'https://x.example/f.png',
    ]);
    expect(html).not.toContain('<img');
    expect(html).toContain('b c d');
  });

  it.each(['*a_ ', '[', '[a](', '~a*', '`a``b', '<a ', '- a\n', '|a'])(
    'takes no time over %j without end',
    (text) => {
      const started = process.cpuUsage();
      prose(text.repeat(8192 / text.length));
      expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
    },
  );

  it('does not nest without end', () => {
    expect(prose(`${'> '.repeat(5000)}x`)).toMatch(/^<pre>/);
    expect(prose(`${'> '.repeat(20)}x`)).toMatch(/^<blockquote>/);
  });

  it.each(Object.entries(HOSTILE))('shows %s as text', (_, text) => {
    expect(prose(text)).not.toMatch(
      /<(?!\/?(?:p|a|code|pre|table|thead|tbody|tr|t[hd]|div|br)\b)|[\p{Cc}--\n]/v,
    );
  });
});
