// The parameters of the source check.

import { z } from 'zod';
import { label, objectName, withRules, words } from '../../api/primitives.ts';
import { cel } from '../../api/selectors.ts';
import { SOURCE_KINDS } from './tree.ts';

const ref = z.strictObject({
  kind: z
    .enum(SOURCE_KINDS)
    .default('GitRepository')
    .meta({ description: 'The kind of the Flux source. Default GitRepository.' }),
  namespace: label("Its namespace. Default: the item's own.").optional(),
  name: objectName('Its name.'),
});

const patterns = (description: string) =>
  z
    .array(words(1024, 'A RE2 pattern; ^ and $ match at lines, \\n between them.'))
    .max(16)
    .default([])
    .meta({ description, 'x-kubernetes-list-type': 'atomic' });

const expectation = z.strictObject({
  cel: cel('Must be true for each document; self is the document. Integers are int, so write 1 and not 1.0.'),
  message: words(512, 'What to say when it is not, instead of the expression.').optional(),
});

const file = withRules(
  z.strictObject({
    path: words(
      256,
      'Which files, from the root of the tree: * does not cross /, ** does; ?, {a,b} and [a-z] as in a shell. Files that begin with a dot are meant too.',
    ),
    exists: z.boolean().default(true).meta({
      description: 'true (default): at least one such file must exist. false: none may.',
    }),
    matches: patterns('RE2 patterns each of which must occur in each file.'),
    notMatches: patterns('RE2 patterns none of which may occur in any file.'),
    yaml: z.array(expectation).max(16).default([]).meta({
      description: 'What must hold for each YAML or JSON document of each file.',
      'x-kubernetes-list-type': 'atomic',
    }),
  }),
  {
    cel: 'self.exists || ((!has(self.matches) || size(self.matches) == 0) && (!has(self.notMatches) || size(self.notMatches) == 0) && (!has(self.yaml) || size(self.yaml) == 0))',
    message: 'with exists: false nothing can be asked of the content',
    holds: ({ exists, matches, notMatches, yaml }) =>
      exists || matches.length + notMatches.length + yaml.length === 0,
  },
);

export const schema = z
  .strictObject({
    ref: ref.default({ kind: 'GitRepository', namespace: 'flux-system', name: 'flux-system' }).meta({
      description:
        'The Flux source that the files come from. Default: GitRepository flux-system/flux-system, which flux bootstrap makes.',
    }),
    files: z.array(file).min(1).max(32).meta({
      description: 'What must hold for which files; every entry must hold.',
      'x-kubernetes-list-type': 'atomic',
    }),
  })
  .meta({ description: 'Proves what the files of a Flux source say, at the revision that Flux applies.' });

export type Params = z.output<typeof schema>;
export type FileParams = Params['files'][number];
