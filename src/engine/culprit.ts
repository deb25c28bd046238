// Who did it: the change, among those that led to this judgement, that brought
// the new failures about, and the field manager that wrote the object last.

import type { ChangedBy } from '../api/status.ts';
import type { Finding, Subject } from '../checks/check.ts';
import type { KindName, Manager } from '../facts/kinds.ts';
import type { Facts } from '../facts/view.ts';
import { clip } from './verdict.ts';

/** A change of an object that the item had read. */
export interface Change {
  readonly subject: Subject;
  readonly action: 'Created' | 'Changed' | 'Deleted';
  readonly managers: readonly Manager[];
}

/** The culprit of the failures, or of the mending when there are none. */
export function culprit(
  changes: readonly Change[],
  failures: readonly Finding[],
  facts: Facts,
): ChangedBy | undefined {
  const suspects = failures.flatMap((finding) => [
    ...(finding.culprits ?? []),
    ...(finding.subject ? [finding.subject] : []),
  ]);
  const [first] = changes;
  const suspected = changes.filter((change) => suspects.some((suspect) => same(suspect, change.subject)));
  // A controller reports on what somebody wrote, in the same second: that report comes later and says nothing of who it was.
  const seen = suspected.find((change) => !isReport(change)) ?? suspected[0];
  const change =
    seen ??
    changes.find(({ action }) => action === 'Deleted') ??
    (first && changes.every(({ subject }) => same(subject, first.subject)) ? first : undefined);
  if (change) return named(change.subject, change.managers, change.action);
  for (const suspect of suspects) {
    const managers = managersOf(suspect, facts);
    if (managers.length > 0) return named(suspect, managers, undefined);
  }
  return undefined;
}

const same = (a: Subject, b: Subject) =>
  a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');

/** Kinds of which the status is the evidence: what a source offers is what its controller reports. */
const JUDGED_BY_STATUS: ReadonlySet<string> = new Set(['GitRepository', 'OCIRepository', 'Bucket']);

/** Nothing but the status was written, and it is not the evidence. */
const isReport = ({ subject, action, managers: [last] }: Change) =>
  action === 'Changed' && last?.subresource === 'status' && !JUDGED_BY_STATUS.has(subject.kind);

/** The last writer of anything but status; controllers that only report are no culprits, where the report is not the evidence. */
function named(
  { kind, namespace, name }: Subject,
  managers: readonly Manager[],
  action: Change['action'] | undefined,
): ChangedBy {
  const reporter =
    action === 'Changed' && JUDGED_BY_STATUS.has(kind)
      ? managers.find(({ subresource }) => subresource === 'status')
      : undefined;
  const writer = reporter ?? managers.find(({ subresource }) => subresource === undefined) ?? managers[0];
  return {
    kind,
    ...(namespace ? { namespace } : {}),
    name,
    ...(writer ? { manager: clip(writer.manager, 128) } : {}),
    ...(action ? { action } : {}),
  };
}

/** After a restart no change was seen: the object itself still says who wrote it last. */
function managersOf({ kind, namespace, name }: Subject, facts: Facts): readonly Manager[] {
  const fact = KNOWN.has(kind) ? facts.get(kind as KindName, namespace, name) : undefined;
  return fact?.state === 'known' ? fact.value.meta.managers : [];
}

/** Kinds that findings are about and that are read by name anyway. */
const KNOWN: ReadonlySet<string> = new Set<KindName>([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'PodDisruptionBudget',
  'HorizontalPodAutoscaler',
  'NetworkPolicy',
  'CiliumNetworkPolicy',
  'CiliumClusterwideNetworkPolicy',
]);
