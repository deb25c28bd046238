// Recognises in the details of an item what a check could prove: probes with
// their paths and ports, budgets, namespaces to isolate, things that must be
// there. What it makes of them are suggestions, marked as such: a person looks
// at each before it is believed.

import type { Noted, ReviewItem } from './model.ts';
import { files, runbook } from './suggest-files.ts';
import { objects, prerequisite } from './suggest-objects.ts';
import { type SuggestedCheck, suggested } from './suggestion.ts';
import { slug } from './words.ts';

export interface Suggestions {
  readonly checks: readonly SuggestedCheck[];
  readonly prerequisites: readonly SuggestedCheck[];
  /** Prerequisites that no check can prove. */
  readonly unproven: readonly Noted[];
  /** What the document names by the way, for whoever writes the check. */
  readonly hints: readonly string[];
  /** A check that lacks what only a person can say. */
  readonly unsaid?: SuggestedCheck;
}

const MAX_CHECKS = 32;
const MAX_PREREQUISITES = 8;

/** The checks that the item's own words suggest. */
export function suggest(item: ReviewItem): Suggestions {
  const text = `${item.title}\n${item.description}`;
  const lines = item.description.split('\n').map((line) => line.trim());
  const running = [
    ...(/\b(probes?|readiness|liveness|health ?checks?)\b/iu.test(text) ? probes(lines) : []),
    ...(/\bpdbs?\b|disruption ?budgets?/iu.test(text) ? budgets(lines) : []),
    ...(/(network ?polic(y|ies)|\bisolat)/iu.test(text) ? isolations(lines) : []),
  ];
  // A file that says it counts for less than what it brings about.
  const found =
    running.length > 0 ? running : [...files(item.description), ...runbook(item.title), ...objects(item)];
  const unsaid = found.length === 0 ? attestation(item.title) : undefined;
  const prerequisites: SuggestedCheck[] = [];
  const unproven: Noted[] = [];
  for (const each of item.prerequisites) {
    const check = prerequisite(each.text, item.title);
    if (check && prerequisites.length < MAX_PREREQUISITES) prerequisites.push(check);
    else unproven.push(each);
  }
  return {
    checks: distinct(found).slice(0, MAX_CHECKS),
    prerequisites: distinct(prerequisites),
    unproven,
    hints: hints(item.description),
    ...(unsaid ? { unsaid } : {}),
  };
}

const PORT = /\bports?\s*:?\s*`?(?<port>\d{1,5})\b|:(?<colon>\d{2,5})(?:\b|`)/iu;

/** "- **Grafana**: `/api/health` on port 3000" */
function probes(lines: readonly string[]): SuggestedCheck[] {
  return lines.flatMap((line) => {
    const subject = subjectOf(line);
    if (!subject) return [];
    const paths = [...line.matchAll(/(?:^|[\s`(])(\/[\w./-]*)(?=[\s`),;]|$)/g)].map(
      (match) => match[1] ?? '',
    );
    const port = Number(PORT.exec(line)?.groups?.port ?? PORT.exec(line)?.groups?.colon ?? Number.NaN);
    if (paths.length === 0 || !(port >= 1 && port <= 65_535)) return [];
    // Of two paths the one that says so is the readiness probe's.
    const ready = paths.find((path) => /ready/iu.test(path)) ?? paths[0];
    const live = paths.find((path) => /(healthy|live|alive)/iu.test(path) && path !== ready) ?? ready;
    return [
      {
        name: subject,
        description: suggested(line),
        probes: {
          workloads: [{ namespaceSelector: {}, name: `*${subject}*` }],
          // It only copies configuration, and its operators give it no probes.
          exceptContainers: ['config-reloader'],
          readiness: { path: ready, port },
          liveness: { path: live, port },
        },
      },
    ];
  });
}

