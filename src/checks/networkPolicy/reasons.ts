// Every reason that the networkPolicy check can give, for the reference.

import type { ReasonDoc } from '../check.ts';
import { FACT_REASONS, WORKLOAD_REASONS } from '../shared/messages.ts';

export const reasons: Readonly<Record<string, ReasonDoc>> = {
  ...FACT_REASONS,
  Settling: WORKLOAD_REASONS.Settling,
  SubjectMissing: {
    level: 'Fail',
    meaning: 'An entry of `endpoints` matches no pod.',
    mend: 'Deploy the pods, correct the entry, or set whenMissing: NotApplicable.',
  },
  NoRunningPod: {
    level: 'Unknown',
    meaning: 'An entry of `endpoints` matches pods, but none of them runs, so there is nothing to judge.',
    mend: 'See why the pods do not run.',
  },
  NotEnforced: {
    level: 'Fail',
    meaning: 'No policy puts the pods under default deny in this direction: everything is allowed.',
    mend: 'Add a policy that selects the pods and has a section for the direction.',
  },
  WideOpen: {
    level: 'Fail',
    meaning: 'Default deny holds, but a rule lets in (or out) a stranger, so that nothing is isolated.',
    mend: 'Name the peers in the rule, or list them under `except` if they may come in.',
  },
  PolicyInvalid: {
    level: 'Fail',
    meaning:
      'Cilium refuses a policy, so that nothing of the object is enforced. A warning where the pods are isolated all the same.',
    mend: 'Mend the field that the message names.',
  },
  EnforcementDisabled: {
    level: 'Fail',
    meaning: 'The configuration of Cilium turns enforcement off, whatever the policies say.',
    mend: 'Change the setting of ConfigMap kube-system/cilium-config that the message names, and restart the agents.',
  },
  HostNetwork: {
    level: 'NotApplicable',
    meaning:
      "The pods are on the host's network. They are not endpoints, and no pod policy can isolate them.",
    mend: 'Leave them out, or protect the nodes with the host firewall.',
  },
  FlowDenied: {
    level: 'Fail',
    meaning: 'A flow of `allow` is denied.',
    mend: 'Let it through in the policy that the message names, or in a new one.',
  },
  FlowAllowed: {
    level: 'Fail',
    meaning: 'A flow of `deny` is allowed.',
    mend: 'Narrow the rule that the message names, or add one that denies it.',
  },
  NoSuchPeer: {
    level: 'Warning',
    meaning: 'A peer of `allow` or `deny` matches no running pod, so the flow was not judged.',
    mend: 'Correct the selector, or deploy the peer.',
  },
  NotModelled: {
    level: 'Unknown',
    meaning:
      'The verdict hangs on something that this check does not model. A note where it has no bearing on the verdict.',
    mend: 'Rewrite the rule that the message names, or prove the claim by other means.',
  },
  NoCilium: {
    level: 'Note',
    meaning:
      'The cluster does not serve the policy kinds of Cilium: NetworkPolicy objects alone were judged, with the meaning that Kubernetes gives them.',
    mend: 'Nothing, if the CNI of the cluster enforces NetworkPolicy.',
  },
  DefaultConfig: {
    level: 'Note',
    meaning: "ConfigMap kube-system/cilium-config does not exist: Cilium's defaults were assumed.",
    mend: 'Give the operator the real ConfigMap if Cilium is configured elsewhere.',
  },
};
