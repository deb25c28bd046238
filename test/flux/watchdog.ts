// The watchdog of a program that must not outlive its owner: it reads a pipe
// whose other end only the owner holds, and ends the program when that end
// closes without a word.
import { kill } from '../cluster/processes.ts';

const [, , pid, startedAt] = process.argv;
if (!pid || !startedAt) throw new Error('usage: watchdog.ts PID STARTED-AT');

let said = '';
for await (const chunk of process.stdin) said += String(chunk);
if (said !== 'release') await kill([{ pid: Number(pid), startedAt }]);
