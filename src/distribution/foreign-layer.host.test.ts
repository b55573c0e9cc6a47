import { expect, test } from 'bun:test';
import { createHash, randomBytes } from 'node:crypto';
import { startRegistry } from '../../test/fixtures/registry.ts';
import { parseDigest } from '../oci/digest.ts';
import { foreignPlaces } from './foreign-layer.ts';
import { createHostRegistryClient } from './registry-client.host.ts';

const { signal } = new AbortController();

test('a foreign layer that the registry lacks is fetched from its addresses, in order, from any byte on', async () => {
  await using registry = await startRegistry();
  await registry.putBlob('a/b', Buffer.from('something'));
  const layer = randomBytes(300_000);
  const digest = parseDigest(`sha256:${createHash('sha256').update(layer).digest('hex')}`);
  const asked: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      const from = Number(/bytes=(\d+)-/.exec(request.headers.get('range') ?? '')?.[1] ?? 0);
      if (pathname !== '/there') return new Response('', { status: 404 });
      const headers = { 'content-range': `bytes ${from}-${layer.length - 1}/${layer.length}` };
      return from > 0 ? new Response(layer.subarray(from), { status: 206, headers }) : new Response(layer);
    },
  });
  const urls = ['/gone', '/there'].map((path) => new URL(path, server.url).href.replace('localhost', '127.0.0.1'));
  const repository = createHostRegistryClient({ insecureRegistries: [] }).repository({
    registry: registry.host,
    path: 'a/b',
  });
  const read = async (offset: number): Promise<Buffer> =>
    Buffer.concat(await Array.fromAsync(repository.blob({ digest, size: layer.length, urls }, { signal, offset })));
  expect((await read(0)).equals(layer)).toBe(true);
  expect((await read(100_000)).equals(layer.subarray(100_000))).toBe(true);
  expect(asked).toEqual(['/gone', '/there', '/gone', '/there']);
  await server.stop(true);
});

test('only https is asked for layers of a registry elsewhere, without credentials in addresses', () => {
  const urls = [
    'https://a.example/x',
    'http://a.example/x',
    'http://127.0.0.1/x',
    'file:///etc/passwd',
    'https://u:p@a.example/x',
  ];
  expect(foreignPlaces({ registry: 'r.example', path: 'a' }, urls)).toEqual(['https://a.example/x']);
  expect(foreignPlaces({ registry: '127.0.0.1:5000', path: 'a' }, urls)).toEqual([
    'https://a.example/x',
    'http://127.0.0.1/x',
  ]);
});
