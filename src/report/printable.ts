// Text from outside on its way to a terminal.

import { Document, isScalar, visit } from 'yaml';

const MARKS = '\\p{Zl}\\p{Zp}\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069';
const TURNS = new RegExp(`[\\p{Cc}${MARKS}]`, 'gu');
/** What JSON and YAML let through of it. */
const LEFT = new RegExp(`[\\u007f-\\u009f${MARKS}]`, 'gu');

/** Control characters, and marks that turn the direction of text, could rewrite what a terminal shows. */
export const printable = (text: string) => text.replace(TURNS, ' ');

const escaped = (each: string) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** JSON with two blanks a level, and nothing in it that a terminal would obey. */
export const toJson = (value: unknown): string =>
  `${JSON.stringify(value, null, 2).replace(LEFT, escaped)}\n`;

/** YAML, likewise: strings with such characters are quoted, for only there they can be escaped. */
export function toYaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && node.value.search(LEFT) >= 0) node.type = 'QUOTE_DOUBLE';
    },
    Pair: (_, { key }) => {
      if (isScalar(key) && typeof key.value === 'string' && key.value.search(LEFT) >= 0)
        key.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString().replace(LEFT, escaped);
}
