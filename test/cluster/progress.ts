// Progress of long work on a terminal or in a log: one line that is redrawn
// every second on a terminal, a plain line every 15 seconds elsewhere.

/** Where progress and notes go: one call per line. */
export type Log = (line: string) => void;

export interface Progress {
  log: Log;
  /** Calls `line()` for the current text until the returned function is called. */
  show(line: () => string): () => void;
}

const PLAIN_INTERVAL_MS = 15_000;

/** Progress on a stream, by default stderr: stdout is left to what a caller may want to read. */
export function streamProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const live = stream.isTTY === true;
  const log: Log = (line) => void stream.write(`${live ? '\r\x1b[2K' : ''}${line}\n`);
  return {
    log,
    show(line) {
      const draw = live
        ? () => void stream.write(`\r\x1b[2K${line().slice(0, (stream.columns ?? 80) - 1)}`)
        : () => log(line());
      draw();
      const timer = setInterval(draw, live ? 1000 : PLAIN_INTERVAL_MS);
      return () => {
        clearInterval(timer);
        if (live) stream.write('\r\x1b[2K');
      };
    },
  };
}

/** Progress that calls `log` for each plain line. */
export function logProgress(log: Log): Progress {
  return {
    log,
    show(line) {
      log(line());
      const timer = setInterval(() => log(line()), PLAIN_INTERVAL_MS);
      return () => clearInterval(timer);
    },
  };
}

/** 75 → "1 min 15 s". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
