// What people are told: one log line and one Event per change of state, and the
// metrics after every judgement.

import type { Parsed } from '../api/remediation-item.ts';
import type { ItemStatus, Transition } from '../api/status.ts';
import type { EventRecorder } from '../kubernetes/index.ts';
import { type Logger, logTransition } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ItemObject } from './items.ts';

export interface Reporter {
  evaluated(milliseconds: number): void;
  changeToVerdict(milliseconds: number): void;
  /** The status was written. */
  judged(object: ItemObject, parsed: Parsed, before: ItemStatus, after: ItemStatus): void;
  /** It was judged, and nothing had to be written. */
  unchanged(object: ItemObject, parsed: Parsed, status: ItemStatus): void;
  forgotten(key: string): void;
}

export interface ReporterOptions {
  readonly metrics: Metrics;
  readonly events: EventRecorder;
  readonly log: Logger;
  readonly now: () => Date;
}

export function createReporter({ metrics, events, log, now }: ReporterOptions): Reporter {
  function measure(object: ItemObject, parsed: Parsed, status: ItemStatus): void {
    const { namespace = '', name = '', labels = {} } = object.metadata;
    metrics.observeItem(
      { metadata: { namespace, name, labels }, ...(parsed.ok ? { spec: parsed.item.spec } : {}), status },
      now(),
    );
  }

  /** A first verdict that warns of nothing is told by the log and the status; a thousand Events would tell no more. */
  const deservesEvent = ({ from, to }: Transition) => from !== undefined || WARNS.has(to);

  function tell(object: ItemObject, parsed: Parsed, transition: Transition): void {
    const { namespace = '', name = '', uid = '' } = object.metadata;
    const { changedBy } = transition;
    const { number, title } = parsed.ok ? parsed.item.spec : {};
    logTransition(
      log,
      { namespace, name, ...(number === undefined ? {} : { number }), ...(title ? { title } : {}) },
      transition,
    );
    if (!deservesEvent(transition)) return;
    events.record({
      regarding: { apiVersion: object.apiVersion ?? '', kind: object.kind ?? '', namespace, name, uid },
      ...(changedBy
        ? { related: { kind: changedBy.kind, namespace: changedBy.namespace ?? '', name: changedBy.name } }
        : {}),
      type: WARNS.has(transition.to) ? 'Warning' : 'Normal',
      reason: transition.to === 'Drifted' ? transition.reason : transition.to,
      action: 'Judge',
      note: note(transition),
    });
  }

  return {
    evaluated: (milliseconds) => metrics.observeEvaluation(milliseconds / 1000),
    changeToVerdict: (milliseconds) => metrics.observeChangeToVerdict(milliseconds / 1000),
    judged: (object, parsed, before, after) => {
      const [transition] = after.history ?? [];
      if (transition && before.state !== after.state) tell(object, parsed, transition);
      measure(object, parsed, after);
    },
    unchanged: measure,
    forgotten: (key) => {
      const [namespace = '', name = ''] = key.split('/');
      metrics.forgetItem(namespace, name);
    },
  };
}

const WARNS: ReadonlySet<string> = new Set(['Drifted', 'Invalid']);

/** "Implemented → Drifted: …; PodDisruptionBudget network/envoy was deleted (last written by kubectl-edit)". */
function note({ from, to, message, changedBy }: Transition): string {
  const who = changedBy ? `; ${inWords(changedBy)}` : '';
  return `${from ? `${from} → ` : ''}${to}: ${message}${who}`;
}

function inWords({ kind, namespace, name, manager, action }: NonNullable<Transition['changedBy']>): string {
  const object = `${kind} ${namespace ? `${namespace}/` : ''}${name}`;
  const did = action === 'Deleted' ? 'was deleted' : action === 'Created' ? 'was created' : 'was changed';
  if (!manager) return `${object} ${did}`;
  return action === 'Deleted'
    ? `${object} ${did} (last written by ${manager})`
    : `${object} ${did} by ${manager}`;
}
