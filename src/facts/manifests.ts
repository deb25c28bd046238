// A folder of manifests as a source of facts: what one applies, or a dump of a
// cluster. What only a cluster can show is said to need one.

import { splitApiVersion } from '../kubernetes/index.ts';
import { isFromCluster, type Manifest, manifestKey } from './manifest-files.ts';
import { KINDS } from './projections.ts';
import { createSharing } from './sharing.ts';
import type { KindRef, Source } from './source.ts';
import { rollOut } from './static.ts';
import type { Fact, Failed, SourceRef, SourceTree } from './view.ts';

export interface ManifestOptions {
  /** Judge by the templates alone, as if they were rolled out and healthy. */
  readonly static?: boolean;
  /** The folders that stand for Flux sources. Default: none is known. */
  readonly tree?: (ref: SourceRef) => Fact<SourceTree>;
}

/** Kinds that controllers make: manifests alone never show them. */
const MADE_BY_CONTROLLERS: ReadonlySet<string> = new Set(['Pod', 'ReplicaSet', 'ControllerRevision']);

const RUNS_PODS: ReadonlySet<string> = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'Job',
]);

/** Has, or wants, pods: by what the cluster reports, or by what is asked for. */
function runsPods({ spec, status }: Manifest): boolean {
  const counts = {
    ...(spec as Record<string, unknown> | undefined),
    ...(status as Record<string, unknown> | undefined),
  };
  return counts.replicas !== 0 && (counts.replicas !== undefined || counts.desiredNumberScheduled !== 0);
}

const CLUSTER_SCOPED_ALWAYS: ReadonlySet<string> = new Set(
  Object.entries(KINDS)
    .filter(([, entry]) => !entry.namespaced)
    .map(([kind]) => kind),
);

/**
 * Makes a source from raw objects. Objects without a namespace are in
 * `default`; namespaces that are used and not given exist with their name label.
 */
export function manifestSource(given: readonly Manifest[], options: ManifestOptions = {}): Source {
  const isClusterScoped = scopes(given);
  const inNamespace = (object: Manifest): Manifest =>
    object.metadata.namespace !== undefined || isClusterScoped(object)
      ? object
      : { ...object, metadata: { ...object.metadata, namespace: 'default' } };
  const placed = withNamespaces(onceEach(given.map(inNamespace)));
  const objects = options.static ? rollOut(placed) : placed;
  const byKind = new Map<string, Manifest[]>();
  for (const object of objects) {
    const key = manifestKey(object.apiVersion, object.kind);
    const list = byKind.get(key);
    if (list) list.push(object);
    else byKind.set(key, [object]);
  }
  const served = servedKinds(objects);
  const projections = new Map<string, ReadonlyMap<string, readonly unknown[]>>();
  const sharing = createSharing();

  /** All objects of a kind by namespace ('*' is all), projected once. */
  function lists(kind: KindRef): ReadonlyMap<string, readonly unknown[]> {
    const known = projections.get(kind.key);
    if (known) return known;
    const entry = kind.projected && KINDS[kind.projected];
    const project = (raw: Record<string, unknown>) => (entry ? entry.project(raw, sharing) : raw);
    const byNamespace = new Map<string, unknown[]>([['*', []]]);
    for (const raw of byKind.get(manifestKey(kind.apiVersion, kind.kind)) ?? []) {
      const projected = project(raw);
      byNamespace.get('*')?.push(projected);
      const list = byNamespace.get(raw.metadata.namespace ?? '');
      if (list) list.push(projected);
      else byNamespace.set(raw.metadata.namespace ?? '', [projected]);
    }
    projections.set(kind.key, byNamespace);
    return byNamespace;
  }

  // A dump of workloads that all run nothing needs no pods to be whole.
  const nothingRuns =
    objects.some((o) => RUNS_PODS.has(o.kind) && isFromCluster(o)) &&
    !objects.some((o) => RUNS_PODS.has(o.kind) && runsPods(o));

  function onlyInCluster(kind: KindRef): Failed | undefined {
    if (options.static || nothingRuns || !MADE_BY_CONTROLLERS.has(kind.kind)) return undefined;
    if ((byKind.get(manifestKey(kind.apiVersion, kind.kind)) ?? []).some(isFromCluster)) return undefined;
    return {
      state: 'failed',
      reason: 'NeedsCluster',
      message: `the manifests hold no ${kind.kind} that a cluster made; judge the live cluster, add a dump (kubectl get ${kind.kind.toLowerCase()}s -A -o yaml), or judge the templates alone with --static`,
    };
  }

  /** The API server shows an object in every version that it serves; which field is which there it alone knows. */
  function inOtherVersion(kind: KindRef, isMeant: (object: Manifest) => boolean): Failed | undefined {
    if (kind.projected) return undefined;
    const { group } = splitApiVersion(kind.apiVersion);
    const other = objects.find(
      (o) =>
        o.kind === kind.kind &&
        o.apiVersion !== kind.apiVersion &&
        splitApiVersion(o.apiVersion).group === group &&
        isMeant(o),
    );
    return (
      other && {
        state: 'failed',
        reason: 'NeedsCluster',
        message: `the manifests hold ${other.kind} ${other.metadata.name} as ${other.apiVersion}, and only a cluster shows it as ${kind.apiVersion}; judge the live cluster, or write one version in both`,
      }
    );
  }

  return {
    isClusterScoped,
    get(kind, namespace, name) {
      const failed = onlyInCluster(kind);
      if (failed) return failed;
      const found = (byKind.get(manifestKey(kind.apiVersion, kind.kind)) ?? []).findIndex(
        (raw) => raw.metadata.name === name && (raw.metadata.namespace ?? '') === (namespace ?? ''),
      );
      if (found < 0) {
        const other = inOtherVersion(
          kind,
          ({ metadata }) => metadata.name === name && (metadata.namespace ?? '') === (namespace ?? ''),
        );
        return other ?? { state: 'absent', served: served(kind) };
      }
      return { state: 'known', value: lists(kind).get('*')?.[found] };
    },
    list(kind, namespace) {
      const failed =
        onlyInCluster(kind) ??
        inOtherVersion(kind, ({ metadata }) => namespace === undefined || metadata.namespace === namespace);
      if (failed) return failed;
      return { state: 'known', value: lists(kind).get(namespace ?? '*') ?? NOTHING, served: served(kind) };
    },
    tree: options.tree ?? noTree,
  };
}

