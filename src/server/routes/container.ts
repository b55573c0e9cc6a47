import type { Duplex } from 'node:stream';
import { containerInspectAs, containerSummaryAs, createBodyAs, execBodyAs } from '../../api/compat/container.ts';
import { decodeCreate, decodeExec } from '../../api/container-shape.ts';
import { parseFilters } from '../../api/filters.ts';
import type { AttachOptions, ContainerService, CreateRequest } from '../../engine/container/service.ts';
import type { ExecService } from '../../engine/exec/service.ts';
import { KnownError } from '../../lib/errors.ts';
import { writeLogs } from '../logs.ts';
import { isSince } from '../platform-query.ts';
import { type Call, flag, type Route } from '../route.ts';
import { acceptWebSocket } from '../websocket/handshake.ts';
import { joinWebSocket } from '../websocket/join.ts';
import { refuseCheckpoint } from './checkpoint.ts';

const LIST_FILTERS = [
  'ancestor',
  'before',
  'expose',
  'exited',
  'health',
  'id',
  'isolation',
  'is-task',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
];
const RAW = 'application/vnd.docker.raw-stream';
const MULTIPLEXED = 'application/vnd.docker.multiplexed-stream';

export function containerRoutes({
  containers,
  execs,
  cgroupVersion,
}: {
  readonly containers: ContainerService;
  /** Defaults of old versions of the API depend on it. */
  readonly cgroupVersion: 1 | 2;
  readonly execs: ExecService;
}): readonly Route[] {
  const verb = (path: string, act: (call: Call, name: string) => Promise<void>): Route => ({
    method: 'POST',
    path: `/containers/{name}/${path}`,
    async handle(call) {
      await act(call, call.params['name'] ?? '');
      call.answerEmpty(204);
    },
  });
  const name = (call: Call): string => call.params['name'] ?? '';
  return [
    {
      method: 'GET',
      path: '/containers/json',
      handle: async (call) =>
        call.answerJson(
          200,
          (
            await containers.list({
              all: flag(call.query, 'all'),
              size: flag(call.query, 'size'),
              limit: positive(call, 'limit'),
              filters: parseFilters(call.query.get('filters'), LIST_FILTERS),
            })
          ).map((row) => containerSummaryAs(call.apiVersion, row)),
        ),
    },
    {
      method: 'POST',
      path: '/containers/create',
      handle: async (call) => call.answerJson(201, await containers.create(await readCreate(call, cgroupVersion))),
    },
    {
      method: 'POST',
      path: '/containers/prune',
      since: '1.25',
      handle: async (call) => {
        const { deleted, reclaimedBytes } = await containers.prune(
          parseFilters(call.query.get('filters'), ['until', 'label', 'label!']),
        );
        call.answerJson(200, { ContainersDeleted: deleted, SpaceReclaimed: reclaimedBytes });
      },
    },
    {
      method: 'GET',
      path: '/containers/{name}/json',
      handle: async (call) =>
        call.answerJson(
          200,
          containerInspectAs(call.apiVersion, await containers.inspect(name(call), { size: flag(call.query, 'size') })),
        ),
    },
    {
      method: 'GET',
      path: '/containers/{name}/top',
      handle: async (call) =>
        call.answerJson(200, await containers.top(name(call), call.query.get('ps_args') ?? '-ef')),
    },
    { method: 'GET', path: '/containers/{name}/logs', handle: async (call) => await writeLogs(call, containers) },
    verb('start', async (call, target) => {
      refuseCheckpoint(call);
      await containers.start(target, { detachKeys: call.query.get('detachKeys') ?? undefined });
    }),
    verb('stop', async (call, target) => await containers.stop(target, stopOptions(call))),
    verb('restart', async (call, target) => await containers.restart(target, stopOptions(call))),
    verb('kill', async (call, target) => await containers.kill(target, call.query.get('signal') || undefined)),
    verb('pause', async (_call, target) => await containers.pause(target)),
    verb('unpause', async (_call, target) => await containers.unpause(target)),
    verb('rename', async (call, target) => await containers.rename(target, call.query.get('name') ?? '')),
    {
      method: 'POST',
      path: '/containers/{name}/resize',
      handle: async (call) => {
        await containers.resize(name(call), size(call, 'h'), size(call, 'w'));
        call.answerEmpty(200);
      },
    },
    { method: 'POST', path: '/containers/{name}/wait', handle: async (call) => await wait(call, containers) },
    { method: 'POST', path: '/containers/{name}/attach', handle: async (call) => await attach(call, containers) },
    { method: 'GET', path: '/containers/{name}/attach/ws', handle: async (call) => await attachWs(call, containers) },
    { method: 'DELETE', path: '/containers/{name}', handle: async (call) => await remove(call, containers) },
    { method: 'DELETE', path: '/containers/{name}/{alias}', handle: async (call) => await remove(call, containers) },
    {
      method: 'POST',
      path: '/containers/{name}/exec',
      handle: async (call) => {
        const { id } = await execs.create(name(call), execBodyAs(call.apiVersion, decodeExec(await call.json())));
        call.answerJson(201, { Id: id });
      },
    },
    { method: 'POST', path: '/exec/{id}/start', handle: async (call) => await startExec(call, execs) },
    {
      method: 'POST',
      path: '/exec/{id}/resize',
      handle: async (call) => {
        await execs.resize(call.params['id'] ?? '', size(call, 'h'), size(call, 'w'));
        call.answerEmpty(200);
      },
    },
    {
      method: 'GET',
      path: '/exec/{id}/json',
      handle: async (call) => call.answerJson(200, await execs.inspect(call.params['id'] ?? '')),
    },
  ];
}

