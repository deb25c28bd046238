import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  applyStatus,
  canI,
  canSubject,
  createObject,
  deleteObject,
  getObject,
  serverVersion,
  serviceAccountSubject,
} from './apply.ts';
import { isAlreadyExists, isConflict } from './errors.ts';
import { configMap, type FakeServer, json, startFakeServer, status } from './testing/fake-server.ts';
import { createTransport, type Transport } from './transport.ts';

const ITEMS = { group: 'example.com', version: 'v1', plural: 'items', namespaced: true };
const CONFIG_MAPS = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };
let server: FakeServer;
let transport: Transport;

beforeEach(async () => {
  server = await startFakeServer();
  transport = createTransport(server.connection);
});
afterEach(async () => {
  await transport.close();
  await server.close();
});

describe('applyStatus', () => {
  const item = {
    apiVersion: 'example.com/v1',
    kind: 'Item',
    metadata: { namespace: 'ns', name: 'a', uid: 'u', resourceVersion: '7', labels: { not: 'sent' } },
    spec: { not: 'sent' },
    status: { state: 'Drifted' },
  };

  it('sends identity and status only, to the status subresource, as server-side apply', async () => {
    const path = '/apis/example.com/v1/namespaces/ns/items/a/status';
    server.on(path, {}, json({ ...item, metadata: { ...item.metadata, resourceVersion: '8' } }));
    const answer = await applyStatus(transport, ITEMS, item, { fieldManager: 'me' });
    expect(answer.metadata.resourceVersion).toBe('8');
    expect(server.requests[0]).toMatchObject({
      method: 'PATCH',
      path,
      query: { fieldManager: 'me', force: 'true' },
    });
    expect(server.requests[0]?.headers['content-type']).toBe('application/apply-patch+yaml');
    expect(server.requests[0]?.body).toEqual({
      apiVersion: 'example.com/v1',
      kind: 'Item',
      metadata: { namespace: 'ns', name: 'a', uid: 'u', resourceVersion: '7' },
      status: { state: 'Drifted' },
    });
  });

  it('throws a conflict when it was overtaken', async () => {
    server.on(
      '/apis/example.com/v1/namespaces/ns/items/a/status',
      {},
      status(409, 'Conflict', 'object was modified'),
    );
    const error = await applyStatus(transport, ITEMS, item, { fieldManager: 'me' }).catch(
      (caught: unknown) => caught,
    );
    expect(isConflict(error)).toBe(true);
    expect(isAlreadyExists(error)).toBe(false);
  });
});

describe('single objects', () => {
  it('are absent rather than an error when they do not exist', async () => {
    server.on('/api/v1/namespaces/default/configmaps/a', {}, json(configMap('a', '1')));
    expect((await getObject(transport, CONFIG_MAPS, 'default', 'a'))?.metadata.name).toBe('a');
    expect(await getObject(transport, CONFIG_MAPS, 'default', 'b')).toBeUndefined();
    await deleteObject(transport, CONFIG_MAPS, 'default', 'b');
    server.on('/api/v1/namespaces/default/configmaps/c', {}, status(403, 'Forbidden', 'no'));
    await expect(getObject(transport, CONFIG_MAPS, 'default', 'c')).rejects.toThrow('no');
    await expect(deleteObject(transport, CONFIG_MAPS, 'default', 'c')).rejects.toThrow('no');
  });

  it('are created in their namespace', async () => {
    server.on('/api/v1/namespaces/default/configmaps', {}, status(409, 'AlreadyExists', 'there is one'));
    const error = await createObject(transport, CONFIG_MAPS, configMap('a', '1')).catch(
      (caught: unknown) => caught,
    );
    expect(isAlreadyExists(error)).toBe(true);
    expect(isConflict(error)).toBe(false);
  });
});

describe('access reviews', () => {
  const question = { verb: 'list', group: 'apps', resource: 'deployments', namespace: 'ns' };

  it('ask about oneself', async () => {
    server.on(
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      {},
      json({ status: { allowed: true } }, 201),
    );
    expect(await canI(transport, question)).toEqual({ allowed: true, reason: '' });
    expect(server.requests[0]?.body).toMatchObject({ spec: { resourceAttributes: question } });
  });

  it('ask about a service account with the groups that it has', async () => {
    const answer = { status: { allowed: false, reason: 'no rule' } };
    server.on('/apis/authorization.k8s.io/v1/subjectaccessreviews', {}, json(answer, 201));
    const subject = serviceAccountSubject('ns', 'reader');
    expect(await canSubject(transport, subject, question)).toEqual({ allowed: false, reason: 'no rule' });
    expect(server.requests[0]?.body).toMatchObject({
      spec: {
        user: 'system:serviceaccount:ns:reader',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
      },
    });
  });

  it('are denied when the answer says nothing', async () => {
    server.on('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {}, json({}, 201));
    expect(await canI(transport, question)).toEqual({ allowed: false, reason: '' });
  });
});

describe('serverVersion', () => {
  it('is a first request to find out whether there is a server', async () => {
    server.on('/version', {}, json({ gitVersion: 'v1.36.2', major: '1', minor: '36' }));
    expect((await serverVersion(transport)).gitVersion).toBe('v1.36.2');
  });
});
