import { describe, expect, it } from 'vitest';
import { STATES } from '../api/status.ts';
import type { ObservedItem } from './item-series.ts';
import { createMetrics, type Metrics } from './metrics.ts';

const AT = new Date('2026-01-17T03:00:00Z');
const KEY = 'namespace="remediation-system",name="item-13"';

function item(over: Partial<ObservedItem> & { name?: string } = {}): ObservedItem {
  const { name = 'item-13', ...rest } = over;
  return {
    metadata: { namespace: 'remediation-system', name, labels: { 'remediation.dev/review': 'january-2026' } },
    spec: { number: 13, title: 'Add PodDisruptionBudgets', priority: 'Medium', milestone: 'Week 2-3' },
    status: { state: 'Implemented' },
    ...rest,
  };
}

async function text(metrics: Metrics): Promise<string> {
  let all = '';
  for await (const chunk of metrics.expose()) all += chunk;
  return all;
}

async function lines(metrics: Metrics, family: string): Promise<string[]> {
  return (await text(metrics))
    .split('\n')
    .filter((line) => line.startsWith(`${family}{`) || line.startsWith(`${family} `));
}

describe("an item's series", () => {
  it('say what the item is', async () => {
    const metrics = createMetrics({ process: false });
    metrics.observeItem(item(), AT);
    expect(await lines(metrics, 'remediation_item_info')).toEqual([
      `remediation_item_info{${KEY},number="13",title="Add PodDisruptionBudgets",priority="Medium",milestone="Week 2-3",review="january-2026"} 1`,
    ]);
    expect(await lines(metrics, 'remediation_item_last_evaluation_timestamp_seconds')).toEqual([
      `remediation_item_last_evaluation_timestamp_seconds{${KEY}} ${AT.getTime() / 1000}`,
    ]);
  });

  it('hold 1 for the one state it is in and 0 for every other, also after a change', async () => {
    const metrics = createMetrics({ process: false });
    metrics.observeItem(item(), AT);
    metrics.observeItem(item({ status: { state: 'Blocked' } }), AT);
    const states = await lines(metrics, 'remediation_item_state');
    expect(states).toEqual(
      STATES.map((state) => `remediation_item_state{${KEY},state="${state}"} ${state === 'Blocked' ? 1 : 0}`),
    );
  });

  it('count deciding checks by verdict, and advisory ones not at all', async () => {
    const metrics = createMetrics({ process: false });
    const check = { type: 'probes', reason: 'R', message: 'm', since: AT.toISOString() };
    const checks = [
      { ...check, name: 'a', verdict: 'Pass' as const },
      { ...check, name: 'b', verdict: 'Fail' as const },
      { ...check, name: 'c', verdict: 'Fail' as const, advisory: true },
    ];
    metrics.observeItem(item({ status: { state: 'Pending', checks } }), AT);
    expect(await lines(metrics, 'remediation_item_checks')).toEqual([
      `remediation_item_checks{${KEY},verdict="Pass"} 1`,
      `remediation_item_checks{${KEY},verdict="Fail"} 1`,
      `remediation_item_checks{${KEY},verdict="Unknown"} 0`,
      `remediation_item_checks{${KEY},verdict="NotApplicable"} 0`,
      `remediation_item_checks{${KEY},verdict="Waived"} 0`,
    ]);
  });

  it('say since when and why it is Drifted, only while it is', async () => {
    const metrics = createMetrics({ process: false });
    const drifted = {
      state: 'Drifted' as const,
      driftedSince: '2026-01-17T00:00:00Z',
      conditions: [
        {
          type: 'Drifted',
          status: 'True' as const,
          reason: 'ClaimRefuted',
          message: '',
          lastTransitionTime: '2026-01-17T00:00:00Z',
        },
      ],
    };
    metrics.observeItem(item({ status: drifted }), AT);
    expect(await lines(metrics, 'remediation_item_drifted_since_timestamp_seconds')).toEqual([
      `remediation_item_drifted_since_timestamp_seconds{${KEY},reason="ClaimRefuted"} ${Date.parse('2026-01-17T00:00:00Z') / 1000}`,
    ]);
    metrics.observeItem(item(), AT);
    expect(await lines(metrics, 'remediation_item_drifted_since_timestamp_seconds')).toEqual([]);
  });

  it('make an item due when its day is over, and never when it is abandoned', async () => {
    const metrics = createMetrics({ process: false });
    metrics.observeItem(item({ spec: { dueDate: '2026-02-28' } }), AT);
    expect(await lines(metrics, 'remediation_item_due_timestamp_seconds')).toEqual([
      `remediation_item_due_timestamp_seconds{${KEY}} ${Date.parse('2026-03-01T00:00:00Z') / 1000}`,
    ]);
    metrics.observeItem(item({ spec: { dueDate: '2026-02-28', claim: { status: 'Abandoned' } } }), AT);
    expect(await lines(metrics, 'remediation_item_due_timestamp_seconds')).toEqual([]);
  });

  it('tell the first expiry of each check', async () => {
    const metrics = createMetrics({ process: false });
    const spec = {
      waivers: [
        { check: 'envoy', expires: '2026-12-31T00:00:00Z' },
        { check: 'envoy', expires: '2026-06-30T00:00:00Z' },
      ],
      checks: [{ name: 'restore-drill', attestation: { at: '2026-01-01T00:00:00Z', validFor: '2160h' } }],
      prerequisites: [{ name: 'access', attestation: { at: '2026-01-01T00:00:00Z', validFor: '24h' } }],
    };
    metrics.observeItem(item({ spec }), AT);
    expect(await lines(metrics, 'remediation_evidence_expiry_timestamp_seconds')).toEqual([
      `remediation_evidence_expiry_timestamp_seconds{${KEY},check="envoy",kind="waiver"} ${Date.parse('2026-06-30T00:00:00Z') / 1000}`,
      `remediation_evidence_expiry_timestamp_seconds{${KEY},check="restore-drill",kind="attestation"} ${Date.parse('2026-04-01T00:00:00Z') / 1000}`,
      `remediation_evidence_expiry_timestamp_seconds{${KEY},check="access",kind="attestation"} ${Date.parse('2026-01-02T00:00:00Z') / 1000}`,
    ]);
  });

  it('disappear with the item, and only its own do', async () => {
    const metrics = createMetrics({ process: false });
    metrics.observeItem(item(), AT);
    metrics.observeItem(item({ name: 'item-9' }), AT);
    metrics.forgetItem('remediation-system', 'item-13');
    const all = await text(metrics);
    expect(all).not.toContain('item-13');
    expect(all).toContain('name="item-9"');
  });

  it('disappear when the lead is lost, because another replica tells of them then', async () => {
    const metrics = createMetrics({ process: false });
    metrics.leader(true);
    metrics.observeItem(item(), AT);
    metrics.leader(false);
    const all = await text(metrics);
    expect(all).not.toContain('item-13');
    expect(all).toContain('leader_election_master_status{name="remediation-operator"} 0');
  });

  it('are told even when the spec cannot be read', async () => {
    const metrics = createMetrics({ process: false });
    metrics.observeItem({ metadata: { namespace: 'a', name: 'b' }, status: { state: 'Invalid' } }, AT);
    expect(await lines(metrics, 'remediation_item_state')).toContain(
      'remediation_item_state{namespace="a",name="b",state="Invalid"} 1',
    );
  });

  it('escape what the format cannot hold', async () => {
    const metrics = createMetrics({ process: false });
    metrics.observeItem(item({ spec: { title: 'say "no"\nto C:\\temp — überall' } }), AT);
    expect((await lines(metrics, 'remediation_item_info'))[0]).toContain(
      'title="say \\"no\\"\\nto C:\\\\temp — überall"',
    );
  });

  it('are handed out in small pieces, so that 10,000 items hold up nothing', async () => {
    const metrics = createMetrics({ process: false });
    for (let i = 0; i < 10_000; i++) metrics.observeItem(item({ name: `item-${i}` }), AT);
    let longest = 0;
    let samples = 0;
    for await (const chunk of metrics.expose()) {
      const count = chunk.split('\n').length;
      longest = Math.max(longest, count);
      samples += count;
    }
    expect(samples).toBeGreaterThan(10_000 * 15);
    expect(longest).toBeLessThan(5_000);
  });
});

