// npm run alerts: the alert rules of deploy/base/prometheusrule.yaml under
// promtool's unit tests (test/alerts), and every runbook link of theirs held
// against docs/alerts.md. Without promtool it says so and is skipped, but fails
// where REQUIRE_CLUSTER=1 or CI is set.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '..');
const RULES = join(ROOT, 'deploy/base/prometheusrule.yaml');
const TESTS = join(ROOT, 'test/alerts');
const RUNBOOK = join(ROOT, 'docs/alerts.md');

const rule = z.looseObject({
  alert: z.string(),
  annotations: z.looseObject({ runbook_url: z.string() }),
});
const prometheusRule = z.object({
  kind: z.literal('PrometheusRule'),
  spec: z.object({ groups: z.array(z.looseObject({ rules: z.array(rule) })) }),
});

function main(): number {
  const { groups } = prometheusRule.parse(parse(readFileSync(RULES, 'utf8'))).spec;
  const alerts = groups.flatMap((group) => group.rules);
  const problems = [...withoutRunbook(alerts), ...withoutTest(alerts)];
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) return 1;
  if (spawnSync('promtool', ['--version']).error !== undefined) return withoutPromtool();
  const folder = mkdtempSync(join(tmpdir(), 'alert-rules-'));
  try {
    return runPromtool(folder, stringify({ groups }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** promtool looks for the rules beside the test file, so both are copied to one place. */
function runPromtool(folder: string, rules: string): number {
  writeFileSync(join(folder, 'rules.yaml'), rules);
  const tests = testFiles();
  for (const test of tests) copyFileSync(join(TESTS, test), join(folder, test));
  for (const args of [
    ['check', 'rules', 'rules.yaml'],
    ['test', 'rules', ...tests],
  ]) {
    const { status } = spawnSync('promtool', args, { cwd: folder, stdio: 'inherit' });
    if (status !== 0) return 1;
  }
  return 0;
}

function withoutPromtool(): number {
  const required = process.env.REQUIRE_CLUSTER === '1' || (process.env.CI ?? '') !== '';
  const what = required ? 'FAILED' : 'SKIPPED';
  console.error(
    `${what}: the unit tests of the alert rules need promtool, which is not on the PATH. ` +
      'Debian and Ubuntu have it in the package prometheus: apt-get install --no-install-recommends prometheus',
  );
  return required ? 1 : 0;
}

type Rule = z.output<typeof rule>;

/** GitHub makes the anchor of a heading from its lower-cased words. */
function withoutRunbook(alerts: readonly Rule[]): string[] {
  const headings = readFileSync(RUNBOOK, 'utf8').matchAll(/^#+ +(.+)$/gm);
  const anchors = new Set(Array.from(headings, ([, heading = '']) => heading.trim().toLowerCase()));
  return alerts.flatMap(({ alert, annotations }) => {
    const anchor = /docs\/alerts\.md#(.+)$/.exec(annotations.runbook_url)?.[1];
    if (anchor === alert.toLowerCase() && anchors.has(anchor)) return [];
    return [
      `${alert}: runbook_url is ${annotations.runbook_url}; it must end in docs/alerts.md#${alert.toLowerCase()}, and docs/alerts.md must have the heading "${alert}"`,
    ];
  });
}

/** Every alert is seen firing somewhere. */
function withoutTest(alerts: readonly Rule[]): string[] {
  const firing = new Set(testFiles().flatMap(firingIn));
  return alerts
    .filter(({ alert }) => !firing.has(alert))
    .map(({ alert }) => `${alert}: no test in test/alerts expects it to fire`);
}

const testFile = z.looseObject({
  tests: z.array(
    z.looseObject({
      alert_rule_test: z
        .array(z.looseObject({ alertname: z.string(), exp_alerts: z.array(z.unknown()).nullish() }))
        .default([]),
    }),
  ),
});

function firingIn(file: string): string[] {
  const { tests } = testFile.parse(parse(readFileSync(join(TESTS, file), 'utf8'), { merge: true }));
  return tests
    .flatMap((test) => test.alert_rule_test)
    .filter((test) => (test.exp_alerts ?? []).length > 0)
    .map((test) => test.alertname);
}

function testFiles(): string[] {
  return readdirSync(TESTS).filter((file) => file.endsWith('.test.yaml'));
}

process.exitCode = main();
