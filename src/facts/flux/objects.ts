// From the text that a build gives to objects: variables put in, encrypted values
// marked, and the file that each object is from.

import path from 'node:path';
import { parseDocument } from 'yaml';
import { hide, whyHidden } from '../../api/hidden.ts';
import { type Manifest, parseManifests } from '../manifest-files.ts';
import type { Built, Place } from './build.ts';
import { type Lookup, substitute } from './envsubst.ts';
import { BuildError } from './generate.ts';
import { KUSTOMIZE_GROUP, type Kustomization, keyOf } from './kustomization.ts';
import type { Variables } from './variables.ts';

/** An object that Flux applies, and what brought it. */
export interface Applied {
  readonly object: Manifest;
  /** namespace/name of the Flux Kustomization. */
  readonly by: string;
  /** The file that it is from, from the root of its source; undefined where kustomize made it of several. */
  readonly file?: string;
  /** The folder that stands for its source, absolute. */
  readonly root: string;
}

const ORIGIN = 'config.kubernetes.io/origin';
const SUBSTITUTE = `${KUSTOMIZE_GROUP}/substitute`;

export type Reader = (
  built: readonly Built[],
  kustomization: Kustomization,
  variables: Variables | undefined,
  place: Place,
) => Applied[];

/**
 * Makes what turns a build into the objects that are applied. The same text is
 * parsed once. It throws a BuildError where Flux would fail.
 */
export function createReader(): Reader {
  const parsed = new Map<string, Manifest>();
  const objectOf = (yaml: string): Manifest => {
    const known = parsed.get(yaml);
    if (known) return known;
    const object = parse(yaml);
    parsed.set(yaml, object);
    return object;
  };
  /** A value that is not known may be what keeps the text from being YAML: then it is put into each string by itself. */
  const withTexts = (text: string, plain: Manifest, lookup: Lookup | undefined): Manifest => {
    try {
      return objectOf(withOldBooleans(text));
    } catch (error) {
      if (!(error instanceof BuildError) || !lookup || whyHidden(text) === undefined) throw error;
      return inEachString(plain, lookup);
    }
  };
  return (built, kustomization, variables, place) =>
    built.map(({ yaml }) => {
      const plain = objectOf(yaml);
      const text = variables && !isOptedOut(plain) ? withValues(yaml, plain, variables.lookup) : yaml;
      const object = text === yaml ? plain : withTexts(text, plain, variables?.lookup);
      return applied(object, kustomization, place);
    });
}

function applied(object: Manifest, kustomization: Kustomization, place: Place): Applied {
  const { [ORIGIN]: origin, ...annotations } = textMap(object.metadata.annotations);
  const { commonMetadata } = kustomization.spec;
  const labels = {
    ...textMap(object.metadata.labels),
    ...commonMetadata?.labels,
    // By these the controller finds again what it has applied.
    [`${KUSTOMIZE_GROUP}/name`]: kustomization.name,
    [`${KUSTOMIZE_GROUP}/namespace`]: kustomization.namespace,
  };
  const every = { ...annotations, ...commonMetadata?.annotations };
  const { annotations: _old, labels: _former, ...metadata } = object.metadata;
  const file = fileOf(origin, place);
  return {
    object: decrypted({
      ...object,
      metadata: {
        ...metadata,
        ...(Object.keys(labels).length > 0 ? { labels } : {}),
        ...(Object.keys(every).length > 0 ? { annotations: every } : {}),
      },
    }),
    by: keyOf(kustomization),
    root: place.source,
    ...(file ? { file } : {}),
  };
}

const textMap = (value: unknown): Record<string, string> =>
  typeof value === 'object' && value !== null ? (value as Record<string, string>) : {};

function parse(yaml: string): Manifest {
  const { objects, problems, ignored } = parseManifests(yaml, 'what kustomize built');
  const [object] = objects;
  if (object) return object;
  throw new BuildError([...problems, ...ignored][0] ?? 'an object is empty');
}

/** By annotation or by label. */
const isOptedOut = ({ metadata }: Manifest) =>
  [metadata.annotations, metadata.labels].some((map) => textMap(map)[SUBSTITUTE] === 'disabled');

function withValues(yaml: string, { kind, metadata }: Manifest, lookup: Lookup): string {
  try {
    return substitute(yaml, lookup);
  } catch (error) {
    throw new BuildError(
      `variables cannot be put into ${kind} ${metadata.name}: ${(error as Error).message}`,
    );
  }
}

const OLD_BOOLEAN = /^(y|yes|n|no|on|off|true|false|null)?$/i;

/** A string in which an unknown value or anything but text comes out is not known as a whole. */
const inEachString = (object: Manifest, lookup: Lookup): Manifest =>
  JSON.parse(JSON.stringify(object), (_key, each: unknown) => {
    if (typeof each !== 'string' || !each.includes('$')) return each;
    const text = substitute(each, lookup);
    const why = whyHidden(text);
    if (why !== undefined) return hide(why);
    return /^[\w./ -]*$/.test(text) && Number.isNaN(Number(text)) && !OLD_BOOLEAN.test(text)
      ? text
      : hide(`whether ${text.slice(0, 80)} is a text is not known, for another value of the object is not`);
  }) as Manifest;

/** Flux reads YAML 1.1 after the substitution: a bare yes or off is a boolean then. */
function withOldBooleans(yaml: string): string {
  const old = /(?<=: |- )(y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/m;
  if (!old.test(yaml)) return yaml;
  const document = parseDocument(yaml, { version: '1.1', schema: 'yaml-1.1' });
  return document.errors.length > 0 ? yaml : JSON.stringify(document.toJS({ maxAliasCount: 100 }));
}

const ENCRYPTED = 'ENC[AES256_GCM,';

/** As it stands in the file, or in base64 where kustomize made the Secret of an encrypted file. */
const isEncrypted = (value: string) =>
  value.includes(ENCRYPTED) || Buffer.from(value, 'base64').includes(ENCRYPTED);

const holdsEncrypted = ({ data, stringData }: Manifest) =>
  Object.values({ ...textMap(data), ...textMap(stringData) }).some(
    (value) => typeof value === 'string' && isEncrypted(value),
  );

/** Values that SOPS keeps encrypted are marked, and what SOPS notes beside them is left out. */
function decrypted(object: Manifest): Manifest {
  const { kind, metadata } = object;
  const isMarked = typeof object.sops === 'object' && object.sops !== null;
  if (!isMarked && !(kind === 'Secret' && holdsEncrypted(object))) return object;
  const { sops: _notes, ...rest } = object;
  const mark = hide(
    `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name} is encrypted with SOPS`,
  );
  return JSON.parse(JSON.stringify(rest), (_key, value: unknown) =>
    typeof value === 'string' && isEncrypted(value) ? mark : value,
  ) as Manifest;
}

/** The origin that kustomize notes: a path from the folder that was built. */
function fileOf(origin: string | undefined, { root, folder }: Place): string | undefined {
  if (!origin) return undefined;
  const named = /^(?:path|configuredIn): (.*)$/m.exec(origin)?.[1];
  if (!named || /^repo: /m.test(origin)) return undefined;
  const file = path.relative(root, path.resolve(folder, named));
  return file.startsWith('..') ? undefined : file.split(path.sep).join('/');
}
