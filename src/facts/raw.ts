// Reading raw objects, whatever they hold: what is not of the expected type is
// taken for absent. Runs for every object of every watch event.

import type { Condition, Manager, Meta, Selector } from './kinds.ts';
import { type Sharing, unshared } from './sharing.ts';

export type Raw = Record<string, unknown>;

export const EMPTY: Readonly<Record<string, string>> = Object.freeze({});
export const NONE: readonly never[] = Object.freeze([]);

/** Annotations that some check reads; the rest (last-applied-configuration) would fill the memory. */
const KEPT_ANNOTATIONS = [
  'deployment.kubernetes.io/revision',
  'kustomize.toolkit.fluxcd.io/reconcile',
  'config.kubernetes.io/origin',
];

export function object(raw: unknown): Raw {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? (raw as Raw) : {};
}
export function array(raw: unknown): readonly unknown[] {
  return Array.isArray(raw) ? raw : NONE;
}
export function string(raw: unknown, fallback = ''): string {
  return typeof raw === 'string' ? raw : fallback;
}
export function number(raw: unknown, fallback = 0): number {
  return typeof raw === 'number' ? raw : fallback;
}
export function map(raw: unknown, { text }: Sharing): Readonly<Record<string, string>> {
  const entries = Object.entries(object(raw)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  if (entries.length === 0) return EMPTY;
  return Object.fromEntries(entries.map(([key, value]) => [key, text(value)]));
}
export const intOrString = (raw: unknown): number | string | undefined =>
  typeof raw === 'number' || typeof raw === 'string' ? raw : undefined;

/** Reads metadata. Managers come newest first. */
export function meta(raw: Raw, sharing: Sharing = unshared): Meta {
  const { text } = sharing;
  const m = object(raw.metadata);
  const all = object(m.annotations);
  const kept = KEPT_ANNOTATIONS.filter((key) => typeof all[key] === 'string');
  return {
    name: string(m.name),
    namespace: text(string(m.namespace)),
    uid: string(m.uid),
    generation: number(m.generation),
    labels: map(m.labels, sharing),
    annotations:
      kept.length === 0 ? EMPTY : Object.fromEntries(kept.map((key) => [key, text(string(all[key]))])),
    creationTimestamp: text(string(m.creationTimestamp)),
    ...(typeof m.deletionTimestamp === 'string' ? { deletionTimestamp: m.deletionTimestamp } : {}),
    owners: array(m.ownerReferences).map((entry) => {
      const owner = object(entry);
      return {
        apiVersion: text(string(owner.apiVersion)),
        kind: text(string(owner.kind)),
        name: text(string(owner.name)),
        uid: text(string(owner.uid)),
        controller: owner.controller === true,
      };
    }),
    managers: managers(m.managedFields, sharing),
  };
}

/** managedFields without the fields: who, how and when, newest first. */
export function managers(raw: unknown, { text }: Sharing = unshared): readonly Manager[] {
  return array(raw)
    .map((entry) => {
      const field = object(entry);
      return {
        manager: text(string(field.manager)),
        operation: text(string(field.operation)),
        ...(typeof field.subresource === 'string' && field.subresource !== ''
          ? { subresource: text(field.subresource) }
          : {}),
        ...(typeof field.time === 'string' ? { time: text(field.time) } : {}),
      };
    })
    .sort((a, b) => (a.time === b.time ? 0 : (a.time ?? '') < (b.time ?? '') ? 1 : -1));
}

export function conditions(raw: unknown, { text }: Sharing): readonly Condition[] {
  return array(raw).map((entry) => {
    const c = object(entry);
    return {
      type: text(string(c.type)),
      status: text(string(c.status)),
      ...(typeof c.reason === 'string' ? { reason: text(c.reason) } : {}),
      ...(typeof c.message === 'string' ? { message: text(c.message) } : {}),
      ...(typeof c.observedGeneration === 'number' ? { observedGeneration: c.observedGeneration } : {}),
      ...(typeof c.lastTransitionTime === 'string' ? { lastTransitionTime: text(c.lastTransitionTime) } : {}),
      ...(typeof c.lastUpdateTime === 'string' ? { lastUpdateTime: text(c.lastUpdateTime) } : {}),
    };
  });
}

export function selector(raw: unknown): Selector | undefined {
  return typeof raw === 'object' && raw !== null ? (raw as Selector) : undefined;
}
