// Flux's source-controller for a whole run of the `e2e` project, built before
// the first suite asks for it, or the word that there is none.
import type { TestProject } from 'vitest/node';
import { streamProgress } from '../cluster/progress.ts';
import { orNull } from '../cluster/vitest-setup.ts';
import { buildFlux, type FluxPrograms } from './build.ts';

declare module 'vitest' {
  interface ProvidedContext {
    fluxPrograms: FluxPrograms | null;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const programs = await orNull(buildFlux(streamProgress()), "No suite runs with Flux's source-controller");
  project.provide('fluxPrograms', programs);
}
