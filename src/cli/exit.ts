// What a command's end means to the shell.

/** Nothing drifted, invalid or unknown. */
export const EXIT_OK = 0;
/** Something Drifted. */
export const EXIT_DRIFTED = 1;
/** Usage, unreadable input, an Invalid item. */
export const EXIT_USAGE = 2;
/** Nothing drifted, but something is Unknown. */
export const EXIT_UNKNOWN = 3;

/** The command was called wrongly, or its input cannot be read: told without a stack. */
export class UsageError extends Error {}

/** Why a file cannot be read, in words. */
export function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'no such file';
    case 'EISDIR':
      return 'a folder, where a file is wanted';
    case 'EACCES':
      return 'no permission to read it';
    default:
      return message;
  }
}
