// Archives for tests, made as Flux makes them and as it never would, and a real
// server that serves them.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';

/** One entry: a path with its content, or a header of any kind. */
export type Given = readonly [string | Partial<Header>, (string | Buffer)?];

/** A tar archive of these entries, in this order. */
export async function tarOf(...entries: readonly Given[]): Promise<Buffer> {
  const archive = pack();
  const whole = buffer(archive as unknown as NodeJS.ReadableStream);
  for (const [given, content = ''] of entries) {
    const header = typeof given === 'string' ? { name: given } : { name: 'unnamed', ...given };
    archive.entry(header, Buffer.from(content));
  }
  archive.finalize();
  return whole;
}

export const tarGzOf = async (...entries: readonly Given[]): Promise<Buffer> =>
  gzipSync(await tarOf(...entries));

export const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export interface ArtifactServer {
  readonly url: string;
  readonly server: Server;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** Answers requests for the path. */
  on(path: string, answer: Buffer | ((request: IncomingMessage, response: ServerResponse) => void)): void;
  close(): Promise<void>;
}

/** A server on loopback; what it is not told to answer is 404. */
export async function startArtifactServer(): Promise<ArtifactServer> {
  const answers = new Map<string, Buffer | ((request: IncomingMessage, response: ServerResponse) => void)>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    asked.push(path);
    const answer = answers.get(path);
    if (typeof answer === 'function') answer(request, response);
    else response.writeHead(answer ? 200 : 404, { 'content-type': 'application/octet-stream' }).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    asked,
    on: (path, answer) => {
      answers.set(path, answer);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
