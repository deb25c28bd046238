import { describe, expect, it } from 'vitest';
import { cacheFolder, clusterFolder } from './paths.ts';

describe('cacheFolder', () => {
  it('takes REMEDIATION_CACHE as it is, XDG_CACHE_HOME as a base, and ~/.cache otherwise', () => {
    expect(cacheFolder({ REMEDIATION_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
    expect(cacheFolder({ XDG_CACHE_HOME: '/b' })).toBe('/b/remediation-operator');
    expect(cacheFolder({})).toMatch(/\/\.cache\/remediation-operator$/);
  });

  it('refuses a relative REMEDIATION_CACHE: it would be another one in every folder', () => {
    expect(() => cacheFolder({ REMEDIATION_CACHE: 'cache' })).toThrow('must be an absolute path');
  });
});

describe('clusterFolder', () => {
  it.each(['default', 'demo-1', 'a'])('takes the name %s', (name) => {
    expect(clusterFolder(name, { REMEDIATION_CACHE: '/a' })).toBe(`/a/clusters/${name}`);
  });
  it.each(['', '..', 'a/b', 'A', '-a', 'a-', 'x'.repeat(49)])('refuses the name "%s"', (name) => {
    expect(() => clusterFolder(name)).toThrow('is not usable');
  });
});
