// Fetches one artifact of a Flux source: downloaded within bounds, its digest
// verified, unpacked while it arrives. Nothing touches the disk.

import { createHash } from 'node:crypto';
import { EvidenceError, isEvidenceError } from '../network/evidence-error.ts';
import { type Answer, shownUrl } from '../network/guarded-fetch.ts';
import type { Keeping, TreeFiles } from './files.ts';
import { size, TREE_LIMITS, type TreeLimits } from './limits.ts';
import { unpack } from './unpack.ts';

/** What status.artifact of a source says. */
export interface Artifact {
  readonly url: string;
  /** Algorithm and value, parted by a colon. */
  readonly digest: string;
}

/** Bytes of the digests that are verified; source-controller writes sha256 unless it is told otherwise. */
const DIGESTS: Readonly<Record<string, number>> = { sha256: 32, sha384: 48, sha512: 64 };

/** Why a digest cannot be verified; undefined when it can. */
export function digestProblem(digest: unknown): string | undefined {
  if (typeof digest !== 'string' || digest === '')
    return 'it has no digest, so what is fetched could not be verified';
  const [algorithm = '', value = ''] = digest.split(':');
  const bytes = DIGESTS[algorithm];
  if (bytes === undefined)
    return `its digest is of the kind ${JSON.stringify(algorithm.slice(0, 20))}, and only ${Object.keys(DIGESTS).join(', ')} are verified; set --artifact-digest-algo=sha256 of source-controller`;
  return new RegExp(`^[0-9a-f]{${bytes * 2}}$`).test(value) ? undefined : `its digest is no ${algorithm}`;
}

/** Gets the bytes of an artifact: over the network, or through the API server. */
export type OpenUrl = (url: string, signal: AbortSignal) => Promise<Answer>;

/** Throws EvidenceError. */
export async function fetchArtifact(
  { url, digest }: Artifact,
  open: OpenUrl,
  { signal, ...given }: Partial<Keeping> & { readonly signal: AbortSignal },
): Promise<TreeFiles> {
  const keeping = { limits: TREE_LIMITS, ...given };
  const timeout = AbortSignal.timeout(keeping.limits.milliseconds);
  const refused = new AbortController();
  const within = AbortSignal.any([signal, timeout, refused.signal]);
  let answer: Answer | undefined;
  try {
    answer = await open(url, within);
    refuseStatus(answer.status, url);
    const [algorithm = '', wanted = ''] = digest.split(':');
    const hash = createHash(algorithm);
    const arriving = hashed(answer.chunks, hash, keeping.limits);
    const files = await unpack(arriving, keeping, within, () => refused.abort());
    const found = hash.digest('hex');
    if (found !== wanted)
      throw new EvidenceError(
        'Unreadable',
        `what ${shownUrl(url)} holds has the digest ${algorithm}:${found}, and status.artifact.digest says ${digest}: nothing of it is used`,
      );
    return files;
  } catch (error) {
    if (timeout.aborted)
      throw new EvidenceError(
        'Unreachable',
        `${shownUrl(url)} did not arrive within ${keeping.limits.milliseconds / 1000} s`,
        error,
      );
    if (isEvidenceError(error)) throw told(error, url);
    throw error;
  } finally {
    answer?.close();
  }
}

/** With the URL, and with what is usually in the way where nobody answers at all. */
function told({ reason, message, cause }: EvidenceError, url: string): EvidenceError {
  const place = message.includes(shownUrl(url)) ? message : `${shownUrl(url)}: ${message}`;
  const { code } = (cause ?? {}) as { code?: string };
  const silent = code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT';
  const hint =
    ". Flux's own NetworkPolicies let in its namespace only: let the operator in (docs/install.md)";
  return new EvidenceError(reason, silent ? `${place}${hint}` : place, cause);
}

async function* hashed(
  chunks: AsyncIterable<Buffer>,
  hash: ReturnType<typeof createHash>,
  { archiveBytes }: TreeLimits,
): AsyncGenerator<Buffer> {
  let total = 0;
  for await (const chunk of chunks) {
    total += chunk.length;
    if (total > archiveBytes)
      throw new EvidenceError(
        'Unreadable',
        `the archive is larger than ${size(archiveBytes)}. Leave out what is not needed with spec.ignore of the source`,
      );
    hash.update(chunk);
    yield chunk;
  }
}

function refuseStatus(status: number, url: string): void {
  if (status === 200) return;
  const place = shownUrl(url);
  if (status === 401 || status === 403)
    throw new EvidenceError(
      'Forbidden',
      `${place} answers ${status}: it may not be fetched without credentials`,
    );
  throw new EvidenceError(
    'Unreachable',
    status === 404
      ? `${place} answers 404: source-controller does not hold this artifact any more; it writes a new one when it reconciles the source`
      : `${place} answers ${status}`,
  );
}
