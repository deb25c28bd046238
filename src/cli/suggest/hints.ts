// What is known of why something fails beyond the check itself: that the
// repository has what would mend it, in a file that nothing applies.

import type { RemediationItem } from '../../api/remediation-item.ts';
import { byType, type Check, type Finding } from '../../checks/check.ts';
import { CHECKS } from '../../checks/index.ts';
import { blockOf } from '../../engine/verdict.ts';
import { recordFacts } from '../../facts/recording.ts';
import type { World } from '../world.ts';

/** What more there is to say of a finding; undefined where there is nothing. */
export type Hints = (finding: Finding) => string | undefined;

/** Judges the items once more, by checks that look back. */
export async function hintsFor(
  { hindsight, source }: Pick<World, 'hindsight' | 'source'>,
  items: readonly RemediationItem[],
  now: Date,
): Promise<Hints> {
  if (!hindsight) return () => undefined;
  const lookingBack = await hindsight(source.tree);
  const plain = byType(CHECKS);
  const hints = new Map<string, string>();
  for (const { metadata, spec } of items) {
    for (const entry of spec.checks) {
      const { check, params } = blockOf(plain, entry);
      const judge = (which: Check) =>
        which.judge(params, { facts: recordFacts(source), now, namespace: metadata.namespace }).findings;
      const told = judge(lookingBack(check));
      for (const finding of judge(check)) {
        const more = told.find(
          ({ reason, message }) => reason === finding.reason && isLonger(message, finding),
        );
        if (more) hints.set(keyOf(finding), more.message.slice(finding.message.length).trim());
      }
    }
  }
  return (finding) => hints.get(keyOf(finding));
}

const keyOf = ({ reason, message }: Finding) => `${reason} ${message}`;

const isLonger = (message: string, finding: Finding) =>
  message.length > finding.message.length && message.startsWith(finding.message);
