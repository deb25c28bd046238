// What is to be said of the policies themselves: refused, not imported, or not
// enforced at all.

import type { Pod } from '../../facts/kinds.ts';
import type { Finding, Subject } from '../check.ts';
import { finding, refer } from '../shared/messages.ts';
import { type CompiledPolicy, type Model, mightSelect } from './engine/index.ts';
import { policySubject } from './subjects.ts';

const CONFIG: Subject = { kind: 'ConfigMap', namespace: 'kube-system', name: 'cilium-config' };

/** Enforcement that is off, whatever the policies say. */
export function disabled({ settings }: Model): Finding | undefined {
  const setting =
    settings.enforcement === 'never'
      ? { key: 'enable-policy', value: 'never', meaning: 'no policy is enforced', wanted: 'default' }
      : settings.audit
        ? {
            key: 'policy-audit-mode',
            value: 'true',
            meaning: 'nothing is dropped, only logged',
            wanted: 'false',
          }
        : undefined;
  if (!setting) return undefined;
  return finding({
    level: 'Fail',
    reason: 'EnforcementDisabled',
    subject: CONFIG,
    field: `data.${setting.key}`,
    culprits: [CONFIG],
    what: `ConfigMap kube-system/cilium-config sets ${setting.key}: ${setting.value}, so ${setting.meaning}.`,
    fix: `Set ${setting.key}: ${setting.wanted} and restart the Cilium agents.`,
  });
}

/**
 * Policies over the judged pods that Cilium refuses or does not import. A refused one fails where some pod of its
 * reach fails, and warns where all are good without it.
 */
export function policyFindings(
  model: Model<Pod>,
  judged: ReadonlySet<Pod>,
  bad: ReadonlySet<Pod>,
): readonly Finding[] {
  return model.policies.flatMap((compiled) => {
    const { policy, invalid, skipped } = compiled;
    if (invalid === undefined && skipped === undefined) return [];
    const within = reachOf(compiled, model, judged);
    if (within.length === 0) return [];
    if (skipped !== undefined) return [notImported(compiled, skipped)];
    const subject = policySubject(policy);
    const fails = within.some((pod) => bad.has(pod));
    return [
      finding({
        level: fails ? 'Fail' : 'Warning',
        reason: 'PolicyInvalid',
        subject,
        ...fieldOf(invalid ?? ''),
        culprits: [subject],
        what: `${policy.kind === 'NetworkPolicy' ? 'The API server' : 'Cilium'} refuses ${refer(subject)}: ${invalid}. Nothing of it is enforced.`,
        fix: `Correct ${fieldOf(invalid ?? '').field ?? 'it'} in ${refer(subject)} and apply it again.`,
      }),
    ];
  });
}

function reachOf({ policy }: CompiledPolicy, model: Model<Pod>, judged: ReadonlySet<Pod>): readonly Pod[] {
  return model.endpoints
    .filter(({ identity, hostNetwork }) => !hostNetwork && mightSelect(policy, identity))
    .flatMap(({ pods }) => pods.filter((pod) => judged.has(pod)));
}

/** The path that a refusal begins with, if it does. */
function fieldOf(reason: string): { readonly field?: string } {
  const path = /^specs?(\[[0-9]+\])?[\w.[\]]*/.exec(reason)?.[0];
  return path ? { field: path } : {};
}

function notImported({ policy }: CompiledPolicy, why: string): Finding {
  const subject = policySubject(policy);
  return finding({
    level: 'Note',
    reason: 'NotModelled',
    subject,
    culprits: [subject],
    what: `${refer(subject)} is not imported as it stands: ${why}; only that one counts.`,
  });
}