const noTree = ({ kind, namespace, name }: SourceRef): Failed => ({
  state: 'failed',
  reason: 'NeedsCluster',
  message: `nothing says which folder stands for ${kind} ${namespace}/${name}; say it with --source ${namespace}/${name}=DIR, or judge the live cluster`,
});

const NOTHING: readonly never[] = Object.freeze([]);

/**
 * Which kinds the API would serve: the built-in ones, those with objects or a
 * CustomResourceDefinition here, and Cilium's where its ConfigMap is.
 */
function servedKinds(objects: readonly Manifest[]): (kind: KindRef) => boolean {
  const cilium = objects.some((o) => o.kind === 'ConfigMap' && o.metadata.name === 'cilium-config');
  const groups = new Set(objects.map((o) => o.apiVersion.split('/')[0]));
  const defined = new Set(
    objects
      .filter((o) => o.kind === 'CustomResourceDefinition')
      .map((o) => {
        const spec = o.spec as { group?: string; names?: { kind?: string } } | undefined;
        return `${spec?.group}/${spec?.names?.kind}`;
      }),
  );
  return ({ apiVersion, kind }) => {
    const [group = ''] = apiVersion.split('/');
    if (!apiVersion.includes('/') || !group.includes('.') || group.endsWith('.k8s.io')) return true;
    return groups.has(group) || defined.has(`${group}/${kind}`) || (group === 'cilium.io' && cilium);
  };
}

/** Cluster-scoped kinds of Kubernetes and its usual companions; anything else is namespaced. */
const CLUSTER_SCOPED: ReadonlySet<string> = new Set([
  ...CLUSTER_SCOPED_ALWAYS,
  'APIService',
  'CSIDriver',
  'CSINode',
  'CertificateSigningRequest',
  'CiliumClusterwideEnvoyConfig',
  'CiliumIdentity',
  'CiliumNode',
  'ClusterIssuer',
  'ClusterPolicy',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'GatewayClass',
  'IngressClass',
  'MutatingWebhookConfiguration',
  'Node',
  'PersistentVolume',
  'PriorityClass',
  'RuntimeClass',
  'StorageClass',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
  'VolumeAttachment',
]);

/** Which kinds are cluster-scoped: the usual ones, and what a CustomResourceDefinition here says. */
function scopes(objects: readonly Manifest[]): (kind: Pick<KindRef, 'apiVersion' | 'kind'>) => boolean {
  const defined = new Map<string, string>();
  for (const { kind, spec } of objects) {
    if (kind !== 'CustomResourceDefinition') continue;
    const { group, names, scope } = (spec ?? {}) as {
      group?: string;
      names?: { kind?: string };
      scope?: string;
    };
    defined.set(`${group}/${names?.kind}`, scope ?? 'Namespaced');
  }
  return ({ apiVersion, kind }) => {
    const scope = defined.get(`${apiVersion.split('/')[0]}/${kind}`);
    return scope === undefined ? CLUSTER_SCOPED.has(kind) : scope === 'Cluster';
  };
}

/** An object that is given twice is one object, as it would be when both are applied: the last one counts. */
function onceEach(objects: readonly Manifest[]): Manifest[] {
  const byIdentity = new Map<string, Manifest>();
  for (const object of objects) {
    const { namespace = '', name } = object.metadata;
    const [group] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : [''];
    byIdentity.set(`${group}/${object.kind}/${namespace}/${name}`, object);
  }
  return [...byIdentity.values()];
}

/** Adds the Namespace objects that are used and not given. */
function withNamespaces(objects: readonly Manifest[]): Manifest[] {
  const given = new Set(objects.filter((o) => o.kind === 'Namespace').map((o) => o.metadata.name));
  const used = new Set(
    objects.map((o) => o.metadata.namespace).filter((ns): ns is string => ns !== undefined),
  );
  const named = objects.map((object) =>
    object.kind === 'Namespace'
      ? {
          ...object,
          metadata: {
            ...object.metadata,
            labels: { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name },
          },
        }
      : object,
  );
  const missing = [...used].filter((name) => !given.has(name));
  return [
    ...named,
    ...missing.map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    })),
  ];
}
