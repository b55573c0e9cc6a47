/**
 * `node_modules/.bin/bun bench/registry.ts`: our registry beside Debian's docker-registry, each a process of its own on loopback with its
 * data in a folder, without request logs, in turns in one run. Prints medians and our ratio: requests per second for GET of a manifest by
 * tag and by digest, HEAD of a blob, and bytes per second for GET of a blob. Writes dist/bench-registry.json.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, release, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const ROUNDS = 5;
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

interface Server {
  readonly name: 'skiff' | 'docker-registry';
  readonly host: string;
  stop(): Promise<void>;
}

interface Content {
  readonly manifest: string;
  readonly small: string;
  readonly large: string;
}

interface Case {
  readonly name: string;
  readonly unit: string;
  /** Units per second. */
  readonly run: (server: Server, content: Content) => Promise<number>;
}

const CASES: readonly Case[] = [
  {
    name: 'GET manifest by tag, 16 connections',
    unit: 'requests/s',
    run: async ({ host }) => await requests(host, 'GET', '/v2/bench/image/manifests/latest', 16, 1500),
  },
  {
    name: 'GET manifest by digest, 16 connections',
    unit: 'requests/s',
    run: async ({ host }, { manifest }) =>
      await requests(host, 'GET', `/v2/bench/image/manifests/${manifest}`, 16, 1500),
  },
  {
    name: 'GET manifest by tag, 1 connection',
    unit: 'requests/s',
    run: async ({ host }) => await requests(host, 'GET', '/v2/bench/image/manifests/latest', 1, 1000),
  },
  {
    name: 'HEAD blob, 16 connections',
    unit: 'requests/s',
    run: async ({ host }, { small }) => await requests(host, 'HEAD', `/v2/bench/image/blobs/${small}`, 16, 1000),
  },
  {
    name: 'GET blob of 64 MiB, 1 connection',
    unit: 'MB/s',
    run: async ({ host }, { large }) => await throughput(host, `/v2/bench/image/blobs/${large}`, 1, 1500),
  },
  {
    name: 'GET blob of 64 MiB, 4 connections',
    unit: 'MB/s',
    run: async ({ host }, { large }) => await throughput(host, `/v2/bench/image/blobs/${large}`, 4, 1500),
  },
  { name: 'push of a blob of 64 MiB', unit: 'MB/s', run: async ({ host }) => await push(host) },
];

const folder = mkdtempSync(join(tmpdir(), 'skiff-bench-registry-'));
const servers: Server[] = [];
try {
  for (const name of ['skiff', 'docker-registry'] as const) servers.push(await startServer(name));
  const contents = new Map<Server, Content>();
  for (const server of servers) contents.set(server, await fill(server.host));
  const results: object[] = [];
  console.log(`${cpus().length} CPUs, Linux ${release()}; medians of ${ROUNDS} rounds\n`);
  console.log('| what | skiff | docker-registry | ratio | wanted |\n|---|---|---|---|---|');
  for (const { name, unit, run } of CASES) {
    const values = new Map<string, number[]>();
    for (let round = 0; round <= ROUNDS; round++)
      for (const server of servers) {
        const value = await run(server, contents.get(server) as Content);
        if (round > 0) values.set(server.name, [...(values.get(server.name) ?? []), value]);
      }
    const [ours, theirs] = [median(values.get('skiff') ?? []), median(values.get('docker-registry') ?? [])];
    console.log(
      `| ${name}, ${unit} | ${ours.toFixed(0)} | ${theirs.toFixed(0)} | ${(ours / theirs).toFixed(2)} | ≥ 1.0 |`,
    );
    results.push({ name, unit, ours, theirs, ratio: ours / theirs });
  }
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  writeFileSync(join(ROOT, 'dist/bench-registry.json'), `${JSON.stringify(results, undefined, 2)}\n`);
} finally {
  for (const server of servers) await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function startServer(name: Server['name']): Promise<Server> {
  const host = `127.0.0.1:${await freePort()}`;
  const config = join(folder, `${name}.yml`);
  writeFileSync(
    config,
    `version: 0.1\nlog: { level: error, accesslog: { disabled: true } }\nstorage: { filesystem: { rootdirectory: ${folder}/${name} }, cache: { blobdescriptor: inmemory } }\nhttp: { addr: "${host}" }\n`,
  );
  const program = name === 'skiff' ? join(ROOT, 'bin/registry') : 'docker-registry';
  const child = Bun.spawn([program, 'serve', config], { stdin: 'ignore', stdout: 'ignore', stderr: 'inherit' });
  const deadline = Date.now() + 10_000;
  while (
    !(await fetch(`http://${host}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${name} does not answer`);
    await Bun.sleep(20);
  }
  return {
    name,
    host,
    async stop() {
      child.kill('SIGTERM');
      await child.exited;
    },
  };
}

async function fill(host: string): Promise<Content> {
  const config = new TextEncoder().encode('{"os":"linux","architecture":"amd64"}');
  const [small, large] = [await putBlob(host, config), await putBlob(host, randomBytes(64 * 1024 * 1024))];
  const layers = Array.from({ length: 10 }, () => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar',
    digest: small,
    size: config.length,
  }));
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: small, size: config.length },
    layers,
  });
  const response = await fetch(`http://${host}/v2/bench/image/manifests/latest`, {
    method: 'PUT',
    body: manifest,
    headers: { 'Content-Type': MANIFEST_TYPE },
  });
  if (response.status !== 201) throw new Error(await response.text());
  return { manifest: response.headers.get('docker-content-digest') ?? '', small, large };
}

