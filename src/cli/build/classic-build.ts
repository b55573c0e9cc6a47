import { writeFileSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { KnownError } from '../../lib/errors.ts';
import type { Flags } from '../../lib/flags/flag.ts';
import type { CommandContext } from '../command.ts';
import { platformQuery } from '../commands/image/platform.ts';
import { ExitError } from '../exit-error.ts';
import { humanSize } from '../format/size.ts';
import { toMap } from '../parse/env.ts';
import { readMessages } from '../progress/message.ts';
import { outputOptions, showProgress } from '../progress/show.ts';
import { buildArgsOf } from './build-args.ts';
import { folderContext, isRemote, type SentContext, stdinContext } from './context.ts';
import { limitsOf } from './limits.ts';
import { readAll } from './read-all.ts';

/** `docker build` by the classic builder's protocol (POST /build with the context as an archive). Resolves with the status. */
export async function classicBuild({ api, out }: CommandContext, flags: Flags, place: string): Promise<number> {
  const context = await readContext(place, flags.text('file'));
  const quiet = flags.bool('quiet');
  let sent = 0;
  async function* counted(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of archive) {
      sent += chunk.length;
      yield chunk;
    }
    if (!quiet) out(`Sending build context to Docker daemon  ${humanSize(sent)}\n`);
  }
  const query = {
    ...toQuery(flags),
    ...('url' in context ? { remote: context.url } : {}),
    dockerfile: context.dockerfile,
  };
  const upload =
    'url' in context ? {} : { upload: counted(flags.bool('compress') ? gzipped(context.archive) : context.archive) };
  const response = await api.send('POST', '/build', { query, ...upload });
  let id = '';
  let failure: ExitError | undefined;
  async function* watched(): AsyncGenerator<Uint8Array> {
    for await (const message of readMessages(response.body)) {
      if (message.errorDetail) failure = new ExitError(message.errorDetail.code || 1, message.errorDetail.message);
      const said = quiet ? (message.stream ?? '').trim() : '';
      if (said !== '') id = said;
      if (failure === undefined) yield Buffer.from(`${JSON.stringify(message)}\n`);
    }
  }
  const onAux = (aux: unknown): void => {
    if (typeof aux === 'object' && aux !== null && 'ID' in aux) id = String(aux.ID);
  };
  await showProgress(watched(), out, { ...outputOptions(), onAux });
  if (failure) throw failure;
  if (flags.text('iidfile') !== '') writeFileSync(flags.text('iidfile'), id);
  return 0;
}

/** Errors of the archive are those of the result. */
function gzipped(archive: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return pipeline(Readable.from(archive, { objectMode: false }), createGzip(), () => undefined);
}

type RemoteContext = { readonly url: string; readonly dockerfile: string };

async function readContext(place: string, file: string): Promise<SentContext | RemoteContext> {
  if (place === '-' && file === '-')
    throw new KnownError(
      'invalid_parameter',
      'invalid argument: can not use stdin for both build context and dockerfile',
    );
  if (place === '-') return stdinContext(await readAll(process.stdin), file);
  if (isRemote(place)) return { url: place, dockerfile: file };
  return folderContext(place, file, file === '-' ? await readAll(process.stdin) : undefined);
}

function toQuery(flags: Flags): Record<string, string | number | readonly string[] | undefined> {
  const platform = flags.list('platform').join(',');
  return {
    t: flags.list('tag'),
    target: flags.text('target'),
    buildargs: JSON.stringify(buildArgsOf(flags.list('build-arg'), process.env)),
    labels: JSON.stringify(toMap(flags.list('label'))),
    cachefrom: flags.list('cache-from').length > 0 ? JSON.stringify(flags.list('cache-from')) : undefined,
    nocache: flags.bool('no-cache') ? 1 : undefined,
    pull: flags.bool('pull') ? 1 : undefined,
    q: flags.bool('quiet') ? 1 : undefined,
    rm: flags.bool('rm') ? 1 : 0,
    forcerm: flags.bool('force-rm') ? 1 : undefined,
    platform: platform === '' ? undefined : platformQuery(platform) && platform,
    ...limitsOf(flags),
  };
}
