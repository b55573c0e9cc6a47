import { createSessionConnection, type SessionConnection } from '../../api/build-session/connection.ts';
import { malformed } from '../../api/build-session/frame.ts';
import { type EndMessage, SESSION_PROTOCOL } from '../../api/build-session/messages.ts';
import type { HostConfig } from '../../api/types/container.ts';
import { DockerfileError } from '../../build/parse/dockerfile-error.ts';
import { CommandFailed } from '../../engine/build/errors.ts';
import type { ProgressEvent, ProgressSink } from '../../engine/build/progress.ts';
import type { CacheImport, NamedContext, NamedContextSource } from '../../engine/build/request.ts';
import type { BuildRequest, BuildService, ContextSource } from '../../engine/build/service.ts';
import { KnownError, messageOf } from '../../lib/errors.ts';
import type { KeptContexts } from '../../linux/build/kept-contexts.ts';
import { parseReference } from '../../oci/reference.ts';
import type { Call } from '../route.ts';
import { createCallbacks, readArchive } from './callbacks.ts';
import { openClientFiles } from './client-files.ts';
import {
  annotationOf,
  attestationsOf,
  boolOf,
  cacheExportOf,
  choiceOf,
  entitlementsOf,
  limitsQuery,
  mapOf,
  objectOf,
  objectsOf,
  outputOf,
  platformOf,
  platformsOf,
  textOf,
  textsOf,
} from './parse-ask.ts';
import { createWire } from './wire.ts';

export interface BuildSessionDeps {
  readonly builds: BuildService;
  readonly kept: KeptContexts;
  readonly limitsOf: (query: URLSearchParams) => HostConfig;
}

type Ask = Readonly<Record<string, unknown>>;

/** A build of our own client, over a connection that both ask on. Errors: invalid_parameter for a request that does not upgrade to it. */
export async function serveBuildSession(call: Call, deps: BuildSessionDeps): Promise<void> {
  if (String(call.headers.upgrade ?? '').toLowerCase() !== SESSION_PROTOCOL)
    throw new KnownError('invalid_parameter', `version=${SESSION_PROTOCOL} is for connections that upgrade to it`);
  const socket = call.hijack({ upgraded: 'application/vnd.skiff.build', plain: '', protocol: SESSION_PROTOCOL });
  const cancelled = new AbortController();
  const first = Promise.withResolvers<Ask>();
  first.promise.catch(() => undefined);
  let asked = false;
  const connection = createSessionConnection(createWire(socket), {
    onMessage(message) {
      if (message['kind'] === 'build' && !asked) {
        asked = true;
        first.resolve(message);
      } else if (message['kind'] === 'cancel' && asked) {
        cancelled.abort(new KnownError('cancelled', 'Canceled: context canceled'));
      } else throw malformed(`a message ${String(message['kind']).slice(0, 40)}`);
    },
  });
  void connection.ended.then((reason) => {
    const gone = reason ?? new KnownError('cancelled', 'the client has gone');
    first.reject(gone);
    cancelled.abort(gone);
  });
  const signal = AbortSignal.any([call.signal, cancelled.signal]);
  await connection.send(await buildAsked(await first.promise, connection, deps, signal)).catch(() => undefined);
  await connection.close();
}

async function buildAsked(
  ask: Ask,
  connection: SessionConnection,
  deps: BuildSessionDeps,
  signal: AbortSignal,
): Promise<EndMessage> {
  try {
    using resources = new DisposableStack();
    const source = await openSource(ask, connection, deps, resources, signal);
    const request = toRequest(ask, source, connection, deps);
    const { imageId, metadata } = await deps.builds.build(
      request,
      createSink(connection, boolOf(ask, 'reasons')),
      signal,
    );
    return { kind: 'built', ...(imageId === undefined ? {} : { imageId }), metadata };
  } catch (error) {
    const known = signal.aborted ? signal.reason : error;
    return {
      kind: 'failed',
      error: known instanceof KnownError ? known.kind : 'system',
      message: messageOf(known),
      ...(known instanceof CommandFailed && known.command ? { command: known.command } : {}),
      ...(known instanceof DockerfileError && known.location ? { lines: known.location } : {}),
    };
  }
}

