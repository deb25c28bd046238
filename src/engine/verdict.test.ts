// From what a check finds to the verdict in status: levels, waivers, bounds, and
// a check that breaks.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Waiver } from '../api/item.ts';
import { MAX_MESSAGE, type Verdict } from '../api/status.ts';
import type { Finding, Judgement } from '../checks/check.ts';
import {
  check,
  checkOf,
  finding,
  itemUnderTest,
  type Says,
  START,
  WEB,
  waiver,
} from './testing/item-under-test.ts';
import { clip } from './verdict.ts';

const judged = (says: Says, waivers: Waiver[] = []) =>
  checkOf(itemUnderTest().judge({ says, spec: { waivers } }), 'a');
const saying = (...findings: Finding[]): Judgement => ({ passed: 1, findings });

it('a finding says where in a file of a source its evidence stands', () => {
  const location = { path: 'docs/runbook.md', line: 12, revision: 'main@sha1:4ae1b7a7' };
  expect(judged(saying(finding('Fail', { location }))).findings?.[0]?.location).toEqual(location);
});

describe('the verdict of a check', () => {
  const rows: { name: string; says: Judgement; verdict: Verdict; reason: string; message: string }[] = [
    {
      name: 'nothing found wrong',
      says: { passed: 2, findings: [] },
      verdict: 'Pass',
      reason: 'Passed',
      message: '2 subjects as required',
    },
    {
      name: 'nothing found wrong, in its own words',
      says: { passed: 1, findings: [], message: 'one budget guards it' },
      verdict: 'Pass',
      reason: 'Passed',
      message: 'one budget guards it',
    },
    {
      name: 'warnings and notes decide nothing',
      says: saying(finding('Warning'), finding('Note')),
      verdict: 'Pass',
      reason: 'Passed',
      message: '1 subject as required',
    },
    {
      name: 'a failure beats what is unknown',
      says: saying(finding('Unknown'), finding('Fail')),
      verdict: 'Fail',
      reason: 'FailReason',
      message: 'Fail of shop/web',
    },
    {
      name: 'what is unknown beats what passes',
      says: saying(finding('Unknown'), finding('NotApplicable')),
      verdict: 'Unknown',
      reason: 'UnknownReason',
      message: 'Unknown of shop/web',
    },
    {
      name: 'a part that does not apply leaves a pass',
      says: saying(finding('NotApplicable')),
      verdict: 'Pass',
      reason: 'Passed',
      message: '1 subject as required',
    },
    {
      name: 'nothing that applies',
      says: { passed: 0, findings: [finding('NotApplicable')] },
      verdict: 'NotApplicable',
      reason: 'NotApplicableReason',
      message: 'NotApplicable of shop/web',
    },
    {
      name: 'nothing judged and nothing said is never a pass',
      says: { passed: 0, findings: [] },
      verdict: 'NotApplicable',
      reason: 'NotApplicable',
      message: 'nothing here to judge',
    },
    {
      name: 'nothing judged beside a warning is never a pass',
      says: { passed: 0, findings: [finding('Warning')] },
      verdict: 'NotApplicable',
      reason: 'NotApplicable',
      message: 'nothing here to judge',
    },
    {
      name: 'several failures are counted',
      says: saying(finding('Fail'), finding('Fail'), finding('Fail')),
      verdict: 'Fail',
      reason: 'FailReason',
      message: 'Fail of shop/web (and 2 more findings)',
    },
  ];
  it.each(rows)('$name: $verdict', ({ says, verdict, reason, message }) => {
    expect(judged(says)).toMatchObject({ name: 'a', type: 'scripted', verdict, reason, message });
  });

  it('lists findings worst first, at most 20 of them, and says how many there are', () => {
    const many = [
      ...Array.from({ length: 15 }, () => finding('Note')),
      ...Array.from({ length: 9 }, () => finding('Warning')),
      finding('Fail'),
    ];
    const { findings, findingsTotal } = judged(saying(...many));
    expect(findingsTotal).toBe(25);
    expect(findings).toHaveLength(20);
    expect(findings?.map(({ severity }) => severity)).toEqual([
      'Fail',
      ...Array.from({ length: 9 }, () => 'Warning'),
      ...Array.from({ length: 10 }, () => 'Note'),
    ]);
    expect(judged(saying(...many.slice(0, 20)))).not.toHaveProperty('findingsTotal');
  });

  it('harms no other check when one throws, and says that it is a bug', () => {
    const status = itemUnderTest().judge({
      checks: [
        check('a', 'Pass'),
        check('broken', () => {
          throw new TypeError('x is undefined');
        }),
        check('c', 'Fail'),
      ],
    });
    expect(status.checks?.map(({ verdict }) => verdict)).toEqual(['Pass', 'Unknown', 'Fail']);
    expect(checkOf(status, 'broken')).toMatchObject({
      reason: 'CheckError',
      message: 'the scripted check broke while judging: x is undefined',
      findings: [{ severity: 'Unknown', fix: expect.stringContaining('bug of the operator') }],
    });
    expect(status.state).toBe('Pending');
  });

  it('is Unknown when the only check throws, even for something that is no Error', () => {
    const status = itemUnderTest().judge({
      says: () => {
        throw 'a string';
      },
    });
    expect(status).toMatchObject({ state: 'Unknown', passing: 0, total: 1 });
    expect(status.summary).toContain('a string');
  });
});

