// SubjectAccessReviews, asked once and remembered for a minute.

import {
  type Clock,
  canSubject,
  type Discovery,
  messageOf,
  serviceAccountSubject,
  type Transport,
} from '../kubernetes/index.ts';
import type { Permission, Question, Tenancy } from './tenancy.ts';

/** How long an answer is believed. */
const REMEMBER_MS = 60_000;
const FAILED_MS = 5_000;

interface Entry {
  answer: Permission;
  /** Monotonic time of the answer; undefined while the first question is under way. */
  at: number | undefined;
  asking: boolean;
}

export interface Permissions {
  readonly permission: Tenancy['permission'];
}

export interface PermissionsOptions {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly clock: Clock;
  /** An answer arrived or changed: items of this ServiceAccount are to be judged again. */
  readonly onAnswer: (tenant: { namespace: string; serviceAccountName: string }) => void;
}

export function createPermissions({
  transport,
  discovery,
  clock,
  onAnswer,
}: PermissionsOptions): Permissions {
  const entries = new Map<string, Entry>();

  async function ask(
    tenant: { namespace: string; serviceAccountName: string },
    question: Question,
    entry: Entry,
  ): Promise<void> {
    entry.asking = true;
    const before = entry.answer;
    entry.answer = await answerOf(tenant, question);
    entry.at = clock.monotonic();
    entry.asking = false;
    if (JSON.stringify(before) !== JSON.stringify(entry.answer)) onAnswer(tenant);
  }

  async function answerOf(
    { namespace, serviceAccountName }: { namespace: string; serviceAccountName: string },
    question: Question,
  ): Promise<Permission> {
    const resolution = await discovery.resolve(question.apiVersion, question.kind);
    if (resolution.state === 'failed')
      return { state: 'failed', reason: 'Unreachable', message: resolution.error.message };
    if (resolution.state === 'notServed') return { state: 'allowed' }; // there is nothing to read
    const { group, version, plural } = resolution.resource;
    const subject = serviceAccountSubject(namespace, serviceAccountName);
    const attributes = {
      verb: question.verb,
      group,
      version,
      resource: plural,
      ...(question.namespace ? { namespace: question.namespace } : {}),
      ...(question.name ? { name: question.name } : {}),
    };
    try {
      const { allowed } = await canSubject(transport, subject, attributes);
      if (allowed) return { state: 'allowed' };
      const where = question.namespace ? `in namespace ${question.namespace}` : 'in all namespaces';
      const resource = `${plural}${group ? `.${group}` : ''}`;
      return {
        state: 'denied',
        message: `${subject.user} may not ${question.verb} ${resource} ${where}; grant it: a ${question.namespace ? 'Role' : 'ClusterRole'} with verbs get, list on ${resource}, bound to ServiceAccount ${namespace}/${serviceAccountName}`,
      };
    } catch (error) {
      return {
        state: 'failed',
        reason: 'Unreachable',
        message: `may ${subject.user} ${question.verb} ${plural}? ${messageOf(error)}`,
      };
    }
  }

  return {
    permission: (tenant, question) => {
      const key = JSON.stringify([tenant.namespace, tenant.serviceAccountName, question]);
      let entry = entries.get(key);
      if (!entry) {
        entry = {
          answer: {
            state: 'pending',
            message: `whether ServiceAccount ${tenant.serviceAccountName} may ${question.verb} ${question.kind}`,
          },
          at: undefined,
          asking: false,
        };
        entries.set(key, entry);
      }
      const age = entry.at === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() - entry.at;
      if (!entry.asking && age >= (entry.answer.state === 'failed' ? FAILED_MS : REMEMBER_MS))
        void ask(tenant, question, entry);
      return entry.answer;
    },
  };
}
