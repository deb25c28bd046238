// The programs of the control plane: built once from the Go modules that
// programs/go.mod pins, and kept in the cache under a key of what made them.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { withLock } from './lock.ts';
import { cacheFolder } from './paths.ts';
import { duration, type Progress } from './progress.ts';
import { run } from './run.ts';

const moduleFolder = join(import.meta.dirname, 'programs');

const kubernetesVersion = 'v1.36.2';
const ldflags = [
  '-s -w',
  `-X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`,
  '-X k8s.io/component-base/version.gitMajor=1',
  '-X k8s.io/component-base/version.gitMinor=36',
].join(' ');

interface Recipe {
  package: string;
  /** How long a first build takes on two cores, in seconds, with those before it built; only for the estimate. */
  coldSeconds: number;
}

const recipes = {
  certs: { package: './certs', coldSeconds: 5 },
  etcd: { package: 'go.etcd.io/etcd/server/v3', coldSeconds: 20 },
  kwok: { package: 'sigs.k8s.io/kwok/cmd/kwok', coldSeconds: 100 },
  kubectl: { package: 'k8s.io/kubernetes/cmd/kubectl', coldSeconds: 25 },
  'kube-apiserver': { package: 'k8s.io/kubernetes/cmd/kube-apiserver', coldSeconds: 175 },
  'kube-controller-manager': { package: 'k8s.io/kubernetes/cmd/kube-controller-manager', coldSeconds: 70 },
  'kube-scheduler': { package: 'k8s.io/kubernetes/cmd/kube-scheduler', coldSeconds: 10 },
} satisfies Record<string, Recipe>;

export type ProgramName = keyof typeof recipes;

const allPrograms = Object.keys(recipes) as ProgramName[];

/** kwok does nothing without stages; these make nodes Ready, pods Running and Ready, Jobs complete and deletions end. */
const stageFiles = [
  'kustomize/stage/node/fast/node-initialize.yaml',
  'kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml',
  'kustomize/stage/pod/fast/pod-ready.yaml',
  'kustomize/stage/pod/fast/pod-complete.yaml',
  'kustomize/stage/pod/fast/pod-delete.yaml',
];

export interface Programs {
  folder: string;
  path(name: ProgramName): string;
  /** kwok's stage files. */
  stages: string[];
}

/**
 * Answers the programs, building those that are missing. Two builders at once
 * do the work once; an interrupted build leaves what it had finished and
 * nothing half done.
 */
export async function ensurePrograms(
  progress: Progress,
  wanted: readonly ProgramName[] = allPrograms,
): Promise<Programs> {
  const folder = join(cacheFolder(), 'programs', await cacheKey());
  const stages = stageFiles.map((file) => join(folder, 'stages', basename(file)));
  const programs: Programs = { folder, path: (name) => join(folder, name), stages };
  const complete = () => missing(programs, wanted).length === 0;
  if (complete()) return programs;

  mkdirSync(join(folder, 'stages'), { recursive: true });
  const onWait = () => progress.log('Another process is building the control plane; waiting for it.');
  await withLock(`${folder}.lock`, onWait, async () => {
    if (!complete()) await build(programs, wanted, progress);
  });
  return programs;
}

function missing(programs: Programs, wanted: readonly ProgramName[]): ProgramName[] {
  const absent = wanted.filter((name) => !existsSync(programs.path(name)));
  const stagesAbsent = wanted.includes('kwok') && programs.stages.some((stage) => !existsSync(stage));
  return stagesAbsent && !absent.includes('kwok') ? [...absent, 'kwok'] : absent;
}

async function build(programs: Programs, wanted: readonly ProgramName[], progress: Progress): Promise<void> {
  const started = Date.now();
  const absent = missing(programs, wanted);
  const expected = absent.reduce((sum, name) => sum + recipes[name].coldSeconds, 0);
  progress.log(
    `Building ${absent.length} of ${wanted.length} programs of the control plane, once: ` +
      `about ${duration(expected)} on two cores, after what Go must download. They are kept in ${programs.folder}.`,
  );
  let done = 0;
  for (const [index, name] of absent.entries()) {
    const began = Date.now();
    const line = () => {
      const elapsed = (Date.now() - started) / 1000;
      // How much slower or faster than the reference this machine has been so far.
      const pace = done > 30 ? (began - started) / 1000 / done : 1;
      const left = Math.max(0, (expected - done) * pace - (Date.now() - began) / 1000);
      return (
        `Building ${name} (${index + 1} of ${absent.length}), ` +
        `${duration(elapsed)} so far, about ${duration(left)} to go`
      );
    };
    const end = progress.show(line);
    try {
      await buildOne(programs, name);
    } finally {
      end();
    }
    done += recipes[name].coldSeconds;
    progress.log(
      `Built ${name} (${index + 1} of ${absent.length}) in ${duration((Date.now() - began) / 1000)}.`,
    );
  }
}

async function buildOne(programs: Programs, name: ProgramName): Promise<void> {
  for (const file of readdirSync(programs.folder)) {
    if (file.startsWith(`${name}.half.`)) rmSync(join(programs.folder, file), { force: true });
  }
  // The pid is in the name because a compiler may go on after its builder was killed, and must not write into ours.
  const half = join(programs.folder, `${name}.half.${process.pid}`);
  await go(['build', '-ldflags', ldflags, '-o', half, recipes[name].package]);
  if (name === 'kwok') await copyStages(programs);
  renameSync(half, programs.path(name));
}

async function copyStages(programs: Programs): Promise<void> {
  const module = (await go(['list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/kwok'])).trim();
  for (const [index, file] of stageFiles.entries()) {
    const half = `${programs.stages[index]}.half`;
    await copyFile(join(module, file), half);
    renameSync(half, programs.stages[index]!);
  }
}

/** Same inputs, same programs: the pinned modules, our own source, the flags and the Go that builds. */
async function cacheKey(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', 'certs/main.go'])
    hash.update(readFileSync(join(moduleFolder, file)));
  hash.update(JSON.stringify([ldflags, stageFiles]));
  hash.update(await go(['env', 'GOVERSION', 'GOOS', 'GOARCH']));
  return hash.digest('hex').slice(0, 12);
}

async function go(args: string[]): Promise<string> {
  return goIn(moduleFolder, args);
}

/** Runs `go` in a module's folder; says what to install when there is none. */
export async function goIn(folder: string, args: string[]): Promise<string> {
  try {
    return await run('go', args, {
      cwd: folder,
      env: { ...process.env, CGO_ENABLED: '0' },
      endWithParent: true,
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Error(
        '"go" is not in PATH: the control plane is built with Go 1.26 or newer (https://go.dev/dl).',
      );
    }
    throw error;
  }
}