describe("the operator's own metrics", () => {
  it('carry the names that dashboards for controller-runtime look for', async () => {
    const metrics = createMetrics();
    metrics.queue('remediationitem');
    metrics.requests('https://10.0.0.1:6443')({ verb: 'LIST', code: '200', seconds: 0.01 });
    metrics.watch('Pod')('watchList');
    metrics.observeReconcile('remediationitem', 'success');
    const all = await text(metrics);
    for (const sampled of [
      'workqueue_depth{name="remediationitem"} 0',
      'workqueue_adds_total{name="remediationitem"} 0',
      'workqueue_retries_total{name="remediationitem"} 0',
      'workqueue_unfinished_work_seconds{name="remediationitem"} 0',
      'workqueue_longest_running_processor_seconds{name="remediationitem"} 0',
      'workqueue_queue_duration_seconds_count{name="remediationitem"} 0',
      'workqueue_work_duration_seconds_count{name="remediationitem"} 0',
      'controller_runtime_reconcile_total{controller="remediationitem",result="success"} 1',
      'controller_runtime_reconcile_errors_total{controller="remediationitem"} 0',
      'rest_client_requests_total{code="200",method="GET",host="10.0.0.1:6443"} 1',
      'leader_election_master_status{name="remediation-operator"} 0',
      'reflector_lists_total{name="Pod"} 1',
      'reflector_watches_total{name="Pod"} 1',
      'reflector_watch_failures_total{name="Pod"} 0',
      'remediation_evaluation_duration_seconds_count 0',
      'remediation_change_to_verdict_seconds_count 0',
    ]) {
      expect(all).toContain(`\n${sampled}\n`);
    }
    expect(all).toMatch(/^process_resident_memory_bytes \d+/m);
  });

  it('say what the queue tells them, and ask it at each scrape what is in work', async () => {
    const metrics = createMetrics({ process: false });
    const queue = metrics.queue('q');
    let unfinished = { totalSeconds: 5, longestSeconds: 3 };
    queue.inWork(() => unfinished);
    queue.added();
    queue.depth(1);
    queue.queueDuration(2);
    queue.workDuration(4);
    queue.retried();
    const all = await text(metrics);
    expect(all).toContain('workqueue_depth{name="q"} 1\n');
    expect(all).toContain('workqueue_adds_total{name="q"} 1\n');
    expect(all).toContain('workqueue_retries_total{name="q"} 1\n');
    expect(all).toContain('workqueue_queue_duration_seconds_sum{name="q"} 2\n');
    expect(all).toContain('workqueue_work_duration_seconds_sum{name="q"} 4\n');
    expect(all).toContain('workqueue_unfinished_work_seconds{name="q"} 5\n');
    expect(all).toContain('workqueue_longest_running_processor_seconds{name="q"} 3\n');
    unfinished = { totalSeconds: 0, longestSeconds: 0 };
    expect(await text(metrics)).toContain('workqueue_longest_running_processor_seconds{name="q"} 0\n');
  });

  it('tell a verdict of 3 ms from one of 30 ms', async () => {
    const metrics = createMetrics({ process: false });
    metrics.observeChangeToVerdict(0.003);
    metrics.observeChangeToVerdict(0.03);
    const all = await text(metrics);
    expect(all).toContain('remediation_change_to_verdict_seconds_bucket{le="0.003"} 1\n');
    expect(all).toContain('remediation_change_to_verdict_seconds_bucket{le="0.03"} 2\n');
  });

  it('share nothing between two instances', async () => {
    const [one, other] = [createMetrics({ process: false }), createMetrics({ process: false })];
    one.observeEvaluation(0.1);
    expect(await text(other)).toContain('remediation_evaluation_duration_seconds_count 0\n');
  });

  it('are text that promtool would accept: each family once, help and type before its samples', async () => {
    const metrics = createMetrics();
    metrics.observeItem(item(), AT);
    const seen = new Set<string>();
    for (const line of (await text(metrics)).split('\n').filter((each) => each.startsWith('# TYPE'))) {
      const family = line.split(' ')[2] ?? '';
      expect(seen.has(family), family).toBe(false);
      seen.add(family);
    }
    expect(seen.has('remediation_item_state')).toBe(true);
  });
});

