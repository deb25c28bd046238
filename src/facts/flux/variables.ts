// The variables of spec.postBuild: those in the Kustomization itself, and those
// of the ConfigMaps and Secrets that Flux applies of the same repositories.

import { hide } from '../../api/hidden.ts';
import type { Manifest } from '../manifest-files.ts';
import type { Lookup } from './envsubst.ts';
import { BuildError } from './generate.ts';
import { type Kustomization, keyOf } from './kustomization.ts';
import { findHidden } from './unknowns.ts';

export interface Variables {
  readonly lookup: Lookup;
}

/** Finds a ConfigMap or Secret among what Flux applies. */
export type FindObject = (kind: string, namespace: string, name: string) => Manifest | undefined;

/** As Flux checks them before it puts anything in. */
const NAME = /^[_a-zA-Z][_a-zA-Z0-9]*$/;

/**
 * The variables of a Kustomization; undefined where nothing is put in. An object
 * that is not in the repository can hold any variable, so those that nothing
 * after it sets are unknown. Throws a BuildError where Flux would fail.
 */
export function variablesOf(kustomization: Kustomization, find: FindObject): Variables | undefined {
  const { postBuild } = kustomization.spec;
  if (!postBuild) return undefined;
  const values = new Map<string, string>();
  let missing: string | undefined;
  for (const { kind, name } of postBuild.substituteFrom) {
    const where = `${kind} ${kustomization.namespace}/${name}`;
    const object = find(kind, kustomization.namespace, name);
    if (!object) {
      // It may hold, and override, anything.
      missing = `is from ${where}, which Kustomization ${keyOf(kustomization)} reads and Git does not hold`;
      values.clear();
      continue;
    }
    const hidden = findHidden(object.metadata);
    if (hidden) throw new BuildError(`${where} is not known: ${hidden}`);
    for (const [key, value] of Object.entries(dataOf(object))) values.set(key, withoutBreaks(value));
  }
  for (const [key, value] of Object.entries(postBuild.substitute)) values.set(key, withoutBreaks(value));
  for (const key of values.keys())
    if (!NAME.test(key)) throw new BuildError(`the variable name ${key} is not one that Flux takes`);
  if (values.size === 0 && !missing && postBuild.substituteStrategy !== 'Always') return undefined;
  const absent = missing;
  return {
    lookup: (name) =>
      values.get(name) ?? (absent === undefined ? undefined : hide(`the value of \${${name}} ${absent}`)),
  };
}

const withoutBreaks = (value: string) => value.replaceAll('\n', '');

/** A ConfigMap's data, or a Secret's as the API server would show it, decoded. */
function dataOf({ kind, data, stringData }: Manifest): Record<string, string> {
  const found: Record<string, string> = {};
  const add = (from: unknown, read: (value: string) => string) => {
    for (const [key, value] of Object.entries((from ?? {}) as Record<string, unknown>))
      found[key] = read(String(value ?? ''));
  };
  add(data, kind === 'Secret' ? decoded : (value) => value);
  if (kind === 'Secret') add(stringData, (value) => value);
  return found;
}

/** A value that is marked as unknown stays marked. */
const decoded = (value: string) =>
  /^[A-Za-z0-9+/=\s]*$/.test(value) ? Buffer.from(value, 'base64').toString() : value;
