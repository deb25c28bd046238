// How each example can be broken in one place of the sample repository, and what
// must be said of it then. Used on copies of the files (by verify), on a cluster,
// and by commits to a repository that Flux's own source-controller reads.

export interface Break {
  /** metadata.name of the item. */
  readonly item: string;
  /** Where its evidence is: the files of the Flux source, objects of the cluster, or what a person said. */
  readonly evidence: 'source' | 'cluster' | 'person';
  /** What somebody did, as the name of the test. */
  readonly what: string;
  /** From the folder examples. */
  readonly file: string;
  /** Must occur; every occurrence is replaced. */
  readonly from: string | RegExp;
  readonly to: string;
  /** Names the place, and what is wrong there. */
  readonly says: RegExp;
}

const WORKFLOW = 'repository/.github/workflows/flux-local.yaml';
const RELEASE = 'repository/.github/workflows/release.yaml';
const PLUGIN = 'repository/templates/scripts/plugin.py';
const BOOTSTRAP = 'repository/scripts/bootstrap-apps.sh';
const RUNBOOK = 'repository/docs/runbooks/disaster-recovery.md';
const APPS = 'repository/kubernetes/apps';

const LONG_AGO = 'at: "2020-01-01T00:00:00Z"';
/** The line of an attestation that says when. */
export const SAID_AT = /\bat: "[^"]*"/;

