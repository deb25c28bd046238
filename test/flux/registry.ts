// A registry of OCI artifacts, the one that the distribution project makes, and
// what `flux push artifact` does to it.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePorts } from '../cluster/ports.ts';
import { startProgram } from './program.ts';

export interface Registry {
  /** HOST:PORT */
  readonly address: string;
  /** Pushes a tar.gz as an artifact of Flux under the tag `latest`; answers the digest of its manifest. */
  push(name: string, archive: Buffer): Promise<string>;
  stop(): Promise<void>;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
/** Media types of github.com/fluxcd/pkg/oci. */
const CONFIG = 'application/vnd.cncf.flux.config.v1+json';
const CONTENT = 'application/vnd.cncf.flux.content.v1.tar+gzip';

/** Starts the program `file` with its files below `folder`, on a free port of 127.0.0.1. */
export async function startRegistry(file: string, folder: string): Promise<Registry> {
  mkdirSync(folder, { recursive: true });
  const [port] = await freePorts(1, new Set());
  const address = `127.0.0.1:${port}`;
  const configuration = join(folder, 'config.yaml');
  writeFileSync(
    configuration,
    stringify({
      version: 0.1,
      log: { level: 'error' },
      storage: { filesystem: { rootdirectory: join(folder, 'blobs') } },
      http: { addr: address, secret: 'of one run' },
    }),
  );
  const program = await startProgram({
    file,
    folder,
    args: ['serve', configuration],
    ready: { [`http://${address}/v2/`]: [200] },
  });

  /** Answers the descriptor of the blob (OCI image-spec). */
  async function upload(name: string, mediaType: string, blob: Buffer) {
    const begun = await send(`http://${address}/v2/${name}/blobs/uploads/`, 'POST');
    const digest = sha256(blob);
    const place = new URL(begun.headers.get('location') ?? '', begun.url);
    place.searchParams.set('digest', digest);
    await send(place, 'PUT', blob, 'application/octet-stream');
    return { mediaType, digest, size: blob.length };
  }

  return {
    address,
    async push(name, archive) {
      const manifest = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: MANIFEST,
          config: await upload(name, CONFIG, Buffer.from('{}')),
          layers: [await upload(name, CONTENT, archive)],
        }),
      );
      await send(`http://${address}/v2/${name}/manifests/latest`, 'PUT', manifest, MANIFEST);
      return sha256(manifest);
    },
    stop: () => program.stop(),
  };
}

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function send(url: string | URL, method: string, body?: Buffer, contentType?: string) {
  const response = await fetch(url, {
    method,
    ...(body ? { body: new Uint8Array(body) } : {}),
    ...(contentType ? { headers: { 'content-type': contentType } } : {}),
  });
  if (!response.ok) throw new Error(`${method} ${String(url)}: ${response.status} ${await response.text()}`);
  return response;
}
