// Every reason that the podDisruptionBudget check can give, for the reference.

import type { ReasonDoc } from '../check.ts';
import { FACT_REASONS, WORKLOAD_REASONS } from '../shared/messages.ts';

export const reasons: Readonly<Record<string, ReasonDoc>> = {
  ...WORKLOAD_REASONS,
  NoBudget: {
    level: 'Fail',
    meaning: 'No budget selects the pods of the workload.',
    mend: 'Add a PodDisruptionBudget whose selector matches the labels of the pod template.',
  },
  MultipleBudgets: {
    level: 'Fail',
    meaning: 'More than one budget selects the pods; the eviction API answers 500 for such pods.',
    mend: 'Keep one budget over the pods.',
  },
  BudgetRefused: {
    level: 'Fail',
    meaning:
      'The manifest of the budget is one that the API server refuses: both fields, an amount that cannot be, a selector that is none.',
    mend: 'Correct the field that the message names.',
  },
  PartialCoverage: {
    level: 'Fail',
    meaning: 'The budget selects some of the pods, or only those of one revision.',
    mend: 'Let its selector match every pod of the workload and its template.',
  },
  SelectsOthers: {
    level: 'Fail',
    meaning:
      'The budget also selects pods of other workloads, and with those healthy it does not guarantee what is asked. Where it still does, this is a warning.',
    mend: 'Narrow the selector of the budget.',
  },
  NotProtecting: {
    level: 'Fail',
    meaning: 'At the lowest number of replicas the budget guarantees nothing, or less than was asked.',
    mend: 'Raise minAvailable, lower maxUnavailable, or run more replicas.',
  },
  BlocksDrains: {
    level: 'Fail',
    meaning:
      'By design the budget allows no disruption at the lowest number of replicas, so drains never end.',
    mend: 'Run more replicas, lower minAvailable, or set allowBlocking where that is what is wanted.',
  },
  UnsupportedController: {
    level: 'Fail',
    meaning:
      'The pods, or others that the budget selects, belong to a controller without a scale (DaemonSet, Job, none). NotApplicable where such a workload was only swept up with its namespace.',
    mend: 'Name Deployments or StatefulSets, and let budgets select only their pods.',
  },
  SyncFailed: {
    level: 'Fail',
    meaning: 'The disruption controller says that it cannot compute the budget, and allows no disruption.',
    mend: 'See the condition DisruptionAllowed of the budget.',
  },
  StatusStale: {
    level: 'Unknown',
    meaning: 'The status of the budget is older than its spec.',
    mend: 'Wait; if it stays, see whether kube-controller-manager runs.',
  },
  Unhealthy: {
    level: 'Warning',
    meaning: 'The budget would allow a disruption, but too few pods are healthy right now.',
    mend: 'See why pods are not ready. It clears by itself.',
  },
  ...FACT_REASONS,
};
