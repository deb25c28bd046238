/**
 * Compares the network check's engine with Cilium's on random clusters:
 * `npm run oracle -- [--seed S] [--count N] [--most M] [--keep]`.
 * Prints every disagreement, shrunk to a minimum, and keeps it as a case of the check. Exit status 1 if there is one.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { type Claim, caseName, claimOf, disagreements } from './compare.ts';
import { askShape, type Kept, keptAnswers, shapes, writeAnswers } from './documentation.ts';
import { type Oracle, startOracle } from './oracle.ts';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';

const casesFolder = join(import.meta.dirname, '../../src/checks/networkPolicy/cases/oracle');

const usage = `npm run oracle -- [--seed S] [--count N] [--most M] [--no-keep] | --documentation
  --seed     where the random scenarios start (default: the clock; printed)
  --count    how many scenarios (default 1000)
  --most     stop after this many disagreements (default 10)
  --no-keep  do not write disagreements to ${casesFolder}
  --documentation  only ask for the shapes of Cilium's documentation, and keep the answers`;

interface Options {
  seed: number;
  count: number;
  most: number;
  keep: boolean;
  documentation: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      count: { type: 'string', default: '1000' },
      most: { type: 'string', default: '10' },
      keep: { type: 'boolean', default: true },
      documentation: { type: 'boolean', default: false },
    },
    allowNegative: true,
  });
  const whole = (name: string, text: string) => {
    if (!/^[0-9]+$/.test(text)) throw new Error(`--${name} is "${text}": it must be a whole number.`);
    return Number(text);
  };
  return {
    seed: values.seed === undefined ? Date.now() & 0x7fffffff : whole('seed', values.seed),
    count: whole('count', values.count),
    most: whole('most', values.most),
    keep: values.keep,
    documentation: values.documentation,
  };
}

/** Cilium's answer as a claim, or undefined where Cilium itself fails to compute a policy: then nothing is certain. */
async function askedClaim(oracle: Oracle, scenario: Scenario): Promise<Claim | undefined> {
  const answer = await oracle.ask(scenario);
  return answer.unresolved ? undefined : claimOf('', scenario, answer);
}

/** Told so many times, a way to disagree is known well enough: further scenarios that disagree so are only counted. */
const mostAlike = 2;

/** What two disagreements have in common if one cause is behind both: their words without names and numbers. */
function wayOf(disagreement: string): string {
  const what = disagreement.slice(disagreement.indexOf(': ') + 2);
  return what.replace(/policy-[0-9]+ \S+|[a-z-]+\/[a-z0-9-]+|[0-9]+/g, '').slice(0, 120);
}

/**
 * Random search. fast-check stops at the first failure and shrinks it; the search then goes on with another seed,
 * made from the first, until all scenarios are through.
 */
async function search(oracle: Oracle, { seed, count, most, keep }: Options): Promise<Claim[]> {
  const found = new Map<string, Claim>();
  const ways = new Map<string, number>();
  const isNew = (lines: string[]) => lines.some((line) => (ways.get(wayOf(line)) ?? 0) < mostAlike);
  let alike = 0;
  let done = 0;
  for (let part = 0; done < count && found.size < most; part++) {
    const property = fc.asyncProperty(scenarios, async (scenario) => {
      const claim = await askedClaim(oracle, scenario);
      const lines = claim ? disagreements(claim) : [];
      if (lines.length > 0 && !isNew(lines)) alike++;
      return lines.length === 0 || !isNew(lines);
    });
    const result = await fc.check(property, { seed: seed + part * 7919, numRuns: count - done });
    done += result.numRuns;
    if (!result.failed) break;
    if (!result.counterexample) throw result.errorInstance;
    const claim = await askedClaim(oracle, result.counterexample[0]);
    if (!claim)
      throw new Error('A scenario that failed has become uncertain: the oracle does not repeat itself.');
    const name = caseName(claim);
    for (const way of new Set(disagreements(claim).map(wayOf))) ways.set(way, (ways.get(way) ?? 0) + 1);
    if (found.has(name)) continue;
    found.set(name, claim);
    tell(claim);
    if (keep) writeCase({ ...claim, claim: `Found by random search: ${disagreements(claim)[0]}.` });
  }
  process.stderr.write(
    `${done} scenarios from seed ${seed}: ${found.size} disagreements told, ${alike} more alike.\n`,
  );
  return [...found.values()];
}

function tell(claim: Claim): void {
  const lines = disagreements(claim);
  process.stdout.write(`${caseName(claim)}: ${lines.length} disagreements\n`);
  for (const line of lines.slice(0, 5)) process.stdout.write(`  ${line}\n`);
  process.stdout.write(`  ${JSON.stringify(claim.scenario)}\n\n`);
}

function writeCase(claim: Claim): void {
  mkdirSync(casesFolder, { recursive: true });
  writeFileSync(join(casesFolder, `${caseName(claim)}.json`), `${JSON.stringify(claim, null, 2)}\n`);
}

/** Asks the oracle again for every case that is kept: an answer that has changed is the oracle's or Cilium's doing. */
async function staleCases(oracle: Oracle): Promise<string[]> {
  mkdirSync(casesFolder, { recursive: true });
  const stale: string[] = [];
  for (const file of readdirSync(casesFolder).filter((name) => name.endsWith('.json'))) {
    const kept = JSON.parse(readFileSync(join(casesFolder, file), 'utf8')) as Claim;
    const { claim: _, ...now } = (await askedClaim(oracle, kept.scenario)) ?? { claim: '' };
    const { claim: __, ...then } = kept;
    if (JSON.stringify(now) !== JSON.stringify(then)) stale.push(file);
  }
  const answers = keptAnswers();
  for (const shape of shapes()) {
    const now = await askShape(oracle, shape);
    if (JSON.stringify(now) !== JSON.stringify(answers[shape.name])) stale.push(shape.name);
  }
  return stale;
}

async function keepDocumentation(oracle: Oracle): Promise<void> {
  const answers: Record<string, Kept> = {};
  for (const shape of shapes()) answers[shape.name] = await askShape(oracle, shape);
  writeAnswers(answers);
  process.stderr.write(`${Object.keys(answers).length} shapes asked and kept.\n`);
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return 2;
  }
  const oracle = await startOracle();
  try {
    if (options.documentation) {
      await keepDocumentation(oracle);
      return 0;
    }
    const stale = await staleCases(oracle);
    for (const file of stale)
      process.stdout.write(`${file}: Cilium now answers otherwise than what is kept\n`);
    const found = await search(oracle, options);
    return stale.length + found.length > 0 ? 1 : 0;
  } finally {
    await oracle.stop();
  }
}

process.exitCode = await main();
