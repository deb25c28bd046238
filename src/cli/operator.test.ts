import { describe, expect, it } from 'vitest';
import { ownNamespace } from './operator.ts';

describe("the operator's own namespace", () => {
  const pod = { inPod: true, namespace: 'ops' };
  const kubeconfig = { inPod: false, namespace: 'shop' };

  it('is the one that was asked for, else that of the pod', () => {
    expect(ownNamespace({ namespace: 'asked' }, { POD_NAMESPACE: 'told' }, pod)).toBe('asked');
    expect(ownNamespace({}, { POD_NAMESPACE: 'told' }, pod)).toBe('told');
    expect(ownNamespace({}, {}, pod)).toBe('ops');
  });

  it("is never that of a kubeconfig's context, whose items would see the whole cluster", () => {
    expect(ownNamespace({}, {}, kubeconfig)).toBe('remediation-system');
  });
});
