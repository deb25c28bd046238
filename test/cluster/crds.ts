// The custom resource definitions that a cluster like the review's has: those
// of Cilium, Flux and prometheus-operator, from the modules that crds/go.mod
// pins. Go downloads a module and compares it with go.sum; the files are then
// kept in the cache as JSON, so that a cluster gets them without parsing YAML.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { withLock } from './lock.ts';
import { cacheFolder } from './paths.ts';
import { goIn } from './programs.ts';
import type { Progress } from './progress.ts';

const moduleFolder = join(import.meta.dirname, 'crds');

/** Where each module keeps them; `only` where the rest is large and of no use here. */
const sources: { module: string; folder: string; only?: RegExp }[] = [
  { module: 'github.com/cilium/cilium', folder: 'pkg/k8s/apis/cilium.io/client/crds/v2' },
  { module: 'github.com/fluxcd/helm-controller', folder: 'config/crd/bases' },
  { module: 'github.com/fluxcd/kustomize-controller', folder: 'config/crd/bases' },
  { module: 'github.com/fluxcd/notification-controller', folder: 'config/crd/bases' },
  { module: 'github.com/fluxcd/source-controller', folder: 'config/crd/bases' },
  {
    module: 'github.com/prometheus-operator/prometheus-operator',
    folder: 'example/prometheus-operator-crd',
    only: /_(podmonitors|probes|prometheusrules|servicemonitors)\.yaml$/,
  },
];

const definition = z.looseObject({
  kind: z.literal('CustomResourceDefinition'),
  metadata: z.looseObject({ name: z.string() }),
});

/** The CRD files (JSON, one object each), downloaded when they are not in the cache. */
export async function ensureCrds(progress: Progress): Promise<string[]> {
  const folder = join(cacheFolder(), 'crds', cacheKey());
  if (!existsSync(folder)) {
    const onWait = () => progress.log('Another process is fetching the CRDs; waiting for it.');
    await withLock(`${folder}.lock`, onWait, async () => {
      if (!existsSync(folder)) await fetchInto(folder, progress);
    });
  }
  return readdirSync(folder)
    .sort()
    .map((file) => join(folder, file));
}

function cacheKey(): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(moduleFolder, file)));
  hash.update(JSON.stringify(sources.map((source) => [source.module, source.folder, String(source.only)])));
  return hash.digest('hex').slice(0, 12);
}

const downloads = z.object({ Path: z.string(), Dir: z.string() });

async function fetchInto(folder: string, progress: Progress): Promise<void> {
  progress.log(`Fetching the CRDs of ${sources.length} modules, once; they are kept in ${folder}.`);
  const half = `${folder}.half`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true });
  for (const source of sources) {
    const answer = await goIn(moduleFolder, [
      'mod',
      'download',
      '-json',
      `${source.module}@${pinned(source.module)}`,
    ]);
    const { Dir } = downloads.parse(JSON.parse(answer));
    writeDefinitions(join(Dir, source.folder), source.only, half);
  }
  renameSync(half, folder);
}

/** The version in crds/go.mod. Naming it keeps Go from loading the whole module graph for it. */
function pinned(module: string): string {
  const file = readFileSync(join(moduleFolder, 'go.mod'), 'utf8');
  const line = file.split('\n').find((candidate) => candidate.trim().startsWith(`${module} v`));
  if (!line) throw new Error(`${join(moduleFolder, 'go.mod')} requires no ${module}: add it.`);
  return line.trim().split(' ')[1]!;
}

function writeDefinitions(from: string, only: RegExp | undefined, to: string): void {
  const files = readdirSync(from).filter((file) => file.endsWith('.yaml') && (only?.test(file) ?? true));
  if (files.length === 0) throw new Error(`No CRD files in ${from}: has the module moved them?`);
  for (const file of files) {
    for (const document of parseAllDocuments(readFileSync(join(from, file), 'utf8'))) {
      if (document.contents === null) continue;
      const crd = definition.parse(document.toJS());
      writeFileSync(join(to, `${crd.metadata.name}.json`), JSON.stringify(crd));
    }
  }
}
