// Where the test control plane keeps its things: a cache outside the checkout,
// shared by all checkouts of one user.
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** `$REMEDIATION_CACHE`, else `$XDG_CACHE_HOME/remediation-operator`, else `~/.cache/remediation-operator`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.REMEDIATION_CACHE) {
    if (!isAbsolute(env.REMEDIATION_CACHE)) {
      throw new Error(`REMEDIATION_CACHE is "${env.REMEDIATION_CACHE}": it must be an absolute path.`);
    }
    return env.REMEDIATION_CACHE;
  }
  const base =
    env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(base, 'remediation-operator');
}

export function clustersFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(cacheFolder(env), 'clusters');
}

/** The folder of one cluster. Throws on a name that could not be a folder of its own. */
export function clusterFolder(name: string, env: NodeJS.ProcessEnv = process.env): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$/.test(name)) {
    throw new Error(
      `Cluster name "${name}" is not usable: use 1 to 48 lower-case letters, digits and dashes, as in "demo-1".`,
    );
  }
  return join(clustersFolder(env), name);
}
