// The one form that rules of all three kinds of policy are brought to, before
// anything is decided (Cilium's PolicyEntry, pkg/policy/types/policyentry.go).

import type { Doubt } from './doubt.ts';
import type { Requirements } from './labels.ts';
import type { PeerSelector } from './peers.ts';
import type { PortSpec } from './ports.ts';

export type Direction = 'ingress' | 'egress';

/** A policy object as the API server gives it. Compiled policies are remembered by its identity. */
export interface PolicyInput {
  readonly kind: 'NetworkPolicy' | 'CiliumNetworkPolicy' | 'CiliumClusterwideNetworkPolicy';
  readonly meta: { readonly name: string; readonly namespace: string };
  readonly spec?: unknown;
  readonly specs?: unknown;
}

/** A service, for toServices. */
export interface ServiceInput {
  readonly meta: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly selector?: Readonly<Record<string, string>> };
  /** Addresses behind a service without selector; undefined when nobody knows. */
  readonly backends?: readonly string[];
}

export interface Rule {
  readonly policy: PolicyInput;
  /** Where it stands: `spec.ingress[0]`. */
  readonly path: string;
  readonly direction: Direction;
  readonly deny: boolean;
  /** Does it put its subjects under default deny in its direction? */
  readonly defaultDeny: boolean;
  readonly subject: Requirements;
  /** Why it may select none of those that `subject` means. */
  readonly subjectDoubt?: Doubt;
  /** It is about the node itself (nodeSelector), not about pods. */
  readonly node: boolean;
  /** null selects nobody; [] everybody. */
  readonly peers: readonly PeerSelector[] | null;
  /** undefined is every port; [] is none. */
  readonly ports: readonly PortSpec[] | undefined;
  /** Layers above that may stop what is let through here, or fail: for people. */
  readonly caveats: readonly string[];
}

export interface CompiledPolicy {
  readonly policy: PolicyInput;
  readonly rules: readonly Rule[];
  /** Why Cilium refuses the object; it is then without any effect. */
  readonly invalid?: string;
  /** Why it is not imported as it stands, though it is valid. */
  readonly skipped?: string;
}

/** Raised inside a compiler when an object is refused; never leaves the engine. */
export class Refused extends Error {}