export const BREAKS: readonly Break[] = [
  {
    item: 'item-03-trivy-scanning',
    evidence: 'source',
    what: 'the scan is taken out',
    file: WORKFLOW,
    from: /uses: aquasecurity\/trivy-action@\S+/,
    to: 'uses: example/lint-action@main',
    says: /flux-local\.yaml at .* uses aquasecurity\/trivy-action/,
  },
  {
    item: 'item-03-trivy-scanning',
    evidence: 'source',
    what: 'the action is no longer pinned by its commit',
    file: WORKFLOW,
    from: /trivy-action@[0-9a-f]{40} # v0\.29\.0/,
    to: 'trivy-action@0.29.0',
    says: /flux-local\.yaml.*trivy-action.*is of 0\.29\.0.*full commit/,
  },
  {
    item: 'item-03-trivy-scanning',
    evidence: 'source',
    what: 'misconfigurations of medium severity are let through',
    file: WORKFLOW,
    from: 'severity: CRITICAL,HIGH,MEDIUM',
    to: 'severity: CRITICAL',
    says: /flux-local\.yaml.*severity/,
  },
  {
    item: 'item-03-trivy-scanning',
    evidence: 'source',
    what: 'the results may not be uploaded',
    file: WORKFLOW,
    from: 'security-events: write',
    to: 'security-events: read',
    says: /flux-local\.yaml.*security-events/,
  },
  {
    item: 'item-03-trivy-scanning',
    evidence: 'source',
    what: 'the job is switched off',
    file: WORKFLOW,
    from: 'name: Security scan',
    to: 'name: Security scan\n    if: false',
    says: /flux-local\.yaml.*never runs/,
  },
  {
    item: 'item-09-health-probes',
    evidence: 'cluster',
    what: 'a readiness probe asks another path',
    file: `${APPS}/monitoring/grafana/app/grafana.yaml`,
    from: 'readinessProbe:\n          httpGet:\n            path: /api/health',
    to: 'readinessProbe:\n          httpGet:\n            path: /login',
    says: /grafana.*\/login.*\/api\/health/,
  },
  {
    item: 'item-09-health-probes',
    evidence: 'cluster',
    what: 'a liveness probe is gone',
    file: `${APPS}/monitoring/tempo/app/tempo.yaml`,
    from: / {8}livenessProbe:\n(?: {10}.*\n)+/,
    to: '',
    says: /tempo.*liveness/i,
  },
  {
    item: 'item-10-cached-file-reads',
    evidence: 'source',
    what: 'a cache is taken out',
    file: PLUGIN,
    from: '@lru_cache(maxsize=8)\n',
    to: '',
    says: /templates\/scripts\/plugin\.py.*maxsize=8/,
  },
  {
    item: 'item-10-cached-file-reads',
    evidence: 'source',
    what: 'a function reads its file by itself again',
    file: PLUGIN,
    from: 'The token of the webhook."""\n    return _read_file_cached(file_path)',
    to: 'The token of the webhook."""\n    with open(file_path) as file:\n        return file.read()',
    says: /templates\/scripts\/plugin\.py.*github_push_token/,
  },
  {
    item: 'item-10-cached-file-reads',
    evidence: 'source',
    what: 'a function only speaks of the cache',
    file: PLUGIN,
    from: '    return str(json.loads(_read_json_cached(file_path))["TunnelID"])',
    to: '    # return str(json.loads(_read_json_cached(file_path))["TunnelID"])\n    return Path(file_path).read_text()',
    says: /templates\/scripts\/plugin\.py.*cloudflare_tunnel_id/,
  },
  {
    item: 'item-11-cilium-network-policies',
    evidence: 'cluster',
    what: 'the policy lets everyone in',
    file: `${APPS}/monitoring/network-policies/app/network-policies.yaml`,
    from: '  - fromEndpoints:\n    - {}\n',
    to: '  - fromEntities: [all]\n',
    says: /monitoring\/default-deny/,
  },
  {
    item: 'item-11-cilium-network-policies',
    evidence: 'cluster',
    what: 'webhooks no longer come in',
    file: `${APPS}/flux-system/flux/app/network-policies.yaml`,
    from: '"9292"',
    to: '"9293"',
    says: /notification-controller.*9292/,
  },
  {
    item: 'item-12-disaster-recovery-runbook',
    evidence: 'source',
    what: 'nobody says any more how long it takes',
    file: RUNBOOK,
    from: '## Recovery time objective (RTO)',
    to: '## Before you begin',
    says: /disaster-recovery\.md.*RTO/,
  },
  {
    item: 'item-12-disaster-recovery-runbook',
    evidence: 'source',
    what: 'a section is a heading and nothing else',
    file: RUNBOOK,
    from: /(## Restore data\n)[^#]*/,
    to: '$1\n',
    says: /disaster-recovery\.md.*Restore data/,
  },
  {
    item: 'item-12-disaster-recovery-runbook',
    evidence: 'person',
    what: 'the last drill was too long ago',
    file: 'january-2026/item-12-disaster-recovery-runbook.yaml',
    from: SAID_AT,
    to: LONG_AGO,
    says: /2020-01-01/,
  },
  {
    item: 'item-13-pod-disruption-budgets',
    evidence: 'cluster',
    what: 'a budget forbids every drain',
    file: `${APPS}/kube-system/coredns/app/pdb.yaml`,
    from: 'minAvailable: 1',
    to: 'minAvailable: 2',
    says: /kube-system\/coredns/,
  },
  {
    item: 'item-13-pod-disruption-budgets',
    evidence: 'cluster',
    what: 'a workload has one replica left',
    file: `${APPS}/cert-manager/cert-manager/app/cert-manager.yaml`,
    from: 'replicas: 2',
    to: 'replicas: 1',
    says: /cert-manager\/cert-manager/,
  },
  {
    item: 'item-14-parallel-bootstrap',
    evidence: 'source',
    what: 'secrets wait for namespaces again',
    file: BOOTSTRAP,
    from: 'run_parallel secrets apply_secrets',
    to: 'apply_secrets',
    says: /bootstrap-apps\.sh.*run_parallel/,
  },
  {
    item: 'item-14-parallel-bootstrap',
    evidence: 'source',
    what: 'CRDs are applied before anything else',
    file: BOOTSTRAP,
    from: /( {4}wait_for_nodes\n[\s\S]*?)( {4}apply_crds\n)/,
    to: '$2$1',
    says: /bootstrap-apps\.sh.*apply_crds/,
  },
  {
    item: 'item-15-sbom-generation',
    evidence: 'source',
    what: 'one of the two formats is gone',
    file: RELEASE,
    from: 'format: cyclonedx-json',
    to: 'format: spdx-json',
    says: /release\.yaml.*cyclonedx-json/,
  },
  {
    item: 'item-15-sbom-generation',
    evidence: 'source',
    what: 'the run has no identity any more',
    file: RELEASE,
    from: 'id-token: write',
    to: 'id-token: none',
    says: /release\.yaml.*id-token/,
  },
  {
    item: 'item-15-sbom-generation',
    evidence: 'source',
    what: 'an SBOM is made and not attached',
    file: RELEASE,
    from: '          sbom.spdx.json\n          sbom.cyclonedx.json\n',
    to: '          sbom.spdx.json\n',
    says: /release\.yaml.*files/,
  },
  {
    item: 'item-18-slo-tracking',
    evidence: 'cluster',
    what: 'nothing is recorded over 30 days',
    file: `${APPS}/monitoring/slo/app/ingress-availability.yaml`,
    from: 'record: slo:sli_error:ratio_rate30d',
    to: 'record: slo:sli_error:ratio_rate3d',
    says: /slo-ingress-availability.*30 days/,
  },
  {
    item: 'item-18-slo-tracking',
    evidence: 'cluster',
    what: 'Grafana no longer finds the dashboard',
    file: `${APPS}/monitoring/slo/app/dashboard.yaml`,
    from: 'grafana_dashboard: "1"',
    to: 'grafana_dashboard: "0"',
    says: /ConfigMap.*monitoring/,
  },
  {
    item: 'item-19-chaos-engineering',
    evidence: 'cluster',
    what: 'faults may pile up',
    file: `${APPS}/chaos-mesh/chaos-mesh/experiments/proxy-loss.yaml`,
    from: 'concurrencyPolicy: Forbid',
    to: 'concurrencyPolicy: Allow',
    says: /chaos-mesh\/proxy-loss.*concurrencyPolicy/,
  },
  {
    item: 'item-19-chaos-engineering',
    evidence: 'cluster',
    what: 'Chaos Mesh is scaled to nothing',
    file: `${APPS}/chaos-mesh/chaos-mesh/app/controller-manager.yaml`,
    from: 'replicas: 1',
    to: 'replicas: 0',
    says: /chaos-controller-manager.*scaled to 0/,
  },
  {
    item: 'item-20-video-tutorials',
    evidence: 'person',
    what: 'nobody has watched them for more than a year',
    file: 'january-2026/item-20-video-tutorials.yaml',
    from: SAID_AT,
    to: LONG_AGO,
    says: /2020-01-01/,
  },
  {
    item: 'weekly-review',
    evidence: 'person',
    what: 'a week went by without it',
    file: 'january-2026/weekly-review.yaml',
    from: SAID_AT,
    to: LONG_AGO,
    says: /2020-01-01/,
  },
];

/** The file as the break leaves it. Throws where there is nothing to break. */
export function broken({ file, from, to }: Break, text: string): string {
  const pattern =
    typeof from === 'string' ? from : new RegExp(from.source, `${from.flags.replace('g', '')}g`);
  const next = text.replaceAll(pattern, to);
  if (next === text) throw new Error(`${file} does not hold ${String(from)}`);
  return next;
}

/**
 * The breaks in rounds: each breaks every item at most once, and no file twice,
 * so that one judging tells about all of a round.
 */
export function inRounds(breaks: readonly Break[]): readonly (readonly Break[])[] {
  const rounds: Break[][] = [];
  for (const each of breaks) {
    const free = rounds.find((round) =>
      round.every(({ item, file }) => item !== each.item && file !== each.file),
    );
    if (free) free.push(each);
    else rounds.push([each]);
  }
  return rounds;
}
