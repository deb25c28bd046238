// The findings as SARIF 2.1.0, for code scanning: at the line of the review that
// lists the item, the one file that every item names.

import { deciding } from './markdown.ts';
import { type ReportItem, type ReviewReport, refer } from './review.ts';

const LEVELS = { Fail: 'error', Unknown: 'warning' } as const;

export function asSarif({ items }: ReviewReport, version: string): string {
  const results = items.flatMap(resultsOf);
  const rules = [...new Set(results.map(({ ruleId }) => ruleId))].sort();
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'remediation-operator',
            semanticVersion: version,
            rules: rules.map((id) => ({ id, shortDescription: { text: id.replace('/', ': ') } })),
          },
        },
        results: results.map((result) => ({ ...result, ruleIndex: rules.indexOf(result.ruleId) })),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

/** Nothing of items that are done or put aside; of the others each finding, or the state where there is none. */
function resultsOf(item: ReportItem) {
  const { state, status, namespace, name, source } = item;
  if (state === 'Implemented' || state === 'Waived' || state === 'Suspended') return [];
  const location = {
    ...(source
      ? {
          physicalLocation: {
            artifactLocation: { uri: encodeURI(source.document) },
            ...(source.line ? { region: { startLine: source.line } } : {}),
          },
        }
      : {}),
    logicalLocations: [{ fullyQualifiedName: `${namespace}/${name}`, kind: 'resource' }],
  };
  const result = (ruleId: string, level: 'error' | 'warning' | 'note', text: string, key: string) => ({
    ruleId,
    level,
    message: {
      text: `${refer(item)} ${item.number === undefined ? '' : `${item.title} `}is ${state}: ${text}`,
    },
    locations: [location],
    partialFingerprints: { 'remediationFinding/v1': [namespace, name, key].join('/') },
  });
  const found = deciding(item).map(({ check, finding }) => {
    const { kind = '', namespace: where = '', name: what = '' } = finding.subject ?? {};
    const text = [finding.message, finding.fix && !finding.message.includes(finding.fix) ? finding.fix : '']
      .filter(Boolean)
      .join(' ');
    // An item that nobody called done is work to do, and no error.
    const level =
      state === 'Pending' || state === 'Blocked'
        ? 'note'
        : LEVELS[finding.severity === 'Fail' ? 'Fail' : 'Unknown'];
    return result(
      `finding/${finding.reason}`,
      level,
      text,
      [check, finding.reason, kind, where, what, finding.field ?? ''].join('/'),
    );
  });
  if (found.length > 0) return found;
  const level =
    state === 'Drifted' || state === 'Invalid' ? 'error' : state === 'Unknown' ? 'warning' : 'note';
  return [result(`state/${state}`, level, status.summary ?? 'nothing more is known', 'state')];
}
