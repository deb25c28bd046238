// dependsOn: which items must come first, and chains that bite their own tail.

import { describe, expect, it } from 'vitest';
import type { Item } from '../facts/kinds.ts';
import type { Fact } from '../facts/view.ts';
import { itemFacts, itemUnderTest } from './testing/item-under-test.ts';

type Others = Record<string, Partial<Item> | Fact<Item>>;
const judged = (dependsOn: { name: string; namespace?: string }[], others: Others) =>
  itemUnderTest().judge({ says: 'Pass', spec: { dependsOn }, facts: itemFacts(others) });

describe('an item that depends on others', () => {
  const rows: { name: string; other: Others; says: string }[] = [
    {
      name: 'does not exist',
      other: {},
      says: 'dependsOn team/b does not exist; create it, or take it out of dependsOn',
    },
    {
      name: 'was not judged yet',
      other: { 'team/b': { state: '' } },
      says: 'team/b is not judged yet, not Implemented',
    },
    { name: 'is Drifted', other: { 'team/b': { state: 'Drifted' } }, says: 'team/b is Drifted' },
    { name: 'is Unknown', other: { 'team/b': { state: 'Unknown' } }, says: 'team/b is Unknown' },
    { name: 'is Suspended', other: { 'team/b': { state: 'Suspended' } }, says: 'team/b is Suspended' },
    {
      name: 'may not be read',
      other: { 'team/b': { state: 'failed', reason: 'Forbidden', message: 'you may not' } },
      says: 'team/b cannot be read: you may not',
    },
    {
      name: 'is not here yet',
      other: { 'team/b': { state: 'pending', message: 'the first list' } },
      says: 'team/b cannot be read: the first list',
    },
  ];
  it.each(rows)('is Blocked when the other $name', ({ other, says }) => {
    const status = judged([{ name: 'b' }], other);
    expect(status.state).toBe('Blocked');
    expect(status.summary).toContain(says);
  });

  it('names every one that it waits for', () => {
    const status = judged([{ name: 'b' }, { name: 'c', namespace: 'far' }, { name: 'd' }], {
      'team/b': { state: 'Pending' },
      'far/c': { state: 'Drifted' },
      'team/d': { state: 'Implemented' },
    });
    expect(status.summary).toBe(
      'blocked: dependsOn team/b is Pending, not Implemented; dependsOn far/c is Drifted, not Implemented',
    );
  });
});

describe('a cycle of dependsOn', () => {
  it('makes the item Invalid, and shows the way around', () => {
    const status = judged([{ name: 'b' }], {
      'team/b': { state: 'Implemented', dependsOn: [{ name: 'c', namespace: 'far' }] },
      'far/c': { state: 'Implemented', dependsOn: [{ name: 'item', namespace: 'team' }] },
    });
    expect(status.state).toBe('Invalid');
    expect(status.summary).toBe(
      'dependsOn is a cycle: team/item → team/b → far/c → team/item; take one of them out',
    );
  });

  it('may be as short as the item itself', () => {
    const status = judged([{ name: 'item' }], { 'team/item': { state: 'Pending' } });
    expect(status.summary).toContain('dependsOn is a cycle: team/item → team/item');
  });

  it('that the item only leads to is the others’ fault: this one is Blocked by it', () => {
    const status = judged([{ name: 'b' }], {
      'team/b': { state: 'Invalid', dependsOn: [{ name: 'c' }] },
      'team/c': { state: 'Invalid', dependsOn: [{ name: 'b' }] },
    });
    expect(status.state).toBe('Blocked');
  });

  it('is not seen where two ways lead to one item', () => {
    const done = { state: 'Implemented' };
    const status = judged([{ name: 'b' }, { name: 'c' }], {
      'team/b': { ...done, dependsOn: [{ name: 'd' }] },
      'team/c': { ...done, dependsOn: [{ name: 'd' }] },
      'team/d': done,
    });
    expect(status.state).toBe('Implemented');
  });

  it('is looked for in a namespace of its own: b of another namespace is another item', () => {
    const status = judged([{ name: 'item', namespace: 'far' }], { 'far/item': { state: 'Implemented' } });
    expect(status.state).toBe('Implemented');
  });
});
