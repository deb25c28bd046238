// Applies printed suggestions to raw objects as kubectl would, without any of
// the code that judged them: what the tests hold a suggestion to.

import { parseAllDocuments } from 'yaml';
import type { Manifest } from '../../../facts/manifest-files.ts';

type Fields = Record<string, unknown>;

/** One document of the output; `action` is the word that its comment begins with. */
interface Printed {
  readonly action: 'Create' | 'Replace' | 'Patch' | 'Delete';
  readonly object: Manifest;
}

export function readPrinted(yaml: string): readonly Printed[] {
  return yaml
    .split(/^---\n/m)
    .filter((text) => text.trim() !== '')
    .map((text) => {
      const [document] = parseAllDocuments(text);
      if (!document || 'empty' in document || document.errors.length > 0) {
        throw new Error(`not one document of YAML:\n${text}`);
      }
      const action = /^# (Create|Replace|Patch|Delete),/.exec(text)?.[1] as Printed['action'];
      return { action, object: document.toJS() as Manifest };
    });
}

/** The objects afterwards. Workloads that were patched lose their pods and status, for `--static` to make anew. */
export function applyPrinted(objects: readonly Manifest[], printed: readonly Printed[]): Manifest[] {
  let result = [...objects];
  for (const { action, object } of printed) {
    const at = result.findIndex((each) => isSame(each, object));
    const before = result[at];
    switch (action) {
      case 'Create':
        if (before) throw new Error(`${object.kind} ${object.metadata.name} is there already`);
        result.push(object);
        break;
      case 'Replace':
      case 'Patch': {
        if (!before) throw new Error(`there is no ${object.kind} ${object.metadata.name}`);
        const after = action === 'Replace' ? object : (merged(before, object, isCustom(object)) as Manifest);
        result[at] = fresh(after);
        if (WORKLOADS.has(object.kind)) result = withoutMade(result, before);
        break;
      }
      case 'Delete':
        result = result.filter((each) => !isSame(each, object));
        break;
      default:
        throw new Error(`no word says what to do with ${object.kind} ${object.metadata.name}`);
    }
  }
  return result;
}

const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);
const isCustom = ({ apiVersion }: Manifest) => apiVersion.startsWith('cilium.io/');
const isSame = (a: Manifest, b: Manifest) =>
  a.kind === b.kind &&
  a.metadata.name === b.metadata.name &&
  (a.metadata.namespace ?? 'default') === (b.metadata.namespace ?? 'default');

function fresh({ status: _, ...object }: Manifest): Manifest {
  const { uid: __, generation: ___, ...metadata } = object.metadata;
  return { ...object, metadata } as Manifest;
}

/** Without what the workload's controllers made: its ReplicaSets and revisions, and the pods of all of them. */
function withoutMade(objects: readonly Manifest[], workload: Manifest): Manifest[] {
  const gone = new Set([workload.metadata.uid]);
  const ownedBy = (object: Manifest) =>
    ((object.metadata.ownerReferences ?? []) as { uid: string }[]).some(({ uid }) => gone.has(uid));
  for (const object of objects) if (ownedBy(object) && object.metadata.uid) gone.add(object.metadata.uid);
  return objects.filter((object) => !ownedBy(object));
}

/** kubectl patch --type strategic for what is of Kubernetes, --type merge for custom kinds. */
function merged(before: unknown, patch: unknown, custom: boolean): unknown {
  if (Array.isArray(patch)) {
    if (custom || !patch.every((entry) => typeof entry?.name === 'string')) return patch;
    const list = Array.isArray(before) ? [...before] : [];
    for (const entry of patch) {
      const at = list.findIndex(({ name }) => name === entry.name);
      if (at < 0) list.push(entry);
      else list[at] = merged(list[at], entry, custom);
    }
    return list;
  }
  if (typeof patch !== 'object' || patch === null) return patch;
  const result: Fields = { ...(before as Fields | undefined) };
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else result[field] = merged(result[field], value, custom);
  }
  return result;
}
