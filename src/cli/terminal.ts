// What commands tell beside their results, and to whom.

import { printable } from '../report/printable.ts';

/** One line on stderr; what comes from outside moves no cursor. */
export const say = (line: string) => process.stderr.write(`${printable(line)}\n`);

/** A person looks at stdout and likes colours. `color` is what --no-color turns off; so does NO_COLOR (no-color.org). */
export const likesColor = (color: boolean) => color && !process.env.NO_COLOR && process.stdout.isTTY === true;
