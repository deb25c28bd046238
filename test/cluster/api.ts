// The few requests that starting a cluster needs, without a client library:
// a cluster must come up on its own, whatever the operator's client is worth.
import { Agent, request } from 'node:https';

export interface ApiCredentials {
  server: string;
  /** PEM. */
  ca: Buffer;
  certificate: Buffer;
  key: Buffer;
}

export interface Answer {
  status: number;
  body: string;
}

export interface Api {
  /** One request with a JSON body; throws only where no answer comes (refused, reset, no answer in 10 s). */
  send(method: string, path: string, body?: string): Promise<Answer>;
  close(): void;
}

export function connectApi({ server, ca, certificate, key }: ApiCredentials): Api {
  const agent = new Agent({ ca, cert: certificate, key, keepAlive: true, maxSockets: 8 });
  return {
    send: (method, path, body) =>
      new Promise((resolve, reject) => {
        const outgoing = request(
          new URL(path, server),
          { agent, method, timeout: 10_000, headers: { 'content-type': 'application/json' } },
          (incoming) => {
            const chunks: Buffer[] = [];
            incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
            incoming.on('error', reject);
            incoming.on('end', () =>
              resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
            );
          },
        );
        outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer in 10 s`)));
        outgoing.on('error', reject);
        outgoing.end(body);
      }),
    close: () => agent.destroy(),
  };
}
