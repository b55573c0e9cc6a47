import type { ContainerFilesService } from '../../engine/container/files/service.ts';
import { KnownError } from '../../lib/errors.ts';
import type { PathStat } from '../../linux/files/container-files.ts';
import { formatPathStat } from '../path-stat.ts';
import { type Call, flag, type Route } from '../route.ts';

const TAR = 'application/x-tar';

export function containerFilesRoutes(files: ContainerFilesService): readonly Route[] {
  const name = (call: Call): string => call.params['name'] ?? '';
  return [
    {
      method: 'HEAD',
      path: '/containers/{name}/archive',
      handle: async (call) =>
        call.answerText(200, '', statHeader(await files.stat(name(call), pathOf(call), call.signal))),
    },
    {
      method: 'GET',
      path: '/containers/{name}/archive',
      handle: async (call) => {
        const { stat, archive } = await files.read(name(call), pathOf(call), call.signal);
        await stream(call, TAR, archive, statHeader(stat));
      },
    },
    {
      method: 'PUT',
      path: '/containers/{name}/archive',
      handle: async (call) => {
        const { query, body, signal } = call;
        await files.write(
          name(call),
          {
            path: pathOf(call),
            archive: body,
            noOverwriteDirNonDir: flag(query, 'noOverwriteDirNonDir'),
            copyUidGid: flag(query, 'copyUIDGID'),
          },
          signal,
        );
        call.answerEmpty(200);
      },
    },
    {
      method: 'GET',
      path: '/containers/{name}/changes',
      handle: async (call) => {
        const changes = await files.changes(name(call), call.signal);
        call.answerJson(200, changes.length > 0 ? changes : null);
      },
    },
    {
      method: 'GET',
      path: '/containers/{name}/export',
      handle: async (call) =>
        await stream(call, 'application/octet-stream', await files.export(name(call), call.signal)),
    },
    { method: 'POST', path: '/commit', handle: async (call) => await commit(call, files) },
  ];
}

function pathOf({ query }: Call): string {
  const path = query.get('path') ?? '';
  if (path === '') throw new KnownError('invalid_parameter', "bad parameter: 'path' cannot be empty");
  if (path.includes('\0')) throw new KnownError('invalid_parameter', "bad parameter: 'path' holds a zero byte");
  return path;
}

function statHeader(stat: PathStat): Readonly<Record<string, string>> {
  return { 'Content-Type': TAR, 'X-Docker-Container-Path-Stat': formatPathStat(stat) };
}

async function stream(
  call: Call,
  type: string,
  chunks: AsyncIterable<Uint8Array>,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const answer = call.answerStream(200, type, headers);
  for await (const chunk of chunks) {
    call.signal.throwIfAborted();
    await answer.write(chunk);
  }
  answer.end();
}

async function commit(call: Call, files: ContainerFilesService): Promise<void> {
  const { query } = call;
  const container = query.get('container') ?? '';
  const imageId = await files.commit(
    {
      container,
      ...(query.get('repo') && { repository: query.get('repo') ?? '' }),
      ...(query.get('tag') && { tag: query.get('tag') ?? '' }),
      author: query.get('author') ?? '',
      comment: query.get('comment') ?? '',
      pause: flag(query, 'pause', true),
      changes: query.getAll('changes'),
      config: await call.json(),
    },
    call.signal,
  );
  call.answerJson(201, { Id: imageId });
}
