// Judged items for people (a table as kubectl prints it) and for programs (a v1
// List, the same contract as the API's).

import stringWidth from 'string-width';
import type { ItemStatus, State, StatusFinding } from '../api/status.ts';
import { printable, toJson, toYaml } from './printable.ts';

/** An object as its file or the API server has it. */
export interface RawObject {
  readonly metadata: {
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** An item as it was given, with the status that the operator would write. */
export interface JudgedItem {
  readonly raw: RawObject;
  readonly status: ItemStatus;
}

/** A v1 List of the items with their status. */
export function asList(judged: readonly JudgedItem[], format: 'json' | 'yaml'): string {
  const list = {
    apiVersion: 'v1',
    kind: 'List',
    metadata: { resourceVersion: '' },
    items: judged.map(({ raw, status }) => ({ ...raw, status })),
  };
  return format === 'json' ? toJson(list) : toYaml(list);
}

export interface TableOptions {
  readonly wide: boolean;
  readonly color: boolean;
  readonly now: Date;
}

const COLORS: Readonly<Record<State, number>> = {
  Implemented: 32,
  Waived: 36,
  Pending: 33,
  Blocked: 33,
  Suspended: 90,
  Unknown: 35,
  Invalid: 31,
  Drifted: 31,
};

/** The columns of `kubectl get remediationitems`, and under the table what fails, item by item. */
export function asTable(judged: readonly JudgedItem[], { wide, color, now }: TableOptions): string {
  if (judged.length === 0) return '';
  const paint = (text: string, state: State | undefined) =>
    color && state ? `\u001b[${COLORS[state]}m${text}\u001b[0m` : text;
  const manyNamespaces = new Set(judged.map(({ raw }) => raw.metadata.namespace)).size > 1;
  const header = [
    ...(manyNamespaces ? ['NAMESPACE'] : []),
    ...['NAME', 'NUMBER', 'TITLE', 'PRIORITY', 'STATE', 'PASSING', 'SINCE'],
    ...(wide ? ['CLAIM', 'MILESTONE', 'SUMMARY'] : []),
  ];
  const rows = judged.map(({ raw, status }) => {
    const spec = (raw.spec ?? {}) as Record<string, unknown>;
    const claim = spec.claim as { status?: string } | undefined;
    return [
      ...(manyNamespaces ? [clean(raw.metadata.namespace)] : []),
      clean(raw.metadata.name),
      typeof spec.number === 'number' ? String(spec.number) : '',
      clean(spec.title),
      clean(spec.priority) || 'Medium',
      status.state ?? '',
      clean(status.progress),
      age(status.since, now),
      ...(wide ? [clean(claim?.status), clean(spec.milestone), clean(status.summary)] : []),
    ];
  });
  const widths = header.map((title, column) =>
    Math.max(stringWidth(title), ...rows.map((row) => stringWidth(row[column] ?? ''))),
  );
  const stateColumn = header.indexOf('STATE');
  const line = (cells: readonly string[], state?: State) =>
    cells
      .map((cell, column) => {
        const padded =
          column === cells.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - stringWidth(cell));
        return column === stateColumn ? paint(padded, state) : padded;
      })
      .join('   ')
      .trimEnd();
  const table = [line(header), ...rows.map((row, index) => line(row, judged[index]?.status.state))];
  const details = judged.flatMap((item) => detail(item));
  return `${[...table, ...(details.length > 0 ? ['', ...details] : [])].join('\n')}\n`;
}

/** What a person needs to act: each finding that decides, with its fix; once, where checks share it. */
function detail({ raw, status }: JudgedItem): string[] {
  if (status.state === 'Implemented' || status.state === 'Suspended') return [];
  const checks = [...(status.prerequisites ?? []), ...(status.checks ?? [])].filter(
    ({ verdict }) => verdict === 'Fail' || verdict === 'Unknown',
  );
  const told = checks.flatMap(({ name, findings = [] }) =>
    findings
      .filter(({ severity }) => severity === 'Fail' || severity === 'Unknown')
      .map((finding) => ({ name, finding })),
  );
  const alike = Map.groupBy(
    told,
    ({ finding: { severity, reason, message } }) => `${severity} ${reason}: ${message}`,
  );
  return [
    `${clean(raw.metadata.name)}: ${clean(status.summary)}`,
    ...[...alike].flatMap(([text, all]) => {
      const names = [...new Set(all.map(({ name }) => name))].join(', ');
      const fixes = new Set(all.map(({ finding }) => fixOf(finding)).filter(Boolean));
      return [clean(`  ${names}: ${text}`), ...[...fixes].map((fix) => `    fix: ${clean(fix)}`)];
    }),
    ...checks.flatMap(({ name, findings = [], findingsTotal = 0 }) =>
      findingsTotal > findings.length
        ? [clean(`  ${name}: and ${findingsTotal - findings.length} more findings`)]
        : [],
    ),
  ];
}

/** The fix, where the message does not say it already. */
export const fixOf = ({ message, fix = '' }: StatusFinding): string => (message.includes(fix) ? '' : fix);

const clean = (text: unknown) => (typeof text === 'string' ? printable(text) : '');

/** kubectl's short ages: 5s, 3m, 4h, 2d. */
function age(since: string | undefined, now: Date): string {
  if (!since) return '';
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(since)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