async function putBlob(host: string, bytes: Uint8Array): Promise<string> {
  const digest = `sha256:${new Bun.CryptoHasher('sha256').update(bytes).digest('hex')}`;
  const started = await fetch(`http://${host}/v2/bench/image/blobs/uploads/`, { method: 'POST' });
  const location = new URL(started.headers.get('location') ?? '', `http://${host}`);
  location.searchParams.set('digest', digest);
  const response = await fetch(location, { method: 'PUT', body: bytes as Uint8Array<ArrayBuffer> });
  if (response.status !== 201) throw new Error(await response.text());
  return digest;
}

async function push(host: string): Promise<number> {
  const bytes = randomBytes(64 * 1024 * 1024);
  const before = performance.now();
  await putBlob(host, bytes);
  return bytes.length / 1e6 / ((performance.now() - before) / 1000);
}

/** Requests answered per second. Answers have the same length each time, so the client only counts bytes. */
async function requests(host: string, method: string, path: string, connections: number, ms: number): Promise<number> {
  const each = await answerLength(host, method, path);
  const { bytes, seconds } = await load(host, method, path, connections, ms, each);
  return bytes / each / seconds;
}

async function throughput(host: string, path: string, connections: number, ms: number): Promise<number> {
  const { bytes, seconds } = await load(host, 'GET', path, connections, ms, await answerLength(host, 'GET', path));
  return bytes / 1e6 / seconds;
}

/** Head and body of one answer, in bytes. */
async function answerLength(host: string, method: string, path: string): Promise<number> {
  const { promise, resolve: end } = Promise.withResolvers<number>();
  let text = '';
  await open(host, requestText(host, method, path), (socket, data) => {
    text += data.subarray(0, 10_000).toString('latin1');
    const head = text.indexOf('\r\n\r\n');
    if (head === -1) return;
    if (!text.startsWith('HTTP/1.1 200')) throw new Error(text.slice(0, 500));
    const body = method === 'HEAD' ? 0 : Number(/content-length: (\d+)/i.exec(text)?.[1]);
    socket.terminate();
    end(head + 4 + body);
  });
  return await promise;
}

/** Keeps `connections` busy for a time; `each` is the length of one answer. */
async function load(
  host: string,
  method: string,
  path: string,
  connections: number,
  ms: number,
  each: number,
): Promise<{ readonly bytes: number; readonly seconds: number }> {
  const request = requestText(host, method, path);
  const before = performance.now();
  const one = async (): Promise<number> => {
    const { promise, resolve: end } = Promise.withResolvers<number>();
    let [total, pending] = [0, 0];
    await open(host, request, (socket, data) => {
      total += data.length;
      pending += data.length;
      if (pending < each) return;
      pending -= each;
      if (performance.now() - before < ms) socket.write(request);
      else {
        socket.terminate();
        end(total);
      }
    });
    return await promise;
  };
  const totals = await Promise.all(Array.from({ length: connections }, one));
  return { bytes: totals.reduce((sum, total) => sum + total, 0), seconds: (performance.now() - before) / 1000 };
}

function requestText(host: string, method: string, path: string): string {
  return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: ${MANIFEST_TYPE}\r\n\r\n`;
}

async function open(host: string, request: string, data: (socket: Bun.Socket, data: Buffer) => void): Promise<void> {
  const [hostname = '', port] = host.split(':');
  await Bun.connect({
    hostname,
    port: Number(port),
    socket: { open: (socket) => void socket.write(request), data: (socket, bytes) => data(socket, bytes) },
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function freePort(): Promise<number> {
  const server = createServer();
  return await new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
