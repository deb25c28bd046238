// Which addresses evidence may be fetched from, in whatever way they are written.

import { describe, expect, test } from 'vitest';
import { parseRange, refusalOf } from './addresses.ts';

describe('an address that is never spoken to', () => {
  test.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.0.9', 'loopback'],
    ['0.0.0.0', 'this machine'],
    ['169.254.169.254', 'link-local'],
    ['169.254.170.2', 'link-local'],
    ['100.100.100.200', 'metadata'],
    ['168.63.129.16', 'metadata'],
    ['192.0.0.192', 'metadata'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['240.0.0.1', 'reserved'],
    ['::', 'this machine'],
    ['::1', 'loopback'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['fec0::1', 'special'],
    ['ff02::1', 'multicast'],
    ['fd00:ec2::254', 'metadata'],
    ['fd00:ec2::23', 'metadata'],
    ['fd20:ce::254', 'metadata'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:a9fe:a9fe', 'link-local'],
    ['::127.0.0.1', 'loopback'],
    ['::7f00:1', 'special'],
    ['64:ff9b::7f00:1', 'loopback'],
    ['64:ff9b::a9fe:a9fe', '169.254.169.254'],
    ['64:ff9b:1::a9fe:a9fe', 'translated'],
    ['2002:7f00:1::', 'loopback'],
    ['2002:a9fe:a9fe::1', 'link-local'],
    ['2001:0:a9fe:a9fe::1', 'special'],
    ['not an address', 'no address'],
  ])('%s: %s', (address, why) => {
    expect(refusalOf(address, [])).toContain(why);
  });
});

test.each([
  '10.96.0.12',
  '192.168.1.5',
  '172.20.0.1',
  '100.64.0.7',
  '140.82.112.3',
  'fd12::1',
  '2606:4700::1',
  '64:ff9b::8c52:7003',
])('%s is an ordinary place', (address) => {
  expect(refusalOf(address, [])).toBeUndefined();
});

test('a range that is allowed is spoken to, and what lies beside it is not', () => {
  const allowed = [parseRange('127.0.0.0/29'), parseRange('fe80::/64')];
  expect(refusalOf('127.0.0.1', allowed)).toBeUndefined();
  expect(refusalOf('::ffff:127.0.0.1', allowed)).toBeUndefined();
  expect(refusalOf('127.0.0.8', allowed)).toContain('loopback');
  expect(refusalOf('fe80::9', allowed)).toBeUndefined();
  expect(refusalOf('fe80:1::9', allowed)).toContain('link-local');
  expect(refusalOf('64:ff9b::7f00:1', allowed)).toContain('loopback');
});

test.each([
  '10.0.0.0/33',
  'fd00::/129',
  '10.0.0/8',
  'localhost',
  '10.0.0.0/8/8',
  '10.0.0.0/',
  '0x7f.0.0.1',
  '',
])('%j is no range', (text) => {
  expect(() => parseRange(text)).toThrow('no range of addresses');
});
