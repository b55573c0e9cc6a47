import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeMounter } from '../mount/mounter.fake.ts';
import { findPlugin, listPlugins } from './find-plugins.host.ts';
import { mountDevice } from './mount-device.host.ts';

const root = mkdtempSync(join(tmpdir(), 'plugins-'));
const folders = { sockets: join(root, 'run'), specs: [join(root, 'etc'), join(root, 'lib')] };
for (const folder of ['run/nested', 'etc/inner', 'lib']) mkdirSync(join(root, folder), { recursive: true });
const servers = ['run/plain.sock', 'run/nested/nested.sock'].map((path) => createServer().listen(join(root, path)));
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(root, { recursive: true });
});

test('plugins are found by socket, spec and json, in folders of their own too; sockets and the first folder go first', () => {
  writeFileSync(join(root, 'etc/spec.spec'), 'unix:///a/b.sock\n');
  writeFileSync(join(root, 'lib/spec.spec'), 'unix:///other.sock');
  writeFileSync(join(root, 'lib/net.spec'), 'tcp://127.0.0.1:80');
  writeFileSync(join(root, 'lib/plain.spec'), 'tcp://127.0.0.1:81');
  writeFileSync(
    join(root, 'etc/inner/inner.json'),
    '{"Name":"inner","Addr":"https://h:1","TLSConfig":{"InsecureSkipVerify":true}}',
  );
  writeFileSync(join(root, 'etc/notes.txt'), 'no plugin');
  expect(listPlugins(folders)).toEqual(['inner', 'nested', 'net', 'plain', 'spec']);
  expect(
    ['plain', 'nested', 'spec', 'net', 'inner', 'nosuch', '../etc/spec'].map((name) => findPlugin(name, folders)),
  ).toEqual([
    { socket: join(root, 'run/plain.sock'), url: 'http://plugin' },
    { socket: join(root, 'run/nested/nested.sock'), url: 'http://plugin' },
    { socket: '/a/b.sock', url: 'http://plugin' },
    { url: 'http://127.0.0.1:80' },
    { url: 'https://h:1', tls: { verify: false } },
    undefined,
    undefined,
  ]);
});

test('a file that names no address is refused', () => {
  writeFileSync(join(root, 'etc/bad.spec'), 'ftp://host');
  expect(() => findPlugin('bad', folders)).toThrow('invalid plugin address: "ftp://host"');
});

test('the address of a network file system is looked up; what is an address already stays, and so do other file systems', async () => {
  const asked: string[] = [];
  const mounter = { ...createFakeMounter(), device: (...call: string[]) => void asked.push(call[3] ?? '') };
  const mount = async (type: string, options: string): Promise<void> =>
    await mountDevice(mounter, '/t', { device: ':/x', type, options });
  await mount('nfs', 'rw,addr=localhost,vers=4');
  await mount('nfs', 'addr=10.0.0.1,rw');
  await mount('ext4', 'addr=localhost');
  expect(asked[0]).toMatch(/^rw,addr=(127\.0\.0\.1|::1),vers=4$/);
  expect(asked.slice(1)).toEqual(['addr=10.0.0.1,rw', 'addr=localhost']);
});
