// A Git server over HTTP: Git's own `git http-backend`, which is a CGI program
// (RFC 3875), behind node:http. Repositories are open, or ask for a token.
import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gitEnvironment } from './git.ts';
import { createRepository, type Repository } from './repository.ts';

/** The user name that goes with a token; GitHub and GitLab take any. */
export const TOKEN_USER = 'git';

export interface ServedRepository extends Repository {
  readonly url: string;
}

export interface GitServer {
  /** A new, empty repository; with a token, nobody reads it who does not send that as the password of `TOKEN_USER`. */
  create(name: string, token?: string): Promise<ServedRepository>;
  close(): Promise<void>;
}

/** Serves repositories below `folder` on a free port of 127.0.0.1. */
export async function startGitServer(folder: string): Promise<GitServer> {
  const projects = join(folder, 'served');
  const tokens = new Map<string, string>();
  const server = createServer((request, response) => {
    const [, repository = ''] = new URL(request.url ?? '/', 'http://git').pathname.split('/');
    const token = tokens.get(repository);
    if (token !== undefined && request.headers.authorization !== basic(token)) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    serve(projects, request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    async create(name, token) {
      const served = `${name}.git`;
      if (token !== undefined) tokens.set(served, token);
      const repository = await createRepository(join(projects, served), join(folder, 'work', name));
      return { ...repository, url: `http://127.0.0.1:${port}/${served}` };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const basic = (token: string): string => `Basic ${Buffer.from(`${TOKEN_USER}:${token}`).toString('base64')}`;

function serve(projects: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://git');
  const header = (name: string) => String(request.headers[name] ?? '');
  const backend = spawn('git', ['http-backend'], {
    env: {
      ...gitEnvironment(),
      GIT_PROJECT_ROOT: projects,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: header('git-protocol'),
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: searchParams.toString(),
      CONTENT_TYPE: header('content-type'),
      CONTENT_LENGTH: header('content-length'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // Without git, or when it ends before it has said anything.
  const nothingSaid = () => {
    if (!response.headersSent) response.writeHead(500).end();
  };
  backend.on('error', nothingSaid);
  backend.on('close', nothingSaid);
  // Whoever is not interested in the rest closes; neither side is an error then.
  backend.stdin.on('error', () => undefined);
  response.on('close', () => backend.kill());
  request.pipe(backend.stdin);

  let head = Buffer.alloc(0);
  const onHead = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    backend.stdout.off('data', onHead);
    const { status, headers } = readHead(head.subarray(0, end).toString());
    response.writeHead(status, headers);
    response.write(head.subarray(end + 4));
    backend.stdout.pipe(response);
  };
  backend.stdout.on('data', onHead);
}

/** CGI: header lines, of which `Status` is the status of the answer. */
function readHead(text: string): { status: number; headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  let status = 200;
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'status') status = Number.parseInt(value, 10);
    else headers[name] = value;
  }
  return { status, headers };
}
