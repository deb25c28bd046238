/** Random selectors, in Cilium's spelling of keys and in Kubernetes' own. */
import fc from 'fast-check';
import {
  forgedLabels,
  keptLabels,
  leftOutLabels,
  namespaceLabels,
  namespaceNames,
  oneOf,
  weighted,
} from './vocabulary.ts';

export interface Selector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

type Pair = [key: string, value: string];

/** A key as a Cilium policy may spell it: without a source, of any source, of Kubernetes. */
const source = weighted([4, fc.constant('')], [2, fc.constant('k8s:')], [1, fc.constant('any:')]);

function spelled(pair: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  return fc.tuple(source, pair).map(([prefix, [key, value]]): Pair => [prefix + key, value]);
}

const podLabel: fc.Arbitrary<Pair> = weighted(
  [16, oneOf(keptLabels)],
  [2, oneOf(leftOutLabels)],
  [1, oneOf(forgedLabels)],
);

const namespaceName: fc.Arbitrary<Pair> = fc
  .constantFrom(...namespaceNames, 'nowhere')
  .map((name): Pair => ['io.kubernetes.pod.namespace', name]);

const namespaceLabel: fc.Arbitrary<Pair> = weighted<Pair>(
  [2, oneOf(namespaceLabels).map(([key, value]): Pair => [`io.cilium.k8s.namespace.labels.${key}`, value])],
  [
    1,
    fc
      .constantFrom(...namespaceNames)
      .map((name): Pair => ['io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name', name]),
  ],
);

const identityLabel: fc.Arbitrary<Pair> = fc.constantFrom<Pair>(
  ['io.cilium.k8s.policy.serviceaccount', 'runner'],
  ['io.cilium.k8s.policy.serviceaccount', 'default'],
  ['io.cilium.k8s.policy.cluster', 'default'],
  ['io.cilium.k8s.policy.cluster', 'prod'],
  ['io.cilium.k8s.policy.cluster', ''],
);

const reserved: fc.Arbitrary<Pair> = fc
  .constantFrom('host', 'world', 'remote-node', 'kube-apiserver', 'init')
  .map((name): Pair => [`reserved:${name}`, '']);

const ciliumPair = weighted<Pair>(
  [10, spelled(podLabel)],
  [2, spelled(namespaceName)],
  [2, spelled(namespaceLabel)],
  [1, spelled(identityLabel)],
  [1, reserved],
);

/**
 * `app` and `any:app` are one key to Cilium. With both in one matchLabels, which value counts is left to chance in
 * every agent anew (Go's order of a map), so there is no answer to compare with.
 */
function meaning(key: string): string {
  return key.replace(/^any:/, '');
}

function selectorOf(pair: fc.Arbitrary<Pair>, size: { maxLength: number }): fc.Arbitrary<Selector> {
  const expression = weighted(
    [2, pair.map(([key, value]) => ({ key, operator: 'In', values: [value] }))],
    [1, fc.tuple(pair, pair).map(([[key, a], [, b]]) => ({ key, operator: 'In', values: [a, b] }))],
    [2, pair.map(([key, value]) => ({ key, operator: 'NotIn', values: [value] }))],
    [1, pair.map(([key]) => ({ key, operator: 'Exists' }))],
    [1, pair.map(([key]) => ({ key, operator: 'DoesNotExist' }))],
  );
  const labels = fc
    .uniqueArray(pair, { ...size, minLength: 1, selector: ([key]) => meaning(key) })
    .map((pairs) => Object.fromEntries(pairs));
  return weighted<Selector>(
    [5, labels.map((matchLabels) => ({ matchLabels }))],
    [2, fc.array(expression, { ...size, minLength: 1 }).map((matchExpressions) => ({ matchExpressions }))],
    [
      1,
      fc
        .tuple(labels, fc.array(expression, size))
        .map(([matchLabels, matchExpressions]) => ({ matchLabels, matchExpressions })),
    ],
  );
}

/** Subjects of Cilium policies: often everyone. */
export const ciliumSubject: fc.Arbitrary<Selector> = weighted<Selector>(
  [3, fc.constant({})],
  [4, selectorOf(spelled(podLabel), { maxLength: 1 })],
  [1, selectorOf(ciliumPair, { maxLength: 2 })],
);

/** Peers of Cilium policies: often everyone that the rule can mean. */
export const ciliumPeer: fc.Arbitrary<Selector> = weighted<Selector>(
  [2, fc.constant({})],
  [5, selectorOf(ciliumPair, { maxLength: 2 })],
  [2, namespaceName.map(([key, value]) => ({ matchLabels: { [`k8s:${key}`]: value } }))],
);

export const nodeSubject: fc.Arbitrary<Selector> = weighted<Selector>(
  [1, fc.constant({})],
  [1, selectorOf(spelled(oneOf({ role: ['edge', 'core'] })), { maxLength: 1 })],
);

/** Selectors of NetworkPolicies: over pods, and over namespaces. */
export const podSelector: fc.Arbitrary<Selector> = weighted<Selector>(
  [3, fc.constant({})],
  [4, selectorOf(podLabel, { maxLength: 2 })],
);

export const namespaceSelector: fc.Arbitrary<Selector> = weighted<Selector>(
  [2, fc.constant({})],
  [3, selectorOf(oneOf(namespaceLabels), { maxLength: 1 })],
  [
    2,
    fc
      .constantFrom(...namespaceNames)
      .map((name) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })),
  ],
);