describe('a waiver', () => {
  const failing = (...subjects: (Finding['subject'] | undefined)[]): Judgement =>
    saying(
      ...subjects.map((subject) => finding('Fail', { subject: subject as NonNullable<typeof subject> })),
    );
  const api = { kind: 'Deployment', namespace: 'shop', name: 'api' };

  const covered: { name: string; subject?: string; covers: boolean; about?: Finding['subject'] }[] = [
    { name: 'without a subject covers every subject', covers: true },
    { name: 'covers its own subject', subject: 'Deployment/shop/web', covers: true },
    { name: 'covers no other subject', subject: 'Deployment/shop/api', covers: false },
    { name: 'covers by a * at the end', subject: 'Deployment/shop/w*', covers: true },
    { name: 'covers by a * at the start', subject: '*/web', covers: true },
    { name: 'covers by a * in the middle', subject: 'Deployment/*/web', covers: true },
    { name: 'covers by several *', subject: '*/sh*p/*b', covers: true },
    { name: 'covers by a * that stands for nothing', subject: 'Deployment/shop/web*', covers: true },
    { name: 'covers everything by *', subject: '*', covers: true },
    { name: 'does not match a part of a name', subject: 'Deployment/shop/we', covers: false },
    { name: 'does not take one letter for both ends', subject: 'Deployment/shop/web*b', covers: false },
    { name: 'takes . for itself', subject: 'Deployment.shop.web', covers: false },
    { name: 'takes ? for itself', subject: 'Deployment/shop/we?', covers: false },
    {
      name: 'names cluster-scoped objects as Kind/name',
      subject: 'Namespace/shop',
      covers: true,
      about: { kind: 'Namespace', name: 'shop' },
    },
  ];
  it.each(covered)('$name', ({ subject, covers, about }) => {
    const says = failing(about ?? WEB);
    expect(judged(says, [waiver(subject ? { subject } : {})]).verdict).toBe(covers ? 'Waived' : 'Fail');
  });

  it('with a subject covers no failure that has none', () => {
    const nobody = saying({ level: 'Fail', reason: 'SubjectMissing', message: 'no workload matches' });
    expect(judged(nobody, [waiver({ subject: '*' })]).verdict).toBe('Fail');
    expect(judged(nobody, [waiver()]).verdict).toBe('Waived');
  });

  it('leaves the failures that it does not cover', () => {
    const status = judged(failing(WEB, api), [waiver({ subject: 'Deployment/shop/web' })]);
    expect(status).toMatchObject({ verdict: 'Fail', message: 'Fail of shop/web' });
    expect(status.findings?.map(({ severity, subject }) => [severity, subject?.name])).toEqual([
      ['Fail', 'api'],
      ['Waived', 'web'],
    ]);
  });

  it('turns no Unknown into Waived', () => {
    expect(judged(saying(finding('Unknown')), [waiver()]).verdict).toBe('Unknown');
    expect(judged(saying(finding('Unknown'), finding('Fail')), [waiver()]).verdict).toBe('Unknown');
  });

  it('changes nothing about a check that passes', () => {
    expect(judged('Pass', [waiver()]).verdict).toBe('Pass');
  });

  it('covers its own check only', () => {
    const status = itemUnderTest().judge({
      checks: [check('a', 'Fail'), check('b', 'Fail')],
      spec: { waivers: [waiver({ check: 'b' })] },
    });
    expect(status.checks?.map(({ verdict }) => verdict)).toEqual(['Fail', 'Waived']);
  });

  it('wakes the item when it expires, and waives nothing from that moment on', () => {
    const expires = new Date(START.getTime() + 3_600_000);
    const spec = { waivers: [waiver({ expires: expires.toISOString() })] };
    const item = itemUnderTest();
    expect(item.judge({ says: 'Fail', spec }).state).toBe('Waived');
    expect(item.last().recheckAt).toEqual(expires);
    item.judge({ says: 'Fail', spec, at: new Date(expires.getTime() - 1) });
    expect(item.status.state).toBe('Waived');
    item.judge({ says: 'Fail', spec, at: expires });
    expect(item.status.state).toBe('Pending');
    expect(item.last().recheckAt).toBeUndefined();
  });

  it('reads a time with an offset as the moment that it is', () => {
    const spec = { waivers: [waiver({ expires: '2026-01-03T12:30:00+02:00' })] };
    const item = itemUnderTest();
    item.judge({ says: 'Fail', spec });
    expect(item.last().recheckAt).toEqual(new Date('2026-01-03T10:30:00Z'));
  });
});

