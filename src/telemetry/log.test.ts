import { describe, expect, it } from 'vitest';
import { createLogger, type LogLevel, logFetched, logTransition } from './log.ts';

function capture(level: LogLevel = 'info') {
  const lines: string[] = [];
  const log = createLogger({ level, destination: { write: (line) => lines.push(line) } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

describe('the log', () => {
  it('writes one JSON line with time and level in words', () => {
    const { log, lines, last } = capture();
    log.info({ kind: 'Pod' }, 'synced');
    expect(lines).toHaveLength(1);
    expect(last()).toMatchObject({ level: 'info', kind: 'Pod', msg: 'synced' });
    expect(last().time).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('keeps to its level', () => {
    const { log, lines } = capture('warn');
    log.info('not this');
    log.warn('this');
    expect(lines).toHaveLength(1);
  });

  it('writes an error with its message, its code and its cause', () => {
    const { log, last } = capture();
    const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    log.error({ err: new Error('no answer', { cause }) }, 'list failed');
    expect(last().err).toMatchObject({ message: 'no answer', cause: { code: 'ECONNREFUSED' } });
  });
});

describe('no secret is ever logged', () => {
  it.each([
    [{ headers: { authorization: 'Bearer hunter2hunter2' } }],
    [{ request: { headers: { Authorization: 'hunter2hunter2' } } }],
    [{ user: { token: 'hunter2hunter2' } }],
    [{ deep: [{ er: { password: 'hunter2hunter2' } }] }],
    [{ 'client-key-data': 'hunter2hunter2' }],
    [{ object: { kind: 'Secret', metadata: { name: 'db' }, data: { user: 'hunter2hunter2' } } }],
    [{ object: { kind: 'Secret', stringData: { user: 'hunter2hunter2' } } }],
    [{ object: { kind: 'SecretList', items: [{ data: { user: 'hunter2hunter2' } }] } }],
    [
      {
        object: {
          kind: 'Secret',
          metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'hunter2hunter2' } },
        },
      },
    ],
    [{ err: Object.assign(new Error('x'), { headers: { authorization: 'hunter2hunter2' } }) }],
    [{ url: 'https://admin:hunter2hunter2@example.com/' }],
    [{ err: new Error('server said: Authorization: Bearer hunter2hunter2') }],
  ])('%j', (fields) => {
    const { log, lines } = capture();
    log.info(fields, 'message');
    expect(lines[0]).not.toContain('hunter2');
    expect(lines[0]).toContain('[redacted]');
  });

  it('also not in the message itself', () => {
    const { log, lines, last } = capture();
    log.info('sent "Bearer hunter2hunter2" to the server');
    expect(lines[0]).not.toContain('hunter2');
    expect(last().msg).toBe('sent "[redacted]" to the server');
  });

  it('nor in what a child logger carries along', () => {
    const { log, lines } = capture();
    log.child({ token: 'hunter2hunter2' }).info('message');
    expect(lines[0]).not.toContain('hunter2');
  });

  it('and ConfigMaps and ordinary words stay readable', () => {
    const { log, last } = capture();
    const object = { kind: 'ConfigMap', data: { 'enable-policy': 'always' } };
    log.info({ object, url: 'https://10.0.0.1:6443/api' }, 'read');
    expect(last()).toMatchObject({ object, url: 'https://10.0.0.1:6443/api' });
  });
});

describe('a change of state', () => {
  const item = { namespace: 'remediation-system', name: 'item-13', number: 13 };

  it('is one line that names the item, both states, the reason and who did it', () => {
    const { log, lines, last } = capture();
    logTransition(log, item, {
      at: '2026-01-17T03:00:00Z',
      from: 'Implemented',
      to: 'Drifted',
      reason: 'Regressed',
      message: '1 of 3 checks fail: envoy',
      changedBy: {
        kind: 'PodDisruptionBudget',
        namespace: 'network',
        name: 'envoy',
        manager: 'kubectl-edit',
      },
    });
    expect(lines).toHaveLength(1);
    expect(last()).toMatchObject({
      level: 'warn',
      item,
      from: 'Implemented',
      to: 'Drifted',
      reason: 'Regressed',
      changedBy: { name: 'envoy', manager: 'kubectl-edit' },
      msg: 'remediation-system/item-13: Implemented -> Drifted (Regressed): 1 of 3 checks fail: envoy',
    });
  });

  it('is news, not a warning, when nothing is wrong', () => {
    const { log, last } = capture();
    logTransition(log, item, {
      at: '2026-01-17T03:00:00Z',
      to: 'Implemented',
      reason: 'AllChecksPass',
      message: '3 of 3 checks pass',
    });
    expect(last()).toMatchObject({
      level: 'info',
      from: '',
      msg: expect.stringContaining('new -> Implemented'),
    });
  });
});

describe('a fetch', () => {
  const fetched = {
    url: 'http://source/a',
    readers: ['GitRepository/flux-system/home'],
    seconds: 1,
    news: true,
  };
  const failure = { reason: 'Unreachable', message: 'http://source/a answers 500' };

  it('that fails is a warning with the source and the reason, once', () => {
    const { log, lines, last } = capture();
    logFetched(log, { ...fetched, failure });
    logFetched(log, { ...fetched, failure, news: false });
    expect(lines).toHaveLength(1);
    expect(last()).toMatchObject({ level: 'warn', sources: fetched.readers, reason: 'Unreachable' });
    expect(last().msg).toBe(
      'the artifact of GitRepository/flux-system/home could not be had, and is tried again: http://source/a answers 500',
    );
  });

  it('that succeeds is told after one that failed, else only to those who look for it', () => {
    const { log, lines, last } = capture('debug');
    logFetched(log, fetched);
    expect(last().level).toBe('info');
    logFetched(log, { ...fetched, news: false });
    expect(last().level).toBe('debug');
    expect(lines).toHaveLength(2);
  });
});
