// The edges of labels, addresses, ports and names of DNS: what is just inside, and what is just outside.

import { describe, expect, it } from 'vitest';
import { parseAddress, parsePrefix, parsePrefixOrAddress } from './addresses.ts';
import { addressesOf } from './atoms.ts';
import {
  extendKey,
  hasKey,
  hasKeyPrefix,
  labelFilter,
  matches,
  podLabels,
  requirements,
  selectorFault,
} from './labels.ts';
import { addressIdentity, nameMatches, selects } from './peers.ts';
import {
  allPorts,
  describe as describePorts,
  isEmpty,
  isPortName,
  noPorts,
  numbered,
  onePort,
  ownPorts,
  podPorts,
  portSet,
  portTable,
  rangeEnds,
  subtract,
  union,
} from './ports.ts';
import { selector } from './raw.ts';
import type { Rule } from './rules.ts';

describe('addresses', () => {
  it.each([
    ['255.255.255.255', 0xffffffffn],
    ['0.0.0.0', 0n],
    ['::', 0n],
    ['::1', 1n],
    ['1::', 1n << 112n],
    ['1:2:3:4:5:6:7:8', 0x00010002000300040005000600070008n],
    ['1::8', (1n << 112n) + 8n],
    ['1:2:3:4:5:6:7::', 0x00010002000300040005000600070000n],
    ['::ffff:10.0.0.1', 0xffff0a000001n],
    ['1:2:3:4:5:6:10.0.0.1', 0x0001000200030004000500060a000001n],
    ['ABCD::', 0xabcdn << 112n],
  ])('%s is one', (text, value) => {
    expect(parseAddress(text)?.value).toBe(value);
  });

  it.each([
    '256.0.0.1',
    '01.0.0.1',
    '1.2.3',
    '1.2.3.4.5',
    '',
    'x',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '1:2:3:4::5:6:7:8',
    '1::2::3',
    ':::',
    '12345::',
    'x1::',
    '1x::',
    '::x',
    'x::1',
    '10.0.0.1::',
    '::10.0.0.1:1',
    '1:2:3:4:5:10.0.0.1:6',
    '::ffff:10.0.0.256',
    '10.0.0.1:1:2:3:4:5:6',
  ])('"%s" is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('and prefixes of them', () => {
    expect(parsePrefix('10.1.2.3/8')).toEqual({ bits: 32, length: 8, low: 0x0a000000n, high: 0x0affffffn });
    expect(parsePrefix('::/0')?.high).toBe((1n << 128n) - 1n);
    for (const text of ['10.0.0.0', '/8', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/x', '::/129'])
      expect(parsePrefix(text)).toBeUndefined();
    expect(parsePrefixOrAddress('10.0.0.1')).toEqual(parsePrefix('10.0.0.1/32'));
    expect(parsePrefixOrAddress('::1')).toEqual(parsePrefix('::1/128'));
    expect(parsePrefixOrAddress('10.0.0.1/8')).toEqual(parsePrefix('10.0.0.0/8'));
    expect(parsePrefixOrAddress('x')).toBeUndefined();
  });

  it('of a block, one for each piece that rules tell apart', () => {
    const cidr = (text: string, ...except: string[]) => ({
      kind: 'cidr' as const,
      prefix: parsePrefix(text)!,
      except: except.map((hole) => parsePrefix(hole)!),
    });
    const rule = (...peers: unknown[]) => ({ peers }) as unknown as Rule;
    const pieces = (block: string, ...rules: Rule[]) =>
      addressesOf(block, rules).map(({ value }) => Number(value & 0xffn));
    expect(pieces('x')).toEqual([]);
    expect(pieces('192.0.2.0/24')).toEqual([0]);
    expect(pieces('192.0.2.0/24', rule(cidr('192.0.2.16/28')))).toEqual([0, 16, 32]);
    expect(pieces('192.0.2.0/24', rule(cidr('192.0.2.0/24', '192.0.2.64/26')))).toEqual([0, 64, 128]);
    expect(pieces('192.0.2.0/24', rule(cidr('192.0.2.255/32')))).toEqual([0, 255]);
    expect(pieces('192.0.2.0/24', rule(cidr('192.0.3.0/24')), rule(cidr('::/1')))).toEqual([0]);
    expect(
      pieces('192.0.2.0/24', { peers: null } as unknown as Rule, rule({ kind: 'fqdn', pattern: 'a.io' })),
    ).toEqual([0]);
  });
});

describe('labels', () => {
  const at = (written: unknown) => selector(written, 'selector');
  const expression = (key: string, operator = 'Exists', values: string[] = []) => ({
    matchExpressions: [{ key, operator, values }],
  });

  it('keys are found in both halves of a selector', () => {
    expect(hasKey(at({ matchLabels: { a: 'x' } }), 'any.a')).toBe(true);
    expect(hasKey(at(expression('a')), 'any.a')).toBe(true);
    expect(hasKey(at(expression('b')), 'any.a')).toBe(false);
    expect(hasKeyPrefix(at({ matchLabels: { ab: 'x' } }), 'any.a')).toBe(true);
    expect(hasKeyPrefix(at({ matchLabels: { ba: 'x' } }), 'any.a')).toBe(false);
    expect(hasKeyPrefix(at(expression('ab')), 'any.a')).toBe(true);
    expect(hasKeyPrefix(at(expression('bany.a')), 'any.a')).toBe(false);
  });

  it('sources are cut at the first colon, and nothing is kept behind =', () => {
    expect(extendKey(':a')).toBe('any.a');
    expect(extendKey('a=b')).toBe('any.a');
    expect(extendKey('k8s:a:b')).toBe('k8s.a:b');
  });

  const PREFIX = `${'a'.repeat(63)}.`.repeat(3);
  it.each<[unknown, boolean]>([
    [{ matchLabels: { a: 'x'.repeat(63) } }, true],
    [{ matchLabels: { a: 'x'.repeat(64) } }, false],
    [{ matchLabels: { a: '' } }, true],
    [{ matchLabels: { a: '-' } }, false],
    [{ matchLabels: { 'a/b': 'x' } }, true],
    [{ matchLabels: { 'a/b/c': 'x' } }, false],
    [{ matchLabels: { 'k8s:a/': 'x' } }, false],
    // With its source, `any.`, in front: 253 characters are the most.
    [{ matchLabels: { [`${PREFIX}${'a'.repeat(57)}/b`]: 'x' } }, true],
    [{ matchLabels: { [`${PREFIX}${'a'.repeat(58)}/b`]: 'x' } }, false],
    [expression('a', 'In', ['x', '-']), false],
    [expression('a', 'NotIn', ['x', 'y']), true],
    [expression('a', 'NotIn', []), false],
    [expression('a', 'DoesNotExist', ['x']), false],
    [{ matchLabels: { a: 'x', b: '-' } }, false],
    [
      {
        matchExpressions: [
          { key: 'a', operator: 'Exists' },
          { key: '-', operator: 'Exists' },
        ],
      },
      false,
    ],
  ])('%j is sound: %s', (written, sound) => {
    expect(selectorFault(at(written)) === undefined).toBe(sound);
  });

  it.each<[unknown, boolean]>([
    [expression('b', 'NotIn', ['x']), true],
    [expression('a', 'NotIn', ['y']), true],
    [expression('a', 'NotIn', ['x']), false],
    [expression('a'), true],
    [expression('b'), false],
    [expression('b', 'In', ['x']), false],
    [expression('b', 'DoesNotExist'), true],
    [expression('reserved:host', 'Exists'), true],
    [expression('host', 'Exists'), true],
    [expression('k8s:host', 'Exists'), false],
    [expression('reserved:init', 'Exists'), false],
    [expression('cni:a', 'Exists'), false],
  ])('%j selects: %s', (written, selected) => {
    const labels = { k8s: new Map([['a', 'x']]), reserved: new Set(['host']) };
    expect(matches(requirements(at(written)), labels)).toBe(selected);
  });

  it('are left out by the shortest exclusion, and only words of Kubernetes count', () => {
    expect(labelFilter('container:team')('team')).toBe(false);
    expect(labelFilter('container:!team')('team')).toBe(true);
    expect(labelFilter(' k8s:a \t\n b ')('b')).toBe(true);
    const both = labelFilter('k8s:abc !abcd !ab');
    expect([both('abcd'), both('abc')]).toEqual([true, true]);
    const longer = labelFilter('k8s:ab !abcd !abc');
    expect([longer('abcd'), longer('ab')]).toEqual([false, true]);
    const again = labelFilter('!team');
    expect([again('team'), again('team')]).toEqual([false, false]);
  });

  it('of a pod without service account have none, and reserved. is dropped from the front', () => {
    const of = (labels: Record<string, string>) =>
      Object.fromEntries(
        podLabels({ labels, namespace: 'shop', serviceAccount: '' }, {}, 'c', labelFilter('')),
      );
    const own = { 'io.kubernetes.pod.namespace': 'shop', 'io.cilium.k8s.policy.cluster': 'c' };
    expect(of({})).toEqual(own);
    expect(of({ 'reserved.a': 'x' })).toEqual({ ...own, a: 'x' });
    expect(of({ 'reserved.': 'x' })).toEqual({ ...own, x: '' });
  });
});

describe('ports', () => {
  it('are joined where they touch', () => {
    const of = (...specs: [number, number][]) =>
      portSet(
        specs.map(([low, high]) => ({ protocol: 'TCP' as const, low, high })),
        () => undefined,
      ).get('TCP');
    expect(of([1, 2], [3, 4])).toEqual([[1, 4]]);
    expect(of([3, 4], [1, 1])).toEqual([
      [1, 1],
      [3, 4],
    ]);
    expect(of([1, 9], [2, 3], [5, 6])).toEqual([[1, 9]]);
  });

  it('of all and of none are themselves', () => {
    const one = onePort('TCP', 80);
    expect(union(noPorts, one)).toBe(one);
    expect(union(one, noPorts)).toBe(one);
    expect(union(one, allPorts)).toBe(allPorts);
    expect(union(allPorts, one)).toBe(allPorts);
    expect(subtract(one, noPorts)).toBe(one);
    expect(subtract(noPorts, one)).toBe(noPorts);
    expect([isEmpty(noPorts), isEmpty(one)]).toEqual([true, false]);
    expect(union(one, onePort('UDP', 53))).toEqual(new Map([...one, ...onePort('UDP', 53)]));
  });

  it('are told in three parts at most', () => {
    const of = (...ports: number[]) =>
      describePorts(
        portSet(
          ports.map((port) => numbered('TCP', port, 0)),
          () => undefined,
        ),
      );
    expect(of(1, 3, 5)).toBe('1/TCP, 3/TCP, 5/TCP');
    expect(of(1, 3, 5, 7, 9)).toBe('1/TCP, 3/TCP, 5/TCP and 2 more');
    const others = new Map([...allPorts].filter(([protocol]) => protocol === 'OTHER'));
    expect(describePorts(others)).toBe('other protocols');
    const almost = portSet([{ protocol: 'TCP', low: 1, high: 65535 }], () => undefined);
    expect(describePorts(almost)).toBe('1-65535/TCP');
    expect(describePorts(portSet([{ protocol: 'TCP', low: 0, high: 9 }], () => undefined))).toBe('0-9/TCP');
  });

  it('from 0 to 65535 are all', () => {
    expect(numbered('TCP', 0, 65535)).toEqual({ protocol: 'TCP', low: 0, high: 65535 });
    expect(numbered('TCP', 0, 9)).toEqual({ protocol: 'TCP', low: 0, high: 9 });
    expect(numbered('TCP', 9, 8)).toEqual({ protocol: 'TCP', low: 9, high: 9 });
  });

  it('by name end where the first rule says', () => {
    const named = (end: number, name = 'web') => ({ protocol: 'TCP' as const, name, end });
    const ends = rangeEnds([numbered('TCP', 1, 0), named(90), named(99), named(70, 'db')]);
    expect(ends).toEqual(
      new Map([
        ['web/TCP', 90],
        ['db/TCP', 70],
      ]),
    );
    const numberOf = (name: string) => (name === 'web' ? 80 : undefined);
    expect(portSet([named(99)], numberOf, ends).get('TCP')).toEqual([[80, 90]]);
    expect(portSet([named(99)], numberOf).get('TCP')).toEqual([[80, 99]]);
    expect(portSet([named(0)], numberOf).get('TCP')).toEqual([[80, 80]]);
    expect(portSet([named(0, 'db')], numberOf)).toEqual(new Map());
  });

  it.each([
    ['a', true],
    ['a-b', true],
    ['1a2', true],
    ['12ab', true],
    ['a'.repeat(15), true],
    ['a'.repeat(16), false],
    ['', false],
    ['12', false],
    ['a--b', false],
    ['-a', false],
    ['a-', false],
    ['a_b', false],
  ])('"%s" is a name: %s', (text, named) => {
    expect(isPortName(text)).toBe(named);
  });

  it('of a pod count by name, the last of two', () => {
    const ports = podPorts([
      { name: 'Web', containerPort: 80 },
      { name: 'web', containerPort: 81, protocol: 'udp' },
      { containerPort: 1 },
      { name: 'a--b', containerPort: 2 },
      { name: 'low', containerPort: 0 },
      { name: 'least', containerPort: 1 },
      { name: 'high', containerPort: 65536 },
      { name: 'most', containerPort: 65535 },
      { name: 'odd', containerPort: 3, protocol: 'GRE' },
    ]);
    expect(Object.fromEntries(ports)).toEqual({
      web: { protocol: 'UDP', port: 81 },
      least: { protocol: 'TCP', port: 1 },
      most: { protocol: 'TCP', port: 65535 },
      odd: { protocol: 'OTHER', port: 3 },
    });
    expect([ownPorts(ports)('web', 'UDP'), ownPorts(ports)('web', 'TCP')]).toEqual([81, undefined]);
    const table = portTable([ports, podPorts([{ name: 'web', containerPort: 82, protocol: 'UDP' }])]);
    expect([table('web', 'UDP'), table('most', 'TCP'), table('none', 'TCP')]).toEqual([
      undefined,
      65535,
      undefined,
    ]);
  });
});

describe('peers', () => {
  it.each([
    ['a.io', 'a.io', true],
    [' A.io. ', 'a.IO', true],
    ['a.io', 'b.io', false],
    ['a.io', 'axio', false],
    ['*', 'a.b.io', true],
    ['', 'a.io', false],
    ['', '', false],
    ['*.io', 'a.io', true],
    ['*.io', 'a.b.io', false],
    ['**.io', 'a.b.io', true],
    ['***.io', 'a.b.io', true],
    ['**.io', 'io', false],
    ['a**.io', 'ab.io', true],
    ['a**.io', 'ab.c.io', false],
    ['a*b*.io', 'axbx.io', true],
    ['x.**.io', 'x.a.b.io', false],
  ])('the name "%s" means "%s": %s', (pattern, name, means) => {
    expect(nameMatches(pattern, name)).toBe(means);
  });

  it('that are doubtful are outside the cluster, in whichever family', () => {
    const elsewhere = [{ kind: 'elsewhere' as const, what: 'x' }];
    const address = (text: string, families: { ipv4: boolean; ipv6: boolean }) =>
      addressIdentity(parseAddress(text)!, families);
    for (const text of ['192.0.2.1', '2001:db8::1'])
      for (const families of [
        { ipv4: true, ipv6: true },
        { ipv4: text.includes('.'), ipv6: text.includes(':') },
      ])
        expect(selects(elsewhere, address(text, families), families)).toBeUndefined();
    const both = { ipv4: true, ipv6: true };
    const named = addressIdentity(parseAddress('192.0.2.1')!, both, ['a.io']);
    expect([named.namespace, named.names]).toEqual(['', ['a.io']]);
    expect('names' in address('192.0.2.1', both)).toBe(false);
    const pod = { k8s: new Map(), reserved: new Set<string>(), namespace: 'shop' };
    expect(selects(elsewhere, pod, both)).toBe(false);
    expect(selects([{ kind: 'nodes', what: 'x' }], pod, both)).toBe(false);
    expect(selects([{ kind: 'doubt', what: 'x' }], pod, both)).toBeUndefined();
    expect(
      selects(
        [
          { kind: 'doubt', what: 'x' },
          { kind: 'labels', requirements: [] },
        ],
        pod,
        both,
      ),
    ).toBe(true);
  });
});
