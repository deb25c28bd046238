// Of what fails, says when the repository has what would mend it in a file that
// Flux does not apply: the check is judged again with such objects added.

import type { Check, CheckContext, Finding } from '../checks/check.ts';
import type { Unreached } from '../facts/flux/index.ts';
import type { Manifest } from '../facts/manifest-files.ts';
import { recordFacts } from '../facts/recording.ts';
import type { Source } from '../facts/source.ts';

/** Objects that are tried one by one; past that, what mends is named only together. */
const MAX_TRIED = 50;
const MAX_NAMED = 3;

/**
 * Makes a check say, of each finding that fails, which objects that nothing
 * applies would make it go away. `sourceWith` answers as if they were applied.
 */
export function withHindsight(
  unreached: readonly Unreached[],
  sourceWith: (objects: readonly Manifest[]) => Source,
): (check: Check) => Check {
  if (unreached.length === 0) return (check) => check;
  const sources = new Map<Unreached | 'all', Source>();
  const sourceOf = (which: Unreached | 'all') => {
    const known = sources.get(which);
    if (known) return known;
    const made = sourceWith((which === 'all' ? unreached : [which]).map(({ object }) => object));
    sources.set(which, made);
    return made;
  };

  return (check) => ({
    ...check,
    judge: (params, context) => {
      const judgement = check.judge(params, context);
      const failing = judgement.findings.filter(({ level }) => level === 'Fail');
      if (failing.length === 0) return judgement;
      const again = (which: Unreached | 'all') => {
        const facts = recordFacts(sourceOf(which));
        const { findings } = check.judge(params, { ...context, facts } satisfies CheckContext);
        return { failing: findings.filter(({ level }) => level === 'Fail'), reads: [...facts.reads()] };
      };
      const all = again('all');
      const mended = failing.filter((finding) => isMended(finding, failing, all.failing));
      if (mended.length === 0) return judgement;
      // What was read with all of them there: an object that leads to others counts too.
      const kinds = new Set(all.reads.map(({ kind }) => kind.replace(/^whole:/, '')));
      const candidates = unreached.filter(({ object }) => kinds.has(`${object.apiVersion}/${object.kind}`));
      const single = candidates.slice(0, MAX_TRIED).map((each) => ({ each, failing: again(each).failing }));
      const named = new Map<Finding, readonly Unreached[]>();
      for (const finding of mended) {
        const alone = single.filter((tried) => isMended(finding, failing, tried.failing));
        named.set(finding, alone.length > 0 ? alone.map(({ each }) => each) : near(finding, candidates));
      }
      return {
        ...judgement,
        findings: judgement.findings.map((finding) => {
          const found = named.get(finding) ?? [];
          return found.length === 0
            ? finding
            : { ...finding, message: `${finding.message} ${inWords(found)}` };
        }),
      };
    },
  });
}

const keyOf = ({ reason, subject, field }: Finding) =>
  [reason, subject?.kind, subject?.namespace, subject?.name, field].join('|');

/** Gone, and less fails than before; of what was missing, it is enough that it is there. */
function isMended(finding: Finding, before: readonly Finding[], after: readonly Finding[]): boolean {
  const key = keyOf(finding);
  if (after.some((other) => keyOf(other) === key)) return false;
  return after.length < before.length || finding.reason.endsWith('Missing');
}

/** Those that work only together: the ones in the namespace of the subject, or without one. */
function near({ subject }: Finding, candidates: readonly Unreached[]): readonly Unreached[] {
  return candidates.filter(
    ({ object: { metadata } }) =>
      metadata.namespace === undefined || metadata.namespace === subject?.namespace,
  );
}

function inWords(found: readonly Unreached[]): string {
  const files = [...new Set(found.map(({ file }) => file))];
  const shown = files.slice(0, MAX_NAMED).join(', ');
  const more = files.length > MAX_NAMED ? ` and ${files.length - MAX_NAMED} more files` : '';
  const them = files.length === 1 ? 'it' : 'them';
  const [first] = found;
  const why = files.length === 1 && first?.why ? ` ${first.why}` : '';
  return `In Git at ${shown}${more}, but no Kustomization reaches ${them}.${why}`;
}
