// status.conditions, for programs that read conditions (kstatus, kubectl wait).

import type { ItemStatus, StatusCondition } from '../api/status.ts';
import type { Outcome } from './lifecycle.ts';
import { timestamp } from './verdict.ts';

type Truth = StatusCondition['status'];

/**
 * Ready says "judged at this generation", whatever the verdict. Implemented,
 * Drifted, Waived and Blocked say the verdict; Stalled is there only while True.
 */
export function conditions(
  { state, reason, summary, drift }: Outcome,
  generation: number,
  before: ItemStatus,
  now: Date,
): StatusCondition[] {
  const make = (type: string, status: Truth, why: string, message: string): StatusCondition => {
    const previous = before.conditions?.find((condition) => condition.type === type);
    return {
      type,
      status,
      observedGeneration: generation,
      lastTransitionTime: previous?.status === status ? previous.lastTransitionTime : timestamp(now),
      reason: why,
      message,
    };
  };
  const truth = (holds: boolean): Truth => (holds ? 'True' : 'False');
  const invalid = state === 'Invalid';
  const notJudged = invalid || state === 'Suspended';
  return [
    invalid
      ? make('Ready', 'False', 'Invalid', summary)
      : make(
          'Ready',
          'True',
          notJudged ? 'Suspended' : 'Judged',
          `judged at generation ${generation}: ${state}`,
        ),
    make(
      'Implemented',
      notJudged || state === 'Unknown' ? 'Unknown' : truth(state === 'Implemented'),
      reason,
      summary,
    ),
    make(
      'Drifted',
      truth(drift !== undefined),
      drift ?? 'NoDrift',
      drift ? driftMessage(state, summary) : 'nothing that was claimed or proven fails',
    ),
    make(
      'Waived',
      truth(state === 'Waived'),
      state === 'Waived' ? 'Waived' : 'NotWaived',
      state === 'Waived' ? summary : 'the state rests on no waiver',
    ),
    make(
      'Blocked',
      truth(state === 'Blocked'),
      state === 'Blocked' ? 'Blocked' : 'NotBlocked',
      state === 'Blocked' ? summary : 'nothing stands in the way',
    ),
    ...(invalid ? [make('Stalled', 'True', 'Invalid', summary)] : []),
  ];
}

const driftMessage = (state: Outcome['state'], summary: string) =>
  state === 'Drifted' ? summary : `it drifted, and now it is ${state}, which clears nothing: ${summary}`;
