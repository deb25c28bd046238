/**
 * Cuts a byte stream into lines. Works on bytes, so a character that is split
 * between two chunks stays whole.
 */

const NEWLINE = 0x0a;

export type LineSplitter = {
  /** Calls `onLine` for each line that this chunk completes, without its newline; empty lines are left out. */
  push(chunk: Buffer, onLine: (line: string) => void): void;
  /** Bytes of the unfinished last line. */
  pending(): number;
};

export function createLineSplitter(): LineSplitter {
  // Parts of a long line are joined once, when it ends: a 5 MB object in 64 KiB chunks must not be copied 80 times.
  let parts: Buffer[] = [];
  let pending = 0;
  return {
    push: (chunk, onLine) => {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        let line: string;
        if (parts.length > 0) {
          parts.push(chunk.subarray(start, end));
          line = Buffer.concat(parts).toString('utf8');
          parts = [];
          pending = 0;
        } else {
          line = chunk.toString('utf8', start, end);
        }
        start = end + 1;
        if (line.length > 1 || line.trim() !== '') onLine(line);
      }
      if (start < chunk.length) {
        parts.push(chunk.subarray(start));
        pending += chunk.length - start;
      }
    },
    pending: () => pending,
  };
}
