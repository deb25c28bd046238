// Where an object comes from, so that a suggestion ends up where it lasts: in
// the values of a Helm release, in the resource of an operator, in Git where a
// Flux Kustomization reaches it.

import type { EditTarget } from '../../facts/edits.ts';
import type { KindName, Meta, Owner } from '../../facts/kinds.ts';
import { KINDS } from '../../facts/projections.ts';
import { kindRef, type Source } from '../../facts/source.ts';

/** Controllers of Kubernetes itself: what they own is not changed by hand at all. */
const BUILT_IN = new Set(['apps', 'batch', '']);

/** One sentence for everything that will have its own way with the object. */
export function originOf(source: Source, target: EditTarget): readonly string[] {
  if (!(target.kind in KINDS)) return [];
  const fact = source.get(kindRef(target.kind as KindName), target.namespace, target.name);
  if (fact.state !== 'known') return [];
  const { meta } = fact.value as { readonly meta: Meta };
  const name = `${target.kind} ${target.namespace ? `${target.namespace}/` : ''}${target.name}`;
  const owner = meta.owners.find((each) => each.controller && !BUILT_IN.has(groupOf(each)));
  return [
    ...(owner
      ? [
          `${owner.kind} ${owner.name} makes ${name} and will undo a patch of it: make the change in the spec of ${owner.kind} ${owner.name}`,
        ]
      : []),
    ...managersOf(name, meta),
  ];
}

const groupOf = ({ apiVersion }: Owner) => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '');

function managersOf(name: string, { labels, namespace }: Meta): readonly string[] {
  const helmRelease = labels['helm.toolkit.fluxcd.io/name'];
  if (helmRelease) {
    const where = labels['helm.toolkit.fluxcd.io/namespace'] ?? namespace;
    return [
      `${name} is rendered by HelmRelease ${where}/${helmRelease}: put this into its values, or where the chart has none for it into spec.postRenderers as a kustomize patch`,
    ];
  }
  const kustomization = labels['kustomize.toolkit.fluxcd.io/name'];
  if (kustomization) {
    const where = labels['kustomize.toolkit.fluxcd.io/namespace'] ?? namespace;
    return [
      `${name} is applied by Flux Kustomization ${where}/${kustomization}: put this into Git where that reaches it, or it will not last`,
    ];
  }
  const application = labels['argocd.argoproj.io/instance'];
  if (application)
    return [`${name} is applied by Argo CD application ${application}: put this into its source`];
  if (labels['app.kubernetes.io/managed-by'] !== 'Helm') return [];
  const release = labels['app.kubernetes.io/instance'];
  return [
    `${name} belongs to ${release ? `Helm release ${release}` : 'a Helm release'}: put this into its values, or the next upgrade takes it away`,
  ];
}
