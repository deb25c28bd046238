// How each program of the control plane is called.
import { join } from 'node:path';
import type { ClusterOptions, ClusterState, ProcessName } from './state.ts';

export interface CommandContext {
  folder: string;
  state: ClusterState;
  /** kwok's stage files. */
  stages: readonly string[];
}

/** The address of the API server, which its certificate names. */
export const serverUrl = (state: ClusterState) => `https://127.0.0.1:${state.ports.apiServer}`;

const etcdUrl = (state: ClusterState) => `http://127.0.0.1:${state.ports.etcd}`;

export const pkiFolder = (folder: string) => join(folder, 'pki');

export const kubeconfigFile = (folder: string, user: string) => join(folder, `${user}.kubeconfig`);

export function flags(name: ProcessName, context: CommandContext): string[] {
  switch (name) {
    case 'etcd':
      return etcd(context);
    case 'kube-apiserver':
      return apiServer(context);
    case 'kube-controller-manager':
      return controllerManager(context);
    case 'kube-scheduler':
      return scheduler(context);
    case 'kwok':
      return kwok(context);
    default: {
      const unknown: never = name;
      throw new Error(`No flags are known for ${String(unknown)}.`);
    }
  }
}

function etcd({ folder, state }: CommandContext): string[] {
  const peer = `http://127.0.0.1:${state.ports.etcdPeer}`;
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${etcdUrl(state)}`,
    `--advertise-client-urls=${etcdUrl(state)}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // The data need not survive a power cut, only a restart of etcd.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

function apiServer({ folder, state }: CommandContext): string[] {
  const pki = pkiFolder(folder);
  return [
    `--etcd-servers=${etcdUrl(state)}`,
    `--secure-port=${state.ports.apiServer}`,
    '--bind-address=127.0.0.1',
    `--tls-cert-file=${join(pki, 'apiserver.crt')}`,
    `--tls-private-key-file=${join(pki, 'apiserver.key')}`,
    `--client-ca-file=${join(pki, 'ca.crt')}`,
    '--authorization-mode=Node,RBAC',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--allow-privileged=true',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${join(pki, 'service-account.key')}`,
    `--service-account-signing-key-file=${join(pki, 'service-account.key')}`,
    '--endpoint-reconciler-type=none',
    ...faultFlags(state.options),
  ];
}

function faultFlags({ faults, apiServerFlags }: ClusterOptions): string[] {
  const { etcdCompactionInterval, minRequestTimeout, goawayChance } = faults;
  return [
    ...(etcdCompactionInterval === undefined ? [] : [`--etcd-compaction-interval=${etcdCompactionInterval}`]),
    ...(minRequestTimeout === undefined ? [] : [`--min-request-timeout=${minRequestTimeout}`]),
    ...(goawayChance === undefined ? [] : [`--goaway-chance=${goawayChance}`]),
    ...apiServerFlags,
  ];
}

// Without a port of their own: nothing asks them, and two clusters must not meet on one.
// Rates and workers are raised because 10,000 pods at the default of 50 requests a second and 5 workers take minutes.
function controllerManager({ folder }: CommandContext): string[] {
  return [
    `--kubeconfig=${kubeconfigFile(folder, 'controller-manager')}`,
    `--service-account-private-key-file=${join(pkiFolder(folder), 'service-account.key')}`,
    `--root-ca-file=${join(pkiFolder(folder), 'ca.crt')}`,
    '--use-service-account-credentials=true',
    '--leader-elect=false',
    '--secure-port=0',
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    '--concurrent-deployment-syncs=20',
    '--concurrent-replicaset-syncs=20',
  ];
}

function scheduler({ folder }: CommandContext): string[] {
  return [
    `--kubeconfig=${kubeconfigFile(folder, 'scheduler')}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
  ];
}

function kwok({ folder, stages }: CommandContext): string[] {
  return [
    `--kubeconfig=${kubeconfigFile(folder, 'kwok')}`,
    '--manage-all-nodes=true',
    '--cidr=10.244.0.0/16',
    '--node-ip=10.0.0.1',
    '--node-lease-duration-seconds=40',
    ...stages.map((stage) => `--config=${stage}`),
  ];
}
