// What Cilium's policy engine has answered, without Cilium: the claims that the oracle itself is tested with, and the
// scenarios on which the network check and Cilium once disagreed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Claim, disagreements } from '../oracle/compare.ts';

const root = join(import.meta.dirname, '../..');
const folders = ['test/oracle/testdata', 'src/checks/networkPolicy/cases/oracle'];

describe.each(folders)('the network check agrees with %s', (folder) => {
  const files = readdirSync(join(root, folder)).filter((file) => file.endsWith('.json'));

  it.each(files)('%s', (file) => {
    const claim = JSON.parse(readFileSync(join(root, folder, file), 'utf8')) as Claim;
    expect(disagreements(claim), claim.claim).toEqual([]);
  });

  it('says where it disagrees, so that the above can fail', () => {
    const claim = JSON.parse(readFileSync(join(root, folder, files[0]!), 'utf8')) as Claim;
    const [flow, said] = Object.entries(claim.flows)[0]!;
    const other = said === 'allow' ? 'egress denied' : 'allow';
    const wrong = { ...claim, flows: { ...claim.flows, [flow]: other } };
    expect(disagreements(wrong)).toEqual([
      expect.stringContaining(`${flow}: Cilium says ${other}, the check ${said}`),
    ]);
  });
});
