import { randomBytes } from 'node:crypto';
import { putImage } from '../fixtures/image-engine.ts';
import { dockerArchive, smallImage, tarOf } from '../fixtures/images.ts';
import type { LocalRegistry } from '../fixtures/registry.ts';
import type { TestDaemon } from '../helpers/daemon.ts';

/** What a client of images was promised, by name. */
export interface Promised {
  /** `present` or `absent` as acknowledged. */
  state: 'present' | 'absent';
  /** Asked for and not answered: both may be. */
  underWay: boolean;
}

/** Clients that work on images of their own names; their layers are the same for all, so that what one removes another may be pulling. */
export interface ImageClients {
  readonly images: ReadonlyMap<string, Promised>;
  readonly volumes: ReadonlyMap<string, Promised>;
  readonly problems: string[];
  readonly operations: number;
  readonly cutOff: number;
  /** Works until `stopped` says so or the daemon is gone. */
  work(client: number, stopped: () => boolean): Promise<void>;
  /** The daemon is being killed: what breaks now is no problem. */
  expectDeath(): void;
  /** It answers again. What was under way is taken over as it is seen. */
  compare(): Promise<void>;
  /** Removes everything there is, and what pulls have left half done. */
  removeAll(): Promise<void>;
}

const REMOTE_IMAGES = 4;
const LAYER_BYTES = 400_000;

