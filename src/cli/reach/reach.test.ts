// `reach` as it is called: manifests in, what it prints, says and exits with.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UsageError } from '../exit.ts';
import { type ReachFlags, runReach } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'reach-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Row {
  src: string;
  dst: string;
  port: number;
  protocol: string;
  egress: string;
  ingress: string;
  verdict: string;
}

async function run(manifests: string, flags: Partial<ReachFlags> = {}) {
  const file = join(folder, `${Math.random()}.yaml`);
  writeFileSync(file, manifests);
  let text = '';
  const said: string[] = [];
  const status = await runReach(
    { manifests: [file], static: false, output: 'json', timeout: 1, color: false, ...flags },
    {
      print: async (chunks) => {
        for (const chunk of chunks) text += chunk;
      },
      say: (line) => said.push(line),
      color: false,
    },
  );
  const rows = (): Row[] => JSON.parse(text);
  const verdict = (src: string, dst: string, port = 80) =>
    rows().find((row) => row.src === src && row.dst === dst && row.port === port)?.verdict;
  return { text, status, said: said.join('\n'), rows, verdict };
}

const pod = (namespace: string, name: string, more = '') => `---
apiVersion: v1
kind: Pod
metadata: {name: "${name}", namespace: ${namespace}, labels: {app: "${name}"}}
spec: {containers: [{name: c}]${more}}
`;
const policy = (namespace: string, name: string, spec: string) => `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: "${name}", namespace: ${namespace}}
spec: ${spec}
`;
const shop = [
  pod('shop', 'web'),
  pod('shop', 'db'),
  pod('ops', 'prom'),
  policy(
    'shop',
    'db',
    '{endpointSelector: {matchLabels: {app: db}}, ingress: [{fromEndpoints: [{matchLabels: {app: web}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]}',
  ),
].join('');
const http = { ports: ['80/TCP'] };

describe('reach -o json', () => {
  it('answers for every pod and entity against every pod and entity, and for no pod with itself', async () => {
    const { rows } = await run(shop, http);
    const names = ['ops/prom', 'shop/db', 'shop/web', 'world', 'host', 'remote-node', 'kube-apiserver'];
    const expected = names.flatMap((src) =>
      names
        .filter((dst) => src !== dst && (src.includes('/') || dst.includes('/')))
        .map((dst) => `${src} ${dst}`),
    );
    expect(rows().map(({ src, dst }) => `${src} ${dst}`)).toEqual(expected);
    expect(rows()[0]).toEqual({
      src: 'ops/prom',
      dst: 'shop/db',
      port: 80,
      protocol: 'TCP',
      egress: 'allow',
      ingress: 'deny',
      verdict: 'deny',
    });
  });

  it('lets in whom the policy names, on the port that it names, and the node of the pod', async () => {
    const { verdict } = await run(shop, { ports: ['80/TCP', '81/TCP', '80/UDP'] });
    expect(verdict('shop/web', 'shop/db')).toBe('allow');
    expect(verdict('shop/web', 'shop/db', 81)).toBe('deny');
    expect(verdict('world', 'shop/db')).toBe('deny');
    expect(verdict('host', 'shop/db')).toBe('allow');
    expect(verdict('world', 'shop/web')).toBe('allow');
  });

  it('asks each destination for the ports that it declares, and says so', async () => {
    const declared = pod(
      'shop',
      'cache',
      ', initContainers: [{name: p, restartPolicy: Always, ports: [{containerPort: 6380, protocol: UDP}]}]',
    ).replace('{name: c}', '{name: c, ports: [{containerPort: 6379}]}');
    const { rows, said } = await run(shop + declared);
    const asked = (dst: string) =>
      new Set(
        rows()
          .filter((row) => row.dst === dst)
          .map(({ port, protocol }) => `${port}/${protocol}`),
      );
    expect(asked('shop/cache')).toEqual(new Set(['6379/TCP', '6380/UDP']));
    expect(asked('shop/web')).toEqual(new Set(['80/TCP', '443/TCP']));
    expect(said).toContain('declares');
  });

  it('keeps to flows with an end in the namespace, and to the ends that were asked for', async () => {
    const inOps = (await run(shop, { ...http, namespace: 'ops' })).rows();
    expect(inOps.every(({ src, dst }) => src.startsWith('ops/') || dst.startsWith('ops/'))).toBe(true);
    expect(inOps).toHaveLength(2 * 2 + 2 * 4);
    const chosen = (await run(shop, { ...http, from: ['shop:app=web', 'world'], to: ['shop/d*'] })).rows();
    expect(chosen.map(({ src, dst }) => `${src} ${dst}`)).toEqual(['shop/web shop/db', 'world shop/db']);
    const folded = (await run(shop, { ...http, from: ['shop/Pod/web'], to: ['203.0.113.7'] })).rows();
    expect(folded.map(({ src, dst }) => `${src} ${dst}`)).toEqual(['shop/web 203.0.113.7']);
  });

  it('takes pods on the network of a node for that node', async () => {
    const agents = [
      pod('ops', 'near', ', hostNetwork: true, nodeName: n1'),
      pod('ops', 'far', ', hostNetwork: true, nodeName: n2'),
      shop.replaceAll('{containers', '{nodeName: n1, containers'),
    ].join('');
    const { verdict } = await run(agents, http);
    expect(verdict('ops/near', 'shop/db')).toBe('allow');
    expect(verdict('ops/far', 'shop/db')).toBe('deny');
    expect(verdict('shop/db', 'ops/far')).toBe('allow');
  });

  it('gives workloads as ends where it is asked to, one for pods that no policy tells apart', async () => {
    const deployment = `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {replicas: 3, selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c}]}}}
`;
    const { verdict, rows } = await run(shop + deployment, { ...http, static: true, fold: 'workload' });
    expect(verdict('shop/Deployment/api', 'shop/db')).toBe('deny');
    expect(verdict('shop/Deployment/api', 'shop/Deployment/api')).toBe('allow');
    expect(rows().filter(({ src }) => src.startsWith('shop/Deployment'))).toHaveLength(4 + 4);
    expect(
      (await run(shop + deployment, { ...http, static: true }))
        .rows()
        .filter(({ src }) => src.includes('api-')),
    ).toHaveLength(3 * (5 + 4));
  });
});