/** Config, HostConfig and NetworkingConfig come in one object. */
async function readCreate(call: Call, cgroupVersion: 1 | 2): Promise<CreateRequest> {
  const body = await call.json();
  if (Object.keys(body).length === 0)
    throw new KnownError('invalid_parameter', 'config cannot be empty in order to create a container');
  return {
    name: call.query.get('name') || undefined,
    ...(isSince(call, 1, 41) && { platform: call.query.get('platform') || undefined }),
    ...createBodyAs(call.apiVersion, decodeCreate(body), cgroupVersion),
  };
}

/** `signal` is since API 1.42. */
function stopOptions(call: Call): { readonly signal?: string; readonly timeoutSeconds?: number } {
  const { query } = call;
  const seconds = query.get('t');
  if (seconds && !/^-?\d+$/.test(seconds))
    throw new KnownError('invalid_parameter', `strconv.Atoi: parsing "${seconds.slice(0, 20)}": invalid syntax`);
  return {
    ...(isSince(call, 1, 42) && query.get('signal') && { signal: query.get('signal') ?? '' }),
    ...(seconds && { timeoutSeconds: Number(seconds) }),
  };
}

function positive({ query }: Call, key: string): number | undefined {
  const value = Number(query.get(key) ?? 0);
  if (!Number.isSafeInteger(value))
    throw new KnownError('invalid_parameter', `invalid value for ${key}: ${(query.get(key) ?? '').slice(0, 20)}`);
  return value > 0 ? value : undefined;
}

function size({ query }: Call, key: string): number {
  const text = query.get(key) ?? '';
  if (!/^\d{1,10}$/.test(text))
    throw new KnownError(
      'invalid_parameter',
      `invalid resize ${key === 'h' ? 'height' : 'width'} "${text.slice(0, 20)}": invalid syntax`,
    );
  return Number(text);
}

/** A container, or with `link` one of its links, which has a name of its own: `container/alias`. */
async function remove(call: Call, containers: ContainerService): Promise<void> {
  const { name = '', alias } = call.params;
  const path = alias === undefined ? name : `${name}/${alias}`;
  if (flag(call.query, 'link')) await containers.removeLink(path);
  else await containers.remove(path, { force: flag(call.query, 'force'), volumes: flag(call.query, 'v') });
  call.answerEmpty(204);
}

/**
 * The headers go out as soon as the waiter is registered: clients start the container only then. Before API 1.30 there were no conditions and
 * the answer was one, before 1.42 an unknown condition was the first one.
 */
async function wait(call: Call, containers: ContainerService): Promise<void> {
  const asked = call.query.get('condition') || 'not-running';
  const known = isSince(call, 1, 42) || ['next-exit', 'removed'].includes(asked);
  const condition = known && isSince(call, 1, 30) ? asked : 'not-running';
  const { result } = await containers.wait(call.params['name'] ?? '', condition, call.signal);
  if (!isSince(call, 1, 30)) return call.answerJson(200, await result);
  const answer = call.answerStream(200, 'application/json');
  answer.object(await result);
  answer.end();
}

async function attach(call: Call, containers: ContainerService): Promise<void> {
  const { tty, stream } = await containers.attach(call.params['name'] ?? '', attachOptions(call));
  const connection = call.hijack({ upgraded: typeOf(call, tty), plain: RAW });
  join(connection, stream);
}

function attachOptions({ query, signal }: Call): AttachOptions {
  return {
    stdin: flag(query, 'stdin'),
    stdout: flag(query, 'stdout'),
    stderr: flag(query, 'stderr'),
    logs: flag(query, 'logs'),
    stream: flag(query, 'stream'),
    detachKeys: query.get('detachKeys') || undefined,
    signal,
  };
}

/** Of a 101: what is multiplexed says so since API 1.42. */
function typeOf(call: Call, tty: boolean): string {
  return tty || !isSince(call, 1, 42) ? RAW : MULTIPLEXED;
}

/** Before API 1.42 all three streams are attached whatever is asked for, before 1.28 messages are text. */
async function attachWs(call: Call, containers: ContainerService): Promise<void> {
  const name = call.params['name'] ?? '';
  await containers.inspect(name, { size: false });
  const headers = acceptWebSocket(call.headers);
  const all = isSince(call, 1, 42) ? {} : { stdin: true, stdout: true, stderr: true };
  const { tty, stream } = await containers.attach(name, { ...attachOptions(call), ...all });
  const connection = call.hijack({ plain: RAW, protocol: 'websocket', headers });
  joinWebSocket(connection, stream, { tty, binary: isSince(call, 1, 28) });
}

async function startExec(call: Call, execs: ExecService): Promise<void> {
  const { Detach = false, Tty = false, ConsoleSize } = await call.json();
  const consoleSize =
    isSince(call, 1, 42) && Array.isArray(ConsoleSize) && ConsoleSize.length === 2
      ? ([Number(ConsoleSize[0]), Number(ConsoleSize[1])] as const)
      : undefined;
  const { tty, stream } = await execs.start(call.params['id'] ?? '', {
    detach: Detach === true,
    tty: Tty === true,
    consoleSize,
    signal: call.signal,
  });
  if (!stream) return call.answerEmpty(200);
  join(call.hijack({ upgraded: typeOf(call, tty), plain: RAW }), stream);
}

/** Both directions, each with its own end: a half-closed stdin leaves the output open. Whoever goes takes the other along. */
function join(connection: Duplex, stream: Duplex): void {
  connection.pipe(stream).pipe(connection);
  connection.on('error', () => stream.destroy());
  connection.on('close', () => stream.destroy());
  stream.on('error', () => connection.destroy());
  stream.on('close', () => connection.end());
}
