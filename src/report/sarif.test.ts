import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { type PlaceOf, reviewReport } from './review.ts';
import { asSarif } from './sarif.ts';
import { empty, HOSTILE, hostile, january, many, NOW, type Reported } from './testing/reviews.ts';

const schema = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'testing/schemas/sarif-2.1.0.json'), 'utf8'),
);
const ajv = new Ajv({
  allErrors: true,
  strict: false,
  // A pattern of the standard's own is none under the flag u.
  unicodeRegExp: false,
  formats: {
    uri: (text: string) => URL.canParse(text),
    'uri-reference': (text: string) =>
      URL.canParse(text, 'https://example.com/') && !/[\s<>"\\^`{|}]/.test(text),
    'date-time': (text: string) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text),
  },
});
const valid = ajv.compile(schema);

interface Result {
  ruleId: string;
  ruleIndex: number;
  level: string;
  message: { text: string };
  locations: { physicalLocation: object; logicalLocations: { fullyQualifiedName: string }[] }[];
  relatedLocations?: { physicalLocation: object }[];
  partialFingerprints: object;
  properties: object;
}

const explain = (type: string, reason: string) =>
  type === 'probes' && reason === 'MissingProbe'
    ? { meaning: 'A probe is missing.', mend: 'Add it.' }
    : undefined;
const logOf = ({ report }: Reported) => JSON.parse(asSarif(report, '1.2.3', explain));
const resultsOf = (reported: Reported): Result[] => logOf(reported).runs[0].results;
const at = (results: readonly Result[], text: string): Result => {
  const found = results.find(({ message }) => message.text.includes(text));
  if (!found) throw new Error(`no result says ${text}`);
  return found;
};

describe('SARIF', () => {
  it.each([
    ['the review of January', january],
    ['a review without items', empty],
    ['a review of 40 items', () => many(40)],
    ['a review by an attacker', hostile],
  ])('keeps to the schema of the standard: %s', (_, review) => {
    valid(logOf(review()));
    expect(valid.errors).toBeNull();
  });

  it('would be told where it did not', () => {
    const log = logOf(january());
    log.runs[0].results[0].level = 'terrible';
    log.runs[0].results[1].locations[0].physicalLocation.artifactLocation.uri = 'a b';
    expect(valid(log)).toBe(false);
    expect(valid.errors?.map(({ instancePath }) => instancePath)).toEqual([
      '/runs/0/results/0/level',
      '/runs/0/results/1/locations/0/physicalLocation/artifactLocation/uri',
    ]);
  });

  it('has a result for each finding that decides, worse where the review claims that it is done', () => {
    const results = resultsOf(january());
    expect(results.map(({ ruleId, level }) => `${level} ${ruleId}`).sort()).toEqual([
      'error probes/MissingProbe',
      'error probes/RolloutIncomplete',
      'error source/StepMissing',
      'error state/Invalid',
      'note attestation/NotAttested',
      'note networkPolicy/NotEnforced',
      'note networkPolicy/WideOpen',
      'note resource/NotServed',
      'note resource/TooFew',
      'warning resource/Forbidden',
      'warning state/Unknown',
    ]);
  });

  it('stands at the file and line of the evidence, and names the line of the review beside it', () => {
    const result = at(resultsOf(january()), 'has no step that uses aquasecurity/trivy-action');
    expect(result.locations[0]?.physicalLocation).toEqual({
      artifactLocation: { uri: '.github/workflows/flux-local.yaml', uriBaseId: '%SRCROOT%' },
      region: { startLine: 41 },
    });
    expect(result.relatedLocations?.[0]?.physicalLocation).toEqual({
      artifactLocation: { uri: 'docs/REVIEW.md', uriBaseId: '%SRCROOT%' },
      region: { startLine: 27 },
    });
    expect(result.properties).toMatchObject({ revision: 'main@sha1:4f1c9a7e30b2', priority: 'Critical' });
  });

  it('stands at the manifest of the object where the evidence is an object, else at the line of the review', () => {
    const { judged, report } = january();
    const placeOf: PlaceOf = ({ name }) =>
      name === 'loki' ? { path: 'apps/loki #1/sts.yaml', line: 12 } : undefined;
    const results = resultsOf({ judged, report: reviewReport(report.head, judged, NOW, placeOf) });
    expect(at(results, 'Container loki').locations[0]?.physicalLocation).toEqual({
      artifactLocation: { uri: 'apps/loki%20%231/sts.yaml', uriBaseId: '%SRCROOT%' },
      region: { startLine: 12 },
    });
    expect(at(results, 'StatefulSet monitoring/tempo').locations[0]?.physicalLocation).toEqual({
      artifactLocation: { uri: 'docs/REVIEW.md', uriBaseId: '%SRCROOT%' },
      region: { startLine: 44 },
    });
  });

  it('stands somewhere even where no file is known, for code scanning takes no result without', () => {
    for (const { locations } of resultsOf(many(8))) expect(locations[0]?.physicalLocation).toBeDefined();
  });

  it('says where a file is that lies outside of the repository', () => {
    const { judged, report } = january();
    for (const [file, uri] of [
      ['/etc/kube/sts.yaml', 'file:///etc/kube/sts.yaml'],
      ['C:\\kube\\sts.yaml', 'file:///C%3A/kube/sts.yaml'],
    ] as const) {
      const placeOf: PlaceOf = () => ({ path: file });
      const results = resultsOf({ judged, report: reviewReport(report.head, judged, NOW, placeOf) });
      expect(at(results, 'Container loki').locations[0]?.physicalLocation).toEqual({
        artifactLocation: { uri },
        region: { startLine: 1 },
      });
    }
  });

  it('names a rule for each result, says what it means, and tells results apart', () => {
    const [run] = logOf(january()).runs;
    for (const { ruleId, ruleIndex } of run.results) expect(run.tool.driver.rules[ruleIndex].id).toBe(ruleId);
    const probe = run.tool.driver.rules.find(({ id }: { id: string }) => id === 'probes/MissingProbe');
    expect(probe.help.text).toBe('A probe is missing. Add it.');
    const prints = run.results.map((each: Result) => JSON.stringify(each.partialFingerprints));
    expect(new Set(prints).size).toBe(prints.length);
  });

  it('embeds no link of others in a message, and nothing that turns a terminal', () => {
    const text = JSON.stringify(resultsOf(hostile()).map(({ message }) => message));
    expect(text).toContain('[go] (javascript:alert(1))');
    expect(text).not.toContain('](');
    expect(text).not.toMatch(/\\u001b|\\u009b|\u202e/);
    expect(text).toContain(HOSTILE.rtl);
  });
});
