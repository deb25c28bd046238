// Flows neither end of which has pod policies of its own: between nodes (and pods on their network), and outside.

import type { Finding } from '../check.ts';
import { finding } from '../shared/messages.ts';
import type { End } from './ends.ts';
import type { Model } from './engine/index.ts';

/** What is to be said of such a flow; undefined where it is as wanted. */
export function judgeBeside(
  sort: 'allow' | 'deny',
  path: string,
  ports: readonly string[] | undefined,
  source: End,
  target: End,
  { settings }: Model,
): Finding | undefined {
  const flow = `${source.name} → ${target.name} on ${ports?.join(', ') ?? 'every port'}`;
  const unknown = (why: string) =>
    finding({
      level: 'Unknown',
      reason: 'NotModelled',
      field: path,
      what: `Whether ${path} holds for ${flow} cannot be known: ${why}.`,
      fix: 'Name pods at one end, or prove it by other means.',
    });
  if (isOutside(source) && isOutside(target)) return unknown('both ends are outside the cluster');
  if (settings.hostFirewall) {
    return unknown(
      'it hangs on the policies of nodes (enable-host-firewall), which this check does not judge',
    );
  }
  if (sort === 'allow') return undefined;
  return finding({
    level: 'Fail',
    reason: 'FlowAllowed',
    field: path,
    what: `${path} must not be possible, but ${flow} is let through: neither end is a pod with a network of its own, and no policy of pods is about nodes.`,
    fix: 'Only a firewall of the nodes (with Cilium: host policies) stops such a flow, and this check does not judge it.',
  });
}

const isOutside = ({ party }: End) => [...party.identity.reserved].some((name) => name.startsWith('world'));
