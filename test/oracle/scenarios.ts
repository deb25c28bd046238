/** Random scenarios for the oracle: every line of the verdicts on network isolation, and clusters that look real. */
import fc from 'fast-check';
import { ciliumNetworkPolicy, clusterwidePolicy } from './generate/cilium.ts';
import { cluster } from './generate/cluster.ts';
import { networkPolicy } from './generate/kubernetes.ts';
import { numbered, realScenario } from './generate/real.ts';
import { refusedPolicy } from './generate/refused.ts';
import { weighted } from './generate/vocabulary.ts';
import type { Scenario } from './scenario.ts';

const policies = fc
  .array(
    weighted([10, ciliumNetworkPolicy], [4, clusterwidePolicy], [5, networkPolicy], [3, refusedPolicy]),
    { minLength: 1, maxLength: 5 },
  )
  .map(numbered);

const anyScenario: fc.Arbitrary<Scenario> = fc
  .tuple(cluster, policies)
  .map(([drawn, objects]) => ({ ...drawn, policies: objects }));

/** In a cluster of IPv4 alone no packet has an IPv6 address: what would be decided about one is of no interest. */
function reachable(scenario: Scenario): Scenario {
  if (scenario.config['enable-ipv6'] !== 'false') return scenario;
  return { ...scenario, addresses: scenario.addresses?.filter(({ ip }) => !ip.includes(':')) };
}

/** Shrinks towards fewer objects, plainer rules and the defaults. */
export const scenarios: fc.Arbitrary<Scenario> = weighted([5, anyScenario], [1, realScenario]).map(reachable);
