// The cluster that is measured, as plain objects: teams with a namespace each,
// their workloads, budgets and policies, and the items that they would write.
// Object number n of a kind is always the same, so that a second run finds it.

/** How much of everything there is. */
export interface Sizes {
  readonly pods: number;
  readonly deployments: number;
  readonly budgets: number;
  readonly policies: number;
  readonly items: number;
  /** How many of the items look at the whole cluster; the others at their own namespace. */
  readonly clusterWide: number;
}

export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Where each kind is served. */
export const PLURALS = {
  Namespace: ['v1', 'namespaces'],
  Deployment: ['apps/v1', 'deployments'],
  PodDisruptionBudget: ['policy/v1', 'poddisruptionbudgets'],
  NetworkPolicy: ['networking.k8s.io/v1', 'networkpolicies'],
  CiliumNetworkPolicy: ['cilium.io/v2', 'ciliumnetworkpolicies'],
  CiliumClusterwideNetworkPolicy: ['cilium.io/v2', 'ciliumclusterwidenetworkpolicies'],
  RemediationItem: ['remediation.dev/v1alpha1', 'remediationitems'],
} as const satisfies Record<string, readonly [apiVersion: string, plural: string]>;

const DEPLOYMENTS_PER_NAMESPACE = 20;
export const OPERATOR_NAMESPACE = 'remediation-system';
const PART = { 'app.kubernetes.io/part-of': 'remediation-bench' };

export const teamCount = ({ deployments }: Sizes) =>
  Math.max(1, Math.ceil(deployments / DEPLOYMENTS_PER_NAMESPACE));
export const team = (index: number) => `team-${String(index).padStart(3, '0')}`;
export const app = (index: number) => `app-${String(index).padStart(2, '0')}`;

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const kind = (name: keyof typeof PLURALS) => ({ apiVersion: PLURALS[name][0], kind: name });

export const namespaces = (sizes: Sizes): ApiObject[] =>
  upTo(teamCount(sizes)).map((index) => ({
    ...kind('Namespace'),
    metadata: { name: team(index), labels: { ...PART, tier: index % 4 === 0 ? 'gold' : 'silver' } },
  }));

/** Number n is app n/teams of team n%teams, with its share of the pods. */
export function deployments(sizes: Sizes): ApiObject[] {
  const teams = teamCount(sizes);
  const share = (index: number) =>
    Math.floor(((index + 1) * sizes.pods) / sizes.deployments) -
    Math.floor((index * sizes.pods) / sizes.deployments);
  return upTo(sizes.deployments).map((index) =>
    deployment(team(index % teams), app(Math.floor(index / teams)), share(index)),
  );
}

/** As a chart would render it; apps 15 and up have no liveness probe. */
function deployment(namespace: string, name: string, replicas: number): ApiObject {
  const labels = { 'app.kubernetes.io/name': name, ...PART };
  const probe = {
    httpGet: { path: '/healthz', port: 'http' },
    initialDelaySeconds: 5,
    periodSeconds: 10,
    timeoutSeconds: 2,
  };
  const resources = { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '64Mi' } };
  return {
    ...kind('Deployment'),
    metadata: { name, namespace, labels },
    spec: {
      replicas,
      selector: { matchLabels: { 'app.kubernetes.io/name': name } },
      template: {
        metadata: { labels, annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9090' } },
        spec: {
          containers: [
            {
              name: 'main',
              image: `registry.example/${namespace}/${name}:1.0.0`,
              ports: [
                { name: 'http', containerPort: 8080 },
                { name: 'metrics', containerPort: 9090 },
              ],
              env: upTo(6).map((index) => ({ name: `SETTING_${index}`, value: `value of setting ${index}` })),
              resources,
              readinessProbe: probe,
              ...(name < app(15) ? { livenessProbe: { ...probe, periodSeconds: 20 } } : {}),
            },
          ],
        },
      },
    },
  };
}

/** Budget n is for app n/teams of team n%teams. */
export function budgets(sizes: Sizes): ApiObject[] {
  const teams = teamCount(sizes);
  return upTo(sizes.budgets).map((index) => budget(team(index % teams), app(Math.floor(index / teams))));
}

