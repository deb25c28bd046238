// A folder that stands for a source is judged as Flux's artifact of it would be:
// the same files, and the same words about those that are left out, as what Flux's
// own source-controller makes of the same commit.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wantedBy } from '../../../src/facts/artifacts/flux-source.ts';
import { folderTree } from '../../../src/facts/artifacts/folder.ts';
import { type LiveSource, liveSource } from '../../../src/facts/live.ts';
import type { SourceTree, WholeObject } from '../../../src/facts/view.ts';
import { createDiscovery, systemClock } from '../../../src/kubernetes/index.ts';
import { sharedCluster } from '../../cluster/suite.ts';
import type { ServedRepository } from '../../flux/git-server.ts';
import { fluxPrograms, gitRepository } from '../../flux/lab.ts';
import { apply, documents, eventually, getJson } from '../support/cluster.ts';
import { type Stage, setStage } from './stage.ts';
import { untilRevision } from './support.ts';

const cluster = sharedCluster()!;
const programs = fluxPrograms()!;

const FILES = {
  '.github/workflows/ci.yaml': 'jobs: {}\n',
  '.gitignore': '*.log\n',
  'README.md': '# Home\n',
  'apps/web/app.yaml': 'a: 1\n',
  'apps/web/draft.yaml': 'a: 2\n',
  'apps/-old/app.yaml': 'a: 3\n',
  'docs/a.md': '# A\n',
  'docs/picture.png': 'no picture',
  'docs/private/b.md': '# B\n',
};
const RULES = {
  '.sourceignore': '/*\n!/apps/\n!/docs/\n/apps/-old/\n',
  'apps/-old/.sourceignore': '!/app.yaml\n',
  'docs/.sourceignore': '/private/\n',
};
const GLOBS = [
  ...Object.keys({ ...FILES, ...RULES }),
  '**/*.yaml',
  '*.md',
  '.github/**',
  '.gitmodules',
  'apps/*/draft.yaml',
  'docs/*.{md,png}',
  'docs/private/c.md',
  'scripts/none.sh',
];

const textsOf = ({ files }: SourceTree) => [...files].map(([path, { text }]) => [path, text]);

const SPECS: readonly (readonly [string, object])[] = [
  ['nothing', {}],
  ['ignore', { ignore: '/*\n!/.github/\n!/docs\n*.png\n' }],
  ['again', { ignore: 'docs/\n!docs/private/\n' }],
  ['taken-in', { ignore: '!/.github/\n!.gitignore\n' }],
  ['emptied', { ignore: '/docs/*.md\n/docs/*.png\n/docs/private/*\n' }],
  ['comment', { ignore: '# nothing but a comment\n\n' }],
  ['sparse', { sparseCheckout: ['./apps/web', 'docs'] }],
  ['both', { sparseCheckout: ['apps'], ignore: '**/draft.yaml' }],
];

describe.skipIf(!cluster || !programs)('a folder in place of the artifact', () => {
  let stage: Stage;
  let live: LiveSource;
  const repositories = new Map<string, { served: ServedRepository; commit: string }>();

  beforeAll(async () => {
    stage = await setStage(cluster, programs, 'folder');
    const { transport } = stage;
    live = liveSource({
      transport,
      discovery: createDiscovery(transport),
      clock: systemClock(),
      allowEvidenceFrom: ['127.0.0.0/8'],
    });
    for (const [name, files] of [
      ['plain', FILES],
      ['ruled', { ...FILES, ...RULES }],
    ] as const) {
      const served = await stage.flux.git.create(name);
      repositories.set(name, { served, commit: await served.commit('Everything', files) });
    }
  });
  afterAll(async () => {
    await live?.stop();
    if (stage) await cluster.kubectl(['delete', 'gitrepository', '--all', '-n', stage.namespace]);
    await stage?.end();
  });

  it.each(
    [...SPECS].flatMap(([name, spec]) => [['plain', name, spec] as const, ['ruled', name, spec] as const]),
  )('is read as Flux makes it: %s with %s', async (which, what, spec) => {
    const { served, commit } = repositories.get(which)!;
    const ref = { kind: 'GitRepository', namespace: stage.namespace, name: `${which}-${what}` } as const;
    const object = gitRepository({ ...ref, url: served.url });
    await apply(cluster, documents({ ...object, spec: { ...object.spec, ...spec } }));
    await untilRevision(cluster, ref.namespace, ref.name, commit);
    const inCluster = await getJson<{ metadata: { generation: number } }>(
      cluster,
      'gitrepository',
      ref.name,
      '-n',
      ref.namespace,
    );
    const artifact = await eventually(() => {
      const tree = live.tree(ref);
      expect(tree).toMatchObject({ state: 'known', value: { stale: [] } });
      return (tree as { value: SourceTree }).value;
    });
    const wanted = wantedBy(ref, inCluster as unknown as WholeObject);
    const folder = await folderTree(served.folder, { wanted });
    expect(textsOf(folder)).toEqual(textsOf(artifact));
    expect(folder.notes).toEqual(artifact.notes);
    // Only the folder shows a .sourceignore that leaves out itself: it knows more, and never less.
    const said = GLOBS.filter((glob) => which === 'plain' || artifact.leftOut(glob) !== undefined);
    const saying = ({ leftOut }: SourceTree) =>
      said.map((glob) => [glob, which === 'plain' ? leftOut(glob) : leftOut(glob) !== undefined]);
    expect(saying(folder)).toEqual(saying(artifact));
  });
});
