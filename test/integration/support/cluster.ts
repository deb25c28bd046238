// What every suite against a cluster needs: the CRD, the operator's permissions,
// namespaces of its own, and waiting for what is to come.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { ItemStatus } from '../../../src/api/status.ts';
import {
  createTransport,
  type KubeObject,
  loadConnection,
  type Transport,
} from '../../../src/kubernetes/index.ts';
import type { Cluster } from '../../cluster/index.ts';

export const ROOT: string = path.join(import.meta.dirname, '../../..');
export const SYSTEM = 'remediation-system';

/** The files of deploy/base that say what the operator may do, and nothing that would start it. */
const PERMISSIONS = [
  'namespace.yaml',
  'serviceaccount.yaml',
  'clusterrole.yaml',
  'clusterrole-extra.yaml',
  'clusterrolebindings.yaml',
  'role.yaml',
];

/** Everything that an operator finds where it is installed; answers a connection of the cluster's administrator. */
export async function install(cluster: Cluster): Promise<Transport> {
  await installDefinition(cluster);
  await installPermissions(cluster);
  return admin(cluster);
}

/** Applies the CRD and waits until it is served. */
export async function installDefinition(cluster: Cluster): Promise<void> {
  await cluster.kubectl([
    'apply',
    '--server-side',
    '--force-conflicts',
    '-f',
    path.join(ROOT, 'crds/remediation.dev_remediationitems.yaml'),
  ]);
  await established(cluster, 'remediationitems.remediation.dev');
}

/** Waits until the API server serves the kind. kubectl itself stumbles over a definition without conditions. */
export const established = (cluster: Cluster, name: string): Promise<string> =>
  eventually(() => cluster.kubectl(['wait', '--for=condition=Established', `crd/${name}`, '--timeout=60s']));

/** Gives the operator's ServiceAccount what deploy/base gives it. */
export async function installPermissions(cluster: Cluster): Promise<void> {
  const documents = PERMISSIONS.map((file) => readFileSync(path.join(ROOT, 'deploy/base', file), 'utf8'));
  await apply(cluster, documents.join('\n---\n'));
}

/** Server-side apply as the test's own field manager. */
export async function apply(cluster: Cluster, yaml: string, manager = 'integration-test'): Promise<void> {
  await cluster.kubectl(
    ['apply', '--server-side', '--force-conflicts', `--field-manager=${manager}`, '-f', '-'],
    yaml,
  );
}

/** Several objects as one YAML text. */
export const documents = (...objects: object[]): string =>
  objects.map((object) => stringify(object)).join('---\n');

export const admin = async (cluster: Cluster): Promise<Transport> =>
  createTransport(await loadConnection({ kubeconfig: cluster.kubeconfigPath }), {
    userAgent: 'integration-test',
  });

/** An object as JSON. */
export const getJson = async <T = KubeObject>(cluster: Cluster, ...args: string[]): Promise<T> =>
  JSON.parse(await cluster.kubectl(['get', ...args, '-o', 'json'])) as T;

/** The status of an item; empty when it has none. */
export async function statusOf(transport: Transport, namespace: string, name: string): Promise<ItemStatus> {
  const { body } = await transport.request<{ status?: ItemStatus }>({
    path: `/apis/remediation.dev/v1alpha1/namespaces/${namespace}/remediationitems/${name}`,
  });
  return body.status ?? {};
}

/** Waits, generously, until `claim` no longer throws; then answers what it answers. */
export async function eventually<T>(claim: () => T | Promise<T>, withinMs = 60_000): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    try {
      return await claim();
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(25);
    }
  }
}

/** Deletes the items with this label, and waits until they are gone. */
export async function deleteItems(
  transport: Transport,
  labelSelector: string,
  namespace: string,
): Promise<void> {
  const path = `/apis/remediation.dev/v1alpha1/namespaces/${namespace}/remediationitems`;
  await transport.request({ method: 'DELETE', path, query: { labelSelector } });
  await eventually(async () => {
    const { body } = await transport.request<{ items: unknown[] }>({ path, query: { labelSelector } });
    if (body.items.length > 0) throw new Error(`${body.items.length} items are still there`);
  });
}
