// What an item may see: its own namespace, everything where the cluster's owner
// said so, or what its ServiceAccount may read.

import { KINDS } from './projections.ts';
import { type Access, unrestricted } from './recording.ts';
import type { KindRef } from './source.ts';
import type { Unknowable } from './view.ts';

/** One question to the authorizer. */
export interface Question {
  readonly verb: 'get' | 'list';
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/** The answer that is known now; asking schedules what is not. */
export type Permission =
  | { readonly state: 'allowed' }
  | { readonly state: 'denied'; readonly message: string }
  | Unknowable;

export interface Tenant {
  readonly namespace: string;
  readonly serviceAccountName: string | undefined;
}

export interface Tenancy {
  /** Namespaces whose items may look at the whole cluster. */
  readonly clusterWide: ReadonlySet<string>;
  /** May the ServiceAccount of the tenant make this read? */
  readonly permission: (
    tenant: { namespace: string; serviceAccountName: string },
    question: Question,
  ) => Permission;
}

/** The bounds of one item's view (api.md, Tenancy). */
export function accessOf(tenant: Tenant, tenancy: Tenancy): Access {
  const { namespace: own } = tenant;
  const bounds = boundsOf(tenant, tenancy);
  return (kind, namespace, name) =>
    isSecret(kind) && namespace !== own
      ? {
          state: 'failed',
          reason: 'Forbidden',
          message: `Secrets are read only in the item's own namespace ${own}, and this one wants ${what(kind, namespace, name)}, whoever may read it; move the item there`,
        }
      : bounds(kind, namespace, name);
}

const isSecret = ({ apiVersion, kind }: KindRef) => apiVersion === 'v1' && kind === 'Secret';

function boundsOf(tenant: Tenant, { clusterWide, permission }: Tenancy): Access {
  const { namespace: own, serviceAccountName } = tenant;
  if (serviceAccountName !== undefined) {
    return (kind, namespace, name) => {
      const question = {
        verb: name === undefined ? 'list' : 'get',
        apiVersion: kind.apiVersion,
        kind: kind.kind,
        namespace,
        name,
      } as const;
      const answer = permission({ namespace: own, serviceAccountName }, question);
      switch (answer.state) {
        case 'allowed':
          return undefined;
        case 'denied':
          return { state: 'failed', reason: 'Forbidden', message: answer.message };
        case 'pending':
        case 'failed':
          return answer;
        default:
          return answer satisfies never;
      }
    };
  }
  if (clusterWide.has(own)) return unrestricted;
  return (kind, namespace, name) => {
    if (namespace === own) return undefined;
    if (kind.kind === 'Namespace' && name === own) return undefined;
    return {
      state: 'failed',
      reason: 'Forbidden',
      message: `an item in namespace ${own} sees its own namespace only, and this one wants ${what(kind, namespace, name)}; give it a serviceAccountName that may ${name === undefined ? 'list' : 'get'} them, or move it to one of the cluster-wide namespaces (${[...clusterWide].join(', ') || 'none'})`,
    };
  };
}

function what(kind: KindRef, namespace: string | undefined, name: string | undefined): string {
  const noun = kind.projected ? KINDS[kind.projected].plural : kind.kind;
  if (name !== undefined) return `${kind.kind} ${namespace ? `${namespace}/` : ''}${name}`;
  return namespace === undefined ? `${noun} of the whole cluster` : `${noun} in namespace ${namespace}`;
}
