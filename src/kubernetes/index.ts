/** The library's front door: speaking to a Kubernetes API server. Knows nothing of what it is used for. */
export {
  type AccessAnswer,
  type AccessQuestion,
  type ApplyOptions,
  applyObject,
  applyStatus,
  canI,
  canSubject,
  createObject,
  deleteObject,
  getObject,
  type RequestOptions,
  type ResourceRef,
  type ServerVersion,
  serverVersion,
  serviceAccountSubject,
} from './apply.ts';
export { type Backoff, type BackoffOptions, createBackoff } from './backoff.ts';
export { type Clock, sleep, systemClock, type TimerHandle } from './clock.ts';
export {
  ConfigError,
  type Connection,
  type ConnectionOptions,
  type Credentials,
  loadConnection,
  type TlsMaterial,
} from './config.ts';
export {
  type ApiResource,
  createDiscovery,
  type Discovery,
  type Resolution,
  resourcePath,
  splitApiVersion,
} from './discovery.ts';
export { deepEqual } from './equal.ts';
export {
  ApiError,
  ConnectionError,
  isAlreadyExists,
  isApiError,
  isConflict,
  isConnectionError,
  isForbidden,
  isGone,
  isNotFound,
  isUnauthorized,
  messageOf,
  type StatusBody,
} from './errors.ts';
export {
  createEventRecorder,
  cutBytes,
  type EventInput,
  type EventRecorder,
  type EventRecorderOptions,
  type ObjectReference,
} from './events.ts';
export type { FailureReason, ReflectorFailure } from './failure.ts';
export { type LeaseElector, type LeaseOptions, type LeaseSpec, startLeaseElection } from './lease.ts';
export {
  type Reflector,
  type ReflectorEvent,
  type ReflectorOptions,
  type Sink,
  startReflector,
} from './reflector.ts';
export { type Change, createStore, type Store, type StoreOptions, type StoreStatus } from './store.ts';
export {
  type ApiRequest,
  type ApiResponse,
  createTransport,
  type Observation,
  type QueryValue,
  type StreamRequest,
  type StreamResponse,
  type Transport,
  type TransportOptions,
} from './transport.ts';
export type { KubeObject, ManagedFieldsEntry, ObjectKey, ObjectMeta, OwnerReference } from './types.ts';
export {
  createWorkQueue,
  type WorkQueue,
  type WorkQueueMetrics,
  type WorkQueueOptions,
} from './workqueue.ts';
