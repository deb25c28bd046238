// HelmReleases: what they would create is not in the repository, and is taken
// neither for there nor for absent.

import type { Manifest } from '../manifest-files.ts';
import type { Doubt } from './doubts.ts';
import { findHidden } from './unknowns.ts';

const GROUP = 'helm.toolkit.fluxcd.io/';

const isHelmRelease = ({ apiVersion, kind }: Manifest) =>
  kind === 'HelmRelease' && apiVersion.startsWith(GROUP);

/** One doubt for each release that cannot be rendered. */
export function helmDoubts(objects: readonly Manifest[]): Doubt[] {
  return objects.filter(isHelmRelease).flatMap((release) => {
    const spec = (release.spec ?? {}) as {
      targetNamespace?: string;
      kubeConfig?: unknown;
      chart?: { spec?: { chart?: string; sourceRef?: { kind?: string; name?: string; namespace?: string } } };
      chartRef?: { kind?: string; name?: string; namespace?: string };
    };
    if (spec.kubeConfig) return [];
    const own = release.metadata.namespace ?? 'default';
    const namespace = spec.targetNamespace ?? own;
    const ref = spec.chartRef ?? spec.chart?.spec?.sourceRef;
    const source = ref ? `${ref.kind} ${ref.namespace ?? own}/${ref.name}` : 'of no source';
    const chart = spec.chart?.spec?.chart;
    return [
      {
        who: `HelmRelease ${own}/${release.metadata.name}`,
        says: `would create objects here that cannot be rendered without its chart (${chart ? `${chart} of ` : ''}${source})`,
        mend: 'Judge the live cluster.',
        ...(findHidden(namespace) ? {} : { namespaces: new Set([namespace]) }),
        clusterScoped: true,
        notOfFlux: true,
      },
    ];
  });
}
