// The watchdog of a cluster that must not outlive its owner: it reads a pipe
// whose other end only the owner holds, and takes the cluster down when that
// end closes without a word.
import { takeDown } from './lifecycle.ts';

const [, , name, id] = process.argv;
if (!name || !id) throw new Error('usage: watchdog.ts NAME ID');

let said = '';
for await (const chunk of process.stdin) said += String(chunk);
if (said !== 'release') await takeDown(name, id);
