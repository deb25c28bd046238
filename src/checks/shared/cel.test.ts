// CEL over any object: what it means, and that nothing a user writes, nor any
// object, can hold it up or bring it down.

import { describe, expect, it } from 'vitest';
import { hide } from '../../api/hidden.ts';
import { type CelProgram, compileCel } from './cel.ts';

const run = (source: string, self: Record<string, unknown>) => {
  const compiled = compileCel(source);
  if (compiled.state === 'invalid') throw new Error(compiled.message);
  return compiled.run(self);
};

const items = Array.from({ length: 3_000 }, (_, v) => ({ name: `n${v}`, v }));
const large = { metadata: { name: 'x' }, spec: { items, text: 'a'.repeat(1_000_000) } };

describe('meaning', () => {
  it.each([
    ['self.spec.replicas >= 2', true],
    ['self.spec.replicas == 2.0', true],
    ['self.spec.weight > 0.25', true],
    ['type(self.spec.replicas) == int && 5 / self.spec.replicas == 2', true],
    ['has(self.spec.replicas) && !has(self.spec.missing)', true],
    ["self.spec.?missing.orValue('none') == 'none'", true],
    ["self.metadata.labels['app.kubernetes.io/name'] == 'a'", true],
    ["self.metadata.constructor == 'c'", true],
    ["self.spec.list.exists(e, e.name == 'b')", true],
    ["self.spec.list.map(e, e.name) == ['a', 'b']", true],
    ["'z' in self.metadata.labels", false],
    ["self.metadata.name.matches('^x$') // a comment", true],
    ["timestamp(self.at) < timestamp('2026-02-01T00:00:00Z')", true],
  ])('%s is %s', (source, value) => {
    const self = {
      metadata: { name: 'x', constructor: 'c', labels: { 'app.kubernetes.io/name': 'a' } },
      spec: { replicas: 2, weight: 0.5, list: [{ name: 'a' }, { name: 'b' }] },
      at: '2026-01-01T00:00:00Z',
    };
    expect(run(source, self)).toMatchObject({ state: 'value', value });
  });

  it('errs where a field is missing or a type is wrong', () => {
    expect(run('self.spec.x == 1', { spec: {} })).toMatchObject({
      state: 'error',
      message: 'No such key: x',
    });
    expect(run('self.spec', { spec: {} })).toMatchObject({ state: 'error' });
    expect(run('self.a + 1 == 2', { a: 'b' })).toMatchObject({ state: 'error' });
  });

  it('remembers what an object came to, and asks a changed one anew', () => {
    const self = { a: 1 };
    expect(run('self.a == 1', self)).toBe(run('self.a == 1', self));
    expect(run('self.a == 1', { a: 2 })).toMatchObject({ value: false });
  });
});

describe('what does not compile', () => {
  it.each([
    ['self.metadata.name +', 'EOF'],
    ['foo == 1', 'Unknown variable: foo'],
    ["'text'", 'it gives string, not bool'],
    ['true) || (true', 'Unexpected'],
    ["self.metadata.name.matches('(?!x)')", 'RE2'],
    ["[self].all(s, s.name.matches('('))", 'RE2'],
    ['x'.repeat(1_025), 'longer than 1024'],
    [`${'('.repeat(200)}true${')'.repeat(200)}`, 'maxDepth'],
  ])('%.40s', (source, message) => {
    expect(compileCel(source)).toMatchObject({ state: 'invalid', message: expect.stringContaining(message) });
  });
});

const digits = '[1,2,3,4,5,6,7,8,9,0]';
const nest = (names: string, inner: string) =>
  [...names].reduceRight((body, name) => `${digits}.all(${name},${body})`, inner);
const double = (names: string, first: string) =>
  [...names].reduceRight(
    (body, name, index) =>
      `cel.bind(${name},${index === 0 ? first : `${names[index - 1]}+${names[index - 1]}`},${body})`,
    `size(${names.at(-1)}) > 3`,
  );

