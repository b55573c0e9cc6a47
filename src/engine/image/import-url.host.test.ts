import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { gzipSync } from 'node:zlib';
import { engine } from '../../../test/fixtures/image-engine.ts';
import { tarOf } from '../../../test/fixtures/images.ts';
import { createImageService } from './image-service.ts';
import type { ProgressMessage } from './service.ts';

const never = new AbortController().signal;
const TAR = tarOf({ 'hello.txt': 'from an address', big: Buffer.alloc(200_000, 7) });

describe('import from an address', () => {
  let server: ReturnType<typeof Bun.serve>;
  let cutting: Server;
  let seen: string[] = [];
  beforeAll(async () => {
    server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch(request) {
        const { pathname, searchParams } = new URL(request.url);
        seen.push(`${pathname} ${request.headers.get('authorization') ?? ''}`.trim());
        const hops = Number(searchParams.get('hops') ?? 0);
        if (hops > 0) return Response.redirect(`${pathname}?hops=${hops - 1}`);
        if (pathname === '/rootfs.tar') return new Response(TAR);
        if (pathname === '/encoded') return new Response(gzipSync(TAR), { headers: { 'content-encoding': 'gzip' } });
        if (pathname === '/secret') return new Response('who are you?\n', { status: 401 });
        if (pathname === '/garbage') return new Response('this is no archive '.repeat(100));
        return new Response('no such file\n', { status: 404, statusText: 'Not Found' });
      },
    });
    cutting = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${TAR.byteLength}\r\n\r\nonly this`));
    }).listen(0, '127.0.0.1');
    await once(cutting, 'listening');
  });
  afterAll(async () => {
    await server.stop(true);
    cutting.close();
  });
  const address = (path: string): string => `http://127.0.0.1:${server.port}${path}`;

  test('the tar becomes an image, with message, changes and platform, and its size is told', async () => {
    using here = engine();
    seen = [];
    const service = createImageService(here.deps);
    const messages: ProgressMessage[] = [];
    const url = address('/rootfs.tar');
    const request = {
      repository: 'imported',
      tag: '1',
      changes: ['CMD ["/bin/x"]', 'ENV A=b'],
      platform: 'linux/arm64',
    };
    const id = await service.importUrl(url, request, (message) => messages.push(message), never);
    expect(messages[0]).toEqual({ status: `Downloading from ${url}` });
    expect(messages.at(-1)).toEqual({
      status: 'Importing',
      progressDetail: { current: TAR.byteLength, total: TAR.byteLength },
    });
    expect(await service.inspect('imported:1')).toMatchObject({
      Id: id,
      Architecture: 'arm64',
      Comment: `Imported from ${url}`,
      Config: { Cmd: ['/bin/x'], Env: ['A=b'] },
    });
  });

  test('an address without scheme is http, a name and a password in it are shown to the server alone', async () => {
    using here = engine();
    seen = [];
    const service = createImageService(here.deps);
    const messages: ProgressMessage[] = [];
    const tell = (message: ProgressMessage): void => void messages.push(message);
    await service.importUrl(`127.0.0.1:${server.port}/rootfs.tar`, { changes: [], message: 'mine' }, tell, never);
    await service.importUrl(
      `http://ann:pass%20word@127.0.0.1:${server.port}/encoded`,
      { repository: 'b', changes: [] },
      tell,
      never,
    );
    const schemeless = `ann:passphrase@127.0.0.1:${server.port}/rootfs.tar`;
    await service.importUrl(schemeless, { repository: 'c', changes: [] }, tell, never);
    expect(seen).toEqual([
      '/rootfs.tar',
      `/encoded Basic ${btoa('ann:pass word')}`,
      `/rootfs.tar Basic ${btoa('ann:passphrase')}`,
    ]);
    const inspected = JSON.stringify([
      messages,
      await service.inspect('b'),
      await service.history('b'),
      await service.inspect('c'),
    ]);
    expect(inspected).not.toContain('pass');
    expect(inspected).toContain(`Imported from ${address('/encoded')}`);
    expect((await service.history('b'))[0]?.Size).toBeGreaterThan(0);
  });

  test('redirects are followed, but not for ever', async () => {
    using here = engine();
    const service = createImageService(here.deps);
    await service.importUrl(address('/rootfs.tar?hops=9'), { repository: 'r', changes: [] }, () => undefined, never);
    const endless = service.importUrl(address('/rootfs.tar?hops=40'), { changes: [] }, () => undefined, never);
    await expect(endless).rejects.toThrow('stopped after 10 redirects');
  });

  test('what goes wrong is told before anything else, and nothing is left', async () => {
    using here = engine();
    const service = createImageService(here.deps);
    const told: ProgressMessage[] = [];
    const run = async (source: string, changes: readonly string[] = []): Promise<unknown> =>
      await service
        .importUrl(source, { changes }, (message) => told.push(message), never)
        .then(
          () => undefined,
          ({ kind, message }: { kind: string; message: string }) => `${kind}: ${message}`,
        );
    expect(await run(address('/none'))).toBe(
      `not_found: failed to GET ${address('/none')} with status 404 Not Found: no such file`,
    );
    expect(await run(address('/secret'))).toContain('unauthorized: failed to GET');
    expect(await run('http://127.0.0.1:1/x')).toBe(
      'system: Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused',
    );
    for (const source of ['', 'ftp://x/y', 'http://', 'file:///etc/passwd'])
      expect(await run(source)).toContain('invalid_parameter: cannot import from');
    expect(await run(address('/rootfs.tar'), ['RUN x'])).toContain('invalid_parameter');
    expect(told).toEqual([]);
    expect(await run(address('/garbage'))).toBeString();
    const bound = cutting.address();
    const port = typeof bound === 'object' ? bound?.port : 0;
    expect(await run(`http://127.0.0.1:${port}/cut`)).toBeString();
    expect(here.deps.records.list()).toEqual([]);
    for await (const blob of here.deps.content.list()) expect(blob).toBeUndefined();
  });
});
