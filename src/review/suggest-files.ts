// Suggestions about files of the repository: workflows with their actions, files
// with the functions that an item names, runbooks.

import { type SuggestedCheck, suggested } from './suggestion.ts';
import { keywords, slug } from './words.ts';

/** Of a line of the details: itself, and what stands in it as code. */
interface Line {
  readonly text: string;
  readonly codes: readonly string[];
}

const MAX_PATTERNS = 16;

/** What the files that the details name must hold; a file without anything in it that is named must exist. */
export function files(description: string): SuggestedCheck[] {
  const lines = prose(description);
  const paths = [...new Set(lines.flatMap(({ codes }) => codes.filter(isPath)))];
  return paths.flatMap((path, index) => {
    // What is said after a path and before the next one is about it.
    const from = index === 0 ? 0 : lines.findIndex(({ codes }) => codes.includes(path));
    const next = paths[index + 1];
    const to = next === undefined ? lines.length : lines.findIndex(({ codes }) => codes.includes(next));
    const about = lines.slice(from, Math.max(to, from + 1));
    return WORKFLOW.test(path) ? workflow(path, about) : [file(path, about)];
  });
}

/** The lines that are no code. */
function prose(description: string): Line[] {
  let fenced = false;
  return description.split('\n').flatMap((raw) => {
    const text = raw.trim();
    const fence = /^(?:`{3}|~{3})/.test(text);
    if (fence) fenced = !fenced;
    if (fence || fenced) return [];
    return [{ text, codes: [...text.matchAll(/`([^`\n]{2,200})`/g)].map((match) => match[1] ?? '') }];
  });
}

/** A file of the repository: in a folder, with an extension. */
const isPath = (code: string) => /^\.?[\w][\w.-]*(?:\/[\w.-]+)*\/[\w.-]*\.[a-z0-9]{1,6}$/u.test(code);
const WORKFLOW = /^\.(?:github|gitea|forgejo)\/workflows\/[^/]+\.ya?ml$/u;
const ACTION = /^(?<name>[\w.-]+(?:\/[\w.-]+)+)@(?<version>[\w.-]+)$/u;

/** The name of a check about a file: what the file is called. */
const nameOf = (path: string) => slug(path.split('/').at(-1) ?? path, 48) || 'file';

function workflow(path: string, lines: readonly Line[]): SuggestedCheck[] {
  const text = lines.map((line) => line.text).join('\n');
  const job = /`(?<before>[\w-]+)`\s+job\b|\bjob\s+`(?<after>[\w-]+)`/u.exec(text)?.groups;
  const inJob = job?.before ?? job?.after;
  const permissions = Object.fromEntries(
    [...text.matchAll(/`([a-z][a-z-]{1,40}):\s*(read|write|none)`/g)].map((match) => [match[1], match[2]]),
  );
  const step = (line: Line, name: string, uses: string, more: object = {}): SuggestedCheck => ({
    name,
    description: suggested(line.text),
    source: {
      files: [
        {
          path,
          workflowStep: {
            uses,
            ...(isPinned(uses, lines) ? { pinned: true } : {}),
            ...(inJob ? { job: inJob } : {}),
            ...(Object.keys(permissions).length > 0 ? { permissions } : {}),
            ...more,
          },
        },
      ],
    },
  });
  const steps = lines.flatMap((line) =>
    line.codes.flatMap((code) => {
      const uses = ACTION.exec(code)?.groups?.name;
      if (!uses) return [];
      const scans = /trivy/iu.test(uses) ? trivyScans(lines) : [];
      return scans.length > 0
        ? scans.map(([scan, said]) =>
            step(said, `trivy-${scan}`, uses, { with: { 'scan-type': scan, ...severities(scan, lines) } }),
          )
        : [step(line, slug(uses.split('/').at(-1) ?? uses), uses)];
    }),
  );
  const sarif = lines.find((line) => /\bsarif\b.*\bupload|\bupload\w*\b.*\bsarif\b/iu.test(line.text));
  const uploads = sarif
    ? [
        step(sarif, 'sarif-upload', 'github/codeql-action/upload-sarif', {
          permissions: { 'security-events': 'write' },
        }),
      ]
    : [];
  // Files that the workflow makes, by their names.
  const made = lines.flatMap((line) =>
    line.codes.filter((code) => /^[\w-]+(?:\.[\w-]+)*\.[a-z0-9]{1,6}$/u.test(code)),
  );
  const holds = [...new Set(made)].slice(0, MAX_PATTERNS).map(escaped);
  const said = lines.find((line) => line.codes.includes(path)) ?? lines[0];
  if (!said || (holds.length === 0 && steps.length + uploads.length > 0)) return [...steps, ...uploads];
  const itself = {
    name: nameOf(path),
    description: suggested(said.text),
    source: { files: [{ path, ...(holds.length > 0 ? { matches: holds } : {}) }] },
  };
  return [...steps, ...uploads, itself];
}

