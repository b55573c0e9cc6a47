import { afterAll, beforeAll, expect, test } from 'bun:test';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { createNetworkLab, HOST, HOST6, type NetworkLab } from '../../helpers/network-lab.ts';
import { reaches, type Server, startServer, within } from './reach.ts';

/** Published ports while daemons and mappings come and go; `echo` is the kernel's, `passed` a process's of the host. */
const PORTS = { echo: 8301, passed: 8302, web: 8303, udp: 8304, sctp: 8305 } as const;
let lab: NetworkLab;
let daemon: TestDaemon;
let web: Server;

beforeAll(async () => {
  lab = await createNetworkLab();
  const flags = ['--live-restore', '--published-ports', 'host-firewall', '--host-gateway-ip', '192.0.2.77'];
  daemon = await startDaemon({ within: lab.host, flags });
  await daemon.ok(['network', 'create', '--ipv6', '--subnet', 'fd5c:9::/64', 'net']);
  const publish = [`${PORTS.echo}:90`, `${PORTS.passed}:91`, `${PORTS.web}:80`].flatMap((port) => ['-p', port]);
  web = await startServer(daemon, 'web', [
    '--network',
    'net',
    ...publish,
    '--label',
    'skiff.published-ports.90=docker',
  ]);
}, 60_000);

afterAll(async () => {
  await daemon?.stop();
  await lab?.[Symbol.asyncDispose]();
}, 60_000);

/** Says what it receives, at TCP ports 90 and 91 in both families. */
const ECHO = `
const { createServer } = require('node:net');
for (const port of [90, 91]) createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(port, '::');
console.log('ready');
`;

/** Says a word on each of many connections, again and again, and opens new ones; a line ends it with what went wrong. */
const LOAD = `
const { createConnection } = require('node:net');
const targets = JSON.parse(process.argv.at(-1));
const count = { answers: 0, opened: 0, broken: 0, refused: 0 };
let over = false;
const open = (host, port, done) => {
  const socket = createConnection({ host, port });
  socket.on('connect', () => { count.opened++; socket.write('x'); });
  socket.on('data', () => { count.answers++; done ? (socket.end(), done()) : setTimeout(() => socket.write('x'), 5); });
  socket.on('error', () => { if (!over) done ? (count.refused++, setTimeout(done, 20)) : count.broken++; });
  socket.on('close', () => { if (!over && !done) count.broken++; });
};
for (const [host, port] of targets) {
  for (let i = 0; i < 10; i++) open(host, port);
  const again = () => { if (!over) setTimeout(() => open(host, port, again), 20); };
  again();
}
process.stdin.once('data', () => { over = true; console.log(JSON.stringify(count)); process.exit(0); });
console.log('ready');
`;

const UDP_ECHO = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (_m, { port, address }) => socket.send(process.argv.at(-1), port, address));
socket.bind(53, () => console.log('ready'));
`;

/** Asks from one port of its own every 20 ms; prints each other answer than the last. */
const UDP_ASK = `
const socket = require('node:dgram').createSocket('udp4');
let last = '';
socket.on('message', (text) => { if (String(text) !== last) console.log(last = String(text)); });
socket.on('error', () => {});
socket.bind(0, () => { console.log('ready'); setInterval(() => socket.send('x', ...JSON.parse(process.argv.at(-1))), 20); });
`;

/** A script of this runtime, in a namespace; resolves when it says that it is ready. */
async function runScript(words: readonly string[], script: string, argument = '') {
  const child = Bun.spawn([...words, process.execPath, '-e', script, argument], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const reader = child.stdout.getReader();
  let text = '';
  const line = async (): Promise<string> => {
    while (!text.includes('\n')) {
      const { value, done } = await reader.read();
      if (done) return text;
      text += new TextDecoder().decode(value);
    }
    const [first = '', ...rest] = text.split('\n');
    text = rest.join('\n');
    return first;
  };
  expect(await line()).toBe('ready');
  return { child, line };
}

test('no connection breaks, and none is refused, while a daemon is killed, is down, starts, and makes its rules anew', async () => {
  const echo = await runScript(within(web), ECHO);
  const load = async (words: readonly string[], targets: readonly (readonly [string, number])[]) =>
    await runScript(words, LOAD, JSON.stringify(targets));
  const outside = await load(
    lab.outside,
    [HOST, HOST6].flatMap((host) => [PORTS.echo, PORTS.passed].map((port) => [host, port] as const)),
  );
  const here = await load(
    lab.host,
    ['127.0.0.1', '::1'].flatMap((host) => [PORTS.echo, PORTS.passed].map((port) => [host, port] as const)),
  );
  for (const end of [() => daemon.kill9(), async () => undefined]) {
    await end();
    expect(await reaches(lab.outside, HOST, PORTS.web)).toBe(true);
    expect(await reaches(lab.outside, HOST6, PORTS.web)).toBe(true);
    await daemon.restart();
  }
  await daemon.ok(['network', 'create', 'another']);
  for (const { child, line } of [outside, here]) {
    await child.stdin.write('\n');
    await child.stdin.flush();
    const count = JSON.parse(await line());
    expect(count).toMatchObject({ broken: 0, refused: 0 });
    expect(count.answers).toBeGreaterThan(count.opened);
    expect(count.opened).toBeGreaterThan(40);
    await child.exited;
  }
  echo.child.kill();
}, 60_000);

test('a stream of datagrams follows the mapping: to the container that has the port now, and to nobody without one', async () => {
  const ask = await runScript(lab.outside, UDP_ASK, JSON.stringify([PORTS.udp, HOST]));
  const publish = ['-p', `${HOST}:${PORTS.udp}:53/udp`, '--label', 'skiff.published-ports=docker'];
  for (const name of ['first', 'second']) {
    const server = await startServer(daemon, name, publish);
    const echo = await runScript(within(server), UDP_ECHO, name);
    expect(await ask.line()).toBe(name);
    // Its place is taken, so that the next one has another address.
    await daemon.ok(['stop', '-t', '0', name]);
    echo.child.kill();
    await daemon.ok(['run', '-d', '--name', `after-${name}`, 'busybox', 'sleep', '1000']);
  }
  ask.child.kill();
}, 60_000);

test('SCTP is translated by the kernel and shown as published; a second container cannot have the port', async () => {
  const flags = ['-p', `${PORTS.sctp}:38412/sctp`, '--label', 'skiff.published-ports=docker'];
  const server = await startServer(daemon, 'sctp', flags);
  expect(await daemon.ok(['port', 'sctp'])).toBe(`38412/sctp -> 0.0.0.0:${PORTS.sctp}`);
  const map = await lab.run(['nft', 'list', 'map', 'inet', `skiff_${daemon.bridge}`, 'sctp_any4']);
  expect(map).toContain(`${PORTS.sctp} : ${server.ip} . 38412`);
  const second = await daemon.docker(['run', '--rm', ...flags, 'busybox', 'true']);
  expect(second.stderr).toContain(`Bind for 0.0.0.0:${PORTS.sctp} failed: port is already allocated`);
  const left = await daemon.docker(['run', '--rm', '-p', '1:2/sctp', 'busybox', 'true']);
  expect(left.stderr).toContain("port 2/sctp cannot be left to the host's firewall");
}, 60_000);

test('host-gateway is what the daemon was told', async () => {
  const hosts = await daemon.ok([
    'run',
    '--rm',
    '--add-host',
    'up:host-gateway',
    'busybox',
    'grep',
    'up$',
    '/etc/hosts',
  ]);
  expect(hosts).toBe('192.0.2.77\tup');
});