describe('artifacts of Flux sources', () => {
  it('are counted by how their fetch ended, with 0 for what has not been seen', async () => {
    const metrics = createMetrics({ process: false });
    metrics.artifacts.fetched('success', 0.04);
    metrics.artifacts.fetched('Unreachable', 10);
    const name = 'remediation_artifact_fetch_duration_seconds';
    const count = async (result: string) =>
      (await lines(metrics, `${name}_count`)).find((line) => line.includes(`"${result}"`))?.split(' ')[1];
    expect(await Promise.all(['success', 'Unreachable', 'Forbidden', 'Unreadable'].map(count))).toEqual([
      '1',
      '1',
      '0',
      '0',
    ]);
    expect(await lines(metrics, `${name}_bucket`)).toContain(`${name}_bucket{le="0.05",result="success"} 1`);
  });

  it('tell what is held at the moment of the scrape', async () => {
    const metrics = createMetrics({ process: false });
    const held = { known: 3, pending: 2, failed: 1, takenBytes: 1000, roomBytes: 9000 };
    metrics.artifacts.holdings(() => held);
    held.known = 4;
    expect(await lines(metrics, 'remediation_artifacts')).toEqual([
      'remediation_artifacts{state="known"} 4',
      'remediation_artifacts{state="pending"} 2',
      'remediation_artifacts{state="failed"} 1',
    ]);
    expect(await lines(metrics, 'remediation_artifact_memory_bytes')).toEqual([
      'remediation_artifact_memory_bytes 1000',
    ]);
    expect(await lines(metrics, 'remediation_artifact_memory_limit_bytes')).toEqual([
      'remediation_artifact_memory_limit_bytes 9000',
    ]);
  });
});
