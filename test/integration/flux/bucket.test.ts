// Flux also deploys from buckets: what is put there is judged like what is
// committed, by file, line and revision.

import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedCluster } from '../../cluster/suite.ts';
import { type Buckets, startBuckets } from '../../flux/buckets.ts';
import { fluxPrograms } from '../../flux/lab.ts';
import { apply, documents, eventually, getJson } from '../support/cluster.ts';
import { findingsOf, type Stage, setStage } from './stage.ts';
import type { GitRepository } from './support.ts';
import { scans, WITH_SCAN, WITHOUT_SCAN, WORKFLOW } from './workflow.ts';

const cluster = sharedCluster()!;
const programs = fluxPrograms()!;
const NAME = 'home-ops';

describe.skipIf(!cluster || !programs)('what a bucket holds, as Flux applies it', () => {
  let stage: Stage;
  let buckets: Buckets;

  beforeAll(async () => {
    stage = await setStage(cluster, programs, 'bucket');
    buckets = await startBuckets(programs.gateway, path.join(cluster.folder, 'buckets'));
    await buckets.create(NAME);
    await buckets.put(NAME, { 'README.md': '# Home\n', [WORKFLOW]: WITH_SCAN });
    await offer({ ignore: '/.github/' });
    await stage.claim(NAME, { checks: [scans({ kind: 'Bucket', namespace: stage.namespace, name: NAME })] });
  });
  afterAll(async () => {
    await cluster.kubectl(['delete', 'bucket', NAME, '--ignore-not-found', '-n', stage.namespace]);
    await stage?.end();
    await buckets?.stop();
  });

  const offer = (more: object) =>
    apply(
      cluster,
      documents(
        {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { namespace: stage.namespace, name: NAME },
          stringData: { accesskey: buckets.accessKey, secretkey: buckets.secretKey },
        },
        {
          apiVersion: 'source.toolkit.fluxcd.io/v1',
          kind: 'Bucket',
          metadata: { namespace: stage.namespace, name: NAME },
          spec: {
            provider: 'generic',
            endpoint: buckets.address,
            insecure: true,
            bucketName: NAME,
            interval: '1h',
            secretRef: { name: NAME },
            ...more,
          },
        },
      ),
    );
  const fetchNow = () => stage.flux.fetchNow(stage.namespace, NAME, 'Bucket');

  it('is not taken for missing where Flux leaves it out, and the fix that it names is one', async () => {
    const [found] = findingsOf(await stage.reaches(NAME, 'Unknown'));
    expect(found).toMatchObject({ severity: 'Unknown', reason: 'LeftOut' });
    const [, keep] = /add the line "(\S+)" at the end of spec\.ignore/.exec(found?.message ?? '') ?? [];
    expect(keep, found?.message).toBeDefined();
    await offer({ ignore: `/.github/\n${keep}\n` });
    await stage.reaches(NAME, 'Implemented');
  });

  it('is drift when an object loses it or goes, by file and revision, and none when it is back', async () => {
    for (const change of [WITHOUT_SCAN, null]) {
      await buckets.put(NAME, { [WORKFLOW]: change });
      await fetchNow();
      const [finding] = findingsOf(await stage.reaches(NAME, 'Drifted'));
      await eventually(async () => {
        const { status } = await getJson<GitRepository>(cluster, 'bucket', NAME, '-n', stage.namespace);
        expect(finding).toMatchObject({
          subject: { kind: 'Bucket', namespace: stage.namespace, name: NAME },
          location: { path: WORKFLOW, revision: status?.artifact?.revision },
        });
      });
      await buckets.put(NAME, { [WORKFLOW]: WITH_SCAN });
      await fetchNow();
      await stage.reaches(NAME, 'Implemented');
    }
  });

  it('is drift when the Bucket is deleted', async () => {
    await cluster.kubectl(['delete', 'bucket', NAME, '-n', stage.namespace]);
    const { checks } = await stage.reaches(NAME, 'Drifted');
    expect(checks?.[0]).toMatchObject({ reason: 'SubjectMissing' });
  });
});
