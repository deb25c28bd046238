/**
 * Reading and writing single objects: server-side apply, and the questions to
 * the authorizer whether somebody may do something.
 */
import { type ApiResource, resourcePath } from './discovery.ts';
import { isNotFound } from './errors.ts';
import type { Transport } from './transport.ts';
import type { KubeObject } from './types.ts';

export type ResourceRef = Pick<ApiResource, 'group' | 'version' | 'plural' | 'namespaced'>;

export type RequestOptions = { signal?: AbortSignal; timeoutMs?: number };

export type ApplyOptions = RequestOptions & {
  /** The name under which managedFields records what is applied. */
  fieldManager: string;
  /** Takes over fields that others own. Default true: a controller owns what it applies. */
  force?: boolean;
};

/** The object, or undefined when it does not exist. */
export async function getObject(
  transport: Transport,
  resource: ResourceRef,
  namespace: string | undefined,
  name: string,
  options: RequestOptions = {},
): Promise<KubeObject | undefined> {
  try {
    const path = resourcePath(resource, namespace, name);
    return (await transport.request<KubeObject>({ path, ...options })).body;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Creates the object in its metadata.namespace. Throws an ApiError with reason AlreadyExists when it is there. */
export async function createObject(
  transport: Transport,
  resource: ResourceRef,
  object: KubeObject,
  options: RequestOptions = {},
): Promise<KubeObject> {
  const path = resourcePath(resource, object.metadata.namespace);
  return (await transport.request<KubeObject>({ method: 'POST', path, body: object, ...options })).body;
}

/** Deletes the object; one that is gone already is no error. */
export async function deleteObject(
  transport: Transport,
  resource: ResourceRef,
  namespace: string | undefined,
  name: string,
  options: RequestOptions = {},
): Promise<void> {
  try {
    await transport.request({ method: 'DELETE', path: resourcePath(resource, namespace, name), ...options });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/**
 * Server-side apply of the object as given. With metadata.resourceVersion the server refuses (409 Conflict) when the
 * object has changed since; with metadata.uid, when it was deleted and made again.
 */
export function applyObject(
  transport: Transport,
  resource: ResourceRef,
  object: KubeObject,
  options: ApplyOptions,
): Promise<KubeObject> {
  return applyTo(transport, resource, object, undefined, options);
}

/** Server-side apply on the status subresource: of `object` only identity and status are sent. */
export function applyStatus(
  transport: Transport,
  resource: ResourceRef,
  object: KubeObject,
  options: ApplyOptions,
): Promise<KubeObject> {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  const { apiVersion, kind, status } = object;
  const metadata = { namespace, name, uid, resourceVersion };
  return applyTo(transport, resource, { apiVersion, kind, metadata, status }, 'status', options);
}

async function applyTo(
  transport: Transport,
  resource: ResourceRef,
  object: KubeObject,
  subresource: string | undefined,
  options: ApplyOptions,
): Promise<KubeObject> {
  const { fieldManager, force = true, ...rest } = options;
  const { body } = await transport.request<KubeObject>({
    method: 'PATCH',
    path: resourcePath(resource, object.metadata.namespace, object.metadata.name, subresource),
    query: { fieldManager, force },
    // JSON is YAML; this media type is what servers of all versions accept for apply.
    contentType: 'application/apply-patch+yaml',
    body: object,
    verb: 'APPLY',
    ...rest,
  });
  return body;
}

export type AccessQuestion = {
  verb: string;
  /** Empty for the core group. */
  group: string;
  version?: string;
  /** Plural of the resource. */
  resource: string;
  subresource?: string;
  /** Undefined asks for all namespaces. */
  namespace?: string;
  /** Undefined asks for all names. */
  name?: string;
};

export type AccessAnswer = { allowed: boolean; reason: string };

/** Asks the authorizer whether this client may. */
export async function canI(
  transport: Transport,
  question: AccessQuestion,
  options: RequestOptions = {},
): Promise<AccessAnswer> {
  return review(transport, 'SelfSubjectAccessReview', { resourceAttributes: question }, options);
}

/** Asks the authorizer whether somebody else may; needs `create` on subjectaccessreviews. */
export async function canSubject(
  transport: Transport,
  subject: { user: string; groups?: string[] },
  question: AccessQuestion,
  options: RequestOptions = {},
): Promise<AccessAnswer> {
  return review(transport, 'SubjectAccessReview', { ...subject, resourceAttributes: question }, options);
}

/** User and groups that the API server gives to a service account. */
export function serviceAccountSubject(namespace: string, name: string): { user: string; groups: string[] } {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  return { user: `system:serviceaccount:${namespace}:${name}`, groups };
}

type ReviewBody = { status?: { allowed?: boolean; reason?: string; evaluationError?: string } };

async function review(
  transport: Transport,
  kind: 'SelfSubjectAccessReview' | 'SubjectAccessReview',
  spec: object,
  options: RequestOptions,
): Promise<AccessAnswer> {
  const { body } = await transport.request<ReviewBody>({
    method: 'POST',
    path: `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`,
    body: { apiVersion: 'authorization.k8s.io/v1', kind, metadata: {}, spec },
    ...options,
  });
  const { allowed = false, reason, evaluationError } = body.status ?? {};
  return { allowed, reason: reason || evaluationError || '' };
}

export type ServerVersion = { gitVersion: string; major: string; minor: string };

/** Asks the server for its version: a first request that fails within ten seconds when there is no server. */
export async function serverVersion(
  transport: Transport,
  options: RequestOptions = {},
): Promise<ServerVersion> {
  return (await transport.request<ServerVersion>({ path: '/version', timeoutMs: 9_000, ...options })).body;
}