describe('when an item is looked at again', () => {
  it('is the earliest of what its checks and waivers say', () => {
    const at = (minutes: number) => new Date(START.getTime() + minutes * 60_000);
    const item = itemUnderTest();
    item.judge({
      checks: [
        check('a', { ...saying(finding('Fail')), recheckAt: at(30) }),
        check('b', { ...saying(), recheckAt: at(20) }),
      ],
      spec: {
        waivers: [waiver({ expires: at(25).toISOString() })],
        prerequisites: [check('p', { ...saying(), recheckAt: at(10) })],
      },
    });
    expect(item.last().recheckAt).toEqual(at(10));
  });

  it('is left open when no verdict depends on time', () => {
    const item = itemUnderTest();
    item.judge({ says: 'Fail' });
    expect(item.last().recheckAt).toBeUndefined();
  });
});

describe('messages', () => {
  it('are cut to what the CRD accepts', () => {
    const long = 'x'.repeat(5000);
    const status = judged(saying(finding('Fail', { message: long, fix: long, field: long })));
    expect(status.message).toHaveLength(MAX_MESSAGE);
    expect(status.message.endsWith('…')).toBe(true);
    expect(status.findings?.[0]?.message).toHaveLength(MAX_MESSAGE);
    expect(status.findings?.[0]?.fix).toHaveLength(MAX_MESSAGE);
    expect(status.findings?.[0]?.field).toHaveLength(256);
  });

  it('keep characters whole', () => {
    expect(clip('😀😀😀', 4)).toBe('😀…');
    expect(clip('😀😀', 4)).toBe('😀😀');
    expect(clip('aé日', 3)).toBe('aé日');
  });

  it('hold no half characters, which no API server would store as they are', () => {
    expect(clip('a\ud83d')).toBe('a\ufffd');
  });

  it('are at most as long as asked, well-formed, and begin as the text does', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.integer({ min: 1, max: 50 }),
        (text, max) => {
          const cut = clip(text, max);
          expect(cut.length).toBeLessThanOrEqual(max);
          expect(cut.isWellFormed()).toBe(true);
          if (text.length <= max) expect(cut).toBe(text);
          else {
            expect(cut.endsWith('…')).toBe(true);
            expect(text.startsWith(cut.slice(0, -1))).toBe(true);
          }
        },
      ),
    );
  });
});
