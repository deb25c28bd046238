// Requests to an API server whose refusals are answers, not errors: nothing is
// retried and no status throws.

import { Agent } from 'undici';
import { loadConnection } from '../../../src/kubernetes/index.ts';

/** An object as the API server shows it. */
export interface Raw {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly generation?: number;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly {
      readonly uid: string;
      readonly kind: string;
      readonly name: string;
    }[];
    readonly [field: string]: unknown;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly code: number;
  readonly body: unknown;
}

export interface Server {
  send(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer>;
  /** As `send`, and throws where the answer is not 2xx. */
  must<T = Raw>(method: string, path: string, body?: unknown, contentType?: string): Promise<T>;
  close(): Promise<void>;
}

export async function openServer(kubeconfig: string): Promise<Server> {
  const connection = await loadConnection({ kubeconfig });
  const { tls, headers } = await connection.authenticate();
  const agent = new Agent({ connections: 16, connect: { ...tls } });
  const send = async (
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<Answer> => {
    const answer = await agent.request({
      origin: connection.server,
      path,
      method,
      headers: { ...headers, accept: 'application/json', 'content-type': contentType },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    return { code: answer.statusCode, body: text.startsWith('{') ? JSON.parse(text) : text };
  };
  return {
    send,
    must: async <T>(method: string, path: string, body?: unknown, contentType?: string) => {
      const answer = await send(method, path, body, contentType);
      if (answer.code < 200 || answer.code > 299) {
        throw new Error(`${method} ${path}: ${answer.code} ${JSON.stringify(answer.body).slice(0, 600)}`);
      }
      return answer.body as T;
    },
    close: () => agent.close(),
  };
}

/** The group of kinds that no part of Kubernetes knows, with and without a scale. */
export const FOREIGN_GROUP = 'differential.example.dev';

const PLURALS: Readonly<Record<string, string>> = {
  ConfigMap: 'configmaps',
  DaemonSet: 'daemonsets',
  Deployment: 'deployments',
  Gadget: 'gadgets',
  HorizontalPodAutoscaler: 'horizontalpodautoscalers',
  Job: 'jobs',
  Pod: 'pods',
  PodDisruptionBudget: 'poddisruptionbudgets',
  ReplicaSet: 'replicasets',
  ReplicationController: 'replicationcontrollers',
  ServiceAccount: 'serviceaccounts',
  StatefulSet: 'statefulsets',
  Widget: 'widgets',
};

/** The path of a kind in a namespace, or of one object of it. */
export function pathOf(apiVersion: string, kind: string, namespace: string, name?: string): string {
  const plural =
    apiVersion.startsWith(FOREIGN_GROUP) && kind === 'Deployment' ? 'foreigndeployments' : PLURALS[kind];
  if (!plural) throw new Error(`no plural is known for ${kind}`);
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${root}/namespaces/${namespace}/${plural}${name === undefined ? '' : `/${name}`}`;
}