async function openSource(
  ask: Ask,
  connection: SessionConnection,
  { kept }: BuildSessionDeps,
  resources: DisposableStack,
  signal: AbortSignal,
): Promise<ContextSource> {
  const source = objectOf(ask, 'source');
  const kind = choiceOf(source, 'kind', ['files', 'tar', 'remote']);
  switch (kind) {
    case 'tar':
      return { kind, archive: readArchive(connection, { kind: 'context' }) };
    case 'remote':
      return { kind, url: textOf(source, 'url') };
    case 'files': {
      const told = { dockerfile: textOf(source, 'text'), ignorePatterns: textsOf(source, 'ignore') };
      const context = kept.open(textOf(source, 'key'));
      try {
        const files = await openClientFiles(connection, context, told, signal);
        resources.use(files.hold());
        return { kind, files };
      } catch (error) {
        context[Symbol.dispose]();
        throw error;
      }
    }
  }
}

function toRequest(
  ask: Ask,
  source: ContextSource,
  connection: SessionConnection,
  { limitsOf }: BuildSessionDeps,
): BuildRequest {
  return {
    source,
    dockerfile: textOf(ask, 'dockerfile', 'Dockerfile'),
    id: textOf(ask, 'id', ''),
    outputs: objectsOf(ask, 'outputs').map(outputOf),
    annotations: objectsOf(ask, 'annotations').map(annotationOf),
    attestations: attestationsOf(ask),
    cacheFrom: objectsOf(ask, 'cacheFrom').map((cache, index) => toImport(cache, index, connection)),
    cacheTo: objectsOf(ask, 'cacheTo').map(cacheExportOf),
    contexts: objectsOf(ask, 'contexts').map((context, index) => toContext(context, index, connection)),
    target: textOf(ask, 'target', ''),
    buildArgs: mapOf(ask, 'buildArgs'),
    labels: mapOf(ask, 'labels'),
    platforms: platformsOf(ask),
    noCache: ask['noCache'] === 'all' ? 'all' : textsOf(ask, 'noCache'),
    pull: boolOf(ask, 'pull'),
    session: createCallbacks(connection),
    hostConfig: limitsOf(limitsQuery(ask)),
    entitlements: entitlementsOf(ask),
  };
}

function toImport(cache: Ask, index: number, connection: SessionConnection): CacheImport {
  const kind = choiceOf(cache, 'kind', ['registry', 'local']);
  if (kind === 'registry') return { kind, reference: checked(textOf(cache, 'reference')) };
  const open = async (): Promise<AsyncIterable<Uint8Array>> => readArchive(connection, { kind: 'cache-from', index });
  return { kind, open, tag: textOf(cache, 'tag', ''), digest: textOf(cache, 'digest', '') };
}

function toContext(context: Ask, index: number, connection: SessionConnection): NamedContext {
  const open = async (): Promise<AsyncIterable<Uint8Array>> =>
    readArchive(connection, { kind: 'named-context', index });
  const from = objectOf(context, 'source');
  const kind = choiceOf(from, 'kind', ['tar', 'image', 'oci-layout', 'remote']);
  const sourceOf = (): NamedContextSource => {
    switch (kind) {
      case 'tar':
        return { kind, open };
      case 'image':
        return { kind, reference: checked(textOf(from, 'reference')) };
      case 'oci-layout':
        return { kind, open, tag: textOf(from, 'tag', ''), digest: textOf(from, 'digest', '') };
      case 'remote':
        return { kind, url: textOf(from, 'url') };
    }
  };
  return { name: textOf(context, 'name'), platform: platformOf(context, 'platform'), source: sourceOf() };
}

function checked(reference: string): string {
  parseReference(reference);
  return reference;
}

/** What may wait for a client that does not read; beyond it, output of steps and bars of pulls are dropped. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

function createSink(connection: SessionConnection, wantsReasons: boolean): ProgressSink {
  let clipped = 0;
  const tell = (event: ProgressEvent): void => void connection.send({ kind: 'told', event }).catch(() => undefined);
  return {
    wantsReasons,
    tell(event) {
      if ((event.kind === 'log' || event.kind === 'pull') && connection.waitingBytes > MAX_WAITING_BYTES) {
        if (event.kind === 'log') clipped += event.text.length;
        return;
      }
      if (event.kind === 'log' && clipped > 0) {
        tell({ ...event, text: `[output clipped, ${clipped} characters]\n` });
        clipped = 0;
      }
      tell(event);
    },
  };
}