/** A line that speaks of pinning and names actions is about those; one that names none, about all. */
function isPinned(uses: string, lines: readonly Line[]): boolean {
  return lines
    .filter(({ text }) => /\bpin(?:ned|ning)?\b|\bdigest\b/iu.test(text))
    .map(({ codes }) => codes.flatMap((code) => ACTION.exec(code)?.groups?.name ?? []))
    .some((named) => named.length === 0 || named.includes(uses));
}

const SCANS = {
  fs: '(?:file ?system|fs)',
  config: 'config(?:uration)?',
  image: 'image',
} as const;
type Scan = keyof typeof SCANS;

/** "**Config scan**: …" */
function trivyScans(lines: readonly Line[]): [Scan, Line][] {
  return (Object.keys(SCANS) as Scan[]).flatMap((scan): [Scan, Line][] => {
    const pattern = new RegExp(`\\b${SCANS[scan]} scan`, 'iu');
    const line = lines.find(({ text }) => pattern.test(text));
    return line ? [[scan, line]] : [];
  });
}

const LEVEL = '(?:CRITICAL|HIGH|MEDIUM|LOW|UNKNOWN)';
const LEVELS = new RegExp(`\\b(?<levels>${LEVEL}(?:, ?${LEVEL})*)\\b(?: \\((?<scan>[^)]{1,40})\\))?`, 'gu');

/** "**Severity filtering**: CRITICAL, HIGH (filesystem), CRITICAL, HIGH, MEDIUM (config)", or one list for all. */
function severities(scan: Scan, lines: readonly Line[]): { severity?: string } {
  const line = lines.find(({ text }) => /\bseverit(?:y|ies)\b/iu.test(text));
  const lists = [...(line?.text.matchAll(LEVELS) ?? [])].map(({ groups }) => groups ?? {});
  const own = new RegExp(`\\b${SCANS[scan]}\\b`, 'iu');
  const found = lists.find((list) =>
    list.scan === undefined ? lists.length === 1 : own.test(list.scan),
  )?.levels;
  return found ? { severity: found.replaceAll(' ', '') } : {};
}

function file(path: string, lines: readonly Line[]): SuggestedCheck {
  const said = lines.find((line) => line.codes.includes(path)) ?? lines[0];
  const seen = new Set<string>();
  const named = lines.flatMap(({ text, codes }) =>
    codes.filter((code) => !seen.has(code) && seen.add(code)).map((code) => ({ text, code })),
  );
  const matches = named.flatMap(({ text, code }) => {
    const called = /^(?<name>[A-Za-z_][\w]{2,80})\(\)$/u.exec(code)?.groups?.name;
    // A helper that nobody calls helps nobody.
    const use = /\bhelpers?\b/iu.test(text) && isShell(path) ? [`^[ \\t]+${called}\\b`] : [];
    if (called) return [definition(path, called), ...use];
    // At the beginning of a line: one in a comment decorates nothing.
    return /^@[\w.]{2,80}$/u.test(code) ? [`^[ \\t]*${escaped(code)}\\b`] : [];
  });
  return {
    name: nameOf(path),
    description: suggested(said?.text ?? path),
    source: { files: [{ path, ...(matches.length > 0 ? { matches: matches.slice(0, MAX_PATTERNS) } : {}) }] },
  };
}

/** Where a function is defined, in the language of the file. */
function definition(path: string, name: string): string {
  if (path.endsWith('.py')) return `^[ \\t]*(?:async +)?def ${name}\\(`;
  if (isShell(path)) return `^(?:function +)?${name} *\\(\\)`;
  return `\\b${name}\\b`;
}

const isShell = (path: string) => /\.(?:ba|z)?sh$/u.test(path);

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** "Create disaster recovery runbook": a page under docs that is called so, with what such a page must say. */
export function runbook(title: string): SuggestedCheck[] {
  if (!/\b(?:runbook|playbook)s?\b/iu.test(title)) return [];
  const subject = keywords(title).filter(
    (word) => /^[a-z0-9]{3,}$/u.test(word) && !/^(?:run|play)book$|^(?:writ|document)/u.test(word),
  );
  if (subject.length === 0) return [];
  return [
    {
      name: 'runbook',
      description: suggested(title),
      source: {
        files: [
          {
            path: `docs/**/*${subject.join('*')}*.md`,
            ...(/\b(?:disaster|recovery|restore|backup)\b/iu.test(title)
              ? { headings: ['*RTO*', '*RPO*', '*restor*'] }
              : {}),
          },
        ],
      },
    },
  ];
}
