import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { asJunit } from './junit.ts';
import { reviewReport } from './review.ts';
import { empty, hostile, january, many, NOW } from './testing/reviews.ts';

const SCHEMA = readFileSync(path.join(import.meta.dirname, 'testing/schemas/jenkins-junit.xsd'), 'utf8');

/** What libxml2 has to say of it against Jenkins' schema. */
const problemsOf = async (xml: string) => {
  const { errors } = await validateXML({ xml: [{ fileName: 'junit.xml', contents: xml }], schema: [SCHEMA] });
  return errors.map(({ rawMessage }) => rawMessage);
};

describe('JUnit', () => {
  it.each([
    ['the review of January', january],
    ['a review without items', empty],
    ['a review of 40 items', () => many(40)],
    ['a review by an attacker', hostile],
  ])('is what Jenkins reads: %s', async (_, review) => {
    expect(await problemsOf(asJunit(review().report))).toEqual([]);
  });

  it('would be told of what Jenkins does not read', async () => {
    expect(
      await problemsOf(
        asJunit(january().report).replace('<failure', '<wrong').replace('</failure', '</wrong'),
      ),
    ).not.toEqual([]);
  });

  const text = asJunit(january().report);

  it('is a suite per item and a case per check that decides', () => {
    expect(text.match(/<testsuite /g)).toHaveLength(13);
    expect(text).toContain(
      '<testsuite name="#9 Add health probes to critical apps" tests="3" failures="1" errors="0" skipped="0"',
    );
    expect(text).not.toContain('name="latency"');
  });

  it('counts what fails, what cannot be judged and what is skipped', () => {
    const counted = (kind: string) => text.match(new RegExp(`<${kind}[ >]`, 'g'))?.length ?? 0;
    const [, tests, failures, errors] =
      /<testsuites name="[^"]*" tests="(\d+)" failures="(\d+)" errors="(\d+)"/.exec(text) ?? [];
    expect([Number(tests), Number(failures), Number(errors)]).toEqual([
      counted('testcase'),
      counted('failure'),
      counted('error'),
    ]);
    expect(counted('skipped')).toBe(7);
  });

  it('takes work that nobody called done for no failure, unless it is to be strict', () => {
    const suite = (all: string) => all.slice(all.indexOf('#11 '), all.indexOf('#12 '));
    expect(suite(text)).toContain('tests="4" failures="0" errors="0" skipped="2"');
    expect(suite(text)).toContain('<skipped>Pending: NotEnforced: No policy puts the 14 pods');
    const strict = suite(asJunit(january().report, true));
    expect(strict).toContain('tests="4" failures="2" errors="0" skipped="0"');
    expect(strict).toContain('name="prerequisite cilium-crd"/>');
  });

  it('takes an item that nothing proves for no success', () => {
    const suite = text.slice(text.indexOf('#12 '), text.indexOf('#13 '));
    expect(suite).toContain('<error type="Unknown" message="Unknown: Nothing proves it yet:');
  });

  it('says what fails, where the evidence is, and how to mend it', () => {
    const { judged, report } = january();
    const placed = asJunit(
      reviewReport(report.head, judged, NOW, ({ name }) =>
        name === 'loki' ? { path: 'loki.yaml', line: 3 } : undefined,
      ),
    );
    expect(placed).toContain(
      'MissingProbe: Container loki of StatefulSet monitoring/loki has no readiness probe. It should ask GET /ready on port 3100.\nWhere: loki.yaml:3\nFix: Add readinessProbe: {httpGet: {path: /ready, port: 3100}} to the container loki.',
    );
  });

  it('is XML whatever the findings say', () => {
    const evil = asJunit(hostile().report);
    expect(evil).not.toMatch(/<script|<img|<!\[CDATA|\]\]>|[\p{Cc}--\n]/v);
    expect(evil).toContain(']]&gt;--&gt;&lt;![CDATA[x]]&gt;');
    expect(evil.isWellFormed()).toBe(true);
  });
});