describe('reach that cannot know', () => {
  const doubtful =
    shop +
    policy(
      'shop',
      'web',
      '{endpointSelector: {matchLabels: {app: web}}, ingress: [{fromCIDRSet: [{cidrGroupRef: partners}]}]}',
    );

  it('leaves such flows out of json, says on what they hang, and exits 3', async () => {
    const { verdict, status, said } = await run(doubtful, http);
    expect(status).toBe(3);
    expect(verdict('world', 'shop/web')).toBeUndefined();
    expect(verdict('ops/prom', 'shop/web')).toBe('deny');
    expect(said).toMatch(/unknown: 1 flow cannot be known and is left out/);
    expect(said).toMatch(
      /world → shop\/web on 80\/TCP: it hangs on .*partners.*CiliumNetworkPolicy shop\/web/,
    );
  });

  it('shows them in the table and the picture', async () => {
    expect((await run(doubtful, { ...http, output: 'table' })).text).toMatch(
      /world +shop\/web +allow +unknown +unknown +80\/TCP/,
    );
    expect((await run(doubtful, { ...http, output: 'svg' })).text).toContain('class="line unknown"');
  });

  it('answers nothing under a configuration that is not modelled', async () => {
    const config = `---
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data: {label-prefix-file: /etc/labels.json}
`;
    const { text, status, said } = await run(shop + config, http);
    expect([text, status]).toEqual(['', 3]);
    expect(said).toContain('label-prefix-file');
  });

  it('tells of policies that Cilium refuses, whose pods stay open', async () => {
    const refused = shop.replace('port: "80"', 'port: "99999"');
    const { verdict, said } = await run(refused, http);
    expect(verdict('world', 'shop/db')).toBe('allow');
    expect(said).toMatch(/Cilium refuses CiliumNetworkPolicy shop\/db: .*Nothing of it is enforced/);
  });

  it('exits 2 where a file cannot be read, and judges the rest', async () => {
    const { status, said, verdict } = await run(`${shop}---\n{{ .Values.broken }: [\n`, http);
    expect(status).toBe(2);
    expect(said).toMatch(/error: .*is not YAML/);
    expect(verdict('world', 'shop/db')).toBe('deny');
  });

  it('says to use --static, or a dump, where manifests hold no pods', async () => {
    const deployment =
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: []}}}\n';
    await expect(run(deployment)).rejects.toThrow(/kubectl get pods.*--static/s);
    await expect(run(deployment)).rejects.toThrow(UsageError);
  });
});

