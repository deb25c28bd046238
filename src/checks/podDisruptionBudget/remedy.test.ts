// Which budget is proposed, how little of one that is there is changed, and what
// is asked of a person.

import { describe, expect, it } from 'vitest';
import { firstWay, remediesFor } from '../testing/remedies.ts';
import { podDisruptionBudget } from './index.ts';

const deployment = (name: string, replicas = 2, labels = `{app: ${name}}`) => `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: shop}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template: {metadata: {labels: ${labels}}, spec: {containers: [{name: main, image: x}]}}
`;
const budget = (name: string, spec: string) => `---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: ${name}, namespace: shop, labels: {team: shop}}
spec: {${spec}}
`;
const autoscaler = (min: number, max: number) => `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: ${min}, maxReplicas: ${max}}
`;
const OWN = 'selector: {matchLabels: {app: web}}';
const all = (params: object, yaml: string) =>
  remediesFor(podDisruptionBudget, { workloads: [{ name: 'web' }], ...params }, yaml);
const propose = (params: object, yaml: string) => firstWay(all(params, yaml));

describe('a new budget', () => {
  it('keeps all but one, under the name and selector of the workload', () => {
    expect(propose({}, deployment('web'))).toEqual({
      decide: '',
      objects: [
        {
          apiVersion: 'policy/v1',
          kind: 'PodDisruptionBudget',
          metadata: { name: 'web', namespace: 'shop' },
          spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } },
        },
      ],
    });
  });

  it('guarantees what the check asks for', () => {
    expect(propose({ minAvailable: '50%' }, deployment('web', 3)).objects).toMatchObject([
      { spec: { minAvailable: '50%' } },
    ]);
  });

  it('takes another name where a budget for other pods has that one', () => {
    const other = budget('web', 'minAvailable: 1, selector: {matchLabels: {app: db}}') + deployment('db');
    expect(propose({}, deployment('web') + other).objects).toMatchObject([{ metadata: { name: 'web-2' } }]);
  });

  it('is the one that bears the name of the workload and selects no pod', () => {
    const lost = budget('web', 'minAvailable: 1, selector: {matchLabels: {app: old}}');
    expect(propose({}, deployment('web') + lost).objects).toEqual([
      {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'web', namespace: 'shop', labels: { team: 'shop' } },
        spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
      },
    ]);
  });

  it('comes with a second replica where there is one, and asks whether that can be', () => {
    const { objects, decide } = propose({}, deployment('web', 1));
    expect(objects).toMatchObject([
      { patch: 'Deployment web', spec: { replicas: 2 } },
      { kind: 'PodDisruptionBudget', spec: { maxUnavailable: 1 } },
    ]);
    expect(decide).toContain('whether Deployment shop/web can run 2 times at once');
    expect(decide).toContain('set allowBlocking: true on the check');
  });

  it('raises what an autoscaler goes down to, and up to', () => {
    expect(propose({}, deployment('web', 2) + autoscaler(1, 1)).objects).toMatchObject([
      { patch: 'HorizontalPodAutoscaler web', spec: { minReplicas: 2, maxReplicas: 2 } },
      { kind: 'PodDisruptionBudget' },
    ]);
  });

  it('blocks where blocking is what is wanted', () => {
    expect(propose({ allowBlocking: true }, deployment('web', 1)).objects).toMatchObject([
      { kind: 'PodDisruptionBudget', spec: { minAvailable: 1 } },
    ]);
  });

  it('is none where none can be', () => {
    const [remedy] = all({ minAvailable: '100%' }, deployment('web', 3));
    expect(remedy?.ways).toEqual([]);
    expect(remedy?.without).toContain('No budget guarantees 100% of 3 replicas');
  });
});

describe('a budget that is there', () => {
  it('keeps what fits', () => {
    expect(propose({}, deployment('web', 1) + budget('web', `minAvailable: 1, ${OWN}`)).objects).toEqual([
      { patch: 'Deployment web', spec: { replicas: 2 } },
    ]);
  });

  it('changes its amount where it blocks', () => {
    expect(propose({}, deployment('web') + budget('web', `minAvailable: 2, ${OWN}`)).objects).toEqual([
      { patch: 'PodDisruptionBudget web', spec: { minAvailable: null, maxUnavailable: 1 } },
    ]);
  });

  it('is narrowed where others use it up, and those get their own', () => {
    const shared = budget('all', 'minAvailable: 1, selector: {}');
    const { objects, decide } = propose({}, deployment('web') + deployment('db') + shared);
    expect(objects).toMatchObject([
      { metadata: { name: 'all' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } } },
      { metadata: { name: 'db' }, spec: { selector: { matchLabels: { app: 'db' } } } },
    ]);
    expect(decide).toContain('each other one that it selected gets a budget of its own');
  });

  it('stays of several if it needs the least change', () => {
    const two = budget('a', `maxUnavailable: 0, ${OWN}`) + budget('b', `minAvailable: 1, ${OWN}`);
    const { objects, decide } = propose({}, deployment('web') + two);
    expect(objects).toEqual([{ delete: 'PodDisruptionBudget a' }]);
    expect(decide).toContain('which budget is to stay');
  });
});
