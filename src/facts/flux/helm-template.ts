// Runs `helm template`, away from the network, from a cluster, and from whatever
// the caller's environment holds.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { clip, isolated, programOf } from './programs.ts';

export interface Template {
  /** The folder of the chart. */
  readonly chart: string;
  readonly releaseName: string;
  readonly namespace: string;
  /** In the order in which the later wins, each YAML. */
  readonly values: readonly string[];
  readonly crds: boolean;
  /** What the cluster serves beside Kubernetes' own kinds: group/version and group/version/Kind. */
  readonly apiVersions: readonly string[];
}

export interface Helm {
  /** What the chart makes, as YAML of many documents; a HelmError where it makes nothing. */
  template(template: Template): Promise<string>;
  close(): Promise<void>;
}

/** Helm cannot render it. */
export class HelmError extends Error {}

const TIMEOUT_MS = 120_000;
const MAX_OUTPUT = 256 * 1024 * 1024;

/** helm of the PATH; undefined where there is none. */
export async function findHelm(searchPath = process.env.PATH ?? ''): Promise<Helm | undefined> {
  const program = await programOf('helm', searchPath);
  if (!program) return undefined;
  const home = await mkdtemp(path.join(tmpdir(), 'remediation-helm-'));
  const env = {
    ...isolated(home),
    HELM_CACHE_HOME: home,
    HELM_CONFIG_HOME: home,
    HELM_DATA_HOME: home,
  };
  return {
    template: async ({ chart, releaseName, namespace, values, crds, apiVersions }) => {
      const files: string[] = [];
      for (const [index, text] of values.entries()) {
        const file = path.join(home, `values-${index}.yaml`);
        await writeFile(file, text);
        files.push('--values', file);
      }
      const args = [
        ...['template', releaseName, chart, '--namespace', namespace, '--skip-tests'],
        ...(crds ? ['--include-crds'] : []),
        ...apiVersions.flatMap((each) => ['--api-versions', each]),
        ...files,
      ];
      return new Promise((resolve, reject) => {
        execFile(
          program,
          args,
          { env, maxBuffer: MAX_OUTPUT, timeout: TIMEOUT_MS },
          (error, stdout, stderr) => {
            if (!error) resolve(stdout);
            else if (error.killed) reject(new HelmError(`helm did not end within ${TIMEOUT_MS / 1000} s`));
            else reject(new HelmError(clip((stderr || error.message).replaceAll(chart, '.'))));
          },
        );
      });
    },
    close: () => rm(home, { recursive: true, force: true }),
  };
}
