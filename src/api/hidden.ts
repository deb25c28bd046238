// A value that is known to be there and cannot be read here: encrypted, or kept
// where only the cluster can see it. It stands as a text that nobody writes, with
// the reason in it, so that whatever comes upon it can say why it knows nothing.

/** Of Unicode's private use, and safe within a plain scalar of YAML. */
const OPEN = '\uE0F1';
const CLOSE = '\uE0F2';
const HIDDEN = new RegExp(`${OPEN}([\\w-]*)${CLOSE}`, 'u');
const HIDDEN_ALONE = new RegExp(`^${OPEN}[\\w-]*${CLOSE}$`, 'u');

/** The text that stands for the value; `why` is a clause, such as "Secret a/b is encrypted". */
export const hide = (why: string): string => `${OPEN}${Buffer.from(why).toString('base64url')}${CLOSE}`;

/** Why part of this text is not known; undefined where all of it is. */
export function whyHidden(text: string): string | undefined {
  if (!text.includes(OPEN)) return undefined;
  const found = HIDDEN.exec(text)?.[1];
  return found === undefined ? undefined : Buffer.from(found, 'base64url').toString();
}

/** Does the text stand for a whole value, which then may be no text at all? */
export const isHiddenAlone = (text: string): boolean => HIDDEN_ALONE.test(text);
