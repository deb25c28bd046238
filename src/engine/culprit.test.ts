// Who did it: which change, and which field manager, a transition is put down to.

import { describe, expect, it } from 'vitest';
import type { Subject } from '../checks/check.ts';
import type { Manager } from '../facts/kinds.ts';
import type { Facts } from '../facts/view.ts';
import type { Change } from './culprit.ts';
import {
  check,
  finding,
  itemFacts,
  itemUnderTest,
  type Says,
  type Step,
  WEB,
  waiver,
} from './testing/item-under-test.ts';

const BUDGET: Subject = { kind: 'PodDisruptionBudget', namespace: 'shop', name: 'web' };
const wrote = (manager: string, subresource?: string): Manager => ({
  manager,
  operation: 'Update',
  ...(subresource ? { subresource } : {}),
});
const change = (subject: Subject, action: Change['action'] = 'Changed', ...managers: Manager[]): Change => ({
  subject,
  action,
  managers,
});
const failsFor = (culprits?: Subject[]): Says => ({
  passed: 0,
  findings: [finding('Fail', culprits ? { culprits } : {})],
});

/** What the history says of the step after one in which all was well. */
function blamed(step: Step, first: Step = { says: 'Pass' }) {
  const item = itemUnderTest();
  item.judge(first);
  return item.judge(step).history?.[0]?.changedBy;
}

