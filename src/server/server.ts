import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isBefore } from '../api/compat/version.ts';
import { KnownError, messageOf } from '../lib/errors.ts';
import { guard } from './access/guard.ts';
import { askerOf, originOf } from './access/origin.ts';
import type { AccessLookups } from './access/policy.ts';
import { createCall, parseObject } from './call.ts';
import { toBody, toStatus } from './errors.ts';
import { writeRefused, writeUpgraded, writeWhole } from './hijack.ts';
import type { Call, Route } from './route.ts';
import { API_VERSION, createRouter, type Match, splitVersion } from './router.ts';

const UPGRADE_BODY_BYTES = 1024 * 1024;

export interface ApiServerDeps {
  readonly routes: readonly Route[];
  readonly engineVersion: string;
  /** Lowest version that is answered; undefined: the lowest that can be. */
  readonly minApiVersion?: string;
  /** For requests that came by a restricted listener. */
  readonly lookups: AccessLookups;
  /** Told about every change that was asked for, by whom, and what became of it. */
  readonly audit: (message: string) => void;
  /** Whether changes by listeners that may do everything are told too; asked at each. */
  readonly auditsAll: () => boolean;
  /** Told about failures that are the engine's own. */
  readonly report: (what: string, error: unknown) => void;
}

/** The HTTP face: finds the route, makes the call, turns errors into answers. Listening is the daemon's. */
export function createApiServer({
  routes,
  engineVersion,
  minApiVersion,
  lookups,
  audit,
  auditsAll,
  report,
}: ApiServerDeps): Server {
  const router = createRouter(routes);
  const common = {
    'Api-Version': API_VERSION,
    'Docker-Experimental': 'false',
    Ostype: 'linux',
    Server: `Docker/${engineVersion} (linux)`,
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    for (const [name, value] of Object.entries(common)) response.setHeader(name, value);
    void serve(request, response);
  });
  server.on(
    'upgrade',
    (request: IncomingMessage, socket: Duplex, head: Buffer) => void serveUpgrade(request, socket, head),
  );

  const locate = (
    request: IncomingMessage,
  ): { readonly match: Match; readonly query: URLSearchParams; readonly apiVersion: string } => {
    const url = new URL(request.url ?? '/', 'http://engine');
    const { version, rest } = splitVersion(url.pathname, minApiVersion);
    const match = router(request.method ?? 'GET', rest);
    if (!match) throw new KnownError('not_found', 'page not found');
    const { since } = match.route;
    if (since !== undefined && isBefore(version, since))
      throw new KnownError('invalid_parameter', `${request.method} ${rest} requires minimum API version ${since}`);
    return { match, query: url.searchParams, apiVersion: version };
  };

  const handle = async (request: IncomingMessage, route: Route, call: Call): Promise<void> => {
    const policy = originOf(request)?.policy;
    const isAudited = route.method !== 'GET' && route.method !== 'HEAD' && (policy !== undefined || auditsAll());
    const asker = isAudited ? askerOf(request) : '';
    const told = (outcome: string): void => {
      if (isAudited) audit(`${asker}: ${route.method} ${pathOf(request)}: ${outcome}`);
    };
    try {
      await route.handle(policy ? await guard(policy, route, call, lookups) : call);
      told('done');
    } catch (error) {
      told(messageOf(error));
      throw error;
    }
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort(new KnownError('cancelled', 'the client has gone')));
    try {
      if (request.method === 'OPTIONS') return void response.writeHead(200, { 'Content-Length': '0' }).end();
      const { match, query, apiVersion } = locate(request);
      const parts = { params: match.params, query, apiVersion, signal: gone.signal };
      await handle(request, match.route, createCall(request, response, parts));
    } catch (error) {
      const status = toStatus(error);
      if (status === 500 && !gone.signal.aborted) report(`${request.method} ${pathOf(request)}`, error);
      if (response.headersSent) {
        response.destroy();
        return;
      }
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(request.method === 'HEAD' ? undefined : toBody(error));
    }
  }

  async function serveUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const gone = new AbortController();
    socket.on('close', () => gone.abort(new KnownError('cancelled', 'the client has gone')));
    socket.on('error', () => undefined);
    let hijacked = false;
    try {
      const { match, query, apiVersion } = locate(request);
      if (head.length > 0) socket.unshift(head);
      const body = await readBody(request);
      const parts = { params: match.params, query, apiVersion, signal: gone.signal };
      const call = upgradeCall(request, socket, body, parts, common, () => {
        hijacked = true;
      });
      await handle(request, match.route, call);
    } catch (error) {
      if (toStatus(error) === 500 && !gone.signal.aborted) report(`${request.method} ${pathOf(request)}`, error);
      if (hijacked) socket.destroy();
      else writeRefused(socket, error, common);
    }
  }
  return server;
}

/** The body that comes before the raw stream (exec start has one). Bun's parser takes it off the connection for us. */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  const chunks: Buffer[] = [];
  if (length === '0' && encoding === undefined) return Buffer.alloc(0);
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > UPGRADE_BODY_BYTES) throw new KnownError('invalid_parameter', 'request body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function upgradeCall(
  request: IncomingMessage,
  socket: Duplex,
  body: Buffer,
  parts: Pick<Call, 'params' | 'query' | 'apiVersion' | 'signal'>,
  common: Readonly<Record<string, string>>,
  taken: () => void,
): Call {
  const refuse = (): never => {
    throw new KnownError('invalid_parameter', 'this endpoint cannot be upgraded');
  };
  return {
    ...parts,
    headers: request.headers,
    body: (async function* () {
      yield body;
    })(),
    async json() {
      return body.length === 0 ? {} : parseObject(body.toString('utf8'));
    },
    answerJson: (status, value) => writeWhole(socket, status, 'application/json', `${JSON.stringify(value)}\n`, common),
    answerText: (status, text, headers = {}) =>
      writeWhole(socket, status, 'text/plain; charset=utf-8', text, { ...common, ...headers }),
    answerEmpty: (status) => writeWhole(socket, status, 'text/plain', '', common),
    answerStream: refuse,
    hijack(answer) {
      taken();
      writeUpgraded(socket, answer, common);
      return socket;
    },
  };
}

/** Without the query, which may hold what is nobody's business. */
function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '';
}
