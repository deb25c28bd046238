// Every reason that the source check can give, for the reference.

import type { ReasonDoc } from '../check.ts';
import { FACT_REASONS } from '../shared/messages.ts';

export const reasons: Readonly<Record<string, ReasonDoc>> = {
  SubjectMissing: {
    level: 'Fail',
    meaning: 'The Flux source does not exist, so that nothing is applied from it.',
    mend: 'Create the source, or correct ref.',
  },
  FileMissing: {
    level: 'Fail',
    meaning: 'No file of the tree is meant by the glob.',
    mend: 'Commit the file, or correct path.',
  },
  FileEmpty: {
    level: 'Fail',
    meaning: 'The file is there, nothing is in it, and nothing is asked of its content.',
    mend: "Fill it; one that is meant to be empty is asked for with matches: ['^'].",
  },
  FileForbidden: {
    level: 'Fail',
    meaning: 'A file exists although exists is false.',
    mend: 'Remove the file, or correct path.',
  },
  LeftOut: {
    level: 'Unknown',
    meaning:
      'Flux leaves such files out of the artifact: the repository may have them, the cluster does not see them.',
    mend: "Include them by the spec.ignore of the source (Flux leaves out .github and others by default), or by the repository's .sourceignore.",
  },
  PartlyLeftOut: {
    level: 'Warning',
    meaning: 'Flux leaves files out of the artifact that the glob means; those in the artifact were judged.',
    mend: 'Narrow path to what Flux keeps, or include the files by the spec.ignore of the source.',
  },
  NoMatch: {
    level: 'Fail',
    meaning: 'A pattern of matches does not occur in the file.',
    mend: 'Put what is missing into the file, or correct the pattern.',
  },
  Matches: {
    level: 'Fail',
    meaning: 'A pattern of notMatches occurs in the file, at the line that is named.',
    mend: 'Take it out, or correct the pattern.',
  },
  ExpectationFailed: {
    level: 'Fail',
    meaning: 'A CEL expression of yaml does not hold for a document of the file, or the file holds none.',
    mend: 'Change the document so that it does.',
  },
  ExpressionError: {
    level: 'Fail',
    meaning: 'A CEL expression errs on a document, so it does not hold: most often a field is missing.',
    mend: 'Set the field, or guard the expression with has() or self.?field.orValue(…).',
  },
  Unparsable: {
    level: 'Fail',
    meaning: 'The file is no YAML or JSON: keys that occur twice, templates, an error of syntax.',
    mend: 'Mend the line that is named; a template is judged by matches.',
  },
  HeadingMissing: {
    level: 'Fail',
    meaning: 'The Markdown file has no such heading outside quotes, lists and code.',
    mend: 'Write the section, or correct headings.',
  },
  SectionEmpty: {
    level: 'Fail',
    meaning: 'The heading is there, and nothing stands beneath it, or no more than TODO.',
    mend: 'Write the section.',
  },
  StepMissing: {
    level: 'Fail',
    meaning: 'No step or job of the workflows uses the action, or the files are no workflows.',
    mend: 'Add the step, or correct uses and path.',
  },
  StepNeverRuns: {
    level: 'Fail',
    meaning:
      'The step is there and is never run: its condition never holds, what its job waits for never runs, nothing starts the workflow, or GitHub refuses it.',
    mend: 'Let it run.',
  },
  NotCalled: {
    level: 'Unknown',
    meaning: 'The step stands in a workflow that only another one starts, and none that is seen does.',
    mend: 'Call it from a workflow that starts by itself, or judge the one that calls it.',
  },
  StepElsewhere: {
    level: 'Unknown',
    meaning:
      'No step uses the action, but a job uses a workflow of another repository, or an action that is not in this one, which may.',
    mend: 'Ask for that workflow in uses, or say in job where the step must stand.',
  },
  FailureIgnored: {
    level: 'Warning',
    meaning:
      'The step is as it must be, and continue-on-error of it or its job lets its failure stop nothing.',
    mend: 'Remove continue-on-error if it must stop what it finds fault with.',
  },
  StepDiffers: {
    level: 'Fail',
    meaning: 'The step stands in another job, or does not set an input as it must.',
    mend: 'Change the step, or correct with and job.',
  },
  NotPinned: {
    level: 'Fail',
    meaning: 'The action is used by a tag or a branch, which others can move to other code.',
    mend: 'Pin it to a full commit, an image to its digest.',
  },
  PermissionDiffers: {
    level: 'Fail',
    meaning: 'The token of the job has another permission than it must.',
    mend: 'Set permissions of the job, or of the workflow if the job sets none.',
  },
  RepositoryDefault: {
    level: 'Unknown',
    meaning: 'Neither job nor workflow sets permissions, so that the settings of the repository decide.',
    mend: 'Set permissions of the job.',
  },
  OnlyAtRunTime: {
    level: 'Unknown',
    meaning: 'An input is an expression in doubled braces, whose value only a run can tell.',
    mend: 'Write the value out.',
  },
  OnlyIf: {
    level: 'Note',
    meaning: 'The step is as it must be and runs under a condition, which is not judged.',
    mend: 'Nothing, if the condition is what is wanted.',
  },
  NotKept: {
    level: 'Unknown',
    meaning: 'The content of the file was not kept: it is too large, or no text.',
    mend: 'Split the file, or narrow path.',
  },
  CostLimit: {
    level: 'Unknown',
    meaning: 'Finding out costs too much.',
    mend: 'Narrow path, or simplify the patterns and expressions.',
  },
  SourceStale: {
    level: 'Warning',
    meaning:
      'Flux does not follow the origin of the source now (suspended, or it cannot be fetched): what it applies was judged, and may be old.',
    mend: 'See the message, and flux get sources.',
  },
  SourceNote: {
    level: 'Note',
    meaning:
      'Some of the files of the source were passed over, such as links; or a folder stands for a source whose object is not at hand, so that what Flux leaves out counts too.',
    mend: 'Nothing, if none of these files is meant.',
  },
  ...FACT_REASONS,
};
