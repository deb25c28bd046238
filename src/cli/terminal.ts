// What commands tell beside their results, and to whom.

import { printable } from '../report/printable.ts';

/** One line on stderr; what comes from outside moves no cursor. */
export const say = (line: string) => process.stderr.write(`${printable(line)}\n`);

/** A person looks at stdout and likes colours. `color` is what --no-color turns off; so does NO_COLOR (no-color.org). */
export const likesColor = (color: boolean) => color && !process.env.NO_COLOR && process.stdout.isTTY === true;

/** Whoever waits at a terminal for more than a second is told, once, that something is under way. */
export function tellingOfWaiting(): <T>(awaited: Promise<T>) => Promise<T> {
  const begun = Date.now();
  let isTold = process.stderr.isTTY !== true;
  return (awaited) => {
    if (isTold) return awaited;
    const tell = () => {
      isTold = true;
      say('reading the cluster …');
    };
    const timer = setTimeout(tell, Math.max(0, begun + 1000 - Date.now()));
    return awaited.finally(() => clearTimeout(timer));
  };
}
