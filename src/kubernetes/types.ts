/**
 * The shapes that every object of a Kubernetes API shares. Typed loosely on
 * purpose: callers project what arrives to types of their own.
 */

export type OwnerReference = {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
};

export type ManagedFieldsEntry = {
  manager?: string;
  operation?: string;
  time?: string;
  subresource?: string;
  apiVersion?: string;
  fieldsV1?: unknown;
};

export type ObjectMeta = {
  name?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  managedFields?: ManagedFieldsEntry[];
  [field: string]: unknown;
};

export type KubeObject = {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
};

/** Names one object; a cluster-scoped one has the empty namespace. */
export type ObjectKey = { namespace: string; name: string };
