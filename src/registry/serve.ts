import { readFile } from 'node:fs/promises';
import { type Authenticator, allowAll } from './auth/authenticator.ts';
import { verifyBcrypt } from './auth/bcrypt.host.ts';
import { createBasic, createUsers, parseHtpasswd } from './auth/htpasswd.ts';
import { createIssuer, type Issuer } from './auth/issuer.ts';
import { parseTrustedKeys } from './auth/jwt.ts';
import { createTokenAuthenticator } from './auth/token.ts';
import type { AuthConfig, HttpConfig, RegistryConfig } from './config/config.ts';
import { createHandler, type HandlerDeps } from './handler.ts';
import type { Log } from './log.ts';
import { createMaintenance, type Maintenance } from './maintain.ts';
import { createMetrics } from './metrics.ts';
import { createPage } from './page/page.ts';
import { createPullThrough } from './proxy/pull-through.ts';
import { createUpstream } from './proxy/upstream.ts';
import { createRegistry, type Registry } from './registry.ts';
import { createOperations } from './routes/operations.ts';
import { matchRoute } from './routes/router.ts';
import { type Listening, listen, type TlsFiles } from './server.host.ts';
import type { Driver } from './storage/driver.ts';
import { createFilesystemDriver } from './storage/filesystem-driver.host.ts';
import { createMemoryDriver } from './storage/memory-driver.ts';
import { lockRoot } from './storage/root-lock.host.ts';

/** A registry that answers. */
export interface Running {
  /** `127.0.0.1:5000` */
  readonly address: string;
  readonly debugAddress: string | undefined;
  readonly maintenance: Maintenance;
  /** Lets requests that run come to their end, for as long as http.draintimeout says. */
  stop(): Promise<void>;
}

const IDLE_SECONDS = 255;

/** Builds everything the configuration asks for and listens. Errors: invalid_parameter, conflict when the root is served by another process, system. */
export async function serve(config: RegistryConfig, log: Log, now: () => number = Date.now): Promise<Running> {
  const { http, storage, limits, requiredPlatforms } = config;
  await using held = new AsyncDisposableStack();
  if (storage.root !== undefined) held.use(lockRoot(storage.root));
  const driver = openDriver(storage.root, now);
  const { graceMs } = storage.collection;
  const partial = config.proxy !== undefined;
  const local = createRegistry({ driver, now, graceMs, maxUploads: limits.uploads, requiredPlatforms, partial });
  const registry = openProxy(local, config);
  const metrics = createMetrics();
  const locate = (path: string): string => `${http.host ?? ''}${http.prefix}${path}`;
  const { deleteEnabled } = storage;
  const readOnly = storage.readOnly || partial;
  const routes = { registry, deleteEnabled, readOnly, limits, locate };
  const clock = (): number => performance.now();
  const matchOperations = createOperations({ registry, metrics, metricsPath: http.metricsPath, clock });
  const matchPage = createPage({ registry, host: http.host, nameLength: limits.nameLength });
  const authorization = await openAuthorization(config.auth, now);
  const originOf: HandlerDeps['originOf'] = (headers) =>
    `${http.host ?? `${http.tls ? 'https' : 'http'}://${headers.get('host') ?? 'localhost'}`}${http.prefix}`;
  const base: Omit<HandlerDeps, 'match' | 'matchOther' | 'authenticator'> = {
    readOnly,
    originOf,
    headers: http.headers,
    log,
    accessLog: config.log.accessLog,
    metrics,
    clock,
  };
  const handler = createHandler({
    ...base,
    authenticator: authorization.authenticator,
    match: (method, path) => matchRoute(routes, method, below(http.prefix, path)),
    matchOther(method, path) {
      const own = below(http.prefix, path);
      return (
        authorization.match(method, own) ??
        matchPage(method, own) ??
        (http.debugAddress ? undefined : matchOperations(method, own))
      );
    },
  });
  const debugHandler = createHandler({
    ...base,
    accessLog: false,
    authenticator: allowAll(),
    match: () => undefined,
    matchOther: matchOperations,
  });
  const maintenance = createMaintenance({ registry: local, config: storage, log, metrics, now });
  const main = listen({ address: http.address, tls: await readTls(http), handler, idleTimeoutSeconds: IDLE_SECONDS });
  const debug = openDebug(http, debugHandler);
  maintenance.start();
  const lock = held.move();
  log.info('listening', { address: main.address, tls: http.tls !== undefined });
  return {
    address: main.address,
    debugAddress: debug?.address,
    maintenance,
    async stop() {
      await Promise.all([main.close(http.drainTimeoutMs), debug?.close(0), maintenance.stop()]);
      await lock.disposeAsync();
    },
  };
}

function openDriver(root: string | undefined, now: () => number): Driver {
  return root === undefined ? createMemoryDriver({ now }) : createFilesystemDriver({ root });
}

function openProxy(local: Registry, { proxy, limits }: RegistryConfig): Registry {
  if (proxy === undefined) return local;
  const { remoteUrl: url, username, password } = proxy;
  return createPullThrough(local, createUpstream({ url, username, password, maxManifestBytes: limits.manifestBytes }));
}

function openDebug(
  { debugAddress }: HttpConfig,
  handler: Parameters<typeof listen>[0]['handler'],
): Listening | undefined {
  if (debugAddress === undefined) return undefined;
  return listen({ address: debugAddress, tls: undefined, handler, idleTimeoutSeconds: IDLE_SECONDS });
}

/** The path as the API sees it; one that is not below the prefix is nobody's. */
function below(prefix: string, path: string): string {
  if (prefix === '') return path;
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : '';
}

async function readTls({ tls }: HttpConfig): Promise<TlsFiles | undefined> {
  if (tls === undefined) return undefined;
  const [certificate, key, ...clientAuthorities] = await Promise.all(
    [tls.certificate, tls.key, ...tls.clientAuthorities].map(async (path) => await readFile(path, 'utf8')),
  );
  return { certificate: certificate ?? '', key: key ?? '', clientAuthorities };
}

interface Authorization {
  readonly authenticator: Authenticator;
  /** The token server, where there is one. */
  readonly match: Issuer['match'];
}

async function openAuthorization(auth: AuthConfig, now: () => number): Promise<Authorization> {
  const match = (): undefined => undefined;
  switch (auth.kind) {
    case 'none':
      return { authenticator: allowAll(), match };
    case 'htpasswd': {
      const { realm, path, anonymousRead } = auth;
      const read = async (): Promise<string> => await readFile(path, 'utf8');
      parseHtpasswd(await read());
      const isUser = createUsers({ read, verify: verifyBcrypt });
      return anonymousRead
        ? createIssuer({ realm, isUser, now })
        : { authenticator: createBasic({ realm, isUser }), match };
    }
    case 'token': {
      const [pem, jwks] = await Promise.all([auth.certificates, auth.jwks].map(readOptional));
      const keys = parseTrustedKeys({ ...(pem === undefined ? {} : { pem }), ...(jwks === undefined ? {} : { jwks }) });
      return { authenticator: createTokenAuthenticator({ ...auth, keys, now }), match };
    }
  }
}

async function readOptional(path: string | undefined): Promise<string | undefined> {
  return path === undefined ? undefined : await readFile(path, 'utf8');
}
