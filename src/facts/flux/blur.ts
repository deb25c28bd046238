// Objects of which some value is not known: what a check is shown of them is
// known all the same where that value is no part of it.

import { isDeepStrictEqual } from 'node:util';
import type { Manifest } from '../manifest-files.ts';
import { KINDS } from '../projections.ts';
import { createSharing } from '../sharing.ts';
import type { KindRef } from '../source.ts';
import { findHidden, withValue } from './unknowns.ts';

export interface Blur {
  /** Why something of this object, or of one of this list where no name is given, is not known. */
  about(kind: KindRef, namespace: string | undefined, name?: string): Blurred | undefined;
}

interface Blurred {
  readonly object: Manifest;
  readonly why: string;
  /** Does it reach what checks are shown of the kind? */
  readonly projected: boolean;
  /** Does it reach what the whole object is chosen by? Elsewhere, whatever reads the value comes upon it. */
  readonly chosenBy: boolean;
}

/** Controllers make these of workloads: what is not known of the workload is not known of them. */
const MADE_BY_CONTROLLERS: ReadonlySet<string> = new Set(['Pod', 'ReplicaSet', 'ControllerRevision']);
const WORKLOADS: ReadonlySet<string> = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'Pod',
]);

/** Would controllers make objects of the one kind of those of the other? */
export const isMadeOf = (made: string, of: string) => MADE_BY_CONTROLLERS.has(made) && WORKLOADS.has(of);

export function findBlurred(objects: readonly Manifest[]): Blur {
  const blurred: Blurred[] = objects.flatMap((object) => {
    const why = findHidden(object);
    if (why === undefined) return [];
    const chosenBy = findHidden(object.metadata) !== undefined || hasHiddenKey(object);
    return [{ object, why, projected: reachesProjection(object), chosenBy }];
  });
  return {
    about: (kind, namespace, name) =>
      blurred.find(({ object, projected, chosenBy }) => {
        const made = isMadeOf(kind.kind, object.kind);
        const same =
          object.kind === kind.kind &&
          (name === undefined || object.metadata.name === name) &&
          groupOf(object.apiVersion) === groupOf(kind.apiVersion);
        const here = namespace === undefined || (object.metadata.namespace ?? 'default') === namespace;
        return here && ((made && projected) || (same && (kind.projected ? projected : chosenBy)));
      }),
  };
}

/** A field whose very name is hidden may be any. */
function hasHiddenKey(value: object): boolean {
  const todo: unknown[] = [value];
  while (todo.length > 0) {
    const next = todo.pop();
    if (typeof next !== 'object' || next === null) continue;
    const keys = Object.keys(next);
    if (!Array.isArray(next) && findHidden(keys) !== undefined) return true;
    todo.push(...Object.values(next));
  }
  return false;
}

const groupOf = (apiVersion: string) => (apiVersion.includes('/') ? apiVersion.split('/')[0] : '');

/**
 * A projection reads a number where one is expected and nothing else, so that a
 * mark may be lost in it: it does not depend on the value only if it is the same
 * whatever the value is.
 */
function reachesProjection(object: Manifest): boolean {
  const entry = KINDS[object.kind as keyof typeof KINDS];
  if (!entry || groupOf(entry.apiVersion) !== groupOf(object.apiVersion)) return true;
  const sharing = createSharing();
  const project = (raw: Manifest): unknown => entry.project(raw, sharing);
  const marked = project(object);
  if (findHidden(marked)) return true;
  return [97, true, false].some((value) => !isDeepStrictEqual(project(withValue(object, value)), marked));
}
