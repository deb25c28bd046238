import { describe, expect, it } from 'vitest';
import { KINDS } from './projections.ts';
import { createSharing } from './sharing.ts';

const pod = (name: string, image = 'one') => ({
  metadata: { name, namespace: 'n' },
  spec: { containers: [{ name: 'main', image, ports: [{ containerPort: 80 }] }] },
});

describe('sharing', () => {
  it('keeps the containers of equal pods once', () => {
    const sharing = createSharing();
    const [a, b] = ['a', 'b'].map((name) => KINDS.Pod.project(pod(name), sharing));
    expect(a?.spec.containers).toBe(b?.spec.containers);
    expect(a?.meta.name).toBe('a');
    expect(b?.meta.name).toBe('b');
  });

  it('belongs to whoever made it', () => {
    const a = KINDS.Pod.project(pod('a'), createSharing());
    const b = KINDS.Pod.project(pod('a'), createSharing());
    expect(a.spec.containers).not.toBe(b.spec.containers);
    expect(a).toEqual(b);
  });

  it('starts over when it is full, and goes on answering equals', () => {
    const sharing = createSharing(1);
    const first = sharing.part({ a: 1 });
    sharing.part({ b: 2 });
    expect(sharing.part({ a: 1 })).not.toBe(first);
    expect(sharing.part({ a: 1 })).toEqual(first);
    expect(sharing.text('x')).toBe('x');
    expect(sharing.text('y')).toBe('y');
  });
});
