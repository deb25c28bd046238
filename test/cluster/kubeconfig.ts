// Kubeconfig files, with everything embedded: a file that can be copied.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

export type Credentials = { certificate: Buffer; key: Buffer } | { token: string };

export interface KubeconfigParts {
  server: string;
  /** PEM. */
  ca: Buffer;
  user: string;
  credentials: Credentials;
}

/** Writes a kubeconfig that only its owner may read. */
export function writeKubeconfig(path: string, parts: KubeconfigParts): void {
  const { credentials } = parts;
  const user =
    'token' in credentials
      ? { token: credentials.token }
      : {
          'client-certificate-data': credentials.certificate.toString('base64'),
          'client-key-data': credentials.key.toString('base64'),
        };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [
      {
        name: 'test',
        cluster: { server: parts.server, 'certificate-authority-data': parts.ca.toString('base64') },
      },
    ],
    users: [{ name: parts.user, user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: parts.user, namespace: 'default' } }],
  };
  writeFileSync(path, stringify(config), { mode: 0o600 });
}

/** Reads `NAME.crt` and `NAME.key` of a folder that the certs program filled. */
export function clientCertificate(folder: string, name: string): Credentials {
  return {
    certificate: readFileSync(join(folder, `${name}.crt`)),
    key: readFileSync(join(folder, `${name}.key`)),
  };
}
