/** The oracle as a process that is asked scenario after scenario: Cilium's policy engine for tests in TypeScript. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Progress, streamProgress } from '../cluster/progress.ts';
import { buildOracle } from './build.ts';
import type { Answer, Scenario } from './scenario.ts';

export interface Oracle {
  /** Answers in the order of asking. Rejects where the oracle cannot judge the scenario, and says why. */
  ask(scenario: Scenario): Promise<Answer>;
  /** Ends the process; questions still open are rejected. */
  stop(): Promise<void>;
}

interface Pending {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** Builds the program if need be (minutes, the first time) and starts it. The caller must stop() it. */
export async function startOracle(progress: Progress = streamProgress()): Promise<Oracle> {
  return overProcess(spawn(await buildOracle(progress), { stdio: ['pipe', 'pipe', 'pipe'] }));
}

function overProcess(child: ChildProcess): Oracle {
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error('The oracle was started without pipes.');
  const pending: Pending[] = [];
  let ended: Error | undefined;
  let said = '';
  stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-10_000);
  });
  // A process that is gone rejects what is written to it; the `close` below says why.
  stdin.on('error', () => undefined);
  createInterface({ input: stdout }).on('line', (line) => answerWith(pending.shift(), line));

  const closed = new Promise<void>((resolve) => {
    const end = (error: Error) => {
      ended ??= error;
      for (const one of pending.splice(0)) one.reject(ended);
      resolve();
    };
    child.on('error', end);
    child.on('close', (code, signal) =>
      end(new Error(`The oracle has ended (${signal ?? code}). ${said.trim()}`.trim())),
    );
  });

  return {
    ask(scenario) {
      if (ended) return Promise.reject(ended);
      return new Promise((resolve, reject) => {
        pending.push({ resolve, reject });
        stdin.write(`${JSON.stringify(scenario)}\n`);
      });
    },
    async stop() {
      stdin.end();
      await closed;
    },
  };
}

function answerWith(question: Pending | undefined, line: string): void {
  if (!question) return;
  const answer = JSON.parse(line) as Answer | { error: string };
  if ('error' in answer) question.reject(new Error(`The oracle cannot judge this scenario: ${answer.error}`));
  else question.resolve(answer);
}
