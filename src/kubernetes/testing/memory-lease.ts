/** A Transport that holds one Lease in memory, with resourceVersion checks as the API server makes them. */
import { ApiError, ConnectionError } from '../errors.ts';
import type { LeaseSpec } from '../lease.ts';
import type { ApiRequest, ApiResponse, Transport } from '../transport.ts';
import type { KubeObject } from '../types.ts';

export type MemoryLease = {
  /** A transport of one candidate; while `down()` it does not reach the server. */
  transport(): Transport & { down(value: boolean): void };
  spec(): LeaseSpec | undefined;
  /** Writes as somebody else does. */
  overwrite(spec: LeaseSpec): void;
  remove(): void;
  writes(): number;
};

export function createMemoryLease(): MemoryLease {
  let stored: KubeObject | undefined;
  let version = 0;
  let writes = 0;

  const store = (object: KubeObject): KubeObject => {
    version++;
    stored = structuredClone({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(version) },
    });
    return structuredClone(stored);
  };
  const notFound = (): ApiError => new ApiError(404, { reason: 'NotFound', message: 'no lease' });

  function answer(request: ApiRequest): KubeObject {
    const body = request.body as KubeObject;
    switch (request.method) {
      case 'POST':
        if (stored) throw new ApiError(409, { reason: 'AlreadyExists', message: 'there is one' });
        writes++;
        return store(body);
      case 'PUT':
        if (!stored) throw notFound();
        if (body.metadata.resourceVersion !== stored.metadata.resourceVersion) {
          throw new ApiError(409, { reason: 'Conflict', message: 'the object has been modified' });
        }
        writes++;
        return store(body);
      default:
        if (!stored) throw notFound();
        return structuredClone(stored);
    }
  }

  return {
    transport: () => {
      let isDown = false;
      return {
        server: 'memory',
        namespace: undefined,
        request: async <T>(request: ApiRequest): Promise<ApiResponse<T>> => {
          if (isDown) throw new ConnectionError('memory', 'cannot reach memory', 'ECONNREFUSED', false);
          return { status: 200, headers: {}, body: answer(request) as T };
        },
        stream: () => Promise.reject(new Error('a lease is not streamed')),
        close: async () => undefined,
        down: (value) => {
          isDown = value;
        },
      };
    },
    spec: () => stored?.spec as LeaseSpec | undefined,
    overwrite: (spec) => void store({ ...(stored ?? { metadata: { name: 'l' } }), spec }),
    remove: () => {
      stored = undefined;
    },
    writes: () => writes,
  };
}
