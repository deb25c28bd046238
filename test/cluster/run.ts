// Running a program to its end and taking what it says.
import { spawn } from 'node:child_process';

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  stdin?: string;
  /** For long work: when this process exits the program is asked to end, too. */
  endWithParent?: boolean;
}

/** What a program said when it ended with something else than 0. */
export class RunError extends Error {
  readonly code: number | null;
  readonly stderr: string;

  constructor(command: string, code: number | null, stderr: string) {
    super(
      `"${command}" ended with ${code ?? 'a signal'}: ${stderr.trim().slice(-2000) || 'it said nothing'}`,
    );
    this.name = 'RunError';
    this.code = code;
    this.stderr = stderr;
  }
}

/** Runs a program to its end; answers its stdout, throws RunError when it does not end with 0. */
export function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: options.cwd, env: options.env, stdio: ['pipe', 'pipe', 'pipe'] });
    // SIGINT is the signal at which Go removes its temporary files.
    const endChild = () => void child.kill('SIGINT');
    if (options.endWithParent) process.once('exit', endChild);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', (error) => {
      process.removeListener('exit', endChild);
      reject(error);
    });
    child.on('close', (code) => {
      process.removeListener('exit', endChild);
      const said = Buffer.concat(stdout).toString();
      if (code === 0) return resolve(said);
      reject(new RunError([file, ...args].join(' '), code, Buffer.concat(stderr).toString()));
    });
    // A program that ends before it has read its input is judged by its exit code, not by the broken pipe.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
  });
}
