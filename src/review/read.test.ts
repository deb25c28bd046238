import { describe, expect, it } from 'vitest';
import { MAX_REVIEW_BYTES, ReviewError } from './markdown.ts';
import type { ReviewItem } from './model.ts';
import { readReview } from './read.ts';
import { JANUARY, load, REVIEWS } from './testing/load.ts';

/** What a reader compares with the document: one line per item. */
const brief = ({ number, title, priority, effort, impact, milestone, claim, line }: ReviewItem) =>
  [
    line,
    number === undefined ? '' : `#${number}`,
    title,
    priority,
    effort ?? '',
    impact ?? '',
    milestone ?? '',
    `${claim?.status ?? ''} ${claim?.date ?? ''}`.trim(),
  ].join(' | ');
const briefs = (name: string) => load(name).items.map(brief);
const read = (text: string) => readReview(text, { fileName: 'review.md' });

describe('the review of January 2026', () => {
  const review = load(JANUARY);

  it('has its thirteen items with line, number, title, priority, effort, impact, milestone and claim', () => {
    expect(review.items.map(brief)).toEqual([
      '27 | #3 | Add Trivy scanning to CI | Critical | 2h | High | Week 2-3 | Implemented 2026-01-03',
      '44 | #9 | Add health probes to critical apps | High | 4h | Medium | Week 2-3 | Implemented 2026-01-03',
      '45 | #10 | Cache file reads in plugin.py | High | 1h | Medium | Week 2-3 | Implemented 2026-01-03',
      '90 | #11 | Add CiliumNetworkPolicies | Medium | 4h | Medium | Month 2 | Pending 2026-01-03',
      '91 | #12 | Create disaster recovery runbook | Medium | 4h | Medium | Month 1 | Pending 2026-01-03',
      '92 | #13 | Add PodDisruptionBudgets | Medium | 3h | Medium | Week 2-3 | Implemented 2026-01-03',
      '93 | #14 | Parallelize bootstrap operations | Medium | 4h | Medium | Week 2-3 | Implemented 2026-01-03',
      '94 | #15 | Add SBOM generation to releases | Medium | 2h | Medium | Week 2-3 | Implemented 2026-01-03',
      '137 | #16 | Add Sigstore image signing | Low | 4h |  | Month 3+ | Pending 2026-01-03',
      '138 | #17 | Add SLSA compliance | Low | 4h |  | Month 3+ | Pending 2026-01-03',
      '139 | #18 | Add SLO/SLI tracking | Low | 6h |  | Month 3+ | Pending 2026-01-03',
      '140 | #19 | Add chaos engineering | Low | 8h |  | Month 3+ | Pending 2026-01-03',
      '141 | #20 | Create video tutorials | Low | 16h |  | Month 3+ | Pending 2026-01-03',
    ]);
  });

  it('says which prerequisites which item has', () => {
    const prerequisites = review.items
      .filter((item) => item.prerequisites.length > 0)
      .map((item) => [item.number, item.prerequisites.map(({ text }) => text)]);
    expect(prerequisites).toEqual([
      [3, ['GitHub Actions workflow access', 'SARIF upload permissions']],
      [11, ['Cilium CNI already deployed', 'CiliumNetworkPolicy CRD available']],
      [
        16,
        ['cosign CLI', 'Container registry with OCI support', 'Policy controller (Kyverno or Gatekeeper)'],
      ],
      [19, ['Dedicated namespace for chaos tools', 'RBAC permissions for fault injection']],
    ]);
  });

  it('gives the details of an item to that item, code and all', () => {
    const of = (number: number) => review.items.find((item) => item.number === number)?.description ?? '';
    expect(of(3)).toMatch(/^Added `security-scan` job/);
    expect(of(10)).toContain('@lru_cache(maxsize=4)\ndef _read_json_cached');
    expect(of(14)).toContain('  - Phase 2: Apply namespaces and secrets in parallel');
    expect(of(11)).toContain('2. flux-system namespace (protect GitOps controllers)');
    expect(of(20)).toBe('Onboarding content');
  });

  it('keeps what it says of itself, and leaves no line unaccounted for', () => {
    expect(review).toMatchObject({
      title: 'Review Follow-Up Items - January 2026',
      slug: 'january-2026',
      created: '2026-01-03',
    });
    expect(review.tracking).toHaveLength(8);
    expect(review.related).toHaveLength(4);
    expect(review.contradictions).toEqual([]);
    expect(review.unaccounted).toEqual([]);
  });
});

