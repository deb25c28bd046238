// Suggestions about objects of the cluster: objectives, chaos experiments,
// backups, fields of Flux objects; and the prerequisites that can be seen there.

import type { ReviewItem } from './model.ts';
import { type SuggestedCheck, suggested } from './suggestion.ts';
import { slug } from './words.ts';

interface Known {
  readonly name: string;
  /** In the title, or in the title and its details where `anywhere`. */
  readonly said: RegExp;
  readonly anywhere?: boolean;
  readonly resource: Readonly<Record<string, unknown>>;
}

const EVERYWHERE = { namespaceSelector: {} };

/** The first of a tool that is named counts; what each is called is in its documentation. */
const KNOWN: readonly Known[] = [
  {
    name: 'objectives',
    said: /\bSL[OI]s?\b/u,
    resource: {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      ...EVERYWHERE,
      // As Sloth records them: https://sloth.dev/introduction/architecture
      where:
        "self.spec.groups.exists(g, has(g.rules) && g.rules.exists(r, has(r.record) && r.record.startsWith('slo:')))",
    },
  },
  {
    name: 'litmus-engine',
    said: /^(?!.*\bchaos ?mesh\b)(?=.*\bchaos\b).*\blitmus\b/isu,
    anywhere: true,
    resource: { apiVersion: 'litmuschaos.io/v1alpha1', kind: 'ChaosEngine', ...EVERYWHERE },
  },
  {
    name: 'chaos-schedule',
    said: /\bchaos\b/iu,
    resource: { apiVersion: 'chaos-mesh.org/v1alpha1', kind: 'Schedule', ...EVERYWHERE },
  },
  {
    name: 'velero-schedules',
    said: /\bvelero\b/iu,
    anywhere: true,
    resource: {
      apiVersion: 'velero.io/v1',
      kind: 'Schedule',
      ...EVERYWHERE,
      freshness: { path: 'status.lastBackup', maxAge: '26h' },
    },
  },
  {
    name: 'volsync-copies',
    said: /\bvolsync\b/iu,
    anywhere: true,
    resource: {
      apiVersion: 'volsync.backube/v1alpha1',
      kind: 'ReplicationSource',
      ...EVERYWHERE,
      freshness: { path: 'status.lastSyncTime', maxAge: '26h' },
    },
  },
  {
    name: 'postgres-backups',
    said: /\b(?:cloudnative-?pg|cnpg)\b.*\bbackups?\b|\bbackups?\b.*\b(?:cloudnative-?pg|cnpg)\b/isu,
    anywhere: true,
    resource: {
      apiVersion: 'postgresql.cnpg.io/v1',
      kind: 'Cluster',
      ...EVERYWHERE,
      condition: { type: 'LastBackupSucceeded' },
    },
  },
];

const FLUX: Readonly<Record<string, string>> = {
  Kustomization: 'kustomize.toolkit.fluxcd.io/v1',
  HelmRelease: 'helm.toolkit.fluxcd.io/v2',
  GitRepository: 'source.toolkit.fluxcd.io/v1',
};

export function objects(item: ReviewItem): SuggestedCheck[] {
  const whole = `${item.title}\n${item.description}`;
  const known = KNOWN.find(({ said, anywhere }) => said.test(anywhere ? whole : item.title));
  const tools = known
    ? [{ name: known.name, description: suggested(item.title), resource: known.resource }]
    : [];
  return [...tools, ...fluxFields(item.title, whole)];
}

/** "Set retryInterval on every Kustomization": each must have the field. */
function fluxFields(title: string, whole: string): SuggestedCheck[] {
  const fields = [
    ...new Set(
      title.match(/\b(?:dependsOn|retryInterval|driftDetection|interval|timeout|remediation)\b/g) ?? [],
    ),
  ];
  const kinds = Object.keys(FLUX).filter((kind) =>
    new RegExp(`\\b${kind.slice(0, -1)}(?:y|ies|s|${kind.at(-1)}s?)\\b`, 'u').test(whole),
  );
  return kinds.flatMap((kind) =>
    fields
      .filter((field) =>
        field === 'driftDetection' || field === 'remediation' ? kind === 'HelmRelease' : true,
      )
      .map((field) => ({
        name: `${kind.toLowerCase()}-${field.toLowerCase()}`,
        description: suggested(title),
        resource: {
          apiVersion: FLUX[kind],
          kind,
          ...EVERYWHERE,
          expect: [
            field === 'remediation'
              ? {
                  cel: 'has(self.spec.install) && has(self.spec.install.remediation)',
                  message: 'spec.install.remediation must be set',
                }
              : { cel: `has(self.spec.${field})`, message: `spec.${field} must be set` },
          ],
        },
      })),
  );
}

