// The budget under which CEL runs. Every node that is evaluated costs a step,
// every value that an operator or a function looks through costs its size, and
// no value may outgrow its bound. The library's documented macros hand out the
// evaluator, whose `run` is what every loop of it goes through.

import type { ASTNode } from '@marcbachmann/cel-js';
import { whyHidden } from '../../api/hidden.ts';
import { type HiddenParts, type Weights, weightOfLeaf } from './cel-values.ts';
import { compileRe2, type Re2, type Re2Problem } from './re2.ts';

/** About 0.2 s. */
const MAX_STEPS = 1_000_000;
const MAX_STRING = 8_000_000;
const MAX_LIST = 500_000;

export class OverBudget extends Error {}

type Run = (node: ASTNode, context: unknown) => unknown;
interface Evaluator {
  run: Run;
}
interface Checker {
  check(node: ASTNode, context: unknown): unknown;
}

/** Operators and calls that look through their operands, and the operands. */
function operandsOf(node: ASTNode): readonly ASTNode[] {
  const args = node.args as unknown as readonly unknown[];
  switch (node.op as string) {
    case '==':
    case '!=':
    case 'in':
      return args as readonly ASTNode[];
    case 'call':
      return args[1] as readonly ASTNode[];
    case 'rcall':
      return [args[1] as ASTNode, ...(args[2] as readonly ASTNode[])];
    default:
      return [];
  }
}

/** Calls that look at each element once, or at none: their receiver costs its length. */
const SHALLOW = new Set(['size', 'all', 'exists', 'exists_one', 'map', 'filter', 'type', 'dyn']);
/** Time zones are looked up in a table of the engine's. */
const SLOW = new Set([
  'getDate',
  'getDayOfMonth',
  'getDayOfWeek',
  'getDayOfYear',
  'getFullYear',
  'getHours',
  'getMilliseconds',
  'getMinutes',
  'getMonth',
  'getSeconds',
]);

/** Counts the work of one program. One run at a time. */
export class Meter {
  steps = 0;
  /** Why the run was stopped, if it was. */
  exceeded: string | undefined;
  /** The run came upon a value that cannot be read here: `exceeded` says why. */
  hidden = false;
  weights: Weights = new WeakMap();
  hiddenParts: HiddenParts = new WeakMap();
  #metered = new WeakSet<Evaluator>();
  /** Nodes whose value is looked through, and how. */
  #operands = new WeakMap<ASTNode, 'deep' | 'shallow'>();
  #seen = new WeakSet<ASTNode>();
  #patterns = new Map<string, Re2 | Re2Problem>();

  start() {
    this.steps = 0;
    this.exceeded = undefined;
    this.hidden = false;
    this.weights = new WeakMap();
    this.hiddenParts = new WeakMap();
  }

  /** Lets go of the values of the run. */
  end() {
    this.weights = new WeakMap();
  }

  /** The macro at the root of a program: what runs beneath it is metered. */
  root(argument: ASTNode | undefined) {
    const node = argument as ASTNode;
    return {
      typeCheck: (checker: Checker, _macro: unknown, context: unknown) => checker.check(node, context),
      evaluate: (evaluator: Evaluator, _macro: unknown, context: unknown) => {
        this.#attach(evaluator);
        return evaluator.run(node, context);
      },
    };
  }

  #attach(evaluator: Evaluator) {
    if (this.#metered.has(evaluator)) return;
    this.#metered.add(evaluator);
    const plain: Run = evaluator.run.bind(evaluator);
    evaluator.run = (node, context) => {
      this.#charge(1);
      this.#look(node);
      try {
        const value = isMatches(node) ? this.#matches(node, context, evaluator, plain) : plain(node, context);
        this.#weigh(node, value);
        return value;
      } catch (error) {
        // Making an error costs far more than a step, and all() and || go on after one.
        if (!(error instanceof OverBudget)) this.#charge(50);
        throw error;
      }
    };
  }

