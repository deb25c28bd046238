// Builds Helm from the Go module that programs/go.mod pins, once, and keeps it in
// the cache beside the programs of the control plane.
import { join } from 'node:path';
import { buildPinned } from '../cluster/build-once.ts';
import type { Progress } from '../cluster/progress.ts';

const folder = join(import.meta.dirname, 'programs');

/** Answers the path of the program, built if it is not there yet. */
export const buildHelm = (progress: Progress): Promise<string> =>
  buildPinned(
    { folder, name: 'helm', what: 'Helm', package: 'helm.sh/helm/v3/cmd/helm', coldSeconds: 240 },
    progress,
  );
