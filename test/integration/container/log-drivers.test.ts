import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createSocket } from 'node:dgram';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type LogServer, startLogServer } from '../../fixtures/log-server.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { runCommand } from '../../helpers/docker-cli.ts';

const OURS = resolve(import.meta.dirname, '../../../bin/docker');

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon({
    flags: [
      '--log-driver',
      'local',
      '--log-opt',
      'max-size=20k',
      '--log-opt',
      'max-file=3',
      '--log-opt',
      'cache-max-file=4',
    ],
  });
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

async function until(test: () => boolean | Promise<boolean>, what: () => string = () => ''): Promise<void> {
  for (let turn = 0; turn < 600; turn++) {
    if (await test()) return;
    await Bun.sleep(50);
  }
  throw new Error(`it never happened: ${what()}`);
}

/** Flags of a container whose log goes there. */
function to(driver: string, options: Readonly<Record<string, string>>): readonly string[] {
  const all = Object.entries(options).flatMap(([key, value]) => ['--log-opt', `${key}=${value}`]);
  return ['--log-driver', driver, ...all];
}

const syslog = ({ port }: LogServer, more: Readonly<Record<string, string>> = {}): readonly string[] =>
  to('syslog', { 'syslog-address': `tcp://127.0.0.1:${port}`, 'syslog-format': 'rfc5424', ...more });

/** What came behind `n=`, in order. */
const numbersIn = (text: string): readonly number[] =>
  Array.from(text.matchAll(/n=(\d+)/g), ([, number]) => Number(number));

/** Everything is there, in order; what came twice came as a repetition of whole stretches. */
function expectComplete(numbers: readonly number[], last: number): void {
  let most = 0;
  for (const number of numbers) {
    if (number > most + 1) throw new Error(`${number} came after ${most}`);
    most = Math.max(most, number);
  }
  expect(most).toBe(last);
}

async function ended(name: string): Promise<void> {
  await until(async () => (await daemon.ok(['inspect', '-f', '{{.State.Status}}', name])) === 'exited');
}

const count = (last: number, pause = ''): string =>
  `i=1; while [ $i -le ${last} ]; do echo n=$i; i=$((i+1)); ${pause} done`;

describe('drivers that keep a file', () => {
  test('the daemon lists the drivers, and its default and options are those of containers that name none', async () => {
    expect(await daemon.ok(['info', '-f', '{{json .Plugins.Log}} {{.LoggingDriver}}'])).toBe(
      '["fluentd","gelf","journald","json-file","local","none","syslog"] local',
    );
    await daemon.ok(['run', '--name', 'plain', 'busybox', 'sh', '-c', count(2000)]);
    expect(await daemon.ok(['inspect', '-f', '{{json .HostConfig.LogConfig}}{{.LogPath}}', 'plain'])).toBe(
      '{"Type":"local","Config":{"cache-max-file":"4","max-file":"3","max-size":"20k"}}',
    );
    const id = await daemon.ok(['inspect', '-f', '{{.Id}}', 'plain']);
    const files = readdirSync(join(daemon.root, 'd/containers', id)).filter((file) => file.startsWith('container.log'));
    expect(files.length).toBe(3);
    await until(() => readdirSync(join(daemon.root, 'd/containers', id)).some((file) => file.endsWith('.gz')));
    const numbers = numbersIn(await daemon.ok(['logs', 'plain']));
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, at) => 2001 - numbers.length + at));
  });

  test('json-file shows the attributes that were asked for, none shows nothing', async () => {
    const attributes = { labels: 'team', env: 'KIND', tag: '{{.ImageName}}' };
    const container = ['--label', 'team=a', '-e', 'KIND=b', 'busybox', 'echo', 'hello'];
    await daemon.ok(['run', '--name', 'attributes', ...to('json-file', attributes), ...container]);
    expect(await daemon.ok(['logs', '--details', 'attributes'])).toBe('KIND=b,tag=busybox,team=a hello');
    await daemon.ok(['run', '--name', 'nothing', ...to('none', {}), 'busybox', 'echo', 'hello']);
    expect((await daemon.docker(['logs', 'nothing'])).stderr).toContain(
      'configured logging driver does not support reading',
    );
  });

  test('our own client has the flags too', async () => {
    const argv = [OURS, 'run', '--rm', ...to('local', { compress: 'false' }), 'busybox', 'echo', 'hi'];
    const { stdout } = await runCommand(argv, { env: { DOCKER_HOST: daemon.host, HOME: daemon.root } });
    expect(stdout).toBe('hi\n');
  });
});

