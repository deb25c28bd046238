// The owner's end of a watchdog (watchdog.ts).
import { join } from 'node:path';
import type { ProcessIdentity } from '../cluster/processes.ts';
import { type Watchdog, watchedBy } from '../cluster/watched.ts';

/** Starts a process that ends the program when this one ends. */
export const startWatchdog = ({ pid, startedAt }: ProcessIdentity): Watchdog =>
  watchedBy(join(import.meta.dirname, 'watchdog.ts'), [String(pid), startedAt]);