/** CustomResourceDefinitions that reviews speak of by their kind. */
const CRDS: Readonly<Record<string, string>> = {
  CiliumNetworkPolicy: 'ciliumnetworkpolicies.cilium.io',
  CiliumClusterwideNetworkPolicy: 'ciliumclusterwidenetworkpolicies.cilium.io',
  Certificate: 'certificates.cert-manager.io',
  ServiceMonitor: 'servicemonitors.monitoring.coreos.com',
  PrometheusRule: 'prometheusrules.monitoring.coreos.com',
  HelmRelease: 'helmreleases.helm.toolkit.fluxcd.io',
  Kustomization: 'kustomizations.kustomize.toolkit.fluxcd.io',
};

/** Each brings one of these, whatever else of it is installed. */
const CONTROLLERS: Readonly<Record<string, string>> = {
  kyverno: 'clusterpolicies.kyverno.io',
  gatekeeper: 'constrainttemplates.templates.gatekeeper.sh',
  'cert-manager': 'certificates.cert-manager.io',
  'external secrets': 'externalsecrets.external-secrets.io',
  'prometheus operator': 'prometheusrules.monitoring.coreos.com',
};

const SERVED = { cel: 'self.spec.versions.exists(v, v.served)', message: 'no version of it is served' };
const definition = (more: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  ...more,
  expect: [SERVED],
});

/** The check that a prerequisite suggests, where it can be seen at all. */
export function prerequisite(text: string, title: string): SuggestedCheck | undefined {
  const kind = /\b(?<kind>[A-Z][A-Za-z]+)\s+CRD\b|\bCRD\s+`?(?<after>[A-Z][A-Za-z]+)/u.exec(text)?.groups;
  const crd = CRDS[kind?.kind ?? kind?.after ?? ''];
  if (crd)
    return {
      name: `${slug(kind?.kind ?? kind?.after ?? '')}-crd`,
      description: text,
      resource: definition({ name: crd }),
    };
  if (/\bcilium\b.*\b(deployed|installed|running)\b/iu.test(text))
    return {
      name: 'cilium-deployed',
      description: text,
      resource: { apiVersion: 'apps/v1', kind: 'DaemonSet', namespace: 'kube-system', name: 'cilium' },
    };
  const controllers = Object.keys(CONTROLLERS).filter((name) => new RegExp(`\\b${name}\\b`, 'iu').test(text));
  if (controllers.length > 0) {
    const names = controllers.map((name) => CONTROLLERS[name] ?? '');
    return {
      name: slug(controllers.join(' or '), 48),
      description: text,
      // Any of those that are named will do.
      resource: definition(
        names.length === 1
          ? { name: names[0] }
          : { where: `self.metadata.name in [${names.map((name) => `'${name}'`).join(', ')}]` },
      ),
    };
  }
  return inCluster(text, title) ?? inWorkflows(text);
}

/** Words beside "namespace" that are no name of one. */
const COMMON = new Set(
  'the own new one dedicated separate target each every per for is must should exists exist with of and in to has'.split(
    ' ',
  ),
);

/** "Dedicated namespace for chaos tools", "RBAC permissions for fault injection". */
function inCluster(text: string, title: string): SuggestedCheck | undefined {
  const words =
    /\bnamespace\s+(?<name>[a-z0-9][a-z0-9-]{1,62})\b|\b(?<before>[a-z0-9][a-z0-9-]{1,62})\s+namespace\b/u.exec(
      text,
    )?.groups;
  const named = [words?.name, words?.before].find((word) => word && !COMMON.has(word));
  const topic = /\b(chaos|litmus|backup|monitoring|velero|vault|keycloak)\b/iu
    .exec(`${text} ${title}`)?.[1]
    ?.toLowerCase();
  const name = named ?? (topic ? `*${topic}*` : undefined);
  if (!name) return undefined;
  if (/\bnamespace\b/iu.test(text))
    return { name: 'namespace', description: text, resource: { apiVersion: 'v1', kind: 'Namespace', name } };
  if (/\bRBAC\b/u.test(text))
    return {
      name: 'permissions',
      description: text,
      resource: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', name },
    };
  return undefined;
}

const WORKFLOWS = '.github/workflows/*.{yaml,yml}';

function inWorkflows(text: string): SuggestedCheck | undefined {
  if (/\bSARIF\b.*\bpermissions?\b/iu.test(text))
    return {
      name: 'sarif-permission',
      description: text,
      source: {
        files: [
          {
            path: WORKFLOWS,
            workflowStep: {
              uses: 'github/codeql-action/upload-sarif',
              permissions: { 'security-events': 'write' },
            },
          },
        ],
      },
    };
  if (/\bGitHub Actions?\b/u.test(text))
    return { name: 'workflows', description: text, source: { files: [{ path: WORKFLOWS }] } };
  return undefined;
}
