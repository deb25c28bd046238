// Why a flow is allowed or denied, side by side, in words.

import type { Direction } from '../../checks/networkPolicy/engine/index.ts';
import { policySubject } from '../../checks/networkPolicy/subjects.ts';
import { refer } from '../../checks/shared/messages.ts';
import type { SideBecause, SideVerdict } from './verdicts.ts';

/** Which rule decides, or that there is none, about a subject of this name. */
export function whyText(
  { decision, because }: SideVerdict,
  direction: Direction,
  subject: { readonly pods: number; readonly onHost: boolean; readonly name: string },
): string {
  const section = direction === 'ingress' ? 'an ingress section' : 'an egress section';
  switch (because.kind) {
    case 'rule': {
      const { policy, path, caveats } = because.rule;
      const more = caveats.length > 0 ? ` (${caveats.join('; ')})` : '';
      return `${decision === 'deny' ? 'denied' : 'allowed'} by ${path} of ${refer(policySubject(policy))}${more}`;
    }
    case 'default-deny':
      return because.rule
        ? `denied: no rule lets it through, and ${because.rule.path} of ${refer(policySubject(because.rule.policy))} puts it under default deny`
        : 'denied: no rule lets it through, and everything that no rule lets through is denied (enable-policy: always)';
    case 'no-policy':
      if (subject.pods === 0) return `allowed: ${subject.name} has no policies of its own`;
      if (subject.onHost)
        return "allowed: its pods are on the host's network, where no policy over pods applies";
      return `allowed by default: no policy selects it with ${section}`;
    case 'no-default-deny':
      return `allowed by default: policies select it with ${section}, but none sets default deny and none denies this`;
    case 'local-host':
      return 'allowed: a node always reaches its own pods';
    case 'not-enforced':
      return `allowed: nothing is enforced (${because.setting} in ConfigMap kube-system/cilium-config)`;
    case 'not-modelled':
    case 'nodes':
      return `not known: it hangs on ${doubtText(because)}`;
    default:
      return because satisfies never;
  }
}

/** What an unknown verdict hangs on; undefined for a known one. */
export function doubtText(because: SideBecause): string | undefined {
  if (because.kind === 'nodes') return because.what;
  if (because.kind !== 'not-modelled') return undefined;
  const { policy, path } = because.rule;
  return `${because.what} (${path} of ${refer(policySubject(policy))})`;
}