describe('who is named for a transition', () => {
  it('is the changed object that the finding is about, with who wrote it last', () => {
    expect(
      blamed({ says: 'Fail', changes: [change(WEB, 'Changed', wrote('kubectl-edit'), wrote('helm'))] }),
    ).toEqual({ ...WEB, manager: 'kubectl-edit', action: 'Changed' });
  });

  it('is no controller that only writes status', () => {
    const managers = [wrote('kube-controller-manager', 'status'), wrote('kubectl-edit')];
    expect(blamed({ says: 'Fail', changes: [change(WEB, 'Changed', ...managers)] })?.manager).toBe(
      'kubectl-edit',
    );
  });

  it('is who wrote the object, though a controller reported on it since, and others wrote within the same second', () => {
    // As an API server lists them that tells no two of them apart: applies before updates.
    const before = [wrote('platform-team'), wrote('night-shift')];
    const changes = [
      change(BUDGET, 'Changed', wrote('kube-controller-manager', 'status'), ...before),
      change(BUDGET, 'Changed', wrote('night-shift'), wrote('platform-team')),
    ];
    expect(blamed({ says: failsFor([BUDGET]), changes })).toMatchObject({ manager: 'night-shift' });
  });

  it('is the controller of a Flux source, whose report is what is judged, unless the source was deleted', () => {
    const source: Subject = { kind: 'GitRepository', namespace: 'flux-system', name: 'flux-system' };
    const managers = [wrote('kubectl-annotate'), wrote('source-controller', 'status'), wrote('flux')];
    const by = (action: Change['action']) =>
      blamed({ says: failsFor([source]), changes: [change(source, action, ...managers)] })?.manager;
    expect(by('Changed')).toBe('source-controller');
    expect(by('Deleted')).toBe('kubectl-annotate');
  });

  it('is the object that the check holds responsible, among other changes', () => {
    const changes = [
      change({ kind: 'Pod', namespace: 'shop', name: 'web-1' }),
      change(BUDGET, 'Changed', wrote('kubectl-edit')),
    ];
    expect(blamed({ says: failsFor([BUDGET]), changes })).toEqual({
      ...BUDGET,
      manager: 'kubectl-edit',
      action: 'Changed',
    });
  });

  it('is the object that was deleted when no finding names what is gone', () => {
    const changes = [
      change({ kind: 'Pod', namespace: 'shop', name: 'web-1' }),
      change(BUDGET, 'Deleted', wrote('kubectl-create')),
    ];
    expect(blamed({ says: 'Fail', changes })).toEqual({
      ...BUDGET,
      manager: 'kubectl-create',
      action: 'Deleted',
    });
  });

  it('is the one change that there was, such as the edit of the item itself', () => {
    const edit = change(
      { kind: 'RemediationItem', namespace: 'team', name: 'item' },
      'Changed',
      wrote('kubectl-edit'),
    );
    const waived: Step = { says: 'Fail', spec: { waivers: [waiver()] } };
    expect(blamed({ says: 'Fail', changes: [edit] }, waived)).toMatchObject({
      kind: 'RemediationItem',
      manager: 'kubectl-edit',
    });
  });

  it('is the one object that changed, however often: a budget, and its status after it', () => {
    const changes = [
      change(BUDGET, 'Changed', wrote('kube-controller-manager', 'status'), wrote('kubectl-edit')),
      change(BUDGET, 'Created', wrote('kubectl-edit')),
    ];
    expect(blamed({ says: 'Pass', changes }, { says: 'Fail' })).toEqual({
      ...BUDGET,
      manager: 'kubectl-edit',
      action: 'Changed',
    });
  });

  it('is nobody when several changes could have done it and no finding points at one', () => {
    const pods = ['web-1', 'web-2'].map((name) => change({ kind: 'Pod', namespace: 'shop', name }));
    expect(blamed({ says: 'Fail', changes: pods })).toBeUndefined();
  });

  it('is nobody when time alone did it', () => {
    expect(blamed({ says: 'Fail' })).toBeUndefined();
  });

  it('is asked of the object itself when no change was seen, as after a restart', () => {
    const facts: Facts = {
      ...itemFacts({}),
      get: () => ({ state: 'known', value: { meta: { managers: [wrote('kubectl-edit')] } } }) as never,
    };
    expect(blamed({ says: 'Fail', facts })).toEqual({ ...WEB, manager: 'kubectl-edit' });
  });

  it('is not the object of a check that failed before', () => {
    const other: Subject = { kind: 'Deployment', namespace: 'shop', name: 'api' };
    const item = itemUnderTest();
    const prerequisites = [check('p', 'Fail')];
    const old = check('old', failsFor());
    item.judge({ checks: [old, check('new', 'Pass')], spec: { prerequisites } });
    item.judge({
      checks: [old, check('new', { passed: 0, findings: [finding('Fail', { subject: other })] })],
      changes: [change(WEB), change(other, 'Changed', wrote('kubectl-patch'))],
    });
    expect(item.status.history?.[0]).toMatchObject({
      to: 'Pending',
      changedBy: { name: 'api', manager: 'kubectl-patch' },
    });
  });

  it('is not the object of an advisory check', () => {
    const other: Subject = { kind: 'Deployment', namespace: 'shop', name: 'api' };
    const item = itemUnderTest();
    item.judge({ checks: [check('a', 'Pass'), check('hint', 'Pass', { advisory: true })] });
    item.judge({
      checks: [
        check('a', 'Fail'),
        check('hint', { passed: 0, findings: [finding('Fail', { subject: other })] }, { advisory: true }),
      ],
      changes: [change(other), change(WEB)],
    });
    expect(item.status.history?.[0]?.changedBy?.name).toBe('web');
  });

  it('is told for the mending too', () => {
    const item = itemUnderTest();
    item.judge({ says: 'Pass' });
    item.judge({ says: 'Fail' });
    item.judge({ says: 'Pass', changes: [change(WEB, 'Changed', wrote('kubectl-rollout'))] });
    expect(item.status.history?.[0]).toMatchObject({
      to: 'Implemented',
      changedBy: { ...WEB, manager: 'kubectl-rollout' },
    });
  });

  it('is left out of the first judgement, which is no transition by anybody', () => {
    const item = itemUnderTest();
    item.judge({ says: 'Fail', changes: [change(WEB, 'Changed', wrote('kubectl-edit'))] });
    expect(item.status.history?.[0]).not.toHaveProperty('changedBy');
  });
});
