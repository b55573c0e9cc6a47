import { isAbsolute, posix } from 'node:path';
import { KnownError } from '../../../lib/errors.ts';
import type { Flags } from '../../../lib/flags/flag.ts';
import type { Command, CommandContext } from '../../command.ts';
import { extractLocal, packLocal } from '../../copy/archive.ts';
import { checkOutput, localSource, localTarget } from '../../copy/local.ts';
import { type CopyEnd, planCopy, rebaseOf, splitArgument, splitEntry, toAbsolute } from '../../copy/paths.ts';
import { showCopyProgress } from '../../copy/progress.ts';
import { containerPath } from './each.ts';

const STAT_HEADER = 'x-docker-container-path-stat';
/** Bits of Go's fs.FileMode. */
const [GO_DIR, GO_LINK, GO_DEVICE, GO_IRREGULAR] = [2 ** 31, 2 ** 27, 2 ** 26, 2 ** 19];

/** `docker cp`. */
export const cp: Command = {
  usage: 'docker cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tdocker cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  description: `Copy files/folders between a container and the local filesystem

Use '-' as the source to read a tar archive from stdin
and extract it to a directory destination in a container.
Use '-' as the destination to stream a tar archive of a
container source to stdout.`,
  flags: [
    { name: 'archive', short: 'a', kind: 'bool', description: 'Archive mode (copy all uid/gid information)' },
    { name: 'follow-link', short: 'L', kind: 'bool', description: 'Always follow symbol link in SRC_PATH' },
    {
      name: 'quiet',
      short: 'q',
      kind: 'bool',
      description:
        'Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached',
    },
  ],
  args: { min: 2, max: 2 },
  async run(context, { flags, args }) {
    const [source = '', target = ''] = args;
    if (source === '') throw problem('source can not be empty');
    if (target === '') throw problem('destination can not be empty');
    const [from, to] = [splitArgument(source), splitArgument(target)];
    if (from.container && to.container) throw problem('copying between containers is not supported');
    if (from.container) await copyOut(context, flags, from.container, from.path, to.path);
    else if (to.container) await copyIn(context, flags, to.container, from.path, to.path);
    else throw problem('must specify at least one container source');
    return 0;
  },
};

const problem = (text: string): KnownError => new KnownError('invalid_parameter', text);

function isQuiet(flags: Flags): boolean {
  return flags.given('quiet') ? flags.bool('quiet') : !process.stdout.isTTY;
}

interface RemoteStat {
  readonly mode: number;
  readonly linkTarget: string;
}

async function copyOut(
  context: CommandContext,
  flags: Flags,
  container: string,
  path: string,
  target: string,
): Promise<void> {
  const local = target === '-' ? target : toAbsolute(target);
  checkOutput(local);
  const { resolved, rebase } = flags.bool('follow-link')
    ? await followRemote(context, container, path)
    : { resolved: path, rebase: undefined };
  const query = { path: resolved };
  const response = await context.api.send('GET', containerPath(container, '/archive'), { query });
  if (local === '-') {
    for await (const chunk of response.body) context.out(chunk);
    return;
  }
  const { mode } = readStat(response.headers.get(STAT_HEADER));
  const source: CopyEnd = { path: resolved, exists: true, isFolder: mode >= GO_DIR, rebase };
  const plan = planCopy(source, localTarget(local));
  if (plan.kind === 'refuse') throw problem(plan.reason);
  const progress = showCopyProgress(context, 'Copying from container - ', isQuiet(flags));
  const first = rebase === undefined ? undefined : { from: splitEntry(resolved).entry, to: rebase };
  try {
    await extractLocal(response.body, plan.folder, [first, plan.rename], (bytes) => progress.count(bytes));
  } catch (error) {
    progress.clear();
    throw error;
  }
  progress.finish(local);
}

async function copyIn(
  context: CommandContext,
  flags: Flags,
  container: string,
  source: string,
  path: string,
): Promise<void> {
  const local = source === '-' ? source : toAbsolute(source);
  const target = await remoteTarget(context, container, path);
  const progress = showCopyProgress(context, 'Copying to container - ', source === '-' || isQuiet(flags));
  const send = async (folder: string, upload: AsyncIterable<Uint8Array>): Promise<void> =>
    await context.api.call('PUT', containerPath(container, '/archive'), {
      query: {
        path: folder,
        noOverwriteDirNonDir: 'true',
        ...(flags.bool('archive') && { copyUIDGID: 'true' }),
      },
      upload,
    });
  try {
    if (local === '-') {
      if (!target.isFolder) throw problem(`destination "${container}:${path}" must be a directory`);
      return await send(target.path, process.stdin);
    }
    const from = localSource(local, flags.bool('follow-link'));
    const plan = planCopy(from, target);
    if (plan.kind === 'refuse') throw problem(plan.reason);
    await send(
      plan.folder,
      packLocal(from, plan.rename, (bytes) => progress.count(bytes)),
    );
  } catch (error) {
    progress.clear();
    throw error;
  }
  progress.finish(`${container}:${target.path}`);
}

/** What is at a path of a container; a link is followed once, to where the daemon says it leads. Nothing there is no failure. */
async function remoteTarget(context: CommandContext, container: string, path: string): Promise<CopyEnd> {
  let resolved = path;
  let stat = await remoteStat(context, container, path);
  if (stat && isLink(stat.mode)) {
    resolved = targetOf(stat, path);
    stat = await remoteStat(context, container, resolved);
  }
  const mode = stat?.mode ?? 0;
  const reason = has(mode, GO_DEVICE) ? 'got a device' : has(mode, GO_IRREGULAR) ? 'got an irregular file' : undefined;
  if (reason) throw problem(`destination "${container}:${path}" must be a directory or a regular file: ${reason}`);
  return { path: resolved, exists: stat !== undefined, isFolder: mode >= GO_DIR };
}

async function followRemote(
  context: CommandContext,
  container: string,
  path: string,
): Promise<ReturnType<typeof rebaseOf>> {
  const stat = await remoteStat(context, container, path);
  if (!stat || !isLink(stat.mode)) return { resolved: path, rebase: undefined };
  return rebaseOf(path, targetOf(stat, path));
}

function targetOf({ linkTarget }: RemoteStat, path: string): string {
  return isAbsolute(linkTarget) ? linkTarget : posix.join(splitEntry(path).folder, linkTarget);
}

async function remoteStat({ api }: CommandContext, container: string, path: string): Promise<RemoteStat | undefined> {
  try {
    const response = await api.send('HEAD', containerPath(container, '/archive'), { query: { path } });
    await response.text();
    return readStat(response.headers.get(STAT_HEADER));
  } catch (error) {
    // As in docker: the copy itself tells what is wrong.
    if (error instanceof KnownError) return undefined;
    throw error;
  }
}

function readStat(header: string | undefined): RemoteStat {
  try {
    const stat: unknown = JSON.parse(Buffer.from(header ?? '', 'base64').toString('utf8'));
    if (typeof stat === 'object' && stat !== null && 'mode' in stat && typeof stat.mode === 'number')
      return { mode: stat.mode, linkTarget: 'linkTarget' in stat ? String(stat.linkTarget) : '' };
  } catch (error) {
    throw new KnownError('system', 'unable to decode container path stat header', { cause: error });
  }
  throw new KnownError('system', 'container path stat header is missing');
}

function isLink(mode: number): boolean {
  return has(mode, GO_LINK);
}

/** Bits above 2^31 do not fit JavaScript's bit operators. */
function has(mode: number, bit: number): boolean {
  return Math.floor(mode / bit) % 2 === 1;
}
