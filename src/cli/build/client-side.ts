import { bytesOf, type Channel } from '../../api/build-session/connection.ts';
import { writeFile } from '../../api/build-session/file-stream.ts';
import { malformed } from '../../api/build-session/frame.ts';
import type { ListedFile, Purpose } from '../../api/build-session/messages.ts';
import { KnownError } from '../../lib/errors.ts';
import { packTree } from '../../lib/tar/pack.ts';
import { readContextFile } from './context-list.ts';
import type { Destination } from './options/output.ts';
import { readSecret, type SecretSource } from './options/secret.ts';
import type { AgentSource } from './options/ssh.ts';

/** What the client has for a build: the daemon asks for it while the build goes on. */
export interface ClientSide {
  /** Undefined: the context is no folder. */
  readonly folder: { readonly root: string; readonly list: readonly ListedFile[] } | undefined;
  /** A context that is an archive. */
  readonly archive: AsyncIterable<Uint8Array> | undefined;
  /** By position in the request; '' is none. */
  readonly contextFolders: readonly string[];
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  readonly outputs: readonly (Destination | undefined)[];
  readonly secrets: ReadonlyMap<string, SecretSource>;
  /** By id. */
  readonly agents: ReadonlyMap<string, AgentSource>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined: nothing is known for it. */
  readonly credentials: (registry: string) => Promise<object | undefined>;
  readonly toStdout: (bytes: Uint8Array) => Promise<void>;
  /** Bytes of the context that were sent. */
  readonly onSent: (bytes: number) => void;
}

/** Answers what the daemon asks for on a channel. Errors: what could not be given; the channel is to be reset with it. */
export async function answer(purpose: Purpose, channel: Channel, side: ClientSide): Promise<void> {
  switch (purpose.kind) {
    case 'list':
      return await sendList(channel, side);
    case 'files':
      return await sendFiles(channel, side);
    case 'context':
      if (side.archive === undefined) throw malformed('the context is no archive');
      return await sendAll(channel, side.archive);
    case 'named-context':
      return await sendAll(channel, await packContext(folderAt(side.contextFolders, purpose.index)));
    case 'cache-from':
      return await sendAll(channel, packed(folderAt(side.cacheFrom, purpose.index)));
    case 'secret': {
      const source = side.secrets.get(purpose.id);
      const content = source && readSecret(source, side.env);
      if (content === undefined) throw new KnownError('not_found', `secret ${purpose.id}: not found`);
      return await sendAll(channel, [content]);
    }
    case 'auth': {
      const credentials = await side.credentials(purpose.registry);
      if (credentials === undefined) throw new KnownError('not_found', `no credentials for ${purpose.registry}`);
      return await sendAll(channel, [Buffer.from(JSON.stringify(credentials))]);
    }
    case 'ssh': {
      const source = side.agents.get(purpose.id);
      if (source === undefined) throw new KnownError('not_found', `ssh agent ${purpose.id}: not found`);
      if (purpose.probe) return await channel.end();
      return await (await import('./serve-agent.ts')).serveAgent(source, channel);
    }
    case 'output':
      return await takeOutput(channel, side.outputs[purpose.index], side);
    case 'cache-to':
      return await takeOutput(channel, { kind: 'folder', path: folderAt(side.cacheTo, purpose.index) }, side);
  }
}

function folderAt(folders: readonly string[], index: number): string {
  const folder = folders[index];
  if (folder === undefined || folder === '') throw malformed(`folder ${index} was not offered`);
  return folder;
}

async function sendAll(channel: Channel, pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) await channel.write(piece);
  await channel.end();
}

const LIST_BYTES = 48 * 1024;

async function sendList(channel: Channel, { folder }: ClientSide): Promise<void> {
  if (folder === undefined) throw malformed('the context is no folder');
  let text = '';
  for (const listed of folder.list) {
    text += `${JSON.stringify(listed)}\n`;
    if (text.length < LIST_BYTES) continue;
    await channel.write(Buffer.from(text));
    text = '';
  }
  await channel.write(Buffer.from(text));
  await channel.end();
}

/** Small files go together. */
const BATCH_BYTES = 48 * 1024;

async function sendFiles(channel: Channel, { folder, onSent }: ClientSide): Promise<void> {
  if (folder === undefined) throw malformed('the context is no folder');
  let batch: Uint8Array[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    const bytes = Buffer.concat(batch);
    batch = [];
    size = 0;
    await channel.write(bytes);
  };
  const write = async (bytes: Uint8Array): Promise<void> => {
    batch.push(bytes);
    size += bytes.length;
    if (size >= BATCH_BYTES) await flush();
  };
  for await (const position of positionsOf(channel)) {
    const listed = folder.list[position];
    if (listed?.[1] !== 'f') throw malformed(`file ${position} was not offered`);
    await writeFile({ write }, readContextFile(`${folder.root}/${listed[0]}`));
    onSent(listed[3]);
  }
  await flush();
  await channel.end();
}

async function* positionsOf(channel: Channel): AsyncGenerator<number> {
  let rest = '';
  for await (const bytes of bytesOf(channel)) {
    const lines = (rest + Buffer.from(bytes).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield Number(line);
  }
}

async function* packed(folder: string): AsyncGenerator<Uint8Array> {
  yield* packTree({ path: folder, name: '' });
}

async function packContext(folder: string): Promise<AsyncIterable<Uint8Array>> {
  const { packFolder } = await import('./context.ts');
  return packFolder(folder);
}

async function takeOutput(channel: Channel, destination: Destination | undefined, side: ClientSide): Promise<void> {
  switch (destination?.kind) {
    case undefined:
      throw malformed('an output that was not asked for');
    case 'stdout':
      for await (const bytes of bytesOf(channel)) await side.toStdout(bytes);
      break;
    case 'file': {
      const { checkSaveTarget, writeWhole } = await import('../copy/save.ts');
      checkSaveTarget(destination.path, `failed to write ${destination.path}`);
      await writeWhole(destination.path, bytesOf(channel));
      break;
    }
    case 'folder': {
      const { extractOutput } = await import('./extract-output.ts');
      await extractOutput(bytesOf(channel), destination.path);
      break;
    }
  }
  await channel.end();
}