describe('reach called wrongly', () => {
  it.each([
    [{ from: ['nowhere'] }, /--from nowhere matches no running pod; there are pods in ops, shop/],
    [{ to: ['shop/'] }, /--to "shop\/" is none of: a pod/],
    [{ to: ['shop:='] }, /--to shop:=: "=" is not key=value/],
    [{ namespace: 'nope' }, /-n nope: no running pod is in that namespace/],
    [{ ports: ['80/TPC'] }, /"80\/TPC": write a port as 80\/TCP; the protocols are TCP, UDP/],
    [{ ports: ['0'] }, /"0" is no port; it is a number from 1 to 65535/],
    [{ ports: [] }, /--ports names no port/],
    [{ why: ['shop/web', 'shop/db'] }, /--why takes a source, a destination and a port/],
    [{ why: ['shop/web', 'shop/db', '80'], output: 'svg' as const }, /--why has no picture/],
    [{ why: ['shop/web', 'shop/web', '80'] }, /the same pod/],
    [{ fold: 'namespace' as const }, /--fold namespace is for pictures/],
  ])('%j is told', async (flags, message) => {
    const called = run(shop, { ...http, ...flags });
    await expect(called).rejects.toThrow(UsageError);
    await expect(called).rejects.toThrow(message);
  });
});

describe('reach --why', () => {
  const why = async (src: string, dst: string, port = '80/TCP', manifests = shop) =>
    (await run(manifests, { output: 'table', why: [src, dst, port] })).text;

  it('names the rule that allows, and the side without policy', async () => {
    expect(await why('shop/web', 'shop/db')).toBe(
      [
        'shop/web → shop/db on 80/TCP: allowed',
        '  egress of shop/web: allowed by default: no policy selects it with an egress section',
        '  ingress of shop/db: allowed by spec.ingress[0] of CiliumNetworkPolicy shop/db',
        '',
      ].join('\n'),
    );
  });

  it('names the policy that keeps default deny where no rule lets it through', async () => {
    expect(await why('world', 'shop/db')).toContain(
      'ingress of shop/db: denied: no rule lets it through, and spec.ingress[0] of CiliumNetworkPolicy shop/db puts it under default deny',
    );
  });

  it('names a rule that denies', async () => {
    const denied =
      shop + policy('shop', 'no', '{endpointSelector: {}, ingressDeny: [{fromEntities: [world]}]}');
    expect(await why('world', 'shop/web', '80', denied)).toContain(
      'denied by spec.ingressDeny[0] of CiliumNetworkPolicy shop/no',
    );
  });

  it('tells pairs with the same reasons once, and exits 0 for a denied flow', async () => {
    const { text, status } = await run(shop, { output: 'table', why: ['*:!x', 'shop', '80'] });
    expect(text).toContain('ops/prom → shop/web on 80/TCP: allowed (and 1 more pair for the same reasons)');
    expect(status).toBe(0);
  });

  it('gives the same as JSON', async () => {
    const { rows } = await run(shop, { why: ['world', 'shop/db', '80'] });
    expect(rows()).toMatchObject([
      {
        src: 'world',
        verdict: 'deny',
        ingress: { decision: 'deny', policy: { name: 'db' }, rule: 'spec.ingress[0]' },
      },
    ]);
  });
});

describe('names that mean harm', () => {
  const evil = [
    pod('shop', 'a<script>&\\"]]>'),
    pod('shop', 'vier-ö-日本語'),
    pod('shop', 'bell\\u0007\\u001b[31m\\u202e'),
    policy('shop', 'p\\"<&>', '{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}'),
    pod('ops', 'x'),
  ].join('');

  it('stay text in SVG', async () => {
    const { text } = await run(evil, { ...http, output: 'svg' });
    expect(text).not.toMatch(/<script|&(?!amp;|lt;|gt;|quot;)|[^\n\P{Cc}]|\u202e/u);
    expect(text).toContain('a&lt;script&gt;&amp;&quot;]]&gt;');
    expect(text).toContain('vier-ö-日本語');
    expect(text).toContain('CiliumNetworkPolicy shop/p&quot;&lt;&amp;&gt;');
    // Every tag is closed in its turn.
    const open: string[] = [];
    for (const [, close, name, self] of text.matchAll(/<(\/?)([a-zA-Z]+)[^>]*?(\/?)>/g)) {
      if (close) expect(open.pop()).toBe(name);
      else if (!self) open.push(name ?? '');
    }
    expect(open).toEqual([]);
  });

  it('stay quoted in dot', async () => {
    const { text } = await run(evil, { ...http, output: 'dot' });
    const outside = text.replace(/"(?:[^"\\\n]|\\.)*"/g, '');
    expect(outside).not.toMatch(/["<]|script/);
    expect(text).toContain('a<script>&\\"]]>');
  });

  it('cannot write to the terminal', async () => {
    const table = await run(evil, { ...http, output: 'table' });
    const why = await run(evil, { output: 'table', why: ['shop', 'ops', '80'] });
    for (const text of [table.text, why.text]) expect(text).not.toMatch(/[^\n\P{Cc}]|\u202e/u);
    expect((await run(evil, http)).rows().some(({ src }) => src === 'shop/bell\u0007\u001b[31m\u202e')).toBe(
      true,
    );
  });
});
