// Sets of ports, names of ports, and addresses.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains, parseAddress, parsePrefix } from './addresses.ts';
import { portNumber } from './cilium-ports.ts';
import { nameMatches } from './peers.ts';
import {
  allPorts,
  describe as describePorts,
  has,
  intersect,
  isPortName,
  noPorts,
  numbered,
  onePort,
  ownPorts,
  type PortSet,
  podPorts,
  portSet,
  portTable,
  subtract,
  union,
} from './ports.ts';

const anySet = fc
  .array(fc.tuple(fc.constantFrom('TCP' as const, 'UDP' as const), fc.nat(60), fc.nat(10)), { maxLength: 6 })
  .map((parts) =>
    portSet(
      parts.map(([protocol, low, more]) => ({ protocol, low, high: low + more })),
      () => undefined,
    ),
  );
const members = (set: PortSet) =>
  (['TCP', 'UDP'] as const).flatMap((protocol) =>
    Array.from({ length: 80 }, (_, port) => port)
      .filter((port) => has(set, protocol, port))
      .map((port) => `${port}/${protocol}`),
  );

describe('sets of ports', () => {
  it('are joined, cut and taken away as sets of their members', () => {
    fc.assert(
      fc.property(anySet, anySet, (a, b) => {
        const [left, right] = [new Set(members(a)), new Set(members(b))];
        expect(new Set(members(union(a, b)))).toEqual(new Set([...left, ...right]));
        expect(new Set(members(subtract(a, b)))).toEqual(new Set([...left].filter((one) => !right.has(one))));
        expect(new Set(members(intersect(a, b)))).toEqual(new Set([...left].filter((one) => right.has(one))));
      }),
      { seed: 11 },
    );
  });

  it('say what they hold', () => {
    expect(describePorts(allPorts)).toBe('every port');
    expect(describePorts(noPorts)).toBe('no port');
    expect(describePorts(onePort('TCP', 80))).toBe('80/TCP');
    expect(describePorts(portSet([numbered('UDP', 0, 0), numbered('TCP', 80, 90)], () => undefined))).toBe(
      'every UDP port, 80-90/TCP',
    );
  });

  it('begin at the port and end at endPort, unless that lies below', () => {
    expect(numbered('TCP', 80, 90)).toMatchObject({ low: 80, high: 90 });
    expect(numbered('TCP', 80, 70)).toMatchObject({ low: 80, high: 80 });
    expect(numbered('TCP', 0, 0)).toMatchObject({ low: 0, high: 65535 });
  });
});

describe('names of ports', () => {
  const named = (name: string, containerPort: number, protocol = 'TCP') => ({
    name,
    containerPort,
    protocol,
  });

  it('go by the last of two that are the same, and ignore case', () => {
    const names = ownPorts(podPorts([named('DNS', 53, 'TCP'), named('dns', 5353, 'UDP')]));
    expect([names('dns', 'TCP'), names('dns', 'UDP')]).toEqual([undefined, 5353]);
  });

  it('have a number in the table of all pods only if there is one', () => {
    const table = portTable([
      podPorts([named('http', 80), named('admin', 1)]),
      podPorts([named('http', 8080)]),
    ]);
    expect([table('http', 'TCP'), table('admin', 'TCP'), table('admin', 'UDP')]).toEqual([
      undefined,
      1,
      undefined,
    ]);
  });

  it.each([
    ['http', true],
    ['1a', true],
    ['80', false],
    ['a--b', false],
    ['-a', false],
    ['sixteen-letters-x', false],
  ])('%s is one: %s', (name, is) => expect(isPortName(name)).toBe(is));

  it.each([
    ['80', 80],
    ['010', 8],
    ['65535', 65535],
  ])('the number %s is %i', (text, number) => expect(portNumber(text, 'port')).toBe(number));

  it.each(['65536', '09', 'x y', ''])('"%s" is no number', (text) =>
    expect(() => portNumber(text, 'port')).toThrow('unable to parse port'),
  );
});

describe('addresses', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.1.2.3/8', '10.9.9.9', true],
    ['2001:db8::/32', '2001:db8:1::5', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['::/0', '10.0.0.1', false],
    ['::ffff:1.2.3.4/128', '::ffff:102:304', true],
  ])('%s contains %s: %s', (cidr, ip, inside) => {
    const [prefix, address] = [parsePrefix(cidr), parseAddress(ip)];
    expect(prefix && address && contains(prefix, address)).toBe(inside);
  });

  it.each(['10.0.0.0', '10.0.0.0/33', '10.0.0/8', '10.0.0.01/8', '1::2::3/64', 'x/8', '10.0.0.0/08'])(
    '%s is no prefix',
    (text) => expect(parsePrefix(text)).toBeUndefined(),
  );

  it.each([
    ['example.org', 'Example.org.', true],
    ['*.example.org', 'a.example.org', true],
    ['*.example.org', 'a.b.example.org', false],
    ['**.example.org', 'a.b.example.org', true],
    ['*', 'anything.at.all', true],
    ['a*c.org', 'abc.org', true],
  ])('the pattern %s means %s: %s', (pattern, name, does) => expect(nameMatches(pattern, name)).toBe(does));
});