describe('what costs too much is stopped', () => {
  it.each([
    ['loops within loops', nest('abcdefg', 'a+b+c+d+e+f+g >= 0')],
    ['loops within loops whose errors the library keeps to itself', nest('abcdefg', 'a/0 == 1')],
    [
      'a loop over the object within itself',
      'self.spec.items.all(a, self.spec.items.all(b, a.v != b.v || a.name == b.name))',
    ],
    ['a text that doubles', double('abcdefghij', 'self.spec.text')],
    ['a list that doubles', double('abcdefghijk', 'self.spec.items')],
    ['a text joined from many', "self.spec.items.map(x, self.spec.text).join('') == ''"],
    ['a text split to letters', "self.spec.text.split('').size() > 3"],
    ['equality of the whole object, for each element', 'self.spec.items.all(x, self == self)'],
    [
      'a search through a long text, for each element',
      "self.spec.items.exists(x, self.spec.text.contains('b' + x.name))",
    ],
    [
      'a pattern over a long text, for each element',
      "self.spec.items.exists(x, self.spec.text.matches('b' + x.name))",
    ],
    [
      'time zones, for each element',
      "self.spec.items.all(x, timestamp('2026-01-01T00:00:00Z').getHours('America/New_York') > 0)",
    ],
  ])('%s', (_, source) => {
    const before = process.cpuUsage();
    expect(run(source, large)).toMatchObject({ state: 'over' });
    // Seconds would be a sign of work that nobody counts; unstopped these take minutes, or all memory.
    expect(process.cpuUsage(before).user).toBeLessThan(5_000_000);
  });

  it('is never turned into a value by || and &&', () => {
    expect(run(`${nest('abcdefg', 'a >= 0')} || true`, large)).toMatchObject({ state: 'over' });
  });

  it('does not spoil the next object', () => {
    const source = 'self.items.all(a, self.items.all(b, a <= b || a > b))';
    expect(run(source, { items: Array.from({ length: 3_000 }, (_, i) => i) })).toMatchObject({
      state: 'over',
    });
    expect(run(source, { items: [1, 2] })).toMatchObject({ state: 'value', value: true });
  });
});

describe('any object', () => {
  it('may be nested without end', () => {
    const deep: Record<string, unknown> = {};
    let at = deep;
    for (let level = 0; level < 100_000; level++) at = at.a = {};
    expect(run('self == self', deep)).toMatchObject({
      state: 'over',
      message: expect.stringContaining('500 levels'),
    });
  });

  it('may be of 5 MB, and a simple question is answered', () => {
    const huge = {
      spec: { suspend: false, values: Array.from({ length: 50_000 }, (_, i) => `${'x'.repeat(90)}${i}`) },
    };
    expect(run('self.spec.suspend != true && size(self.spec.values) == 50000', huge)).toMatchObject({
      state: 'value',
      value: true,
    });
  });
});

describe('a value that cannot be read here', () => {
  const object = {
    metadata: { name: 'web' },
    spec: {
      suspend: false,
      interval: hide('Secret a/b is encrypted'),
      hosts: [`www.${hide('DOMAIN is not in Git')}`, 'web.example'],
    },
  };
  const rows = [
    { cel: 'self.spec.suspend == false', state: 'value' },
    { cel: 'has(self.spec.interval)', state: 'value' },
    { cel: 'size(self.spec.hosts) == 2', state: 'value' },
    { cel: 'self.spec.hosts[1] == "web.example"', state: 'value' },
    { cel: 'self.spec.interval == "10m"', state: 'hidden', message: 'Secret a/b is encrypted' },
    { cel: 'self.spec.interval != "10m" || true', state: 'hidden', message: 'Secret a/b is encrypted' },
    { cel: 'self.spec.?interval.orValue("") != ""', state: 'hidden', message: 'Secret a/b is encrypted' },
    { cel: 'self.spec.interval.matches("m$")', state: 'hidden', message: 'Secret a/b is encrypted' },
    { cel: 'self.spec.hosts.exists(h, h == "x")', state: 'hidden', message: 'DOMAIN is not in Git' },
    { cel: '"x" in self.spec.hosts', state: 'hidden', message: 'DOMAIN is not in Git' },
    { cel: 'self.spec == {"suspend": false}', state: 'hidden' },
  ] as const;
  it.for(rows)('makes $cel $state', ({ cel, ...expected }) => {
    expect(run(cel, object)).toMatchObject(expected);
  });
});

it('gives the same program for the same source', () => {
  expect(compileCel('self.a == 1') as CelProgram).toBe(compileCel('self.a == 1'));
});