describe('reviews in other habits', () => {
  it('items as headings, with fields below them', () => {
    expect(briefs('item-headings.md')).toEqual([
      '12 | #1 | Rotate the etcd encryption key | Critical | 12h |  |  | InProgress 2026-02-11',
      '27 | #2 | Turn on audit logs | High | 45m |  |  | Implemented 2026-02-11',
      '34 | #3 | Remove the default ServiceAccount token | Low |  | Medium |  | Abandoned 2026-02-11',
    ]);
    const [first, , third] = load('item-headings.md').items;
    expect(first).toMatchObject({ owner: 'mara', dueDate: '2026-03-15' });
    expect(first?.description).toContain('**How to rotate**\n\n- add the new key first');
    expect(third?.claim?.note).toBe('workloads of a vendor need it');
  });

  it('codes as headings under priorities with emoji, with tables of their own', () => {
    expect(briefs('priority-suffix.md')).toEqual([
      '5 | #1 | SEC-001: Dashboard is open to the world | Critical |  |  |  | Implemented 2026-01-20',
      '11 | #2 | SEC-002: Secrets in ConfigMaps | Critical |  |  |  | Pending',
      '17 | #17 | SEC-017: Old TLS versions | Medium |  |  |  | InProgress',
    ]);
  });

  it('task lists only, with effort, owner, date and priority in the line', () => {
    expect(briefs('task-lists.md')).toEqual([
      '5 |  | Enforce Pod Security Standards | High | 4h |  |  | Implemented 2026-02-01',
      '6 | #12 | Sign images in CI | High | 16h |  |  | Pending',
      '8 |  | Rotate kubeconfig certificates | Critical |  |  |  | Pending',
      '12 |  | Write a glossary | Low |  |  |  | Pending',
      '13 |  | Delete old branches | Low |  |  |  | Implemented',
    ]);
    expect(load('task-lists.md').items[1]).toMatchObject({
      owner: 'alice',
      dueDate: '2026-04-01',
      description: '- needs a key first',
    });
  });

  it('tables with other columns in another order; what has no field is kept', () => {
    expect(briefs('other-columns.md')).toEqual([
      '5 | #7 | Spread replicas over zones | High | 6h |  |  | Implemented 2026-02-03',
      '6 | #8 | Back up etcd | restore it once | Critical | 24h |  |  | InProgress',
      '7 | #9 | Raise replicas of ingress to 3 | Low |  |  |  | Pending',
    ]);
    expect(load('other-columns.md').items.map(({ description }) => description)).toEqual([
      'Ticket: OPS-11',
      'Estimate: 2-3 days; Ticket: OPS-12',
      'Estimate: M; Deadline: n/a',
    ]);
  });

  it('numbered lists with lists inside, and milestones as lists', () => {
    expect(briefs('nested-lists.md')).toEqual([
      '7 | #1 | Add resource limits to every Deployment | High |  |  | Week 1 | Implemented 2026-05-12',
      '10 | #2 | Set a PodDisruptionBudget for Redis | High |  |  | Week 2 | Pending 2026-05-12',
      '16 |  | Turn on NodeLocal DNSCache | Medium |  |  | Week 2 | Pending 2026-05-12',
    ]);
  });

  it('HTML comments say nothing', () => {
    expect(briefs('html-comments.md')).toEqual([
      '10 | #1 | Isolate the database | High |  |  |  | InProgress',
      '11 | #2 | Drop <b>legacy</b> ingress | Low |  |  |  | Pending',
    ]);
  });

  it('other alphabets and languages', () => {
    expect(briefs('unicode.md')).toEqual([
      '5 | #1 | Schlüssel für 北京-Cluster rotieren | High |  |  |  | Implemented',
      '6 | #2 | Prüfe naïve Cafés | Low |  |  |  | Implemented',
      '7 | #3 | 修复入口 | Medium |  |  |  | InProgress',
    ]);
  });

  it('line ends of Windows, as with those of Unix', () => {
    expect(briefs('windows-line-ends.md')).toEqual([
      '7 | #1 | Patch the kernel | Critical | 2h |  | Sprint 4 | Pending',
      '8 | #2 | Close port 22 | Critical | 30m |  | Sprint 4 | Implemented 2026-03-01',
    ]);
    expect(load('windows-line-ends.md').items[1]?.description).toBe('- **Firewall**: closed\n- second line');
  });

  it('groups by status instead of priority', () => {
    expect(briefs('status-groups.md')).toEqual([
      '5 |  | Add an alert for full disks | Medium |  |  |  | Implemented 2026-04-02',
      '6 |  | Restart Kafka by hand | Medium |  |  |  | Implemented 2026-04-02',
      '10 |  | Move Kafka to faster disks | Medium |  |  |  | InProgress 2026-04-02',
      '14 |  | Write the post mortem | Medium |  |  |  | Pending 2026-04-02',
    ]);
  });

  it('a milestone column, prerequisites that name their item, a change log as a list', () => {
    expect(briefs('roadmap-table.md')).toEqual([
      '11 | #1 | Default deny in every namespace | High |  |  | Phase 1 | Pending 2026-07-01',
      '12 | #2 | mTLS between services | Medium |  |  | Phase 2 | Implemented 2026-07-09',
    ]);
    const [first, second] = load('roadmap-table.md').items;
    expect(first?.prerequisites).toEqual([{ text: 'Cilium is installed (#1)', line: 16 }]);
    expect(second?.description).toBe('see [the decision](adr/7.md)');
  });

  it('milestones as bold lines, items known by their titles alone', () => {
    expect(briefs('bold-milestones.md')).toEqual([
      '7 |  | Scrape every ingress | High | 3h |  | Q1 2026 | Pending',
      '8 |  | Trace payments | High | 40h |  | Q2 2026 | Pending',
      '14 |  | Dashboards in Git | Low | 2h |  | Q1 2026 | Pending',
    ]);
  });

  it('lists what it does not understand and where the document disagrees with itself, with lines', () => {
    const review = load('disagreements.md');
    expect(review.unaccounted).toEqual([
      { line: 10, text: 'Nobody knows why this sentence stands here.' },
      { line: 27, text: '> A quotation that belongs to nothing.' },
    ]);
    expect(review.contradictions.map(({ line, text }) => `${line}: ${text}`)).toEqual([
      '16: #4 Encrypt backups is Pending here, and Implemented at line 7, which counts',
      '17: #5 Test restores is Implemented here, and Pending at line 8, which counts',
    ]);
  });

  it('German words for columns, places, statuses, efforts and dates', () => {
    expect(briefs('german.md')).toEqual([
      '15 | #1 | Zugang zum Dashboard absichern | Critical | 4h | High | Februar | InProgress 2026-02-03',
      '16 | #2 | etcd verschlüsseln | Critical | 16h | High | Februar | Implemented 2026-02-02',
      '22 | #3 | Netzwerkregeln für shop einführen | Medium | 40h | Medium | März | Pending 2026-02-03',
      '23 | #4 | Alte Images löschen | Medium | 30m | Low |  | Implemented 2026-01-05',
      '24 | #5 | Eigenen DNS betreiben | Medium | 24h | Low |  | Abandoned 2026-02-03',
      '25 | #6 | Wiederanlauf üben | Medium | 16h | High |  | Pending 2026-02-03',
    ]);
    const review = load('german.md');
    expect(review.items[1]).toMatchObject({ owner: 'Ömer', dueDate: '2026-02-28' });
    expect(review.items[2]?.prerequisites).toEqual([{ text: 'Cilium is installed', line: 47 }]);
    expect(review.items[2]?.description).toContain('- `shop` namespace zuerst\n- danach alle anderen');
    expect(review.tracking).toHaveLength(2);
    expect(review.related).toEqual(['[Betriebshandbuch](betrieb.md)']);
    expect(review.contradictions).toEqual([]);
  });

  it('front matter, headings that are underlined, footnotes, tables without bars at their ends', () => {
    expect(briefs('front-matter.md')).toEqual([
      '17 | #21 | Drop CAP_NET_RAW | High | 3h |  |  | Pending 2026-05-04',
      '18 | #22 | Sign release artifacts | High | 8h |  |  | Implemented 2026-05-04',
      '25 |  | Remove the old bastion | Low |  |  |  | Abandoned 2026-05-04',
      '26 |  | Rename clusters | Low |  |  |  | InProgress 2026-05-04',
    ]);
    expect(load('front-matter.md')).toMatchObject({ title: 'Hardening follow-up', created: '2026-05-04' });
    expect(load('front-matter.md').items[1]?.description).toBe('Effort: 1d\n\n<https://example.org/release>');
  });

  it('words in bold, in italics, as code and struck out', () => {
    expect(briefs('emphasised.md')).toEqual([
      '9 | #1 | Failover of the database | Critical |  |  |  | Implemented 2026-06-12',
      '10 | #2 | Third replica of redis | Critical |  |  |  | InProgress 2026-06-12',
      '11 | #3 | Retries in the gateway | Critical |  |  |  | Pending 2026-06-12',
      '17 | #4 | Load test | Medium |  |  |  | Pending 2026-06-12',
      '18 | #5 | Pager rota | Medium |  |  |  | Implemented 2026-06-01',
    ]);
    expect(load('emphasised.md').items[4]).toMatchObject({
      owner: 'Ops',
      description: '<https://example.org/ops>',
    });
  });

  it('links in cells, numbers of an issue tracker', () => {
    expect(briefs('linked-cells.md')).toEqual([
      '7 | #101 | Right-size loki | Medium |  |  |  | Pending',
      '8 | #102 | Quotas per team <br> and per namespace | High |  |  |  | Implemented',
      '9 | #103 | Spot nodes for CI | Low |  |  |  | Pending',
    ]);
    expect(load('linked-cells.md').items[0]?.description).toBe(
      'Labels: cost\n\n<https://example.org/i/101>\n\nSee [#101](https://example.org/i/101) for the figures.',
    );
  });

  it('lists without boxes under must, should and nice to have, below a title that is no first heading', () => {
    expect(briefs('plain-list.md')).toEqual(
      [
        '8 | #1 | Alert on stuck volumes: nobody noticed for an hour | High |  |  |  |',
        '9 | #2 | Runbook for the ingress | High |  |  |  |',
        '15 | #3 | Dashboards load too slowly | Medium | 2h |  |  |',
        '16 | #4 | Rotate the shared password | Medium |  |  |  | Implemented 2026-09-14',
        '20 |  | A better name for the cluster | Low |  |  |  |',
        '21 |  | Stickers | Low |  |  |  |',
      ].map((line) => (line.endsWith('|') ? `${line} ` : line)),
    );
    expect(load('plain-list.md').title).toBe('Things to fix after the game day');
  });

  it('task lists with tasks inside, priorities in front, and one that was given up', () => {
    expect(briefs('nested-tasks.md')).toEqual([
      '3 |  | Split the monolith chart | High | 80h |  |  | Pending',
      '6 | #7 | Pin every image | Medium |  |  |  | Implemented 2026-08-20',
      '7 | #8 | Delete legacy namespaces | Low | 1h |  |  | Pending',
      '11 | #9 | Own registry | Medium |  |  |  | Abandoned',
    ]);
    expect(load('nested-tasks.md').items[0]?.description).toBe(
      '- [x] find the seams\n- [ ] one chart per team',
    );
    expect(load('nested-tasks.md').items[2]?.dueDate).toBe('2026-12-01');
  });

  it.each(REVIEWS.filter((name) => name !== 'disagreements.md'))('%s: nothing is unaccounted for', (name) => {
    expect(load(name).unaccounted).toEqual([]);
  });
});

