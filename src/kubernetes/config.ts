/**
 * Where the API server is and how to prove who we are: from a kubeconfig, or
 * from the files that a pod is given. Credentials are read again when they rotate.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Clock, systemClock } from './clock.ts';
import { messageOf } from './errors.ts';

/** What TLS needs. The same object as long as nothing in it changed, so a transport can tell rotation by identity. */
export type TlsMaterial = {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
  rejectUnauthorized?: boolean;
};

export type Credentials = { headers: Record<string, string>; tls: TlsMaterial };

export type Connection = {
  /** URL of the API server, without a trailing slash. */
  readonly server: string;
  /** Namespace of the context, or of the pod. */
  readonly namespace: string | undefined;
  /** From the files that a pod is given, not from a kubeconfig. */
  readonly inPod: boolean;
  readonly proxyUrl: string | undefined;
  /** Where this came from, for messages: `context kind-a of /home/me/.kube/config`, `the pod's service account`. */
  readonly description: string;
  /** Headers and TLS material for the next request. `refresh` after a 401: whatever was remembered is read again. */
  authenticate(refresh?: boolean): Promise<Credentials>;
};

export type ConnectionOptions = {
  /** Path of a kubeconfig; default $KUBECONFIG, then ~/.kube/config, then the pod's own files. */
  kubeconfig?: string;
  context?: string;
  env?: Record<string, string | undefined>;
  /** Folder with token, ca.crt and namespace; default where Kubernetes mounts it. */
  serviceAccountDir?: string;
  clock?: Clock;
};

/** Thrown when there is no usable configuration; the message names the file, context, cluster or user at fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';
/** client-go reads token files again after a minute; a bound token lives at least ten. */
const REREAD_MS = 60_000;

export async function loadConnection(options: ConnectionOptions = {}): Promise<Connection> {
  const env = options.env ?? process.env;
  const clock = options.clock ?? systemClock();
  const dir = options.serviceAccountDir ?? SERVICE_ACCOUNT_DIR;
  const home = join(env.HOME ?? homedir(), '.kube', 'config');
  const named = options.kubeconfig ?? (env.KUBECONFIG || undefined);
  if (named !== undefined) return fromKubeconfig(named, options.context, clock);
  const inPod = env.KUBERNETES_SERVICE_HOST !== undefined && existsSync(join(dir, 'token'));
  if (inPod && options.context === undefined) return fromPod(env, dir, clock);
  if (existsSync(home)) return fromKubeconfig(home, options.context, clock);
  throw new ConfigError(
    `no cluster to talk to: neither --kubeconfig nor KUBECONFIG is given, ${home} does not exist, ` +
      `and this is no pod (no ${join(dir, 'token')}). Name a kubeconfig.`,
  );
}

function fromPod(env: Record<string, string | undefined>, dir: string, clock: Clock): Connection {
  const host = env.KUBERNETES_SERVICE_HOST ?? '';
  const port = env.KUBERNETES_SERVICE_PORT || '443';
  const namespaceFile = join(dir, 'namespace');
  let token = '';
  let tls: TlsMaterial = {};
  let caStamp = '';
  let readAt = Number.NEGATIVE_INFINITY;
  const read = (): void => {
    token = readText(join(dir, 'token'), 'the service account token');
    if (token === '')
      throw new ConfigError(`${join(dir, 'token')} is empty; is automountServiceAccountToken off?`);
    const caFile = join(dir, 'ca.crt');
    const stamp = fileStamp(caFile);
    if (stamp !== caStamp) tls = { ca: readText(caFile, "the cluster's CA certificate") };
    caStamp = stamp;
    readAt = clock.monotonic();
  };
  read();
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    namespace: existsSync(namespaceFile) ? readFileSync(namespaceFile, 'utf8').trim() : undefined,
    inPod: true,
    proxyUrl: undefined,
    description: "the pod's service account",
    authenticate: async (refresh = false) => {
      if (refresh || clock.monotonic() - readAt >= REREAD_MS) read();
      return { headers: { authorization: `Bearer ${token}` }, tls };
    },
  };
}

/** The parts of client-node's KubeConfig that are used here; it is loaded only when there is a kubeconfig to read. */
type KubeConfig = import('@kubernetes/client-node').KubeConfig;

