// Item #3 in a repository: a workflow whose job scans every pull request, the
// same without it, and the check that asks for it.

export const WORKFLOW = '.github/workflows/flux-local.yaml';

export const WITHOUT_SCAN = `name: Flux Local
on:
  pull_request:
    branches: [main]
permissions:
  contents: read
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
    - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8
    - run: flux-local test --path kubernetes/flux/cluster
`;

export const WITH_SCAN = `${WITHOUT_SCAN}  security-scan:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      security-events: write
    steps:
    - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8
    - uses: aquasecurity/trivy-action@6e7b7d1fd3e4fef0c5fa8cce1229c54b2c9bd0d8
      with:
        scan-type: fs
        severity: CRITICAL,HIGH
        format: sarif
        output: trivy.sarif
    - uses: github/codeql-action/upload-sarif@4dd16135b69a43b6c8efb853346f8437d92d3c93
      with:
        sarif_file: trivy.sarif
`;

/** That the workflow of this source scans. */
export const scans = (ref: {
  readonly kind?: 'OCIRepository' | 'Bucket';
  readonly namespace: string;
  readonly name: string;
}): object => ({
  name: 'trivy',
  source: {
    ref,
    files: [
      {
        path: WORKFLOW,
        yaml: [
          {
            cel: "self.jobs.exists(name, self.jobs[name].steps.exists(step, has(step.uses) && step.uses.startsWith('aquasecurity/trivy-action@')))",
            message: 'a job must scan with aquasecurity/trivy-action',
          },
        ],
      },
    ],
  },
});