describe('hostile documents', () => {
  it('more than the limit is refused with the limit and what to do', () => {
    expect(() => read('a'.repeat(MAX_REVIEW_BYTES + 1))).toThrow(/4\.0 MiB .* 4 MiB that are read; split/);
  });

  it('quotes in quotes without end are refused before they are parsed', () => {
    expect(() => read(`# A\n${'>'.repeat(100_000)} b`)).toThrow(ReviewError);
  });

  it('a paragraph without end, or of nothing but brackets, is refused before it is parsed', () => {
    expect(() => read(`# A\n\n${'word word\n'.repeat(50_000)}`)).toThrow(
      /paragraph at line 3 .* break it up/,
    );
    expect(() => read(`# A\n\n${'['.repeat(30_000)}${']'.repeat(30_000)}`)).toThrow(ReviewError);
    // What is fenced is no paragraph.
    expect(read(`# A\n\n\`\`\`json\n${'[[1]],\n'.repeat(20_000)}\`\`\`\n`).items).toEqual([]);
  });

  it('control characters, marks that turn text around and scripts in a title are only text', () => {
    const review = read(
      '# R\n\n| # | Action | Status |\n|-|-|-|\n| 1 | <script>alert(1)</script> a\u001b[31mb\u202ec | Done |\n',
    );
    expect(review.items[0]?.title).toBe('<script>alert(1)</script> a [31mb c');
  });

  it('a title of ten thousand characters is cut to what the API takes', () => {
    const review = read(`# R\n\n| # | Action |\n|-|-|\n| 1 | ${'x'.repeat(10_000)} |\n`);
    expect(review.items[0]?.title).toHaveLength(256);
  });

  it('an empty document has no items', () => {
    expect(read('').items).toEqual([]);
  });
});
