// Text from outside on its way to a terminal.

/** Control characters, and marks that turn the direction of text, could rewrite what a terminal shows. */
export const printable = (text: string) =>
  text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, ' ');
