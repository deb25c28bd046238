// Stryker's test runner for the engines that judge: every test in one process, a mutant at a time.

import { globSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { INSTRUMENTER_CONSTANTS, type InstrumenterContext } from '@stryker-mutator/api/core';
import { declareFactoryPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  type CompleteDryRunResult,
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import type { Test } from './tests.ts';

/** Deterministic tests of what judges; those of thousands of random runs would be run once per mutant. */
const FILES = [
  'src/checks/{networkPolicy,podDisruptionBudget,probes}/**/*.test.ts',
  'test/unit/oracle-{cases,documentation}.test.ts',
];
// The cases are run once, by findings.test.ts, which holds the most of them.
const LEFT_OUT = /[/](remembering|never-throws|never-both|documentation|remed[^/]*)[.]test[.]ts$/;

function runner(): TestRunner {
  const world = globalThis as unknown as Record<string, InstrumenterContext>;
  world[INSTRUMENTER_CONSTANTS.NAMESPACE] ??= {};
  const context = world[INSTRUMENTER_CONSTANTS.NAMESPACE] as InstrumenterContext;
  let loaded: Promise<readonly Test[]> | undefined;
  const load = () => {
    loaded ??= loadTests();
    return loaded;
  };
  return {
    // A static mutant takes effect while modules are loaded, which Node does once.
    capabilities: () => ({ reloadEnvironment: false }),
    async dryRun(): Promise<CompleteDryRunResult> {
      const results: TestResult[] = [];
      for (const test of await load()) {
        context.currentTestId = test.id;
        results.push(await resultOf(test));
        context.currentTestId = undefined;
      }
      return { status: DryRunStatus.Complete, tests: results, mutantCoverage: context.mutantCoverage };
    },
    async mutantRun({
      activeMutant,
      hitLimit,
      mutantActivation,
      testFilter,
      disableBail,
    }): Promise<MutantRunResult> {
      if (mutantActivation === 'static') context.activeMutant = activeMutant.id;
      const tests = await load();
      for (const cache of caches) cache.forget();
      Object.assign(context, { activeMutant: activeMutant.id, hitCount: 0, hitLimit });
      const results: TestResult[] = [];
      for (const test of tests) {
        if (testFilter && !testFilter.includes(test.id)) continue;
        const result = await resultOf(test);
        results.push(result);
        if (result.status === TestStatus.Failed && !disableBail) break;
      }
      const endless = determineHitLimitReached(context.hitCount, hitLimit);
      context.activeMutant = undefined;
      return toMutantRunResult(endless ?? { status: DryRunStatus.Complete, tests: results });
    },
  };
}
runner.inject = [] as const;

/** The engines remember what they have worked out; what one mutant has worked out is nothing to the next. */
const caches: { forget(): void }[] = [];

function makeForgetful() {
  const { WeakMap: Native } = globalThis;
  globalThis.WeakMap = class<K extends WeakKey, V> implements WeakMap<K, V> {
    readonly [Symbol.toStringTag] = 'WeakMap';
    #map = new Native<K, V>();
    constructor() {
      caches.push(this);
    }
    forget() {
      this.#map = new Native();
    }
    get(key: K) {
      return this.#map.get(key);
    }
    has(key: K) {
      return this.#map.has(key);
    }
    set(key: K, value: V) {
      this.#map.set(key, value);
      return this;
    }
    delete(key: K) {
      return this.#map.delete(key);
    }
  } as WeakMapConstructor;
  return () => {
    globalThis.WeakMap = Native;
  };
}

/** The tests of the folder in which the process stands, which is Stryker's copy of the project. */
async function loadTests(): Promise<readonly Test[]> {
  const collector = pathToFileURL(resolve('test/mutation/tests.ts')).href;
  registerHooks({
    resolve: (specifier, { parentURL, ...more }, next) =>
      specifier === 'vitest' && parentURL !== collector
        ? { url: collector, shortCircuit: true }
        : next(specifier, { parentURL, ...more }),
  });
  const { tests } = (await import(collector)) as typeof import('./tests.ts');
  const restore = makeForgetful();
  for (const file of globSync(FILES).sort()) {
    if (!LEFT_OUT.test(file)) await import(pathToFileURL(resolve(file)).href);
  }
  restore();
  return tests();
}

async function resultOf({ id, run }: Test): Promise<TestResult> {
  const start = performance.now();
  const base = () => ({ id, name: id, timeSpentMs: performance.now() - start });
  try {
    await run();
    return { ...base(), status: TestStatus.Success };
  } catch (error) {
    return { ...base(), status: TestStatus.Failed, failureMessage: String(error) };
  }
}

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'one-process', runner)];
