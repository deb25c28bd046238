// The findings as SARIF 2.1.0, for code scanning: at the file and line of the
// evidence, else of the object's manifest, else of the review that lists the item.

import { KIND } from '../api/group.ts';
import type { StatusFinding } from '../api/status.ts';
import { fixOf } from './items.ts';
import { printable, toJson } from './printable.ts';
import {
  deciding,
  evidenceOf,
  type Place,
  type PlaceOf,
  type ReportItem,
  type ReviewReport,
  refer,
} from './review.ts';

/** What a reason of a check means and how to mend it, for the rules. */
export type Explain = (
  type: string,
  reason: string,
) => { readonly meaning: string; readonly mend: string } | undefined;

type Level = 'error' | 'warning' | 'note';

interface Found {
  readonly ruleId: string;
  readonly level: Level;
  readonly text: string;
  /** What tells it from the other findings of the item, whatever the message says. */
  readonly key: string;
  readonly place?: Place;
  readonly subject?: StatusFinding['subject'];
}

export function asSarif({ items, at, placeOf }: ReviewReport, version: string, explain: Explain): string {
  const found = items.flatMap((item) => findingsOf(item, placeOf).map((each) => ({ item, ...each })));
  const rules = [...new Set(found.map(({ ruleId }) => ruleId))].sort();
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'remediation-operator',
            semanticVersion: version,
            rules: rules.map((id) => ruleOf(id, explain)),
          },
        },
        // Whoever reads it knows where the repository is.
        originalUriBaseIds: { [ROOT]: { description: { text: 'The root of the repository.' } } },
        invocations: [{ executionSuccessful: true, endTimeUtc: at.toISOString() }],
        results: found.map((each) => resultOf(each.item, each, rules, placeOf)),
      },
    ],
  };
  return toJson(log);
}

const ROOT = '%SRCROOT%';

function ruleOf(id: string, explain: Explain) {
  const [type = '', reason = ''] = id.split('/');
  const about = explain(type, reason);
  return {
    id,
    name: reason,
    shortDescription: { text: type === 'state' ? `The item is ${reason}` : `${type}: ${reason}` },
    ...(about
      ? {
          fullDescription: { text: said(about.meaning) },
          help: { text: said(`${about.meaning} ${about.mend}`) },
        }
      : {}),
    properties: { tags: ['remediation', type] },
  };
}

/** Nothing of items that are done or put aside; of the others each finding, or the state where there is none. */
function findingsOf(item: ReportItem, placeOf: PlaceOf): Found[] {
  const { state, status } = item;
  if (state === 'Implemented' || state === 'Waived' || state === 'Suspended') return [];
  const found = deciding(item).map(({ check, type, finding }): Found => {
    const { kind = '', namespace = '', name = '' } = finding.subject ?? {};
    const place = evidenceOf(finding, placeOf);
    return {
      ruleId: `${type}/${finding.reason}`,
      level: levelOf(item, finding),
      text: [finding.message, fixOf(finding)].filter(Boolean).join(' '),
      key: [
        check,
        finding.reason,
        kind,
        namespace,
        name,
        finding.field ?? '',
        finding.location?.path ?? '',
      ].join('/'),
      ...(place ? { place } : {}),
      ...(finding.subject ? { subject: finding.subject } : {}),
    };
  });
  if (found.length > 0) return found;
  return [
    {
      ruleId: `state/${state}`,
      level: state === 'Drifted' || state === 'Invalid' ? 'error' : state === 'Unknown' ? 'warning' : 'note',
      text: status.summary ?? 'nothing more is known',
      key: 'state',
    },
  ];
}

/** An item that nobody called done is work to do, and no error. */
const levelOf = ({ state }: ReportItem, { severity }: StatusFinding): Level =>
  state === 'Pending' || state === 'Blocked' ? 'note' : severity === 'Fail' ? 'error' : 'warning';

function resultOf(item: ReportItem, found: Found, rules: readonly string[], placeOf: PlaceOf) {
  const { namespace, name, state, number, title, priority } = item;
  const listed = listedAt(item);
  const own = placeOf({ kind: KIND, namespace, name });
  // Code scanning takes no result without a file: where none is known, the item stands for one.
  const place = found.place ?? listed ?? own ?? { path: `${namespace}/${name}` };
  const related = listed && found.place ? [{ ...physical(listed), message: { text: 'Listed here.' } }] : [];
  return {
    ruleId: found.ruleId,
    ruleIndex: rules.indexOf(found.ruleId),
    level: found.level,
    message: {
      text: said(`${refer(item)} ${number === undefined ? '' : `${title} `}is ${state}: ${found.text}`),
    },
    locations: [
      {
        ...physical(place),
        logicalLocations: [
          { fullyQualifiedName: `${KIND}/${namespace}/${name}`, kind: 'resource' },
          ...(found.subject ? [{ fullyQualifiedName: nameOf(found.subject), kind: 'resource' }] : []),
        ],
      },
    ],
    ...(related.length > 0 ? { relatedLocations: related } : {}),
    partialFingerprints: { 'remediationFinding/v1': [namespace, name, found.key].join('/') },
    properties: { state, priority, ...(place.revision ? { revision: place.revision } : {}) },
  };
}

const listedAt = ({ source }: ReportItem): Place | undefined =>
  source && { path: source.document, ...(source.line ? { line: source.line } : {}) };

const nameOf = ({ kind, namespace, name }: NonNullable<Found['subject']>) =>
  [kind, namespace, name].filter(Boolean).join('/');

/** Code scanning wants a line: of a file that is looked at as a whole, the first. */
const physical = ({ path, line = 1 }: Place) => ({
  physicalLocation: {
    artifactLocation: isAbsolute(path)
      ? { uri: `file://${encoded(path.replaceAll('\\', '/').replace(/^(?!\/)/, '/'))}` }
      : { uri: encoded(path.replaceAll('\\', '/').replace(/^(?:\.\/)+/, '')), uriBaseId: ROOT },
    region: { startLine: line },
  },
});

const isAbsolute = (path: string) => /^(?:\/|[a-z]:[\\/])/i.test(path);

const encoded = (path: string): string =>
  path.toWellFormed().split('/').map(encodeURIComponent).join('/') || '.';

/** Messages may embed links: those of others are defused, and what turns a terminal goes. */
const said = (text: string): string => printable(text.toWellFormed()).replaceAll('](', '] (');