export const budget = (namespace: string, name: string): ApiObject => ({
  ...kind('PodDisruptionBudget'),
  metadata: { name, namespace, labels: PART },
  spec: { maxUnavailable: 1, selector: { matchLabels: { 'app.kubernetes.io/name': name } } },
});

/** Policy 0 of a team isolates its namespace; one in ten is a NetworkPolicy, one in fifty cluster-wide. */
export function policies(sizes: Sizes): ApiObject[] {
  const teams = teamCount(sizes);
  return upTo(sizes.policies).map((index) => {
    const namespace = team(index % teams);
    const number = Math.floor(index / teams);
    if (number === 0) return isolation(namespace);
    if (index % 50 === 25) return clusterwide(namespace, app(number));
    return index % 10 === 9 ? plain(namespace, app(number)) : cilium(namespace, app(number));
  });
}

/** Only the namespace itself may come in, and monitoring for metrics. */
export const isolation = (namespace: string): ApiObject => ({
  ...kind('CiliumNetworkPolicy'),
  metadata: { name: 'isolate', namespace, labels: PART },
  spec: {
    endpointSelector: {},
    ingress: [
      { fromEndpoints: [{}] },
      {
        fromEndpoints: [{ matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'monitoring' } }],
        toPorts: [{ ports: [{ port: '9090', protocol: 'TCP' }] }],
      },
    ],
  },
});

const toApp = (name: string) => ({ matchLabels: { 'app.kubernetes.io/name': name } });

const cilium = (namespace: string, name: string): ApiObject => ({
  ...kind('CiliumNetworkPolicy'),
  metadata: { name, namespace, labels: PART },
  spec: {
    endpointSelector: toApp(name),
    ingress: [
      {
        fromEndpoints: [toApp(app(0))],
        toPorts: [{ ports: [{ port: '8080', protocol: 'TCP' }] }],
      },
    ],
    egress: [
      {
        toEndpoints: [
          { matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'kube-system', 'k8s-app': 'kube-dns' } },
        ],
        toPorts: [{ ports: [{ port: '53', protocol: 'UDP' }] }],
      },
      { toEndpoints: [{}] },
    ],
  },
});

const plain = (namespace: string, name: string): ApiObject => ({
  ...kind('NetworkPolicy'),
  metadata: { name, namespace, labels: PART },
  spec: {
    podSelector: toApp(name),
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ podSelector: toApp(app(0)) }], ports: [{ protocol: 'TCP', port: 8080 }] }],
  },
});

const clusterwide = (namespace: string, name: string): ApiObject => ({
  ...kind('CiliumClusterwideNetworkPolicy'),
  metadata: { name: `${namespace}-${name}`, labels: PART },
  spec: {
    endpointSelector: {
      matchLabels: { 'k8s:io.kubernetes.pod.namespace': namespace, 'app.kubernetes.io/name': name },
    },
    ingress: [{ fromEntities: ['host'], toPorts: [{ ports: [{ port: '9090', protocol: 'TCP' }] }] }],
  },
});

const monitored = { isolated: ['Ingress'], except: [{ namespace: 'monitoring' }] };

type Checks = readonly Record<string, unknown>[];

interface Pattern {
  readonly name: string;
  readonly title: string;
  readonly checks: Checks;
}

/** What a team writes down in its own namespace, one after the other. */
const TEAM_ITEMS: readonly Pattern[] = [
  ...[0, 1, 2].map((n) => ({
    name: `probes-${app(n)}`,
    title: `Probes for ${app(n)}`,
    checks: [probes({ kind: 'Deployment', name: app(n) })],
  })),
  { name: 'probes-all', title: 'Probes everywhere', checks: [probes({ name: 'app-*' })] },
  ...[0, 1, 2].map((n) => ({
    name: `budget-${app(n)}`,
    title: `A disruption budget for ${app(n)}`,
    checks: [budgeted({ kind: 'Deployment', name: app(n) })],
  })),
];

