// Repositories for tests: written to disk as files, known to Git, and read as
// `--flux` reads them, with the real kustomize.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensurePrograms } from '../../../../test/cluster/programs.ts';
import { streamProgress } from '../../../../test/cluster/progress.ts';

/** Contents by path. */
export type Files = Readonly<Record<string, string>>;

export interface TestRepository {
  readonly folder: string;
  at(...parts: string[]): string;
  write(files: Files): Promise<void>;
  remove(): Promise<void>;
}

/** A Git work tree with these files. */
export async function makeRepository(files: Files): Promise<TestRepository> {
  const folder = await mkdtemp(path.join(tmpdir(), 'flux-repository-'));
  execFileSync('git', ['init', '-q', folder]);
  const at = (...parts: string[]) => path.join(folder, ...parts);
  const write = async (more: Files) => {
    for (const [name, content] of Object.entries(more)) {
      await mkdir(path.dirname(at(name)), { recursive: true });
      await writeFile(at(name), content);
    }
  };
  await write(files);
  return { folder, at, write, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** PATH with kubectl on it: the machine's own, or the one of the test control plane, built if it is not there yet. */
export async function pathWithKubectl(): Promise<string> {
  const own = process.env.PATH ?? '';
  if (own.split(path.delimiter).some((folder) => existsSync(path.join(folder, 'kubectl')))) return own;
  const { folder } = await ensurePrograms(streamProgress(), ['kubectl']);
  return `${folder}${path.delimiter}${own}`;
}

/** A variable as manifests write it: `NAME` or `NAME:=default`. */
export const variable = (expression: string) => `\${${expression}}`;

/** A Flux Kustomization of the source that flux bootstrap makes; without a namespace where that is ''. */
export const kustomization = (name: string, folder: string, more = '', namespace = 'flux-system') => `---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: ${name}${namespace ? `, namespace: ${namespace}` : ''}}
spec:
  interval: 10m
  prune: true
  path: ${folder}
  sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}
${more.replace(/^(?=.)/gm, '  ')}
`;

export const deployment = (name: string, namespace: string | undefined, replicas = '2') => `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "${name}"${namespace ? `, namespace: "${namespace}"` : ''}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: "${name}"}}
  template:
    metadata: {labels: {app: "${name}"}}
    spec: {containers: [{name: main, image: "registry.example/${name}:1"}]}
`;

export const budget = (name: string, namespace: string | undefined, minAvailable = 1) => `---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: "${name}"${namespace ? `, namespace: "${namespace}"` : ''}}
spec: {minAvailable: ${minAvailable}, selector: {matchLabels: {app: "${name}"}}}
`;

export const configMap = (name: string, namespace: string | undefined, data: string) => `---
apiVersion: v1
kind: ConfigMap
metadata: {name: "${name}"${namespace ? `, namespace: "${namespace}"` : ''}}
data: ${data}
`;
