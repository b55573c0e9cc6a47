import { afterAll, beforeAll, expect, test } from 'bun:test';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import Docker from 'dockerode';
import { tarOf } from '../fixtures/images.ts';
import { startDaemon, type TestDaemon } from '../helpers/daemon.ts';

let daemon: TestDaemon;
let docker: Docker;

beforeAll(async () => {
  daemon = await startDaemon();
  docker = new Docker({ socketPath: daemon.socket });
});
afterAll(async () => await daemon.stop());

/** What a multiplexed stream says until it ends. */
async function demultiplexed(stream: NodeJS.ReadableStream): Promise<{ stdout: string; stderr: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, out, err);
  stream.on('end', () => {
    out.end();
    err.end();
  });
  const [stdout, stderr] = await Promise.all([text(out), text(err)]);
  return { stdout, stderr };
}

test('asks for the version, the images and what there is', async () => {
  expect(await docker.ping()).toEqual(Buffer.from('OK'));
  expect((await docker.version()).Os).toBe('linux');
  const images = await docker.listImages();
  expect(images.flatMap(({ RepoTags }) => RepoTags)).toContain('busybox:latest');
  expect(await docker.listContainers({ all: true })).toEqual([]);
});

test('run streams output and tells the exit code', async () => {
  const output = new PassThrough();
  const said = text(output);
  const [{ StatusCode }, container] = await docker.run('busybox', ['sh', '-c', 'echo hello; exit 4'], output);
  output.end();
  expect(StatusCode).toBe(4);
  expect(await said).toBe('hello\r\n');
  await container.remove();
});

test('attach before start sees all output, on two streams', async () => {
  const container = await docker.createContainer({ Image: 'busybox', Cmd: ['sh', '-c', 'echo out; echo err >&2'] });
  const stream = await container.attach({ stream: true, stdout: true, stderr: true });
  await container.start();
  expect(await demultiplexed(stream)).toEqual({ stdout: 'out\n', stderr: 'err\n' });
  expect((await container.wait()).StatusCode).toBe(0);
  await container.remove();
});

test('attach with stdin passes input on, and its end', async () => {
  const container = await docker.createContainer({ Image: 'busybox', Cmd: ['cat'], OpenStdin: true, StdinOnce: true });
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  await container.start();
  stream.end('typed\n');
  expect((await demultiplexed(stream)).stdout).toBe('typed\n');
  await container.wait();
  await container.remove();
});

test('exec runs beside the process and keeps its exit code', async () => {
  const container = await docker.createContainer({ Image: 'busybox', Cmd: ['sleep', '1000'], Env: ['A=1'] });
  await container.start();
  const exec = await container.exec({ Cmd: ['sh', '-c', 'echo $A $B; exit 3'], Env: ['B=2'], AttachStdout: true });
  expect((await demultiplexed(await exec.start({}))).stdout).toBe('1 2\n');
  const { ExitCode, Running } = await exec.inspect();
  expect({ ExitCode, Running }).toEqual({ ExitCode: 3, Running: false });
  await container.remove({ force: true });
});

test('logs come as a whole and while they grow', async () => {
  const container = await docker.createContainer({
    Image: 'busybox',
    Cmd: ['sh', '-c', 'echo first; read line; echo $line'],
    OpenStdin: true,
  });
  await container.start();
  const followed = demultiplexed(await container.logs({ follow: true, stdout: true, stderr: true }));
  const input = await container.attach({ stream: true, stdin: true, hijack: true });
  input.write('second\n');
  expect((await followed).stdout).toBe('first\nsecond\n');
  input.end();
  await container.wait();
  const whole = await container.logs({ stdout: true, stderr: true, tail: 1 });
  expect(whole.subarray(8).toString()).toBe('second\n');
  await container.remove();
});

test('events tell the life of a container, by a filter', async () => {
  const since = Date.now() / 1000;
  const container = await docker.createContainer({ Image: 'busybox', Cmd: ['true'], name: 'told' });
  await container.start();
  await container.wait();
  await container.remove();
  const stream = (await docker.getEvents({
    since,
    until: Date.now() / 1000,
    filters: { container: ['told'], type: ['container'] },
  })) as Readable;
  const actions = (await text(stream))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).Action);
  expect(actions).toEqual(['create', 'start', 'die', 'destroy']);
});

test('a stream of events tells what happens while it is open', async () => {
  const stream = (await docker.getEvents({
    filters: { container: ['watched'], event: ['create', 'destroy'] },
  })) as Readable;
  const lines: string[] = [];
  const destroyed = new Promise<void>((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      lines.push(...chunk.toString().trim().split('\n'));
      if (lines.length === 2) resolve();
    });
  });
  const container = await docker.createContainer({ Image: 'busybox', name: 'watched' });
  await container.remove();
  await destroyed;
  stream.destroy();
  expect(lines.map((line) => JSON.parse(line).Action)).toEqual(['create', 'destroy']);
});