  #charge(steps: number) {
    if (this.exceeded !== undefined) throw new OverBudget(this.exceeded);
    this.steps += steps;
    if (this.steps > MAX_STEPS) this.#exceed(`it takes more than ${MAX_STEPS} steps`);
  }

  #exceed(message: string): never {
    this.exceeded = message;
    throw new OverBudget(message);
  }

  /** Notes, the first time, which operands of a node are looked through. */
  #look(node: ASTNode) {
    if (this.#seen.has(node)) {
      if (node.op === 'rcall' && SLOW.has(String(node.args[0]))) this.#charge(1_000);
      return;
    }
    this.#seen.add(node);
    const name = node.op === 'rcall' || node.op === 'call' ? String(node.args[0]) : '';
    const how = SHALLOW.has(name) ? 'shallow' : 'deep';
    for (const operand of operandsOf(node)) this.#operands.set(operand, how);
    this.#look(node);
  }

  #weigh(node: ASTNode, value: unknown) {
    if (typeof value === 'string' && value.length > MAX_STRING) {
      this.#exceed(`a text grows past ${MAX_STRING} characters`);
    }
    if (Array.isArray(value) && value.length > MAX_LIST)
      this.#exceed(`a list grows past ${MAX_LIST} elements`);
    const how = this.#operands.get(node);
    const why = this.#whyHidden(value, how);
    if (why !== undefined) {
      this.hidden = true;
      this.#exceed(why);
    }
    if (how === 'deep') this.#charge(this.#weightOf(value));
    else if (Array.isArray(value)) this.#charge(how === 'shallow' || node.op === '+' ? value.length >> 3 : 0);
    else if (value instanceof Map && how === 'shallow') this.#charge(value.size >> 3);
  }

  /** A text counts when it is come upon; a list or a map when it is looked through. */
  #whyHidden(value: unknown, how: 'deep' | 'shallow' | undefined): string | undefined {
    if (typeof value === 'string') return whyHidden(value);
    return how === 'deep' && typeof value === 'object' && value !== null
      ? this.hiddenParts.get(value)
      : undefined;
  }

  /** The weight of the object's own parts is known; what the expression made is added up, no further than it may cost. */
  #weightOf(value: unknown): number {
    if (typeof value !== 'object' || value === null) return weightOfLeaf(value);
    const known = this.weights.get(value);
    if (known !== undefined) return known;
    const parts = Array.isArray(value) ? value : value instanceof Map ? value.values() : Object.values(value);
    let weight = 1;
    for (const part of parts) {
      weight += this.#weightOf(part);
      if (weight > MAX_STEPS) break;
    }
    return weight;
  }

  /** text.matches(pattern) by RE2, where the library would use the engine's own backtracking. */
  #matches(node: ASTNode, context: unknown, evaluator: Evaluator, plain: Run): unknown {
    const [receiver, pattern] = operandsOf(node) as [ASTNode, ASTNode];
    const source = evaluator.run(pattern, context);
    const text = evaluator.run(receiver, context);
    if (typeof text !== 'string' || typeof source !== 'string') return plain(node, context);
    let re2 = this.#patterns.get(source);
    if (!re2) {
      re2 = compileRe2(source);
      if (this.#patterns.size >= 100) this.#patterns.clear();
      this.#patterns.set(source, re2);
      this.#charge(1_000);
    }
    if (re2.state === 'invalid') throw new Error(re2.message);
    this.#charge(Math.ceil((text.length * re2.size) / 16));
    const matched = re2.test(text);
    return matched === undefined ? this.#exceed('a pattern is matched against too long a text') : matched;
  }
}

function isMatches(node: ASTNode): boolean {
  return (
    node.op === 'rcall' && node.args[0] === 'matches' && (node.args[2] as readonly unknown[]).length === 1
  );
}

/** What is wrong with the first literal pattern of matches() that is no RE2. */
export function matchesOf(root: ASTNode): string | undefined {
  const left: unknown[] = [root];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (Array.isArray(node)) left.push(...node);
    else if (typeof node === 'object' && node !== null && 'op' in node) {
      const ast = node as ASTNode;
      left.push(ast.args);
      const pattern = isMatches(ast) ? operandsOf(ast)[1] : undefined;
      if (pattern?.op !== 'value' || typeof pattern.args !== 'string') continue;
      const compiled = compileRe2(pattern.args);
      if (compiled.state === 'invalid') return compiled.message;
    }
  }
  return undefined;
}
