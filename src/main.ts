// The program: one command line, from the words behind its name.

import { main } from './cli/command-line.ts';

// The reader of a pipe may have seen enough (`| head`): what is under way is finished all the same.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
await main(process.argv.slice(2));
