// YAML whose aliases stand for more than fits into memory: kustomize writes it all
// out, so that it must not be given such a text.

import { parseAllDocuments } from 'yaml';
import { BuildError } from './generate.ts';

const MAX_ALIASES = 1000;

/** Throws a BuildError; `name` says which text it is. */
export function checkAliases(text: string, name: string): void {
  if (!/&[^\s&*]/.test(text) || !/(^|[\s,:[{-])\*[^\s*]/m.test(text)) return;
  try {
    for (const document of [parseAllDocuments(text, { logLevel: 'silent' })].flat())
      if ('toJS' in document) document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    const { message } = error as Error;
    // Anything else that is wrong with it kustomize tells better.
    if (/alias count/i.test(message)) throw new BuildError(`${name}: ${message}`);
  }
}

/** The same for texts that stand in a kustomization: patches and transformers. */
export function checkInline(config: object, name: string): void {
  const todo: unknown[] = [config];
  while (todo.length > 0) {
    const next = todo.pop();
    if (typeof next === 'string' && next.includes('\n')) checkAliases(next, `a text in ${name}`);
    else if (typeof next === 'object' && next !== null) todo.push(...Object.values(next));
  }
}
