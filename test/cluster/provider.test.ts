import { expect, it } from 'vitest';
import { NoK3sError } from './k3s.ts';
import { acquireCluster, NoClusterError, type Providers } from './provider.ts';

const cluster = (name: string) => ({
  info: { name, server: 'https://host', kubeconfigPath: '/k', kubectlPath: '/kubectl', folder: '/f' },
  stop: async () => undefined,
});

/** Providers that all work, but for those given. */
function acquire(env: NodeJS.ProcessEnv, broken: Partial<Providers> = {}) {
  const lines: string[] = [];
  const progress = { log: (line: string) => void lines.push(line), show: () => () => undefined };
  const providers: Providers = {
    kubeconfig: async (path) => cluster(path),
    k3s: async () => cluster('k3s'),
    local: async () => cluster('local'),
    ...broken,
  };
  return acquireCluster({ env, progress, providers }).then((acquired) => ({ acquired, lines }));
}

const fails = (error: Error) => () => Promise.reject(error);
const noK3s = { k3s: fails(new NoK3sError('Docker does not answer')) };

it('takes the cluster that is named before any other', async () => {
  const { acquired } = await acquire({ TEST_KUBECONFIG: '/named' });
  expect(acquired).toMatchObject({ provider: 'kubeconfig', info: { name: '/named' } });
});

it('does not test another cluster in place of a named one that does not answer', async () => {
  const kubeconfig = fails(new Error('refused'));
  await expect(acquire({ TEST_KUBECONFIG: '/named' }, { kubeconfig })).rejects.toThrow('refused');
});

it('takes K3s where it can be had', async () => {
  expect((await acquire({})).acquired.provider).toBe('k3s');
});

it('falls through to the local control plane, with a line that says why', async () => {
  const { acquired, lines } = await acquire({}, noK3s);
  expect(acquired.provider).toBe('local');
  expect(lines).toEqual(['No K3s (Docker does not answer); the suites use the local control plane.']);
});

it('does not hide that a K3s which started cannot be used', async () => {
  await expect(acquire({}, { k3s: fails(new Error('kwok ended')) })).rejects.toThrow('kwok ended');
});

it('names every reason where none can be had', async () => {
  const result = acquire({}, { ...noK3s, local: fails(new Error('"go" is not in PATH.')) });
  await expect(result).rejects.toThrow(NoClusterError);
  await expect(result).rejects.toThrow(/Docker does not answer.*"go" is not in PATH/);
});