describe('drivers that send', () => {
  test('syslog gets each line by its stream under the tag, and docker logs shows them too', async () => {
    await using server = await startLogServer();
    const script = 'echo out; sleep 0.1; echo err >&2';
    await daemon.ok([
      'run',
      '--name',
      'sys',
      ...syslog(server, { tag: 'docker/{{.Name}}' }),
      'busybox',
      'sh',
      '-c',
      script,
    ]);
    await until(
      () => server.text().includes('err\n'),
      () => server.text(),
    );
    expect(server.text()).toMatch(/^<30>1 \S+ \S+ docker\/sys \d+ docker\/sys - out\n<27>1 .* - err\n$/);
    const { stdout, stderr } = await daemon.docker(['logs', 'sys']);
    expect([stdout, stderr]).toEqual(['out\n', 'err\n']);
    const kept = await daemon.ok([
      'inspect',
      '-f',
      '{{.LogPath}}{{index .HostConfig.LogConfig.Config "cache-max-file"}}',
      'sys',
    ]);
    expect(kept).toBe('4');
  });

  test('without its cache a log cannot be read', async () => {
    await using server = await startLogServer();
    await daemon.ok([
      'run',
      '--name',
      'blind',
      ...syslog(server, { 'cache-disabled': 'true' }),
      'busybox',
      'echo',
      'x',
    ]);
    await until(() => server.text().includes('x\n'));
    expect((await daemon.docker(['logs', 'blind'])).stderr).toContain(
      'configured logging driver does not support reading',
    );
  });

  test('a container that is removed when it ends has sent everything before', async () => {
    await using server = await startLogServer();
    await daemon.ok(['run', '--rm', ...syslog(server), 'busybox', 'sh', '-c', count(3000)]);
    expect(numbersIn(server.text())).toEqual(Array.from({ length: 3000 }, (_, at) => at + 1));
  });

  test('fluentd answers for what it has; a line longer than a record is marked', async () => {
    await using server = await startLogServer((piece) => {
      const at = piece.lastIndexOf('chunk') + 'chunk'.length;
      return Buffer.concat([Buffer.from([0x81, 0xa3]), Buffer.from('ack'), piece.subarray(at)]);
    });
    const options = { 'fluentd-address': `127.0.0.1:${server.port}`, 'fluentd-request-ack': 'true', labels: 'team' };
    const script = `head -c 20000 /dev/zero | tr '\\0' x; echo; ${count(100)}`;
    await daemon.ok(['run', '--rm', '--label', 'team=a', ...to('fluentd', options), 'busybox', 'sh', '-c', script]);
    expect(numbersIn(server.text())).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
    for (const part of ['container_id', 'container_name', 'source\xa6stdout', 'team\xa1a', 'partial_last\xa4true'])
      expect(server.text()).toContain(part);
  });

  test('GELF datagrams hold one message each', async () => {
    const heard: { short_message: string; _container_name: string }[] = [];
    const socket = createSocket('udp4');
    socket.on('message', (message) => heard.push(JSON.parse(gunzipSync(message).toString())));
    await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
    try {
      const options = { 'gelf-address': `udp://127.0.0.1:${socket.address().port}` };
      await daemon.ok(['run', '--name', 'gelf', ...to('gelf', options), 'busybox', 'sh', '-c', 'echo a; echo b']);
      await until(() => heard.length === 2);
      expect(heard.map((message) => [message.short_message, message._container_name])).toEqual([
        ['a', 'gelf'],
        ['b', 'gelf'],
      ]);
    } finally {
      socket.close();
    }
  });
});

