import { putAttestedIndex } from '../../fixtures/attested-index.ts';
import { putImage } from '../../fixtures/image-engine.ts';
import { smallImage, tarOf } from '../../fixtures/images.ts';
import { type RegistryFront, startFront, startRegistry } from '../../fixtures/registry.ts';
import { startDaemon } from '../../helpers/daemon.ts';
import { upgrade } from './upgrade.ts';

/** What came back, read to its end or to its first line. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface AskOptions {
  /** An object is sent as JSON. */
  readonly body?: object | Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For streams without an end: the answer is its first line, and the connection is closed then. */
  readonly firstLine?: boolean;
}

/** Somebody who answers the API, with busybox loaded. */
export interface AnsweringEngine extends AsyncDisposable {
  /** Its data root is `d` in it. */
  readonly root: string;
  readonly socket: string;
}

/** An engine with what the operations of the API need, and ways to ask it. */
export interface World extends AsyncDisposable {
  readonly engine: AnsweringEngine;
  /** A busybox that sleeps for as long as the world stands, with a published port and a volume. */
  readonly running: string;
  /** A container that was never started. */
  readonly idle: string;
  /** `127.0.0.1:port` of a registry that has `known:1`. */
  readonly registry: string;
  /** The same registry behind Basic authorization: `ann`, `secret`. */
  readonly guarded: string;
  /** A host that answers searches. */
  readonly searched: string;
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  get(path: string): Promise<Answer>;
  post(path: string, body?: object): Promise<Answer>;
  /** Asks for `Upgrade: tcp` (or another protocol) and answers with the head; the connection is closed then. */
  upgrade(path: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<Answer>;
  /** A new container of busybox that is not started; its id. */
  create(config?: object): Promise<string>;
  /** A new container of busybox that sleeps; its id. */
  start(config?: object): Promise<string>;
  /** A new image of its own under this name. */
  image(reference: string): Promise<void>;
  /** Builds a Dockerfile without a context. */
  build(dockerfile: string, reference: string): Promise<void>;
  /** The body of an operation that must work. */
  made(path: string, body?: object): Promise<Readonly<Record<string, string>>>;
  /** A name that nothing has had yet. */
  fresh(): string;
}

/** By default of a daemon. */
export async function openWorld(startEngine: () => Promise<AnsweringEngine> = startDaemon): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const registry = stack.use(await startRegistry());
  await putImage(registry, 'known', '1', smallImage({ text: 'known' }));
  await putAttestedIndex(registry, 'attested');
  const user = { name: 'ann', password: 'secret' };
  const guarded: RegistryFront = stack.use(startFront(registry, { kind: 'basic', user }));
  const searched = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => Response.json({ results: [FOUND] }) });
  stack.defer(async () => await searched.stop(true));
  const engine = stack.use(await startEngine());
  let names = 0;

  const ask: World['ask'] = async (method, path, { body, headers = {}, firstLine = false } = {}) => {
    const json = typeof body === 'object' && !(body instanceof Uint8Array);
    const leave = new AbortController();
    const response = await fetch(`http://d/v1.51${path}`, {
      unix: engine.socket,
      method,
      headers: { ...(json && { 'Content-Type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: json ? JSON.stringify(body) : body }),
      signal: leave.signal,
    });
    const text = firstLine ? await readLine(response) : await response.text();
    if (firstLine) leave.abort();
    return { status: response.status, headers: response.headers, text };
  };
  const made: World['made'] = async (path, body = {}) => {
    const { status, text } = await ask('POST', path, { body });
    if (status >= 300) throw new Error(`POST ${path}: ${status} ${text}`);
    return text.trim() === '' ? {} : (JSON.parse(text) as Record<string, string>);
  };
  const create: World['create'] = async (config = {}) =>
    (await made('/containers/create', { Image: 'busybox', Cmd: ['sleep', '1000'], StopTimeout: 0, ...config }))['Id'] ??
    '';
  const start: World['start'] = async (config) => {
    const id = await create(config);
    await made(`/containers/${id}/start`);
    return id;
  };
  const build: World['build'] = async (dockerfile, reference) => {
    const { text } = await ask('POST', `/build?q=1&t=${reference}`, { body: tarOf({ Dockerfile: dockerfile }) });
    if (text.includes('"error"')) throw new Error(`building ${reference}: ${text}`);
  };
  const running = await start({
    Hostname: 'conforms',
    OpenStdin: true,
    ExposedPorts: { '80/tcp': {}, '81/udp': {} },
    Healthcheck: { Test: ['CMD', 'true'], Interval: 1_000_000_000 },
    HostConfig: {
      PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1' }] },
      Mounts: [{ Type: 'volume', Source: 'kept', Target: '/kept' }],
    },
  });
  const idle = await create();
  const owned = stack.move();
  return {
    engine,
    running,
    idle,
    registry: registry.host,
    guarded: guarded.host,
    searched: `127.0.0.1:${searched.port}`,
    ask,
    get: async (path) => await ask('GET', path),
    post: async (path, body) => await ask('POST', path, body && { body }),
    upgrade: async (path, headers = { Upgrade: 'tcp' }, method = 'POST') =>
      await upgrade(engine.socket, method, `/v1.51${path}`, headers),
    create,
    start,
    made,
    fresh: () => `fresh${++names}`,
    build,
    image: async (reference) => await build(`FROM scratch\nLABEL of=${reference}\n`, reference),
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  };
}

const FOUND = { name: 'known', description: 'of a test', star_count: 3, is_official: false, is_automated: false };

async function readLine(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}
