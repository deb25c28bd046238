// kubectl for a whole run of the `unit` project: the machine's own, or the one of
// the test control plane, built before the first test rather than within its time.

import { pathWithKubectl } from '../../src/facts/flux/testing/repository.ts';

export default async function setup(): Promise<void> {
  try {
    process.env.PATH = await pathWithKubectl();
  } catch (error) {
    console.error(`No kubectl, and none can be built: what needs it will fail. ${String(error)}`);
  }
}
