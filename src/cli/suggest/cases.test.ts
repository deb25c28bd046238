// Every case of a check that fails: what is suggested for it makes it pass when
// it is applied to the manifests by other means than those that judged it; or
// there is a reason why nothing is suggested, kept in testing/without-*.txt
// (written anew by vitest -u), so that a suggestion that is lost shows.

import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { RemediationItem } from '../../api/remediation-item.ts';
import { byType, type Check } from '../../checks/check.ts';
import { CHECKS } from '../../checks/index.ts';
import { type Case, readCases, runCase, verdictOf } from '../../checks/testing/cases.ts';
import type { Manifest } from '../../facts/manifest-files.ts';
import { manifestSource } from '../../facts/manifests.ts';
import { type Plan, planFor } from './plan.ts';
import { asYaml } from './render.ts';
import { applyPrinted, readPrinted } from './testing/apply.ts';

const NOW = '2026-01-17T12:00:00Z';

function itemOf(check: Check, given: Case): RemediationItem {
  const params = check.schema.parse(given.params);
  return {
    apiVersion: 'remediation.dev/v1alpha1',
    kind: 'RemediationItem',
    metadata: {
      name: 'case',
      namespace: given.namespace ?? 'remediation-system',
      uid: '',
      generation: 1,
      resourceVersion: '',
      labels: {},
      annotations: {},
    },
    spec: {
      title: given.name,
      priority: 'Medium',
      interval: '10m',
      suspend: false,
      checks: [{ name: 'case', advisory: false, [check.type]: params }],
    },
    status: {},
  };
}

function planOf(check: Check, given: Case): { readonly plan: Plan; readonly yaml: string } {
  const objects = given.objects as unknown as Manifest[];
  const source = manifestSource(objects, { static: given.static ?? false });
  const item = itemOf(check, given);
  const plan = planFor(byType(CHECKS), item, source, new Date(given.now ?? NOW));
  const exists = (target: { kind: string; namespace?: string; name: string }) =>
    objects.some(
      ({ kind, metadata }) =>
        kind === target.kind &&
        metadata.name === target.name &&
        (metadata.namespace ?? 'default') === (target.namespace ?? 'default'),
    );
  return { plan, yaml: asYaml([{ item, plan }], { originOf: () => [], hintOf: () => undefined, exists }) };
}

/** Minutes later, so that nothing is held back because it has just been made. */
const later = (given: Case) => new Date(Date.parse(given.now ?? NOW) + 600_000).toISOString();

describe.each(['probes', 'podDisruptionBudget', 'networkPolicy'])('suggestions for %s', (type) => {
  const check = CHECKS.find((each) => each.type === type) as Check;
  const folder = fileURLToPath(new URL(`../../checks/${type}`, import.meta.url));
  const failing = readCases(folder)
    .filter(({ expect: { verdict } }) => verdict === 'Fail')
    .map((given) => ({ given, title: `${given.file}: ${given.name}`, ...planOf(check, given) }));

  it.each(failing)('$title', ({ given, plan, yaml }) => {
    const [planned] = plan.checks;
    expect(planned).toBeDefined();
    for (const { because } of planned?.without ?? []) expect(because).not.toBe('');
    if (planned?.after !== 'Pass') {
      expect(planned?.without).not.toEqual([]);
      return;
    }
    const objects = applyPrinted(given.objects as unknown as Manifest[], readPrinted(yaml));
    const patchedAny = yaml.includes('# Patch,') || given.static === true;
    const judgement = runCase(check, {
      ...given,
      objects: objects as unknown as Case['objects'],
      now: later(given),
      static: patchedAny,
    });
    expect(judgement.findings.filter(({ level }) => level === 'Fail' || level === 'Unknown')).toEqual([]);
    expect(verdictOf(judgement)).toBe('Pass');
  });

  it('mends more cases than it leaves, and says of each of those why', async () => {
    const mended = failing.filter(({ plan }) => plan.checks[0]?.after === 'Pass');
    expect(mended.length).toBeGreaterThan(failing.length / 2);
    const without = failing.flatMap(({ title, plan }) =>
      (plan.checks[0]?.without ?? []).map(({ finding, because }) => {
        const why = because === finding.fix ? '(the advice of the finding)' : because;
        return `${title}\n  ${finding.reason}: ${why}\n`;
      }),
    );
    await expect(without.join('\n')).toMatchFileSnapshot(`testing/without-${type}.txt`);
  });
});
