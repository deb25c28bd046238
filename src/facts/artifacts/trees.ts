// The files of Flux sources in a live cluster: the object says which artifact, the
// gatherer fetches it, and both together are the tree.

import { type Clock, deepEqual } from '../../kubernetes/index.ts';
import type { Fact, SourceRef, SourceTree, WholeObject } from '../view.ts';
import { fetchArtifact, type OpenUrl } from './fetch.ts';
import type { TreeFiles } from './files.ts';
import { askedOf, type Offered, offeredBy } from './flux-source.ts';
import { createGatherer, type Fetched, type Holdings } from './gatherer.ts';
import { leftOutOf } from './left-out.ts';

export interface Trees {
  /** What is known of the tree of this object now. */
  read(ref: SourceRef, object: WholeObject): Fact<SourceTree>;
  /** Nobody reads the source any more. */
  release(ref: SourceRef): void;
  holdings(): Holdings;
  stop(): Promise<void>;
}

/** `onChange` tells of a source whose artifact has arrived, or cannot be had. */
export function createTrees({
  open,
  clock,
  onChange,
  onFetched,
}: {
  open: OpenUrl;
  clock: Clock;
  onChange: (ref: SourceRef) => void;
  onFetched?: ((fetched: Fetched) => void) | undefined;
}): Trees {
  const made = new Map<string, { offered: Offered; files: TreeFiles; tree: SourceTree }>();
  const refs = new Map<string, SourceRef>();
  const gatherer = createGatherer({
    clock,
    onFetched,
    fetch: (artifact, how) => fetchArtifact(artifact, open, how),
    onChange: ({ key }) => {
      const ref = refs.get(key);
      if (ref) onChange(ref);
    },
  });

  /** The same tree as before while nothing of it changed. */
  function treeOf(key: string, offered: Offered, files: TreeFiles): SourceTree {
    const before = made.get(key);
    if (before && before.files === files && deepEqual(before.offered, offered)) return before.tree;
    const tree = {
      revision: offered.revision,
      files: files.files,
      stale: offered.stale,
      notes: files.notes,
      leftOut: leftOutOf(offered.rules, files),
    };
    made.set(key, { offered, files, tree });
    return tree;
  }

  function release(ref: SourceRef): void {
    const key = keyOf(ref);
    refs.delete(key);
    made.delete(key);
    gatherer.release(key);
  }

  return {
    read: (ref, object) => {
      const offered = offeredBy(ref, object);
      if (offered.state !== 'known') return offered;
      const key = keyOf(ref);
      refs.set(key, ref);
      const files = gatherer.read(
        { key, group: ref.namespace, asked: askedOf(object) },
        offered.value.artifact,
      );
      if (files.state !== 'known') {
        // The old one can be judged no more, and may be large.
        made.delete(key);
        return files;
      }
      return { state: 'known', value: treeOf(key, offered.value, files.value) };
    },
    release,
    holdings: gatherer.holdings,
    stop: () => gatherer.stop(),
  };
}

const keyOf = ({ kind, namespace, name }: SourceRef) => `${kind}/${namespace}/${name}`;
