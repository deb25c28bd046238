// The verdict of one side of a flow: the engine's, or that it depends on which node is meant.

import type { Verdict } from '../../checks/networkPolicy/engine/index.ts';
import type { Answer } from '../../report/reach/index.ts';

export type SideBecause =
  | Verdict['because']
  /** It hangs on the node that is meant. */
  | { readonly kind: 'nodes'; readonly what: string };

export interface SideVerdict {
  readonly decision: Answer;
  readonly because: SideBecause;
}
