// The artifacts of a cluster that this process is not in: names of Services do not
// resolve here, so they are asked through the API server, as `kubectl get --raw` would.

import { isApiError, isConnectionError, type Transport } from '../../kubernetes/index.ts';
import { EvidenceError } from '../network/evidence-error.ts';
import type { Answer } from '../network/guarded-fetch.ts';
import type { OpenUrl } from './fetch.ts';

/** A Service, its port and what is asked of it. */
interface ServiceUrl {
  readonly namespace: string;
  readonly service: string;
  /** Path on the API server. */
  readonly path: string;
}

/** Asks Services through the API server with the user's own credentials, and everything else by `direct`. */
export function throughApiServer(transport: Transport, direct: OpenUrl): OpenUrl {
  return async (url, signal) => {
    const service = serviceOf(url);
    return service ? await open(transport, service, signal) : await direct(url, signal);
  };
}

/** http://NAME.NAMESPACE.svc[.CLUSTERDOMAIN][.][:PORT]/PATH as its place behind the API server; undefined for other URLs. */
export function serviceOf(text: string): ServiceUrl | undefined {
  const url = URL.parse(text);
  const scheme = url?.protocol.replace(':', '');
  if (!url || (scheme !== 'http' && scheme !== 'https')) return undefined;
  const [, service, namespace] = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\..*)?$/.exec(url.hostname) ?? [];
  if (service === undefined || namespace === undefined) return undefined;
  const port = url.port || (scheme === 'https' ? '443' : '80');
  return {
    namespace,
    service,
    path: `/api/v1/namespaces/${namespace}/services/${scheme}:${service}:${port}/proxy${url.pathname}${url.search}`,
  };
}

async function open(
  transport: Transport,
  { path, namespace, service }: ServiceUrl,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const answer = await transport.stream({
      path,
      signal,
      headers: { accept: '*/*' },
      idleTimeoutMs: 10_000,
    });
    return { ...answer, chunks: readBody(answer.chunks) };
  } catch (error) {
    if (isConnectionError(error)) throw new EvidenceError('Unreachable', error.message, error);
    if (!isApiError(error)) throw error;
    // With a reason it is the API server that speaks, without one the Service behind it.
    if (error.reason === '') return { status: error.code, headers: {}, chunks: nothing(), close: () => {} };
    throw error.reason === 'Forbidden'
      ? new EvidenceError(
          'Forbidden',
          `${error.message}. From outside the cluster, Service ${namespace}/${service} is asked through the API server: that needs get on services/proxy in namespace ${namespace}. Or name a folder with --source`,
          error,
        )
      : new EvidenceError('Unreachable', error.message, error);
  }
}

async function* nothing(): AsyncGenerator<Buffer> {}

async function* readBody(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of chunks) yield chunk;
  } catch (error) {
    throw isConnectionError(error) ? new EvidenceError('Unreachable', error.message, error) : error;
  }
}