/** Puts the images to pull into the registry: `c<client>/img<n>:1`, with some layers in common. `random` in [0,1). */
export async function createImageClients(
  daemon: TestDaemon,
  registry: LocalRegistry,
  clients: number,
  random: () => number,
): Promise<ImageClients> {
  const remote = Array.from({ length: REMOTE_IMAGES }, (_none, index) =>
    smallImage({ text: randomBytes(LAYER_BYTES).toString('latin1'), layers: index + 1 }),
  );
  for (let client = 0; client < clients; client++)
    for (const [index, image] of remote.entries())
      await putImage(registry, `c${client}/img${index}`, '1', image, index % 2 === 0 ? 'gzip' : 'zstd');
  const archives = Array.from({ length: 3 }, (_none, index) =>
    smallImage({ text: randomBytes(LAYER_BYTES / 2).toString('latin1'), layers: 2 + index }),
  );
  const images = new Map<string, Promised>();
  const volumes = new Map<string, Promised>();
  const problems: string[] = [];
  const counts = { operations: 0, cutOff: 0, made: 0 };
  let dying = false;

  const call = async (method: string, path: string, body?: Uint8Array | object): Promise<Response> => {
    const bytes = body === undefined || body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
    const type = body instanceof Uint8Array ? 'application/x-tar' : 'application/json';
    return await fetch(`http://d/v1.51${path}`, {
      method,
      unix: daemon.socket,
      keepalive: false,
      signal: AbortSignal.timeout(60_000),
      ...(bytes && { headers: { 'Content-Type': type }, body: new Uint8Array(bytes) }),
    });
  };

  /** True: done as asked. `may`: statuses that others' work explains. */
  const ask = async (
    method: string,
    path: string,
    options: { readonly body?: Uint8Array | object; readonly may?: readonly number[] } = {},
  ): Promise<string | undefined> => {
    counts.operations++;
    try {
      const answer = await call(method, path, options.body);
      const text = await answer.text();
      if (dying) throw new Error('answered, perhaps in part');
      if (answer.status >= 400 && !options.may?.includes(answer.status))
        problems.push(`${method} ${path}: ${answer.status} ${text}`);
      const failed = /"error":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
      if (failed !== undefined) problems.push(`${method} ${path}: ${failed}`);
      return answer.status < 400 && failed === undefined ? text : undefined;
    } catch (error) {
      if (!dying) problems.push(`${method} ${path}: ${String(error)}`);
      counts.cutOff++;
      return undefined;
    }
  };

  /** Between the question and the answer both states are right. */
  const change = async (
    all: Map<string, Promised>,
    name: string,
    to: Promised['state'],
    work: () => Promise<string | undefined>,
  ): Promise<void> => {
    const promised = all.get(name) ?? { state: 'absent', underWay: false };
    all.set(name, promised);
    promised.underWay = true;
    const done = await work();
    if (dying) return;
    promised.underWay = false;
    if (done !== undefined) promised.state = to;
  };

  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
  const present = (client: number): readonly string[] =>
    [...images].filter(([name, { state }]) => state === 'present' && own(client, name)).map(([name]) => name);
  const own = (client: number, name: string): boolean => name.includes(`c${client}/`);

  const steps: Readonly<Record<string, (client: number) => Promise<void>>> = {
    async pull(client) {
      const name = `${registry.host}/c${client}/img${Math.floor(random() * REMOTE_IMAGES)}:1`;
      await change(images, name, 'present', () => ask('POST', `/images/create?fromImage=${encodeURIComponent(name)}`));
    },
    async load(client) {
      const index = Math.floor(random() * archives.length);
      const [name, image] = [`c${client}/loaded${index}:1`, archives[index]];
      if (!image) return;
      await change(images, name, 'present', () =>
        ask('POST', '/images/load?quiet=1', { body: dockerArchive(image, [name]) }),
      );
    },
    async import(client) {
      const name = `c${client}/imported:${Math.floor(random() * 3)}`;
      const body = tarOf({ file: randomBytes(LAYER_BYTES) });
      const [repo, tag] = name.split(':');
      await change(images, name, 'present', () =>
        ask('POST', `/images/create?fromSrc=-&repo=${repo}&tag=${tag}`, { body }),
      );
    },
    async build(client) {
      const name = `c${client}/built:${Math.floor(random() * 3)}`;
      const run = random() < 0.3 ? 'RUN echo made > /made\n' : '';
      const from = pick(['busybox', ...present(client).filter((other) => other.includes('/built:'))]) ?? 'busybox';
      const body = tarOf({ Dockerfile: `FROM ${from}\nCOPY data /data\n${run}`, data: randomBytes(20_000) });
      await change(images, name, 'present', () => ask('POST', `/build?t=${name}&forcerm=1`, { body }));
    },
    async commit(client) {
      const made = await ask('POST', '/containers/create', { body: { Image: 'busybox', Cmd: ['true'] } });
      if (made === undefined) return;
      const { Id } = JSON.parse(made) as { Id: string };
      await ask('PUT', `/containers/${Id}/archive?path=/`, { body: tarOf({ written: randomBytes(50_000) }) });
      const name = `c${client}/committed:${Math.floor(random() * 3)}`;
      const [repo, tag] = name.split(':');
      if (!dying)
        await change(images, name, 'present', () => ask('POST', `/commit?container=${Id}&repo=${repo}&tag=${tag}`));
      if (!dying) await ask('DELETE', `/containers/${Id}?force=1`);
    },
    async container(client) {
      const name = pick(present(client));
      if (name === undefined) return;
      const made = await ask('POST', '/containers/create', { body: { Image: name, Cmd: ['true'] } });
      if (made === undefined) return;
      const { Id } = JSON.parse(made) as { Id: string };
      const archive = await ask('GET', `/containers/${Id}/export`);
      if (archive !== undefined && archive.length < 1024)
        problems.push(`the export of a container of ${name} is empty`);
      if (!dying) await ask('DELETE', `/containers/${Id}?force=1`);
    },
    async remove(client) {
      const name = pick(present(client));
      if (name === undefined) return;
      await change(images, name, 'absent', () => ask('DELETE', `/images/${name}?force=1`));
    },
    async tag(client) {
      const from = pick(present(client));
      const [repo, tag] = [`c${client}/tagged`, String(Math.floor(random() * 3))];
      if (from === undefined) return;
      await change(images, `${repo}:${tag}`, 'present', () =>
        ask('POST', `/images/${from}/tag?repo=${repo}&tag=${tag}`),
      );
    },
    async save(client) {
      const name = pick(present(client));
      if (name !== undefined) await ask('GET', `/images/get?names=${encodeURIComponent(name)}`);
    },
    prune: async () => void (await ask('POST', `/images/prune?filters=${encodeURIComponent('{"dangling":["true"]}')}`)),
    async volume(client) {
      const name = `c${client}-volume`;
      await change(volumes, name, 'present', () => ask('POST', '/volumes/create', { body: { Name: name } }));
      if (dying || random() < 0.3) return;
      await change(volumes, name, 'absent', () => ask('DELETE', `/volumes/${name}`));
    },
  };
  const weighted = ['pull', 'pull', 'pull', 'load', 'load', 'remove', 'remove', 'remove', ...Object.keys(steps)];

  const seen = async (path: string, read: (body: unknown) => readonly string[]): Promise<ReadonlySet<string>> =>
    new Set(read(await (await call('GET', path)).json()));
  const compareOne = (what: string, promised: Map<string, Promised>, there: ReadonlySet<string>): void => {
    for (const [name, own] of promised) {
      const state = there.has(name) ? 'present' : 'absent';
      if (!own.underWay && own.state !== state) problems.push(`${what} ${name} is ${state}, acknowledged ${own.state}`);
      Object.assign(own, { state, underWay: false });
    }
  };

  return {
    images,
    volumes,
    problems,
    get operations() {
      return counts.operations;
    },
    get cutOff() {
      return counts.cutOff;
    },
    async work(client, stopped) {
      while (!stopped() && !dying) await steps[pick(weighted) ?? 'pull']?.(client);
    },
    expectDeath() {
      dying = true;
    },
    async compare() {
      dying = false;
      type Image = { RepoTags: string[] };
      const tags = await seen('/images/json', (body) => (body as Image[]).flatMap(({ RepoTags }) => RepoTags));
      compareOne('image', images, tags);
      type Volumes = { Volumes: { Name: string }[] };
      compareOne(
        'volume',
        volumes,
        await seen('/volumes', (body) => (body as Volumes).Volumes.map(({ Name }) => Name)),
      );
    },
    async removeAll() {
      const list = async (path: string): Promise<readonly { Id: string }[]> =>
        (await (await call('GET', path)).json()) as { Id: string }[];
      for (const { Id } of await list('/containers/json?all=1')) await ask('DELETE', `/containers/${Id}?force=1`);
      for (const { Id } of await list('/images/json?all=1')) await ask('DELETE', `/images/${Id}?force=1`);
      await ask('POST', `/volumes/prune?filters=${encodeURIComponent('{"all":["1"]}')}`);
      await ask('POST', '/images/prune');
      await ask('POST', '/build/prune?all=1');
    },
  };
}
