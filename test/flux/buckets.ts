// Buckets for Flux to fetch from: the S3 gateway of the versitygw project over a
// folder, and what `aws s3 cp` and `aws s3 rm` do to them.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AwsClient } from 'aws4fetch';
import { freePorts } from '../cluster/ports.ts';
import { startProgram } from './program.ts';
import type { Changes } from './repository.ts';

export interface Buckets {
  /** HOST:PORT */
  readonly address: string;
  /** Who may read and write all of them. */
  readonly accessKey: string;
  readonly secretKey: string;
  create(bucket: string): Promise<void>;
  /** Puts and deletes these of its objects. */
  put(bucket: string, changes: Changes): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the program `file` with its files below `folder`, on a free port of 127.0.0.1. */
export async function startBuckets(file: string, folder: string): Promise<Buckets> {
  const [data, sidecar] = [join(folder, 'data'), join(folder, 'sidecar')];
  for (const each of [data, sidecar]) mkdirSync(each, { recursive: true });
  const [port] = await freePorts(1, new Set());
  const address = `127.0.0.1:${port}`;
  const [accessKey, secretKey] = ['flux', 'of-one-run'];
  const program = await startProgram({
    file,
    folder,
    // File systems of containers may have no extended attributes: what S3 knows of an object goes beside it.
    args: ['--port', address, '--quiet', 'posix', '--sidecar', sidecar, data],
    env: { ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey },
    // Nobody is asked in without a signature.
    ready: { [`http://${address}/`]: [403] },
  });
  const client = new AwsClient({
    accessKeyId: accessKey,
    secretAccessKey: secretKey,
    service: 's3',
    region: 'us-east-1',
  });
  async function send(method: string, where: string, body?: string): Promise<void> {
    const response = await client.fetch(`http://${address}/${where}`, {
      method,
      ...(body === undefined ? {} : { body }),
    });
    if (!response.ok) throw new Error(`${method} ${where}: ${response.status} ${await response.text()}`);
    await response.body?.cancel();
  }

  return {
    address,
    accessKey,
    secretKey,
    create: (bucket) => send('PUT', bucket),
    async put(bucket, changes) {
      for (const [name, content] of Object.entries(changes))
        if (content === null) await send('DELETE', `${bucket}/${name}`);
        else await send('PUT', `${bucket}/${name}`, content);
    },
    stop: () => program.stop(),
  };
}
