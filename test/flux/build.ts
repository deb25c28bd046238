// Builds Flux's source-controller, and a registry and an S3 gateway for it to
// fetch from, from the Go modules that are pinned here, once, and keeps them in
// the cache beside the programs of the control plane.
import { join } from 'node:path';
import { buildPinned } from '../cluster/build-once.ts';
import type { Progress } from '../cluster/progress.ts';

const folder = join(import.meta.dirname, 'programs');
/** A module of its own: the versions that it wants are not those of source-controller. */
const gatewayFolder = join(import.meta.dirname, 'gateway');

export interface FluxPrograms {
  readonly sourceController: string;
  readonly registry: string;
  /** S3 over a folder. */
  readonly gateway: string;
}

/** Answers the paths of the programs, built if they are not there yet. */
export async function buildFlux(progress: Progress): Promise<FluxPrograms> {
  const sourceController = await buildPinned(
    {
      folder,
      name: 'source-controller',
      what: "Flux's source-controller",
      package: 'github.com/fluxcd/source-controller',
      coldSeconds: 270,
    },
    progress,
  );
  const registry = await buildPinned(
    {
      folder,
      name: 'registry',
      what: 'a registry',
      package: 'github.com/distribution/distribution/v3/cmd/registry',
      coldSeconds: 60,
    },
    progress,
  );
  const gateway = await buildPinned(
    {
      folder: gatewayFolder,
      name: 'versitygw',
      what: 'an S3 gateway',
      package: 'github.com/versity/versitygw/cmd/versitygw',
      coldSeconds: 60,
    },
    progress,
  );
  return { sourceController, registry, gateway };
}
