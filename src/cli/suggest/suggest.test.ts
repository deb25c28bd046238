// `remediation suggest`, run as a user would: exit statuses, both formats, and
// what a comment says of where a suggestion belongs.

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { remediation } from '../testing/run.ts';

const deployment = (name: string, { labels = '{}', owner = '[]', replicas = 2 } = {}) => `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: shop, labels: ${labels}, ownerReferences: ${owner}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: main, image: x, ports: [{name: http, containerPort: 8080}]}]}
`;
const item = (name: string, checks: string, namespace = 'team') => `---
apiVersion: remediation.dev/v1alpha1
kind: RemediationItem
metadata: {name: ${name}, namespace: ${namespace}}
spec: {title: ${name}, checks: [${checks}]}
`;
const budget = (name: string) =>
  `{name: budget-${name}, podDisruptionBudget: {workloads: [{kind: Deployment, namespace: shop, name: ${name}}]}}`;
const probes = (name: string, more = '') =>
  `{name: probes-${name}, probes: {workloads: [{kind: Deployment, namespace: shop, name: ${name}}], ${more}}}`;

const FLUX = '{kustomize.toolkit.fluxcd.io/name: apps, kustomize.toolkit.fluxcd.io/namespace: flux-system}';
const HELM = '{helm.toolkit.fluxcd.io/name: api, helm.toolkit.fluxcd.io/namespace: shop}';
const OWNER = '[{apiVersion: example.com/v1, kind: Database, name: main, uid: u, controller: true}]';

/** One of each: two budgets, a probe of another kind, a rule that lets everybody in. */
const WRONG = `${deployment('web').replace('ports:', 'readinessProbe: {exec: {command: [x]}}, ports:')}---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: a, namespace: shop}
spec: {maxUnavailable: 0, selector: {matchLabels: {app: web}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: b, namespace: shop}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: wide, namespace: shop}
spec: {endpointSelector: {}, ingress: [{fromEntities: [all]}, {fromEndpoints: [{}]}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
`;

const EXAMPLES = path.join(import.meta.dirname, '../../../examples');

let folder: string;
const at = (...parts: string[]) => path.join(folder, ...parts);
const suggest = (...args: string[]) => remediation(['suggest', ...args], { cwd: folder });
const offline = (...args: string[]) => suggest('--manifests', 'cluster', '--static', ...args);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'suggest-'));
  await mkdir(at('cluster'));
  await writeFile(
    at('cluster/shop.yaml'),
    deployment('web', { labels: FLUX }) +
      deployment('api', { labels: HELM }) +
      deployment('db', { owner: OWNER }) +
      item('named', budget('web')) +
      item('twice', budget('web')) +
      item('twice', budget('web'), 'other'),
  );
  await writeFile(at('two.yaml'), item('first', budget('web')) + item('second', budget('web')));
  await writeFile(at('budget.yaml'), item('open', budget('web')));
  await writeFile(
    at('half.yaml'),
    item('half', `${budget('web')}, {name: crd, resource: {apiVersion: v1, kind: Secret, name: key}}`),
  );
  await writeFile(
    at('nothing.yaml'),
    item(
      'nothing',
      '{name: web, resource: {apiVersion: apps/v1, kind: Deployment, namespace: shop, name: web}}',
    ),
  );
  await writeFile(at('wrong.yaml'), item('wrong', '{name: a, podDisruptionBudget: {}}'));
  await writeFile(at('owned.yaml'), item('owned', probes('db', 'readiness: {path: /ready}')));
  await writeFile(at('helm.yaml'), item('helm', `${budget('api')}, ${probes('api')}`));
});
afterAll(() => rm(folder, { recursive: true }));

