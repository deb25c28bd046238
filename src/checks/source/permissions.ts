// What the token of a step may, as far as the files say.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions

import type { Lack } from './lack.ts';
import type { Permissions } from './workflow.ts';

type Access = 'read' | 'write' | 'none';

/**
 * What the token may, as far as the file says: undefined where the repository's settings decide. `isBound`: not
 * what it is given, but how much a workflow that it calls may ask for.
 */
function accessOf(
  scope: string,
  permissions: Permissions,
  isBound: boolean,
): Access | 'at least read' | undefined {
  if (permissions === undefined) {
    // https://docs.github.com/en/actions/reference/github_token-reference: the same in both defaults.
    if (scope === 'id-token') return isBound ? undefined : 'none';
    if (scope === 'metadata') return 'read';
    return scope === 'contents' || scope === 'packages' ? 'at least read' : undefined;
  }
  if (permissions === 'read-all') return 'read';
  if (permissions === 'write-all') return 'write';
  const given = Object.hasOwn(permissions, scope) ? permissions[scope] : 'none';
  return given === 'read' || given === 'write' ? given : 'none';
}

/** What is wrong with a scope, where each of the grants bounds the others. */
export function permission(scope: string, wanted: Access, grants: readonly Permissions[]): readonly Lack[] {
  const lacks = grants.map((given, index) => ofGrant(scope, wanted, given, index < grants.length - 1));
  if (wanted === 'none' && lacks.includes(undefined)) return [];
  const found = lacks.filter((lack) => lack !== undefined);
  return [found.find(({ level }) => level === 'Fail') ?? found[0]].filter((lack) => lack !== undefined);
}

function ofGrant(scope: string, wanted: Access, given: Permissions, isBound: boolean): Lack | undefined {
  const is = accessOf(scope, given, isBound);
  if (is === wanted || (wanted === 'read' && (is === 'write' || is === 'at least read'))) return undefined;
  const field = `permissions.${scope}`;
  const fix = `Set permissions of the job: {${scope}: ${wanted}}.`;
  if (is === undefined || (is === 'at least read' && wanted === 'write')) {
    return {
      level: 'Unknown',
      reason: 'RepositoryDefault',
      field,
      what: `has the permissions that the settings of the repository give, since neither job nor workflow says any; ${scope} must be ${wanted}`,
      fix,
    };
  }
  return {
    level: 'Fail',
    reason: 'PermissionDiffers',
    field,
    what: `runs with ${scope}: ${is === 'at least read' ? 'read or write' : is}, which must be ${wanted}`,
    fix,
  };
}