/** "- **CoreDNS**: `…/apps/kube-system/coredns/app/pdb.yaml.j2` (minAvailable: 1)" */
function budgets(lines: readonly string[]): SuggestedCheck[] {
  return lines.flatMap((line) => {
    const subject = subjectOf(line);
    if (!subject) return [];
    const min = /\bmin_?available\b\s*[:=]?\s*`?(?<value>\d{1,3}%|\d{1,5})/iu.exec(line)?.groups?.value;
    const path = APP_PATH.exec(line)?.groups;
    if (!min && !path && !/\b(pdb|budget|replicas?)\b/iu.test(line)) return [];
    const workload = path
      ? { namespace: path.namespace, name: path.app }
      : { namespaceSelector: {}, name: `*${subject}*` };
    return [
      {
        name: subject,
        description: suggested(line),
        podDisruptionBudget: {
          workloads: [workload],
          ...(min ? { minAvailable: min.endsWith('%') ? min : Number(min) } : {}),
        },
      },
    ];
  });
}

/** Where a GitOps repository keeps an app: apps/<namespace>/<app>/. */
const APP_PATH = /\bapps\/(?<namespace>[a-z0-9-]{1,63})\/(?<app>[a-z0-9-]{1,63})\//u;

/** "1. monitoring namespace (isolate observability stack)" */
function isolations(lines: readonly string[]): SuggestedCheck[] {
  return lines.flatMap((line) => {
    const entry = /^(?:[-*+]|\d+[.)])\s+(?<rest>.*)$/u.exec(line)?.groups?.rest;
    if (!entry) return [];
    const named =
      /[`*]*\b(?<before>[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)[`*]*\s+namespace\b|\bnamespace:?\s+[`*]*(?<after>[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)/u.exec(
        entry,
      )?.groups;
    const namespace = named?.before ?? named?.after;
    if (!namespace || /^(a|the|each|every|this|own|dedicated|per|all|in)$/u.test(namespace)) return [];
    return [
      {
        name: namespace.slice(0, 63),
        description: suggested(entry),
        networkPolicy: { endpoints: [{ namespace }], isolated: ['Ingress'] },
      },
    ];
  });
}

/** What an entry of a list is about: "**VictoriaMetrics (vmsingle)**: …" is about vmsingle. */
function subjectOf(line: string): string | undefined {
  const entry =
    /^(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?(?:\*\*(?<bold>[^*]+)\*\*|`(?<code>[^`]+)`|(?<word>[^:–—]{1,60}?))\s*(?::|\s[-–—]\s)/u.exec(
      line,
    )?.groups;
  const named = (entry?.bold ?? entry?.code ?? entry?.word)?.replace(/:$/, '');
  if (!named) return undefined;
  const inside = /\((?<name>[^()]+)\)/u.exec(named)?.groups?.name;
  return slug(inside ?? named) || undefined;
}

/** What no machine sees: videos, trainings, drills. Who says so, and when, stays to be written. */
function attestation(title: string): SuggestedCheck | undefined {
  if (
    !/\b(videos?|tutorials?|trainings?|workshops?|onboarding|drills?|rehears\w+|table-?tops?|game ?days?)\b/iu.test(
      title,
    )
  )
    return undefined;
  return {
    name: slug(title, 48) || 'seen',
    description: suggested(title),
    attestation: {
      statement: 'WHAT WAS DONE OR SEEN',
      by: 'WHO SAYS SO',
      at: 'WHEN, AS 2026-01-31T09:00:00Z',
      validFor: '8760h',
      evidence: 'https://WHERE-THE-RECORD-IS',
    },
  };
}

/** Files, pinned actions and functions. */
function hints(description: string): string[] {
  const codes = [...description.matchAll(/`([^`\n]{2,200})`/g)].map((match) => match[1] ?? '');
  const found = codes.flatMap((code) => {
    if (/^[\w.-]+\/[\w./-]+@\S+$/u.test(code)) return [`GitHub action ${code}`];
    if (/^@\w+/u.test(code) || /^\w+\(\)$/u.test(code)) return [`function ${code}`];
    if (/^[\w.-]+(\/[\w.*-]+)*\.[a-z0-9]{1,6}$/u.test(code)) return [`file ${code}`];
    return [];
  });
  return [...new Set(found)].slice(0, 40);
}

/** Names are unique in a list. */
function distinct(checks: readonly SuggestedCheck[]): SuggestedCheck[] {
  const seen = new Map<string, SuggestedCheck>();
  for (const check of checks) if (!seen.has(check.name)) seen.set(check.name, check);
  return [...seen.values()];
}
