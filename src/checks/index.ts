// The registry of checks: one line each. The CRD, the operator's permissions,
// the reference and `explain` follow from it.

import { attestation } from './attestation/index.ts';
import type { Check } from './check.ts';
import { networkPolicy } from './networkPolicy/index.ts';
import { podDisruptionBudget } from './podDisruptionBudget/index.ts';
import { probes } from './probes/index.ts';
import { resource } from './resource/index.ts';
import { source } from './source/index.ts';

export const CHECKS: readonly Check[] = [
  probes,
  podDisruptionBudget,
  networkPolicy,
  resource,
  source,
  attestation,
];
