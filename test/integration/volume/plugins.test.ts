import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { ask, refusal } from './ask.ts';
import { type PluginServer, startPlugin } from './plugin-server.ts';

const place = mkdtempSync('/tmp/skt-plugins-');
const specs = join(place, 'etc/plugins');
let daemon: TestDaemon;
let plugin: PluginServer;
let secure: PluginServer;
let other: PluginServer;

beforeAll(async () => {
  mkdirSync(specs, { recursive: true });
  plugin = startPlugin({ root: join(place, 'kept'), socket: join(place, 'one.sock') });
  writeFileSync(join(specs, 'keeper.spec'), `unix://${join(place, 'one.sock')}\n`);
  const [cert, key] = [join(place, 'cert.pem'), join(place, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  Bun.spawnSync([
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    ...subject,
    '-keyout',
    key,
    '-out',
    cert,
  ]);
  secure = startPlugin({
    root: join(place, 'secure'),
    tls: { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') },
    scope: 'local',
  });
  const Addr = `tcp://localhost:${secure.port}`;
  writeFileSync(join(specs, 'secure.json'), JSON.stringify({ Name: 'secure', Addr, TLSConfig: { CAFile: cert } }));
  writeFileSync(join(specs, 'stranger.json'), JSON.stringify({ Name: 'stranger', Addr, TLSConfig: {} }));
  other = startPlugin({ root: join(place, 'other'), implements: ['NetworkDriver'] });
  writeFileSync(join(specs, 'network.spec'), `tcp://127.0.0.1:${other.port}`);
  daemon = await startDaemon({ etcDocker: join(place, 'etc') });
}, 60_000);
afterAll(async () => {
  for (const server of [plugin, secure, other]) server[Symbol.dispose]();
  await daemon.stop();
  rmSync(place, { recursive: true });
}, 60_000);

test("a plugin's volume is made, shown, mounted, unmounted and removed by it", async () => {
  await daemon.ok(['volume', 'create', '-d', 'keeper', '-o', 'tier=fast', '--label', 'a=b', 'far']);
  expect(await daemon.ok(['info', '-f', '{{json .Plugins.Volume}}'])).toContain('"keeper"');
  expect((await ask(daemon, 'GET', '/volumes/far')).body).toMatchObject({
    Name: 'far',
    Driver: 'keeper',
    Scope: 'global',
    Mountpoint: join(place, 'kept/far'),
    Options: { tier: 'fast' },
    Labels: { a: 'b' },
    Status: { sound: 'yes' },
  });
  expect(await daemon.ok(['volume', 'ls', '--format', '{{.Driver}} {{.Name}}', '-f', 'driver=keeper'])).toBe(
    'keeper far',
  );
  await daemon.ok(['run', '--name', 'uses', '-v', 'far:/x', 'busybox', 'sh', '-c', 'echo 1 > /x/f']);
  expect(readFileSync(join(place, 'kept/far/f'), 'utf8')).toBe('1\n');
  expect(await daemon.ok(['inspect', '-f', '{{range .Mounts}}{{.Driver}} {{.Name}}{{end}}', 'uses'])).toBe(
    'keeper far',
  );
  expect((await daemon.docker(['volume', 'rm', 'far'])).stderr).toContain('remove far: volume is in use');
  await daemon.ok(['rm', 'uses']);
  await daemon.ok(['volume', 'rm', 'far']);
  const asked = plugin.calls.filter((call) => / far\b/.test(call) && !call.includes('Get'));
  expect(asked[0]).toBe('VolumeDriver.Create far {"tier":"fast"}');
  expect(asked.filter((call) => call.includes('.Mount')).length).toBe(
    asked.filter((call) => call.includes('.Unmount')).length,
  );
  expect(asked.at(-1)).toBe('VolumeDriver.Remove far');
}, 60_000);

test('--volume-driver and volume-driver= make volumes by a plugin; anonymous ones go with their container', async () => {
  await daemon.ok(['run', '--rm', '--volume-driver', 'keeper', '-v', 'byflag:/x', '-v', '/y', 'busybox', 'true']);
  await daemon.ok([
    'run',
    '--rm',
    '--mount',
    'type=volume,src=bymount,dst=/x,volume-driver=keeper,volume-opt=o=p',
    'busybox',
    'true',
  ]);
  expect(plugin.calls).toContain('VolumeDriver.Create bymount {"o":"p"}');
  expect(await daemon.ok(['volume', 'ls', '-q', '-f', 'driver=keeper'])).toBe('byflag\nbymount');
  await daemon.ok(['volume', 'rm', 'byflag', 'bymount']);
}, 60_000);

test('a plugin is reached by TLS when its certificate is trusted', async () => {
  await daemon.ok(['volume', 'create', '-d', 'secure', 'safe']);
  expect(await daemon.ok(['volume', 'inspect', '-f', '{{.Driver}} {{.Scope}}', 'safe'])).toBe('secure local');
  await daemon.ok(['volume', 'rm', 'safe']);
  expect((await daemon.docker(['volume', 'create', '-d', 'stranger', 'x1'])).stderr).toMatch(
    /create x1: error looking up volume plugin stranger: .*(certificate|CERT)/i,
  );
});

test("a plugin's own words come through, and what it refused is not there", async () => {
  plugin.failNext('VolumeDriver.Create', 'out of space');
  expect(await refusal(daemon, 'POST', '/volumes/create', { Name: 'nope', Driver: 'keeper' })).toBe(
    '500 create nope: VolumeDriver.Create: out of space',
  );
  expect((await ask(daemon, 'GET', '/volumes/nope')).status).toBe(404);
  await daemon.ok(['volume', 'create', '-d', 'keeper', 'stuck']);
  plugin.failNext('VolumeDriver.Mount', 'no such device');
  expect((await daemon.docker(['run', '--rm', '-v', 'stuck:/x:nocopy', 'busybox', 'true'])).stderr).toContain(
    'VolumeDriver.Mount: no such device',
  );
  plugin.failNext('VolumeDriver.Remove', 'busy');
  expect((await daemon.docker(['volume', 'rm', 'stuck'])).stderr).toContain('VolumeDriver.Remove: busy');
  await daemon.ok(['volume', 'rm', 'stuck']);
  expect((await daemon.docker(['volume', 'create', '-d', 'network', 'x1'])).stderr).toContain(
    'error looking up volume plugin network: plugin does not implement the requested driver',
  );
}, 60_000);

test('a name has one driver', async () => {
  await daemon.ok(['volume', 'create', '-d', 'keeper', 'one']);
  expect(await refusal(daemon, 'POST', '/volumes/create', { Name: 'one', Driver: 'local' })).toBe(
    "409 create one: driver 'keeper' already has volume 'one': volume name must be unique",
  );
  expect((await ask(daemon, 'POST', '/volumes/create', { Name: 'one' })).body).toMatchObject({ Driver: 'keeper' });
  await daemon.ok(['volume', 'rm', 'one']);
});

test('a plugin that is down is told of by ls, holds nobody up, and its volumes can be forgotten by force', async () => {
  const path = join(place, 'two.sock');
  const gone = startPlugin({ root: join(place, 'gone'), socket: path });
  writeFileSync(join(specs, 'gone.spec'), `unix://${path}`);
  await daemon.ok(['volume', 'create', '-d', 'gone', 'lost']);
  gone[Symbol.dispose]();
  rmSync(path, { force: true });
  await daemon.ok(['volume', 'create', 'near']);
  const { body } = await ask(daemon, 'GET', '/volumes');
  const { Volumes, Warnings } = body as { Volumes: { Name: string }[]; Warnings: string[] };
  expect(Volumes.map(({ Name }) => Name)).toContain('near');
  expect(Warnings.join()).toContain('error while listing volumes of driver gone');
  expect((await daemon.docker(['volume', 'rm', 'lost'])).exitCode).toBe(1);
  rmSync(join(specs, 'gone.spec'));
  expect((await daemon.docker(['volume', 'rm', 'lost'])).stderr).toContain('plugin "gone" not found');
  await daemon.ok(['volume', 'rm', '-f', 'lost', 'near']);
}, 60_000);
