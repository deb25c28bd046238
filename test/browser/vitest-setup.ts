// One look for a browser in a whole run of the `browser` project.

import type { TestProject } from 'vitest/node';
import { findChromium } from './chromium.ts';

declare module 'vitest' {
  interface ProvidedContext {
    chromium: string | null;
  }
}

/** With REQUIRE_CLUSTER=1 (CI) a missing browser fails the run; otherwise it is said loudly. */
export default async function setup(project: TestProject): Promise<void> {
  project.provide('chromium', await orNull(findChromium()));
}

async function orNull(found: Promise<string>): Promise<string | null> {
  try {
    return await found;
  } catch (error) {
    if (process.env.REQUIRE_CLUSTER === '1') throw error;
    const bar = '!'.repeat(78);
    console.error(
      `${bar}\nSKIPPED: the page of a report is looked at in no browser.\n${(error as Error).message}\nREQUIRE_CLUSTER=1 makes this a failure.\n${bar}`,
    );
    return null;
  }
}
