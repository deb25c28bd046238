// Where an object comes from, so that a suggestion ends up where it lasts: in
// the values of a Helm release, in the resource of an operator, in Git where a
// Flux Kustomization reaches it.

import type { EditTarget } from '../../facts/edits.ts';
import type { KindName, Meta, Owner } from '../../facts/kinds.ts';
import { KINDS } from '../../facts/projections.ts';
import { kindRef, type Source } from '../../facts/source.ts';

/** Controllers of Kubernetes itself: what they own is not changed by hand at all. */
const BUILT_IN = new Set(['apps', 'batch', '']);

/**
 * One sentence for everything that will have its own way with the object; of
 * what is new, where it belongs: beside the object that it is for.
 */
export function originOf(source: Source, target: EditTarget, isNew: boolean): readonly string[] {
  if (!(target.kind in KINDS)) return [];
  const fact = source.get(kindRef(target.kind as KindName), target.namespace, target.name);
  if (fact.state !== 'known') return [];
  const { meta } = fact.value as { readonly meta: Meta };
  const name = `${target.kind} ${target.namespace ? `${target.namespace}/` : ''}${target.name}`;
  return isNew ? besideOf(name, meta) : [...ownerOf(name, meta), ...appliedBy(name, meta)];
}

function ownerOf(name: string, { owners }: Meta): readonly string[] {
  const owner = owners.find((each) => each.controller && !BUILT_IN.has(groupOf(each)));
  if (!owner) return [];
  return [
    `${owner.kind} ${owner.name} makes ${name} and will undo a patch of it: make the change in the spec of ${owner.kind} ${owner.name}`,
  ];
}

const groupOf = ({ apiVersion }: Owner) => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '');

function besideOf(name: string, { labels, namespace }: Meta): readonly string[] {
  const kustomization = kustomizationOf(labels, namespace);
  if (kustomization) {
    return [
      `beside ${name} in Git, where Flux Kustomization ${kustomization} reaches it, or it will not last`,
    ];
  }
  const release = helmReleaseOf(labels, namespace);
  if (!release) return [];
  return [`beside ${release} in Git, or in its values if the chart can make one for ${name}`];
}

function appliedBy(name: string, { labels, namespace }: Meta): readonly string[] {
  const release = helmReleaseOf(labels, namespace);
  if (release) {
    return [
      `${name} is rendered by ${release}: put this into its values, or where the chart has none for it into a kustomize patch of the release (spec.postRenderers of a HelmRelease), or the next upgrade takes it away`,
    ];
  }
  const kustomization = kustomizationOf(labels, namespace);
  if (kustomization) {
    return [
      `${name} is applied by Flux Kustomization ${kustomization}: put this into Git where that reaches it, or it will not last`,
    ];
  }
  const application = labels['argocd.argoproj.io/instance'];
  if (application) {
    return [`${name} is applied by Argo CD application ${application}: put this into its source`];
  }
  const manager = labels['app.kubernetes.io/managed-by'];
  return manager ? [`${name} is labelled as managed by ${manager}, which may undo a patch of it`] : [];
}

function kustomizationOf(labels: Labels, namespace: string): string | undefined {
  const name = labels['kustomize.toolkit.fluxcd.io/name'];
  return name && `${labels['kustomize.toolkit.fluxcd.io/namespace'] ?? namespace}/${name}`;
}

function helmReleaseOf(labels: Labels, namespace: string): string | undefined {
  const name = labels['helm.toolkit.fluxcd.io/name'];
  if (name) return `HelmRelease ${labels['helm.toolkit.fluxcd.io/namespace'] ?? namespace}/${name}`;
  if (labels['app.kubernetes.io/managed-by'] !== 'Helm') return undefined;
  const release = labels['app.kubernetes.io/instance'];
  return release ? `Helm release ${namespace}/${release}` : 'its Helm release';
}

type Labels = Readonly<Record<string, string>>;