test('exec with stdin on a hijacked connection passes input on, and its end', async () => {
  const container = await docker.createContainer({ Image: 'busybox', Cmd: ['sleep', '1000'] });
  await container.start();
  const exec = await container.exec({ Cmd: ['wc', '-c'], AttachStdin: true, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  stream.end('x'.repeat(100_000));
  expect((await demultiplexed(stream)).stdout).toBe('100000\n');
  await container.remove({ force: true });
});

test('stats come once, and as a stream until the container ends', async () => {
  const limit = 64 * 1024 * 1024;
  const container = await docker.createContainer({
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    HostConfig: { Memory: limit },
  });
  await container.start();
  const once = await container.stats({ stream: false, 'one-shot': true });
  expect(once.memory_stats.limit).toBe(limit);
  expect(once.pids_stats?.current).toBe(1);
  const stream = (await container.stats({ stream: true })) as unknown as Readable;
  const [first] = await new Promise<Buffer[]>((resolve) =>
    stream.once('data', (...chunks: Buffer[]) => resolve(chunks)),
  );
  const sample = JSON.parse(String(first)) as typeof once;
  expect(sample.cpu_stats.system_cpu_usage).toBeGreaterThan(sample.precpu_stats.system_cpu_usage);
  await container.remove({ force: true });
  stream.resume();
  await finished(stream);
});

test('build streams its progress, and its image runs', async () => {
  const context = Buffer.from(tarOf({ Dockerfile: 'FROM busybox\nARG WORD\nRUN echo built $WORD > /word\n' }));
  const stream = await docker.buildImage(Readable.from([context]), {
    t: 'built:1',
    buildargs: { WORD: 'once' },
  });
  const progress = await new Promise<{ stream?: string; aux?: { ID: string } }[]>((resolve, reject) => {
    docker.modem.followProgress(stream, (error, output) => (error ? reject(error) : resolve(output)));
  });
  expect(progress.map((line) => line.stream ?? '').join('')).toContain('Successfully tagged built:1');
  expect(progress.some(({ aux }) => aux?.ID.startsWith('sha256:'))).toBe(true);
  const output = new PassThrough();
  const said = text(output);
  const [, container] = await docker.run('built:1', ['cat', '/word'], output);
  output.end();
  expect(await said).toBe('built once\r\n');
  await container.remove();
  await docker.getImage('built:1').remove();
});

test('a build that fails is an error in its progress', async () => {
  const context = Buffer.from(tarOf({ Dockerfile: 'FROM busybox\nRUN exit 7\n' }));
  const stream = await docker.buildImage(Readable.from([context]), {});
  const progress = await new Promise<{ error?: string }[]>((resolve, reject) => {
    docker.modem.followProgress(stream, (error, output) => (error ? reject(error) : resolve(output)));
  });
  expect(progress.at(-1)?.error).toContain('returned a non-zero code: 7');
});

test('files go in and out as archives, and a container as a whole', async () => {
  const container = await docker.createContainer({ Image: 'busybox' });
  await container.putArchive(Buffer.from(tarOf({ put: 'into it\n' })), { path: '/tmp' });
  const archive = Buffer.concat(await Array.fromAsync((await container.getArchive({ path: '/tmp/put' })) as Readable));
  expect(archive.toString()).toContain('into it\n');
  const whole = Buffer.concat(await Array.fromAsync((await container.export()) as Readable));
  expect(whole.includes('tmp/put')).toBe(true);
  expect(await container.changes()).toContainEqual({ Path: '/tmp/put', Kind: 1 });
  await container.remove();
});

test('networks join containers, which find each other by name, and volumes keep what they wrote', async () => {
  const network = await docker.createNetwork({ Name: 'joined' });
  await docker.createVolume({ Name: 'held' });
  const HostConfig = { NetworkMode: 'joined', Binds: ['held:/www'] };
  const server = await docker.createContainer({
    Image: 'busybox',
    name: 'server',
    Cmd: ['sh', '-c', 'echo served > /www/index.html; exec httpd -f -h /www'],
    HostConfig,
  });
  await server.start();
  const output = new PassThrough();
  const said = text(output);
  const retry = 'until wget -q -O - http://server/; do sleep 0.1; done';
  const [, asker] = await docker.run('busybox', ['sh', '-c', retry], output, { Tty: false, HostConfig });
  output.end();
  expect(await said).toContain('served\n');
  expect(Object.keys((await network.inspect()).Containers ?? {})).toEqual([server.id]);
  await asker.remove();
  await server.remove({ force: true });
  await network.remove();
  await docker.getVolume('held').remove();
});

test('errors carry status and reason', async () => {
  const error: unknown = await docker
    .getContainer('nosuch')
    .inspect()
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ statusCode: 404, json: { message: 'No such container: nosuch' } });
});