async function fromKubeconfig(path: string, context: string | undefined, clock: Clock): Promise<Connection> {
  // Loaded late: in a pod nothing of it is needed, and its generated models cost tens of megabytes.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const load = (): KubeConfig => readKubeconfig(() => new KubeConfig(), path, context);
  let config = load();
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new ConfigError(`${path}: no cluster for context "${config.currentContext}"`);
  let credentials: Credentials | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<Credentials> | undefined;

  const read = async (refresh: boolean): Promise<Credentials> => {
    // A new KubeConfig has no cached exec credential, and reads token files anew.
    if (refresh) config = load();
    const next = await credentialsOf(config, path);
    const tls = credentials && sameTls(credentials.tls, next.tls) ? credentials.tls : next.tls;
    credentials = { headers: next.headers, tls };
    readAt = clock.monotonic();
    return credentials;
  };
  return {
    server: cluster.server,
    namespace: config.getContextObject(config.currentContext)?.namespace || undefined,
    inPod: false,
    proxyUrl: cluster.proxyUrl || undefined,
    description: `context ${config.currentContext} of ${path}`,
    authenticate: async (refresh = false) => {
      if (!refresh && credentials && clock.monotonic() - readAt < REREAD_MS) return credentials;
      // One reading at a time: a hundred requests that meet a 401 together start one exec plugin.
      reading ??= read(refresh).finally(() => {
        reading = undefined;
      });
      return reading;
    },
  };
}

function readKubeconfig(create: () => KubeConfig, path: string, context: string | undefined): KubeConfig {
  const config = create();
  for (const [index, file] of path.split(delimiter).filter(Boolean).entries()) {
    if (!existsSync(file)) throw new ConfigError(`kubeconfig ${file} does not exist`);
    try {
      if (index === 0) config.loadFromFile(file);
      else {
        const further = create();
        further.loadFromFile(file);
        config.mergeConfig(further, true);
      }
    } catch (error) {
      throw new ConfigError(`kubeconfig ${file} cannot be read: ${messageOf(error)}`, { cause: error });
    }
  }
  const names = config.contexts.map((each) => each.name);
  const wanted = context ?? config.currentContext;
  if (!wanted) {
    throw new ConfigError(
      `kubeconfig ${path} has no current-context; name one of: ${names.join(', ') || '(none)'}`,
    );
  }
  const found = config.getContextObject(wanted);
  if (!found) {
    throw new ConfigError(
      `kubeconfig ${path} has no context "${wanted}"; it has: ${names.join(', ') || '(none)'}`,
    );
  }
  const cluster = config.getCluster(found.cluster);
  if (!cluster) {
    throw new ConfigError(
      `kubeconfig ${path}: context "${wanted}" names cluster "${found.cluster}", which is missing`,
    );
  }
  if (!found.user || !config.getUser(found.user)) {
    throw new ConfigError(
      `kubeconfig ${path}: context "${wanted}" names user "${found.user ?? ''}", which is missing`,
    );
  }
  if (!URL.canParse(cluster.server) || !/^https?:/.test(cluster.server)) {
    throw new ConfigError(
      `kubeconfig ${path}: server of cluster "${cluster.name}" is "${cluster.server}"; it must be an http(s) URL`,
    );
  }
  config.setCurrentContext(wanted);
  // client-node refuses plain http (kubectl proxy) unless TLS verification, which does not happen there, is off.
  if (cluster.server.startsWith('http:')) {
    config.clusters = config.clusters.map((each) =>
      each === cluster ? { ...each, skipTLSVerify: true } : each,
    );
  }
  return config;
}

async function credentialsOf(config: KubeConfig, path: string): Promise<Credentials> {
  const user = config.getCurrentUser();
  const options: Parameters<KubeConfig['applyToHTTPSOptions']>[0] = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw new ConfigError(
      `no credentials for user "${user?.name}" of kubeconfig ${path}: ${messageOf(error).trim() || 'its plugin failed'}`,
      { cause: error },
    );
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {}))
    headers[name.toLowerCase()] = String(value);
  if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const tls: TlsMaterial = {};
  if (options.ca) tls.ca = options.ca as string | Buffer;
  if (options.cert) tls.cert = options.cert as string | Buffer;
  if (options.key) tls.key = options.key as string | Buffer;
  const { servername, rejectUnauthorized } = options as { servername?: string; rejectUnauthorized?: boolean };
  if (servername) tls.servername = servername;
  if (rejectUnauthorized === false) tls.rejectUnauthorized = false;
  return { headers, tls };
}

function sameTls(a: TlsMaterial, b: TlsMaterial): boolean {
  const text = (value: string | Buffer | undefined): string =>
    value === undefined ? '' : Buffer.from(value).toString('latin1');
  return (
    text(a.ca) === text(b.ca) &&
    text(a.cert) === text(b.cert) &&
    text(a.key) === text(b.key) &&
    a.servername === b.servername &&
    a.rejectUnauthorized === b.rejectUnauthorized
  );
}

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new ConfigError(`cannot read ${what}: ${messageOf(error)}`, { cause: error });
  }
}

/** Kubelet swaps a symlink on rotation, so size, time and inode of what it points to tell a change. */
function fileStamp(file: string): string {
  if (!existsSync(file)) return 'missing';
  const { ino, mtimeMs, size } = statSync(file);
  return `${ino}:${mtimeMs}:${size}`;
}