/**
 * What the platform team writes down about each team. Such items need to see cluster-wide policies and the settings
 * of Cilium, so they live where items may look at the whole cluster.
 */
const PLATFORM_ITEMS: readonly ((namespace: string) => Pattern)[] = [
  (namespace) => ({
    name: `${namespace}-isolated`,
    title: `Isolate ${namespace}`,
    checks: [isolated({ namespace })],
  }),
  (namespace) => ({
    name: `${namespace}-gateway-only`,
    title: `Only the gateway of ${namespace} talks to its backend`,
    checks: [
      {
        name: 'backend',
        networkPolicy: {
          endpoints: [{ namespace, podSelector: toApp(app(1)) }],
          ...monitored,
          allow: [{ from: { namespace, podSelector: toApp(app(0)) }, ports: ['8080/TCP'] }],
          deny: [{ from: { entity: 'world' }, ports: ['8080/TCP'] }],
        },
      },
    ],
  }),
  (namespace) => ({
    name: `${namespace}-backend-ready`,
    title: `The backend of ${namespace} is ready for production`,
    checks: [
      probes({ kind: 'Deployment', namespace, name: app(3) }),
      budgeted({ kind: 'Deployment', namespace, name: app(3) }),
      isolated({ namespace, podSelector: toApp(app(3)) }),
    ],
  }),
];

/** What the platform team writes down about the whole cluster. */
const CLUSTER_ITEMS: readonly Pattern[] = [
  {
    name: 'probes-everywhere',
    title: 'Probes in every team',
    checks: [probes({ kind: 'Deployment', namespaceSelector: { matchLabels: PART } })],
  },
  {
    name: 'gateways-budgeted',
    title: 'A disruption budget for every gateway',
    checks: [budgeted({ kind: 'Deployment', name: app(0), namespaceSelector: { matchLabels: PART } })],
  },
  {
    name: 'gold-isolated',
    title: 'Isolate every gold namespace',
    checks: [
      {
        name: 'isolated',
        networkPolicy: { endpoints: [{ namespaceSelector: { matchLabels: { tier: 'gold' } } }] },
      },
    ],
  },
];

function probes(workload: object) {
  return {
    name: 'probes',
    probes: { workloads: [workload], readiness: { path: '/healthz', maxTimeoutSeconds: 5 } },
  };
}
function budgeted(workload: object) {
  return { name: 'budget', podDisruptionBudget: { workloads: [workload], minAvailable: 1 } };
}

function isolated(endpoint: object) {
  return { name: 'isolated', networkPolicy: { endpoints: [endpoint], ...monitored } };
}

/** Each team has its first item before one has its second; the items about the whole cluster come last. */
export function items(sizes: Sizes): ApiObject[] {
  const teams = teamCount(sizes);
  return upTo(sizes.items).map((index) => {
    const wide = index - (sizes.items - sizes.clusterWide);
    if (wide >= 0) return itemOf(CLUSTER_ITEMS, wide, OPERATOR_NAMESPACE, index);
    const patterns = [...TEAM_ITEMS, ...PLATFORM_ITEMS.map((pattern) => pattern(team(index % teams)))];
    const round = Math.floor(index / teams);
    const platform = round % patterns.length >= TEAM_ITEMS.length;
    return itemOf(patterns, round, platform ? OPERATOR_NAMESPACE : team(index % teams), index);
  });
}

function itemOf(patterns: readonly Pattern[], round: number, namespace: string, index: number): ApiObject {
  const { name, title, checks } = patterns[round % patterns.length]!;
  const again = Math.floor(round / patterns.length);
  return {
    ...kind('RemediationItem'),
    metadata: {
      name: again === 0 ? name : `${name}-${again}`,
      namespace,
      labels: { ...PART, 'remediation.dev/review': 'bench' },
    },
    spec: {
      number: index,
      title,
      priority: (['High', 'Medium', 'Low'] as const)[index % 3],
      category: 'Security & Resilience',
      source: { document: 'docs/REVIEW.md', section: 'Medium Priority', line: index + 1 },
      checks,
    },
  };
}
