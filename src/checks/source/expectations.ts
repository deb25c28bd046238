// What must hold for the YAML and JSON documents of a file.

import type { SourceFile, WholeObject } from '../../facts/view.ts';
import type { Finding } from '../check.ts';
import { ask } from '../shared/ask.ts';
import { finding } from '../shared/messages.ts';
import { type Broken, documentsOf } from './documents.ts';
import type { FileParams } from './schema.ts';
import { at, type Effort, located, type Place } from './tree.ts';

/** The findings of yaml for one file whose content was kept. */
export function judgeDocuments(
  { yaml }: FileParams,
  entry: string,
  file: SourceFile,
  place: Place,
  effort: Effort,
): readonly Finding[] {
  const found = documentsOf(file, effort);
  if (found.state !== 'parsed') return [unparsed(found, `${entry}.yaml`, file, place)];
  if (found.documents.length === 0) return [empty(`${entry}.yaml`, file, place)];
  const findings: Finding[] = [];
  for (const { value, line } of found.documents) {
    for (const [index, { cel, message }] of yaml.entries()) {
      const about = {
        subject: place.subject,
        field: `${entry}.yaml[${index}]`,
        location: located(place, file.path, line),
        who: at(place, file.path, line),
      };
      const answer = ask(cel, about, value as WholeObject, effort);
      if (answer === 'holds') continue;
      const { who, ...rest } = about;
      findings.push(
        answer === 'not'
          ? {
              ...rest,
              level: 'Fail',
              reason: 'ExpectationFailed',
              message: `${who}: ${message ?? `${cel} does not hold.`}`,
            }
          : answer,
      );
    }
  }
  return findings;
}

/** Why a file's documents say nothing. */
export function unparsed(found: Broken, field: string, { path }: SourceFile, place: Place): Finding {
  const about = { subject: place.subject, field };
  if (found.state === 'over') {
    return finding({
      ...about,
      level: 'Unknown',
      reason: 'CostLimit',
      location: located(place, path),
      what: `${at(place, path)} cannot be read: ${found.message}.`,
      fix: 'Split the file, or narrow path.',
    });
  }
  if (found.state === 'foreign') {
    return finding({
      ...about,
      level: 'Unknown',
      reason: 'Unreadable',
      location: located(place, path),
      what: `${at(place, path)} is ${found.message}, which is not read here.`,
      fix: 'Judge it by matches.',
    });
  }
  return finding({
    ...about,
    level: 'Fail',
    reason: 'Unparsable',
    location: located(place, path, found.line),
    what: `${at(place, path, found.line)} is ${found.message}.`,
    fix: 'Mend it; a template is judged by matches.',
  });
}

/** Nothing is known of what is in the file. */
export function notKept({ path, unread }: SourceFile, field: string, place: Place): Finding {
  return finding({
    level: 'Unknown',
    reason: 'NotKept',
    subject: place.subject,
    field,
    location: located(place, path),
    what: `${at(place, path)} cannot be read: ${unread ?? 'its content was not kept'}.`,
    fix: 'Split the file, or narrow path.',
  });
}

const empty = (field: string, { path }: SourceFile, place: Place): Finding =>
  finding({
    level: 'Fail',
    reason: 'ExpectationFailed',
    subject: place.subject,
    field,
    location: located(place, path),
    what: `${at(place, path)} holds no document.`,
    fix: 'Fill it, or correct path.',
  });
