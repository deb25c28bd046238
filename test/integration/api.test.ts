// The CRD in a real API server: what it accepts and refuses, with which words,
// and what kubectl shows of it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patched, UNUSUAL, WRONG } from '../../src/api/testing/items.ts';
import { CHECKS } from '../../src/checks/index.ts';
import type { KubeObject, Transport } from '../../src/kubernetes/index.ts';
import { sharedCluster } from '../cluster/suite.ts';
import { admin, documents, getJson, installDefinition } from './support/cluster.ts';

const cluster = sharedCluster()!;
const NAMESPACE = 'api-suite';

describe.skipIf(!cluster)('RemediationItem in a real API server', () => {
  let transport: Transport;

  beforeAll(async () => {
    await installDefinition(cluster);
    await cluster.kubectl(['create', 'namespace', NAMESPACE]);
    transport = await admin(cluster);
  });
  afterAll(async () => {
    await transport?.close();
    await cluster.kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']);
  });

  /** Creates the item as kubectl does, with fields that nobody knows refused; answers it as stored. */
  async function create(raw: Record<string, unknown>, dryRun = true): Promise<KubeObject> {
    const metadata = { ...(raw.metadata as object), namespace: NAMESPACE };
    const { body } = await transport.request<KubeObject>({
      method: 'POST',
      path: `/apis/remediation.dev/v1alpha1/namespaces/${NAMESPACE}/remediationitems`,
      query: { fieldValidation: 'Strict', ...(dryRun ? { dryRun: 'All' } : {}) },
      body: { ...raw, metadata },
    });
    return body;
  }
  const refusal = async (raw: Record<string, unknown>): Promise<string> =>
    create(raw).then(
      () => 'accepted',
      (error: Error) => error.message,
    );

  it('accepts every unusual item that the offline parser accepts', async () => {
    const answers = await Promise.all(
      UNUSUAL.map(async ({ name, patch }) => `${name}: ${(await create(patched(patch))).kind}`),
    );
    expect(answers).toEqual(UNUSUAL.map(({ name }) => `${name}: RemediationItem`));
  });

  it('knows at least 25 wrong items', () => {
    expect(WRONG.length).toBeGreaterThanOrEqual(25);
  });

  it.each(WRONG)('refuses $name, and says what to mend', async ({ patch, says }) => {
    const said = await refusal(patched(patch));
    for (const part of says) expect(said).toContain(part);
  });

  it('fills in the defaults, and says that a new item was not judged yet', async () => {
    const { spec, status } = await create(patched('spec: {priority: null, interval: null, suspend: null}'));
    expect(spec).toMatchObject({ priority: 'Medium', interval: '10m', suspend: false });
    expect(status).toEqual({ observedGeneration: -1 });
  });

  it('takes a status by its subresource only', async () => {
    const { status } = await create({ ...patched('{}'), status: { state: 'Implemented' } });
    expect(status).toEqual({ observedGeneration: -1 });
  });

  it('is found by its short name and its category, and shows its columns', async () => {
    const item = patched('metadata: {name: shown}');
    await create(item, false);
    await transport.request({
      method: 'PATCH',
      path: `/apis/remediation.dev/v1alpha1/namespaces/${NAMESPACE}/remediationitems/shown/status`,
      contentType: 'application/merge-patch+json',
      body: {
        status: {
          state: 'Drifted',
          progress: '2/3',
          since: new Date(Date.now() - 600_000).toISOString(),
          summary: '1 of 3 checks fail',
        },
      },
    });
    const table = async (...args: string[]) =>
      (await cluster.kubectl(['get', ...args, '-n', NAMESPACE]))
        .trim()
        .split('\n')
        .map((line) => line.split(/ {2,}/));
    const short = await table('ri');
    expect(short[0]).toEqual(['NAME', 'NUMBER', 'TITLE', 'PRIORITY', 'STATE', 'PASSING', 'SINCE']);
    expect(short[1]?.slice(0, 6)).toEqual([
      'shown',
      '13',
      'Add PodDisruptionBudgets',
      'Medium',
      'Drifted',
      '2/3',
    ]);
    expect(short[1]?.[6]).toMatch(/^\d+m/);
    const wide = await table('remediation', '-o', 'wide');
    expect(wide[0]?.slice(7)).toEqual(['CLAIM', 'MILESTONE', 'SUMMARY']);
    expect(wide[1]?.slice(7)).toEqual(['Implemented', 'Week 2-3', '1 of 3 checks fail']);
  });

  it.each(CHECKS.map(({ type }) => type))('explains the fields of the check %s', async (type) => {
    const said = await cluster.kubectl(['explain', `ri.spec.checks.${type}`]);
    expect(said).toMatch(/DESCRIPTION:\n {4}\S.{40,}/);
    expect(said).toMatch(/FIELDS:\n(.|\n)*-required-/);
    expect(said).not.toContain('<no description>');
  });

  it('explains the states and the claim', async () => {
    const status = await cluster.kubectl(['explain', 'ri.status']);
    for (const field of ['state', 'driftedSince', 'regressions', 'history']) expect(status).toContain(field);
    expect(await cluster.kubectl(['explain', 'ri.spec.claim.status'])).toContain('Abandoned');
  });

  it('lets kubectl apply refuse a field that is spelled wrong', async () => {
    const wrong = documents(patched(`metadata: {namespace: ${NAMESPACE}}\nspec: {tittle: x}`));
    const said = await cluster.kubectl(['apply', '-f', '-'], wrong).then(
      () => 'accepted',
      (error: Error) => error.message,
    );
    expect(said).toContain('unknown field "spec.tittle"');
  });

  it('is stored in the version that is served', async () => {
    const definition = await getJson<{ status: { storedVersions: string[] } }>(
      cluster,
      'crd',
      'remediationitems.remediation.dev',
    );
    expect(definition.status.storedVersions).toEqual(['v1alpha1']);
  });
});
