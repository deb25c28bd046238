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

const workflowStep = z
  .strictObject({
    uses: words(
      256,
      'The action, such as aquasecurity/trivy-action, or the reusable workflow of a job; * stands for any characters. Without @version any version is meant.',
    ),
    pinned: z.boolean().default(false).meta({
      description: 'true: by a full commit of 40 hexadecimal digits, or an image by its digest.',
    }),
    with: z
      .record(z.string().min(1).max(128), z.string().max(512))
      .refine((inputs) => Object.keys(inputs).length <= 16, 'must have at most 16 inputs')
      .optional()
      .meta({
        description:
          'Inputs that it must set, as text ("1", "true"); * stands for any characters. Of a value of several parts (CRITICAL,HIGH) the order says nothing; a part * lets in more.',
        maxProperties: 16,
      }),
    permissions: z
      .record(z.string().min(1).max(64), z.enum(['read', 'write', 'none']))
      .refine((scopes) => Object.keys(scopes).length <= 16, 'must have at most 16 scopes')
      .optional()
      .meta({
        description:
          'What its token may, such as {id-token: write}: by the permissions of its job, or else of the workflow. read is also had by write.',
        maxProperties: 16,
      }),
    job: words(128, 'The id of the job that it must stand in; * stands for any characters.').optional(),
  })
  .meta({ description: 'A step that at least one workflow of the files must have, and that ever runs.' });

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
    headings: z
      .array(words(256, 'A heading, without regard to case and markup; * stands for any characters.'))
      .max(16)
      .default([])
      .meta({
        description: 'Headings of Markdown that each file must have, with something beneath them.',
        'x-kubernetes-list-type': 'atomic',
      }),
    yaml: z.array(expectation).max(16).default([]).meta({
      description: 'What must hold for each YAML or JSON document of each file.',
      'x-kubernetes-list-type': 'atomic',
    }),
    workflowStep: workflowStep.optional(),
  }),
  {
    cel: 'self.exists || ((!has(self.matches) || size(self.matches) == 0) && (!has(self.notMatches) || size(self.notMatches) == 0) && (!has(self.headings) || size(self.headings) == 0) && (!has(self.yaml) || size(self.yaml) == 0) && !has(self.workflowStep))',
    message: 'with exists: false nothing can be asked of the content',
    holds: ({ exists, matches, notMatches, headings, yaml, workflowStep }) =>
      exists ||
      (matches.length + notMatches.length + headings.length + yaml.length === 0 &&
        workflowStep === undefined),
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
