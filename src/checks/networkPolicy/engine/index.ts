// The policy engine: given a cluster, who can reach whom, who is under default
// deny, and which policies are refused. It knows nothing of checks or facts.

export { addressesOf, MOST_PIECES } from './atoms.ts';
export { ciliumSettings, kubernetesSettings, type Settings } from './config.ts';
export {
  type Because,
  decide,
  defaultDeny,
  isExempt,
  nodeSubject,
  type Reach,
  reach,
  type Verdict,
} from './decide.ts';
export type { Doubt } from './doubt.ts';
export type { Endpoint, Group, PodInput } from './identities.ts';
export { buildModel, type Model, type Party } from './model.ts';
export {
  addressIdentity,
  HOST,
  type Identity,
  KUBE_APISERVER,
  REMOTE_NODE,
  selects,
  WORLD,
  WORLD_V6,
  worldFaces,
} from './peers.ts';
export { describe as describePorts, intersect, type PortSet, type Protocol, union } from './ports.ts';
export { mightSelect, readsServices } from './rule-index.ts';
export type { CompiledPolicy, Direction, PolicyInput, Rule, ServiceInput } from './rules.ts';
