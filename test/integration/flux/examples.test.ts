// The examples whose evidence is Git, in a cluster: Implemented where the sample
// repository is right, Drifted by each commit that breaks it in one place, and
// Implemented again by its revert.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { sharedCluster } from '../../cluster/suite.ts';
import type { ServedRepository } from '../../flux/git-server.ts';
import { fluxPrograms } from '../../flux/lab.ts';
import { BREAKS, type Break, broken, SAID_AT } from '../examples-breaks.ts';
import { apply, documents, eventually, ROOT } from '../support/cluster.ts';
import { findingsOf, type Stage, setStage } from './stage.ts';
import { untilRevision } from './support.ts';

const cluster = sharedCluster()!;
const programs = fluxPrograms()!;
const EXAMPLES = path.join(ROOT, 'examples');
const REPOSITORY = path.join(EXAMPLES, 'repository');

interface Example {
  readonly metadata: { readonly name: string; readonly labels: object };
  readonly spec: { readonly checks: readonly object[] };
}

/** The items that ask Git, in each of which somebody has looked an hour ago at what only people can see. */
const items: readonly Example[] = readdirSync(path.join(EXAMPLES, 'january-2026'))
  .filter((file) => file !== 'kustomization.yaml')
  .map((file) => {
    const said = `at: "${new Date(Date.now() - 3_600_000).toISOString()}"`;
    return parse(
      readFileSync(path.join(EXAMPLES, 'january-2026', file), 'utf8').replace(SAID_AT, said),
    ) as Example;
  })
  .filter(({ spec }) => spec.checks.some((check) => 'source' in check));

/** As git would check it out. */
const files: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(REPOSITORY, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name))
    .map((file) => [path.relative(REPOSITORY, file), readFileSync(file, 'utf8')]),
);

const inGit = ({ file }: Break): string => file.replace(/^repository\//, '');
const breaks = BREAKS.filter(({ evidence }) => evidence === 'source');

it('has a way to break each example that asks Git', () => {
  expect(items.map(({ metadata }) => metadata.name)).toEqual([...new Set(breaks.map(({ item }) => item))]);
});

describe.skipIf(!cluster || !programs)('the examples, from the repository to the verdict', () => {
  let stage: Stage;
  let repository: ServedRepository;

  beforeAll(async () => {
    const source = parse(files['kubernetes/flux/cluster/source.yaml']!) as {
      metadata: { namespace: string; name: string };
      spec: { ignore: string };
    };
    const { namespace, name } = source.metadata;
    stage = await setStage(cluster, programs, 'examples', namespace);
    repository = await stage.flux.git.create(name);
    const commit = await repository.commit('As the review met it', files);
    await stage.offer({ name, url: repository.url, ignore: source.spec.ignore });
    await untilRevision(cluster, namespace, name, commit);
    const labelled = items.map((item) => ({
      ...item,
      metadata: { ...item.metadata, labels: { ...item.metadata.labels, suite: stage.suite } },
    }));
    await apply(cluster, documents(...labelled));
  });
  afterAll(() => stage?.end());

  it.each(items.map(({ metadata }) => metadata.name))('%s is Implemented', async (name) => {
    const { checks, passing, total } = await stage.reaches(name, 'Implemented');
    expect(passing).toBe(total);
    expect(checks?.map(({ verdict }) => verdict)).toEqual(checks?.map(() => 'Pass'));
  });

  it.each(breaks.map((each) => [each.item, each.what, each] as const))(
    '%s is Drifted when %s, until that is reverted',
    async (_item, _what, each) => {
      const file = inGit(each);
      const commit = await repository.commit(each.what, { [file]: broken(each, files[file]!) });
      const { revision } = await stage.fetched('flux-system', commit);
      const drifted = await stage.reaches(each.item, 'Drifted');
      const failed = findingsOf(drifted).filter(({ severity }) => severity === 'Fail');
      expect(failed.map(({ message }) => message).join('\n')).toMatch(each.says);
      for (const { location } of failed) expect(location).toMatchObject({ path: file, revision });
      for (const { metadata } of items)
        if (metadata.name !== each.item) await stage.reaches(metadata.name, 'Implemented');

      await stage.fetched('flux-system', await repository.revert());
      await eventually(async () => {
        const { history } = await stage.reaches(each.item, 'Implemented');
        expect(history?.[0]).toMatchObject({ from: 'Drifted', to: 'Implemented' });
      });
    },
  );
});
