// `suggest --dry-run`: asks the API server whether it would take each edit, with
// defaulting, validation and admission, and stores nothing (dryRun=All).

import type { Edit, EditTarget } from '../../facts/edits.ts';
import { targetOf } from '../../facts/edits.ts';
import type { KindName } from '../../facts/kinds.ts';
import { KINDS } from '../../facts/projections.ts';
import {
  type ApiRequest,
  createTransport,
  isApiError,
  isForbidden,
  messageOf,
  resourcePath,
  splitApiVersion,
} from '../../kubernetes/index.ts';
import { connect } from '../connect.ts';
import { UsageError } from '../exit.ts';

export interface Asked {
  /** What the server would not take, and its reason. */
  readonly refused: readonly string[];
  /** What could not be asked, and why. */
  readonly unasked: readonly string[];
}

/** Throws a UsageError where the server does not answer. */
export async function dryRun(
  edits: readonly Edit[],
  flags: { readonly kubeconfig?: string; readonly context?: string },
  exists: (target: EditTarget) => boolean,
): Promise<Asked> {
  const transport = createTransport(await connect(flags), { userAgent: 'remediation-suggest' });
  const refused: string[] = [];
  const unasked: string[] = [];
  try {
    for (const edit of edits) {
      const target = targetOf(edit);
      try {
        await transport.request(requestFor(edit, target, exists(target)));
      } catch (error) {
        if (!isApiError(error)) throw new UsageError(messageOf(error));
        const line = `${target.kind} ${target.namespace ? `${target.namespace}/` : ''}${target.name}: ${error.message}`;
        if (isForbidden(error) && NOT_ALLOWED.test(error.message)) unasked.push(line);
        else refused.push(line);
      }
    }
  } finally {
    await transport.close();
  }
  return { refused, unasked };
}

/** How RBAC words it; admission that forbids says something else. */
const NOT_ALLOWED = /cannot (create|patch|delete) resource/;

const FIELD_MANAGER = 'remediation-suggest';

function requestFor(edit: Edit, target: EditTarget, isThere: boolean): ApiRequest {
  const { plural, namespaced } = KINDS[target.kind as KindName];
  const resource = { ...splitApiVersion(target.apiVersion), plural, namespaced };
  const path = resourcePath(resource, target.namespace, target.name);
  const query = { dryRun: 'All', fieldManager: FIELD_MANAGER };
  switch (edit.action) {
    case 'Create':
      return isThere
        ? {
            method: 'PATCH',
            path,
            query: { ...query, force: true },
            contentType: 'application/apply-patch+yaml',
            body: edit.object,
          }
        : { method: 'POST', path: resourcePath(resource, target.namespace), query, body: edit.object };
    case 'Patch':
      return {
        method: 'PATCH',
        path,
        query,
        contentType: `application/${edit.type === 'strategic' ? 'strategic-merge' : 'merge'}-patch+json`,
        body: edit.patch,
      };
    case 'Delete':
      return { method: 'DELETE', path, query: { dryRun: 'All' } };
    default:
      return edit satisfies never;
  }
}
