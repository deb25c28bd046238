// Flux's source-controller for a whole run of the `e2e` project, built before
// the first suite asks for it, or the word that there is none.
import type { TestProject } from 'vitest/node';
import { streamProgress } from '../cluster/progress.ts';
import { orNull } from '../cluster/vitest-setup.ts';
import { buildSourceController } from './build.ts';

declare module 'vitest' {
  interface ProvidedContext {
    sourceController: string | null;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const program = await orNull(
    buildSourceController(streamProgress()),
    "No suite runs with Flux's source-controller",
  );
  project.provide('sourceController', program);
}
