// Reading manifests: what people really have in their folders.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadManifests, parseManifests } from './manifest-files.ts';

const names = ({ objects }: { objects: readonly { kind: string; metadata: { name: string } }[] }) =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
const MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n';

describe('the text of one file', () => {
  it('may hold several documents, some of them empty', () => {
    const read = parseManifests(
      `---\n${MAP}---\n---\n# only a comment\n---\n${MAP.replace('a}', 'b}')}---\n`,
      'x.yaml',
    );
    expect(names(read)).toEqual(['ConfigMap a', 'ConfigMap b']);
    expect(read).toMatchObject({ problems: [], ignored: [] });
  });

  it.each(['', '\n\n', '---\n', '# nothing here\n', '---\n---\n'])('may be as good as empty: %j', (text) => {
    expect(parseManifests(text, 'x.yaml')).toMatchObject({ objects: [], problems: [], ignored: [] });
  });

  it('that is not YAML is told with its document and line, and the rest is read', () => {
    const read = parseManifests(`${MAP}---\nkey: [unclosed\n---\n${MAP.replace('a}', 'b}')}`, 'x.yaml');
    expect(names(read)).toContain('ConfigMap a');
    expect(read.problems).toHaveLength(1);
    expect(read.problems[0]).toMatch(/^x\.yaml: document 2 is not YAML: .*line \d+/);
  });

  it('with a key that is there twice is told, for nobody knows which one counts', () => {
    const read = parseManifests('apiVersion: v1\nkind: A\nkind: B\nmetadata: {name: a}\n', 'x.yaml');
    expect(read.problems[0]).toContain('x.yaml: document 1 is not YAML: Map keys must be unique');
  });

  it('may be a List as kubectl prints it, of one kind or of several', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n`;
    expect(names(parseManifests(list, 'x.yaml'))).toEqual(['ConfigMap a', 'Pod b']);
    const typed = 'apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- {metadata: {name: c}}\n';
    const read = parseManifests(typed, 'x.yaml');
    expect(read.objects[0]).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment' });
  });

  it('tells where each object stands, in a List too', () => {
    const item = (name: string) => `- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: ${name}}\n`;
    const { objects, places } = parseManifests(
      `# a comment\n---\n${MAP}---\n# of b\n${MAP.replace('a}', 'b}')}---\napiVersion: v1\nkind: List\nitems:\n${item('c')}${item('d')}`,
      'x.yaml',
    );
    expect(objects.map((object) => [object.metadata.name, places.get(object)])).toEqual([
      ['a', { file: 'x.yaml', line: 3 }],
      ['b', { file: 'x.yaml', line: 8 }],
      ['c', { file: 'x.yaml', line: 15 }],
      ['d', { file: 'x.yaml', line: 18 }],
    ]);
  });

  it('may be JSON, in a file of any name', () => {
    const json = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
    expect(names(parseManifests(json, 'x.json'))).toEqual(['ConfigMap a']);
    expect(names(parseManifests(json, 'x.yaml'))).toEqual(['ConfigMap a']);
    expect(parseManifests('{"a": ', 'x.json').problems[0]).toMatch(/^x\.json: not JSON/);
  });

  it('that is YAML and no Kubernetes object is passed over with a word, and is no error', () => {
    const read = parseManifests(`replicaCount: 3\n---\njust text\n---\n[1, 2]\n---\n${MAP}`, 'values.yaml');
    expect(names(read)).toEqual(['ConfigMap a']);
    expect(read.problems).toEqual([]);
    expect(read.ignored).toEqual([
      'values.yaml: document 1: no apiVersion or kind',
      'values.yaml: document 2: not a Kubernetes object (no apiVersion, kind and metadata)',
      'values.yaml: document 3: not a Kubernetes object (no apiVersion, kind and metadata)',
    ]);
  });

  it('with an object that has no name is passed over with a word', () => {
    const read = parseManifests('apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}\n', 'x.yaml');
    expect(read.ignored).toEqual(['x.yaml: document 1: Pod without metadata.name']);
  });

  it('that would unfold without end is told, and does not', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghi'
        .split('')
        .map((key, index) => `${key}: &${key} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`),
    ].join('\n');
    expect(parseManifests(bomb, 'x.yaml').problems[0]).toContain('alias');
  });

  it('that is nested without end is told, and does not overflow', () => {
    const deep = `apiVersion: v1\nkind: A\nmetadata: {name: a}\nx: ${'['.repeat(5000)}${']'.repeat(5000)}\n`;
    expect(parseManifests(deep, 'x.yaml').problems).toHaveLength(1);
    const json = `{"x": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(parseManifests(json, 'x.json').problems).toEqual([
      'x.json: document 1 is nested deeper than 200 levels',
    ]);
  });

  it('may name things in Unicode', () => {
    const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {owner: Zoë, note: 日本語 🔥}}\n`;
    expect(parseManifests(text, 'x.yaml').objects[0]?.metadata.annotations).toEqual({
      owner: 'Zoë',
      note: '日本語 🔥',
    });
  });

  it('may begin with a byte order mark and end its lines as Windows does', () => {
    expect(names(parseManifests(`\ufeff${MAP.replaceAll('\n', '\r\n')}`, 'x.yaml'))).toEqual(['ConfigMap a']);
  });
});

describe('files and folders', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'manifests-'));
    await mkdir(path.join(folder, 'deep/.git'), { recursive: true });
    await mkdir(path.join(folder, 'node_modules'));
    const write = (file: string, text: string) => writeFile(path.join(folder, file), text);
    await write('b.yaml', MAP.replace('a}', 'b}'));
    await write('deep/a.yml', MAP);
    await write('deep/.git/hidden.yaml', MAP);
    await write('node_modules/other.yaml', MAP);
    await write('kustomization.yaml', 'resources: [b.yaml]\n');
    await write('README.md', '# not a manifest');
    await write('broken.yaml', 'key: [unclosed\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('are read in a fixed order, without what no cluster ever sees', async () => {
    const read = await loadManifests([folder]);
    expect(names(read)).toEqual(['ConfigMap b', 'ConfigMap a']);
    expect(read.ignored).toEqual([]);
    expect(read.problems).toEqual([expect.stringContaining('broken.yaml: document 1 is not YAML')]);
  });

  it('that do not exist are told by name, and the others are read', async () => {
    const read = await loadManifests([path.join(folder, 'nowhere'), path.join(folder, 'b.yaml')]);
    expect(read.problems).toEqual([`${path.join(folder, 'nowhere')}: no such file or folder`]);
    expect(names(read)).toEqual(['ConfigMap b']);
  });

  it('with an object of 5 MB are read', async () => {
    const big = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'big' },
      data: { x: 'ä'.repeat(2_500_000) },
    };
    await writeFile(path.join(folder, 'big.json'), JSON.stringify(big));
    expect(names(await loadManifests([path.join(folder, 'big.json')]))).toEqual(['ConfigMap big']);
  });
});
