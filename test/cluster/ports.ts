// Free ports on 127.0.0.1 for a cluster. They are taken from below the range
// that the kernel hands to outgoing connections, so that a port stays free
// while its program is being restarted.

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const lowest = 20_000;
const highest = 31_999;

/** `count` different ports that nobody listens on and that are not in `taken`. */
export async function freePorts(count: number, taken: ReadonlySet<number>): Promise<number[]> {
  const found = new Set<number>();
  for (let attempt = 0; attempt < 200 && found.size < count; attempt++) {
    const port = randomInt(lowest, highest + 1);
    if (!taken.has(port) && !found.has(port) && (await isFree(port))) found.add(port);
  }
  if (found.size < count) {
    throw new Error(
      `Found only ${found.size} of ${count} free ports between ${lowest} and ${highest} on 127.0.0.1.`,
    );
  }
  return [...found];
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
