// Label selectors as kubectl takes them on a command line.

import { UsageError } from './exit.ts';

/**
 * kubectl's equality-based selectors: key, !key, key=value, key==value, key!=value, joined by commas.
 * `where` begins the error about one that is none.
 */
export function labelTest(
  selector: string,
  where: string,
): (labels: Readonly<Record<string, string>>) => boolean {
  const tests = selector.split(',').map((term) => {
    const [, key = '', operator = '', value = ''] = /^\s*([^=!\s]+)\s*(==|=|!=)\s*(\S*)\s*$/.exec(term) ?? [];
    if (key) {
      return (labels: Readonly<Record<string, string>>) =>
        operator === '!=' ? labels[key] !== value : labels[key] === value;
    }
    const name = term.trim();
    if (!/^!?[\w./-]+$/.test(name)) {
      throw new UsageError(`${where}: "${term}" is not key=value, key!=value, key or !key`);
    }
    return name.startsWith('!')
      ? (labels: Readonly<Record<string, string>>) => !Object.hasOwn(labels, name.slice(1))
      : (labels: Readonly<Record<string, string>>) => Object.hasOwn(labels, name);
  });
  return (labels) => tests.every((test) => test(labels));
}
