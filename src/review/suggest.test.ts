import { describe, expect, it } from 'vitest';
import { readReview } from './read.ts';
import { suggest } from './suggest.ts';
import { SUGGESTED } from './suggestion.ts';
import { JANUARY, load } from './testing/load.ts';

const january = (number: number) => suggest(load(JANUARY).items.find((item) => item.number === number)!);

/** What is suggested for one item with these details and prerequisites. */
function of(title: string, details = '', prerequisites: readonly string[] = []) {
  const text = `# R\n\n## High\n\n| # | Action |\n|-|-|\n| 1 | ${title} |\n\n**Details for #1:**\n\n${details}\n\n## Prerequisites\n\n${prerequisites.map((each) => `- ${each} (#1)\n`).join('')}`;
  return suggest(readReview(text, { fileName: 'r.md' }).items[0]!);
}

describe('suggestions', () => {
  it('are all marked as such', () => {
    const checks = load(JANUARY).items.flatMap((item) => suggest(item).checks);
    expect(checks.length).toBeGreaterThan(15);
    expect(checks.filter(({ description }) => !description.startsWith(SUGGESTED))).toEqual([]);
  });

  it('of a workflow: its actions, as pinned and in the job that the details name, and what it uploads', () => {
    const path = '.github/workflows/flux-local.yaml';
    const step = { uses: 'aquasecurity/trivy-action', pinned: true, job: 'security-scan' };
    const fs = { 'scan-type': 'fs', severity: 'CRITICAL,HIGH' };
    const config = { 'scan-type': 'config', severity: 'CRITICAL,HIGH,MEDIUM' };
    expect(january(3).checks.map(({ source }) => source)).toEqual([
      { files: [{ path, workflowStep: { ...step, with: fs } }] },
      { files: [{ path, workflowStep: { ...step, with: config } }] },
      {
        files: [
          {
            path,
            // That trivy-action is pinned says nothing of others.
            workflowStep: {
              job: 'security-scan',
              uses: 'github/codeql-action/upload-sarif',
              permissions: { 'security-events': 'write' },
            },
          },
        ],
      },
    ]);
  });

  it('of a workflow: what is said of pinning and severities without saying of which is meant for all', () => {
    const [fs, image, upload] = of(
      'Scan images',
      'In `.github/workflows/scan.yaml`, all actions pinned:\n\n- `aquasecurity/trivy-action@v1`: filesystem scan, image scan\n- Severity: CRITICAL, HIGH\n- SARIF upload',
    ).checks.map(({ source }) => (source as { files: { workflowStep: object }[] }).files[0]?.workflowStep);
    expect(fs).toMatchObject({ pinned: true, with: { 'scan-type': 'fs', severity: 'CRITICAL,HIGH' } });
    expect(image).toMatchObject({ pinned: true, with: { 'scan-type': 'image', severity: 'CRITICAL,HIGH' } });
    expect(upload).toMatchObject({ pinned: true, uses: 'github/codeql-action/upload-sarif' });
  });

  it('of a workflow: permissions, and files that it makes', () => {
    const [step, file] = january(15).checks;
    expect(step?.source).toMatchObject({
      files: [{ workflowStep: { uses: 'anchore/sbom-action', permissions: { 'id-token': 'write' } } }],
    });
    expect(file?.source).toMatchObject({
      files: [{ matches: ['sbom\\.spdx\\.json', 'sbom\\.cyclonedx\\.json'] }],
    });
  });

  it('of a script: functions that are defined, and helpers that are used', () => {
    expect(january(14).checks[0]?.source).toEqual({
      files: [
        {
          path: 'scripts/bootstrap-apps.sh',
          matches: [
            '^(?:function +)?run_parallel *\\(\\)',
            '^[ \\t]+run_parallel\\b',
            '^(?:function +)?wait_parallel *\\(\\)',
            '^[ \\t]+wait_parallel\\b',
            '^(?:function +)?main *\\(\\)',
          ],
        },
      ],
    });
  });

  it('of Python: decorators, and functions by their definitions; code blocks are not read for names', () => {
    const [check] = january(10).checks;
    expect(check?.source).toMatchObject({
      files: [
        {
          path: 'templates/scripts/plugin.py',
          matches: expect.arrayContaining(['^[ \\t]*@lru_cache\\b', '^[ \\t]*(?:async +)?def age_key\\(']),
        },
      ],
    });
  });

  it('of two files: each with what is said of it', () => {
    const { checks } = of(
      'Write helpers',
      '- In `scripts/a.sh`: `up()`\n- In `tools/b.py`: `down()`\n- and `left()`',
    );
    expect(checks.map(({ source }) => source)).toEqual([
      { files: [{ path: 'scripts/a.sh' }] },
      {
        files: [
          {
            path: 'tools/b.py',
            matches: ['^[ \\t]*(?:async +)?def down\\(', '^[ \\t]*(?:async +)?def left\\('],
          },
        ],
      },
    ]);
  });

  it('of a runbook: a page that is called so, with its sections; of any runbook nothing', () => {
    expect(january(12).checks[0]?.source).toEqual({
      files: [{ path: 'docs/**/*disaster*recovery*.md', headings: ['*RTO*', '*RPO*', '*restor*'] }],
    });
    expect(of('Write a runbook').checks).toEqual([]);
  });

  it.each([
    ['Add SLO/SLI tracking', '', 'PrometheusRule'],
    ['Add chaos engineering', 'Chaos Mesh or Litmus', 'Schedule'],
    ['Add chaos engineering', 'with Litmus', 'ChaosEngine'],
    ['Back up volumes', 'by VolSync, every night', 'ReplicationSource'],
    ['Back up volumes', 'Velero', 'Schedule'],
    ['Set retryInterval on all Kustomizations', '', 'Kustomization'],
    ['Turn on driftDetection for every HelmRelease', '', 'HelmRelease'],
  ])('of objects: %s (%s) is about %s', (title, details, kind) => {
    expect(of(title, details).checks).toMatchObject([{ resource: { kind, namespaceSelector: {} } }]);
  });

  it('of what no machine sees: nothing but what is to be said', () => {
    const { checks, unsaid } = january(20);
    expect(checks).toEqual([]);
    expect(unsaid).toMatchObject({ attestation: { validFor: '8760h' } });
    expect(january(16).unsaid).toBeUndefined();
  });

  it('of prerequisites: what the cluster or a workflow shows; the rest stays words', () => {
    const briefly = (number: number) => {
      const { prerequisites, unproven } = january(number);
      return [prerequisites.map(({ name }) => name), unproven.map(({ text }) => text)];
    };
    expect(briefly(3)).toEqual([['workflows', 'sarif-permission'], []]);
    expect(briefly(11)).toEqual([['cilium-deployed', 'ciliumnetworkpolicy-crd'], []]);
    expect(briefly(16)).toEqual([
      ['kyverno-or-gatekeeper'],
      ['cosign CLI', 'Container registry with OCI support'],
    ]);
    expect(briefly(19)).toEqual([['namespace', 'permissions'], []]);
    expect(of('Add a vault', '', ['`vault` namespace']).prerequisites[0]?.resource).toEqual({
      apiVersion: 'v1',
      kind: 'Namespace',
      name: 'vault',
    });
  });
});