describe('suggest', () => {
  it('prints a manifest that says what it mends, what was judged and where it belongs', async () => {
    const { code, stdout, stderr } = await offline('budget.yaml');
    expect(code).toBe(0);
    const documents = parseAllDocuments(stdout).map((document) => document.toJS());
    expect(documents).toEqual([
      {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'web', namespace: 'shop' },
        spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } },
      },
    ]);
    const comment = stdout.replace(/\n# {3}/g, ' ');
    expect(comment).toContain(
      '# mends NoBudget: No PodDisruptionBudget selects the pods of Deployment shop/web',
    );
    expect(comment).toContain('check budget-web was Fail and is Pass: PodDisruptionBudget shop/web covers');
    expect(comment).toContain(
      '# where: beside Deployment shop/web in Git, where Flux Kustomization flux-system/apps',
    );
    expect(stderr).toContain(
      'team/open: check budget-web (podDisruptionBudget) is Fail, and Pass with the document',
    );
  });

  it('finds an item by its name among the manifests, and asks which where there are two', async () => {
    expect(await offline('named')).toMatchObject({ code: 0 });
    const two = await offline('twice');
    expect(two.code).toBe(2);
    expect(two.stderr).toContain('say which with -n');
    expect(await offline('twice', '-n', 'other')).toMatchObject({ code: 0 });
  });

  it('counts what it suggests for one item of a file when it comes to the next', async () => {
    const { code, stdout } = await offline('two.yaml');
    expect(code).toBe(0);
    expect(stdout.match(/^kind: PodDisruptionBudget$/gm)).toHaveLength(1);
  });

  it('exits 1 where something fails that it has no suggestion for, and says why', async () => {
    const { code, stdout, stderr } = await offline('half.yaml');
    expect(code).toBe(1);
    expect(stdout).toContain('kind: PodDisruptionBudget');
    expect(stderr).toContain('For checks of type resource nothing can be proposed.');
  });

  it('exits 1 where manifests alone cannot confirm it, and prints nothing', async () => {
    const { code, stdout, stderr } = await suggest('budget.yaml', '--manifests', 'cluster');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('judge the templates alone with --static');
  });

  it('prints nothing where nothing fails', async () => {
    expect(await offline('nothing.yaml')).toMatchObject({ code: 0, stdout: '' });
  });

  it('says in JSON what it says in YAML, and for what there is no suggestion', async () => {
    const { stdout, code } = await offline('half.yaml', '-o', 'json');
    expect(code).toBe(1);
    const { suggestions, without } = JSON.parse(stdout);
    expect(suggestions).toMatchObject([
      {
        item: 'team/half',
        check: 'budget-web',
        action: 'create',
        mends: [{ reason: 'NoBudget', subject: 'Deployment shop/web' }],
        before: 'Fail',
        after: 'Pass',
        object: { kind: 'PodDisruptionBudget' },
      },
    ]);
    expect(without).toMatchObject([
      { check: 'crd', reason: expect.any(String), because: expect.any(String) },
    ]);
  });

  it('says who would undo a patch', async () => {
    const owned = await offline('owned.yaml');
    expect(owned.code).toBe(0);
    expect(owned.stdout.replace(/\n# {3}/g, ' ')).toContain(
      '# where: Database main makes Deployment shop/db and will undo a patch of it: make the change in the spec of Database main',
    );
    const { stdout } = await offline('helm.yaml');
    const comments = stdout.replace(/\n# {3}/g, ' ');
    expect(comments).toContain('# where: beside HelmRelease shop/api in Git');
    expect(comments).toContain(
      '# where: Deployment shop/api is rendered by HelmRelease shop/api: put this into its values',
    );
    expect(comments).toContain('kubectl patch deployment api -n shop --type strategic --patch-file FILE');
  });

  it('marks what it did not find in the check', async () => {
    const { stdout } = await offline('helm.yaml');
    expect(stdout.replace(/\n# {3}/g, ' ')).toContain('only asks whether port http accepts connections');
  });

  it('prints what a kustomization takes as resources and patches, and is right when it is built', async () => {
    await mkdir(at('git'));
    await writeFile(at('git/base.yaml'), WRONG);
    const checks = `${budget('web')}, ${probes('web', 'readiness: {path: /ready}')}, {name: net, networkPolicy: {endpoints: [{namespace: shop}]}}`;
    await writeFile(at('git-item.yaml'), item('git', checks));
    const judge = (command: string, folder: string, ...more: string[]) =>
      remediation([command, 'git-item.yaml', '--manifests', folder, '--static', ...more], { cwd: at() });
    const { code, stdout } = await judge('suggest', 'git/base.yaml');
    expect(code).toBe(0);
    const resources = ['base.yaml'];
    const patches: { path: string }[] = [];
    for (const [number, document] of stdout
      .split(/^---\n/m)
      .slice(1)
      .entries()) {
      const file = `${number}.yaml`;
      await writeFile(at('git', file), document);
      if (document.startsWith('# Create')) resources.push(file);
      else patches.push({ path: file });
    }
    expect(patches.length).toBeGreaterThanOrEqual(4);
    await writeFile(at('git/kustomization.yaml'), stringify({ resources, patches }));
    const built = await promisify(execFile)('kubectl', ['kustomize', at('git')]);
    await mkdir(at('built'));
    await writeFile(at('built/all.yaml'), built.stdout);
    const verified = await judge('verify', 'built');
    expect(verified.stdout).toContain('Implemented');
    expect(verified.code).toBe(0);
  });

  it('names the file and the Kustomization, and a file that is there and not applied', async () => {
    const repository = at('repository');
    await cp(path.join(EXAMPLES, 'repository'), repository, { recursive: true });
    const app = path.join(repository, 'kubernetes/apps/kube-system/coredns/app');
    const file = path.join(app, 'kustomization.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/^.*pdb\.yaml\n/m, ''));
    const item = path.join(EXAMPLES, 'january-2026/item-13-pod-disruption-budgets.yaml');
    const cluster = path.join(repository, 'kubernetes/flux/cluster');
    const { code, stdout } = await remediation(
      ['suggest', item, '--flux', cluster, '--source', repository, '--static'],
      { cwd: folder },
    );
    expect(code).toBe(0);
    const comments = stdout.replace(/\n# {3}/g, ' ');
    expect(comments).toMatch(/beside Deployment kube-system\/coredns, which stands in \S+coredns\.yaml:\d+/);
    expect(comments).toContain('where Flux Kustomization flux-system/coredns reaches it');
    expect(comments).toContain(
      'whether to have that applied instead: In Git at kubernetes/apps/kube-system/coredns/app/pdb.yaml, but no Kustomization reaches it.',
    );
  });

  it.for([
    { args: ['budget.yaml', '--dry-run'], says: '--dry-run asks the API server of a cluster' },
    { args: ['absent'], says: 'there is no RemediationItem absent' },
    { args: ['wrong.yaml'], says: 'RemediationItem wrong is invalid' },
    { args: ['cluster/shop.yaml', '-n', 'nowhere'], says: 'no RemediationItem in cluster/shop.yaml' },
  ])('exits 2 for $args', async ({ args, says }) => {
    const ran = await offline(...args);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(says);
  });
});
