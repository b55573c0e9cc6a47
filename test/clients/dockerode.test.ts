import { afterAll, beforeAll, expect, test } from 'bun:test';
import { PassThrough, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
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

test('errors carry status and reason', async () => {
  const error: unknown = await docker
    .getContainer('nosuch')
    .inspect()
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ statusCode: 404, json: { message: 'No such container: nosuch' } });
});
