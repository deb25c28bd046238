// Markdown of a review as HTML that can do nothing: no markup of its own, no
// pictures, no scripts, links to the web alone.

import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { isHeavy } from '../enclosed.ts';
import { esc } from './parts.ts';

/**
 * Pictures would be asked for, markup would be run, and footnotes would need
 * identifiers of their own on the page: each stays text.
 */
const OFF = [
  'htmlFlow',
  'htmlText',
  'labelStartImage',
  'gfmFootnoteDefinition',
  'gfmFootnoteCall',
  'gfmPotentialFootnoteCall',
];

/** What would take a parser too long is shown as it is written. */
export function prose(markdown: string): string {
  if (isHeavy(markdown)) return `<pre>${esc(markdown)}</pre>`;
  const html = micromark(markdown.toWellFormed(), {
    extensions: [gfm(), { disable: { null: OFF } }],
    htmlExtensions: [gfmHtml()],
  });
  return (
    html
      // Headings of the text would break up those of the page.
      .replace(/<(\/?)h[1-6]>/g, (_, end: string) => (end ? '</p>' : '<p class="heading">'))
      .replace(/<input type="checkbox"([^>]*)>/g, (_, rest: string) => (/checked/.test(rest) ? '☑' : '☐'))
      .replace(/<table>/g, '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>')
      .replace(/<\/table>/g, '</table></div>')
      // Links do not nest, so the next end is the link's own. What leads nowhere from here is text.
      .replace(/<a href="([^"]*)"[^>]*>([\s\S]*?)<\/a>/g, (_, href: string, text: string) =>
        /^(?:https?:\/\/|mailto:)/i.test(href) ? `<a href="${href}" rel="noreferrer">${text}</a>` : text,
      )
      .replace(CONTROLS, ' ')
  );
}

const CONTROLS = /[[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]--[\n\t]]/gv;
