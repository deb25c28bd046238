// What one step lacks of what is wanted of it.

import type { Finding } from '../check.ts';

export interface Lack extends Pick<Finding, 'reason' | 'fix'> {
  readonly level: 'Fail' | 'Unknown';
  /** Within workflowStep; empty for all of it. */
  readonly field: string;
  /** In words that follow the step. */
  readonly what: string;
}