describe('when things fail', () => {
  test('options are refused at create, with 400 and Docker’s text', async () => {
    const { stderr, exitCode } = await daemon.docker([
      'create',
      ...to('syslog', { 'syslog-facility': '99' }),
      'busybox',
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('invalid syslog facility');
    const response = await fetch('http://d/v1.51/containers/create', {
      unix: daemon.socket,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ Image: 'busybox', HostConfig: { LogConfig: { Type: 'splunk', Config: {} } } }),
    });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("no log driver named 'splunk' is registered");
  });

  test('a start fails when the remote cannot be reached, and leaves nothing running', async () => {
    const server = await startLogServer();
    await server.goAway();
    const refused = await daemon.docker(['run', '--name', 'refused', ...syslog(server), 'busybox', 'true']);
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toContain(
      `failed to create task for container: failed to initialize logging driver: dial tcp 127.0.0.1:${server.port}: connect: connection refused`,
    );
    expect(await daemon.ok(['inspect', '-f', '{{.State.Status}} {{.State.Running}}', 'refused'])).toBe('created false');
    const journald = await daemon.docker(['run', '--rm', ...to('journald', {}), 'busybox', 'true']);
    expect(journald.stderr).toContain('failed to initialize logging driver: journald is not enabled on this host');
    await daemon.ok([
      'run',
      '--rm',
      ...to('fluentd', { 'fluentd-address': `127.0.0.1:${server.port}`, 'fluentd-async': 'true' }),
      'busybox',
      'true',
    ]);
  });

  test('what is said while the remote is away arrives in order when it is back, and the container does not wait', async () => {
    await using server = await startLogServer();
    const gate = 'until [ -e /go ]; do usleep 20000; done';
    const script = `${count(50)}; ${gate}; ${count(3000).replace('i=1', 'i=51')}`;
    await daemon.ok(['run', '-d', '--name', 'away', ...syslog(server), 'busybox', 'sh', '-c', script]);
    await until(() => numbersIn(server.text()).includes(50));
    await server.goAway();
    await daemon.ok(['exec', 'away', 'touch', '/go']);
    await ended('away');
    await server.comeBack();
    await until(() => numbersIn(server.text()).includes(3000));
    expectComplete(numbersIn(server.text()), 3000);
    expect(daemon.log()).toContain('it is tried again');
  }, 60_000);

  test('in blocking mode the container waits while the remote is too far behind, and for no daemon that is dead', async () => {
    await using server = await startLogServer();
    const options = { mode: 'blocking', 'cache-max-size': '1m', 'cache-max-file': '2', 'cache-compress': 'false' };
    const script = `until [ -e /go ]; do usleep 20000; done; seq 1 60000 | sed s/^/n=/; echo done > /done; sleep 1000`;
    const isDone = async (): Promise<boolean> => (await daemon.docker(['exec', 'held', 'cat', '/done'])).exitCode === 0;
    await daemon.ok(['run', '-d', '--name', 'held', ...syslog(server, options), 'busybox', 'sh', '-c', script]);
    const log = join(
      daemon.root,
      'd/containers',
      await daemon.ok(['inspect', '-f', '{{.Id}}', 'held']),
      'container.log',
    );
    const waits = async (): Promise<boolean> => {
      for (let turn = 0, before = statSync(log).size; turn < 10; turn++) {
        await Bun.sleep(50);
        if (statSync(log).size !== before) return false;
      }
      return statSync(log).size > 1_000_000 && !(await isDone());
    };
    await server.goAway();
    await daemon.ok(['exec', 'held', 'touch', '/go']);
    await until(waits);
    await server.comeBack();
    await until(() => server.text().includes('n=60000\n'));
    expectComplete(numbersIn(server.text()), 60_000);
    await until(isDone);
    await daemon.ok(['rm', '-f', 'held']);

    await daemon.ok(['run', '-d', '--name', 'held', ...syslog(server, options), 'busybox', 'sh', '-c', script]);
    const [id, pid] = (await daemon.ok(['inspect', '-f', '{{.Id}} {{.State.Pid}}', 'held'])).split(' ');
    await server.goAway();
    await daemon.ok(['exec', 'held', 'touch', '/go']);
    await until(() => statSync(log.replace(/[0-9a-f]{64}/, id ?? '')).size > 1_000_000);
    await daemon.kill9();
    await until(() => existsSync(`/proc/${pid}/root/done`));
    await server.comeBack();
    await daemon.restart();
    await until(() => server.text().lastIndexOf('n=60000\n') > server.text().indexOf('n=60000\n'));
    await daemon.ok(['rm', '-f', 'held']);
  }, 60_000);

  test('a killed daemon loses nothing: the next one goes on where it was', async () => {
    await using server = await startLogServer();
    await daemon.ok([
      'run',
      '-d',
      '--name',
      'killed',
      ...syslog(server),
      'busybox',
      'sh',
      '-c',
      count(200, 'usleep 20000;'),
    ]);
    await until(() => numbersIn(server.text()).includes(20));
    await daemon.kill9();
    await daemon.restart();
    await ended('killed');
    await until(() => numbersIn(server.text()).includes(200));
    expectComplete(numbersIn(server.text()), 200);
  }, 60_000);
});
