// Every reason that the probes check can give, for the reference.

import type { ReasonDoc } from '../check.ts';
import { FACT_REASONS, WORKLOAD_REASONS } from '../shared/messages.ts';

export const reasons: Readonly<Record<string, ReasonDoc>> = {
  ...WORKLOAD_REASONS,
  MissingProbe: {
    level: 'Fail',
    meaning: 'A container that must have a probe has none.',
    mend: 'Add the probe to the pod template, or name the container in exceptContainers.',
  },
  ProbeMismatch: {
    level: 'Fail',
    meaning: 'The probe asks another path or port than it should.',
    mend: 'Correct the probe, or what the check expects of it.',
  },
  ProbeTiming: {
    level: 'Fail',
    meaning: 'A time of the probe, after the API server has filled in its defaults, is outside its limit.',
    mend: 'Set the field that the message names.',
  },
  UnresolvedPort: {
    level: 'Fail',
    meaning: 'The probe asks a named port, and its container declares no port of that name: it always fails.',
    mend: 'Declare the port, or give its number.',
  },
  InvalidProbe: {
    level: 'Fail',
    meaning:
      'The API server refuses the manifest because of a probe: it has no handler or several, a port or number that cannot be, or stands on an init container that is no sidecar.',
    mend: 'Correct the field that the message names.',
  },
  ContainerMissing: {
    level: 'Fail',
    meaning: 'No container is left to judge, or an entry of `containers` matches none.',
    mend: 'Correct containers and exceptContainers.',
  },
  RolloutIncomplete: {
    level: 'Fail',
    meaning: 'The template has the probe, and pods that run were made from an older one that lacks it.',
    mend: 'See why the rollout does not finish; resume or restart it.',
  },
  NotRunning: {
    level: 'Unknown',
    meaning: 'No pod of the workload runs, so that no probe is in effect.',
    mend: 'See why its pods do not start.',
  },
  TemplateBehind: {
    level: 'Warning',
    meaning:
      'The pods that run have the probes, but the template that they would be replaced from lacks them (a paused Deployment, OnDelete, a partition).',
    mend: 'Put the probes into the template before the rollout goes on.',
  },
  NotReady: {
    level: 'Warning',
    meaning: 'A pod has been running without being Ready for more than five minutes.',
    mend: 'See the reason that the message gives; the probe is there.',
  },
  UndeclaredPort: {
    level: 'Warning',
    meaning: 'The probe asks a port that its container does not declare. Such ports work.',
    mend: 'Declare the port, so that a wrong number is seen.',
  },
  IdenticalProbes: {
    level: 'Warning',
    meaning:
      'Readiness and liveness are the same probe, so a busy container is restarted instead of relieved.',
    mend: 'Let liveness wait longer, or ask less.',
  },
  ...FACT_REASONS,
};
