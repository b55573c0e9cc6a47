import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import type { ContainerCreateResponse } from '../../../api/types/container.ts';
import { errnoOf, isKind, messageOf } from '../../../lib/errors.ts';
import type { Flags } from '../../../lib/flags/flag.ts';
import { invalid } from '../../../lib/invalid.ts';
import { familiarReference } from '../../../oci/reference.ts';
import type { CommandContext } from '../../command.ts';
import type { ApiSocket } from './api-socket.ts';
import type { CreateBody } from './create-body.ts';
import { pullImage, referenceOf } from './image-for.ts';

/**
 * Creates a container, fetching its image as `--pull` says; prints warnings, writes the cidfile. Resolves with the id.
 * Errors: of the daemon, invalid_parameter for names and files.
 */
export async function createContainer(context: CommandContext, flags: Flags, given: CreateBody): Promise<string> {
  const { body, config } = await apiSocketFor(context, flags, given);
  const policy = flags.text('pull');
  const reference = referenceOf(body.Image);
  const platform = platformOf(flags.text('platform'));
  const quiet = flags.bool('quiet');
  const cidFile = flags.text('cidfile') === '' ? undefined : openCidFile(flags.text('cidfile'));
  try {
    if (policy === 'always' && reference !== undefined) await pullImage(context, reference, platform, quiet);
    const query = { name: flags.text('name'), platform };
    const post = async (): Promise<ContainerCreateResponse> =>
      await context.api.json<ContainerCreateResponse>('POST', '/containers/create', { query, body });
    const created = await post().catch(async (error: unknown) => {
      if (!isKind(error, 'not_found') || reference === undefined || policy !== 'missing') throw error;
      if (!quiet) context.err(`Unable to find image '${familiarReference(reference)}' locally\n`);
      await pullImage(context, reference, platform, quiet);
      return await post();
    });
    for (const warning of created.Warnings ?? []) context.err(`WARNING: ${warning}\n`);
    warnOfLocalDns(context, body);
    const id = created.Id ?? '';
    cidFile?.write(id);
    if (config !== undefined) await (await import('./api-socket.ts')).putConfig(context, id, config);
    return id;
  } finally {
    cidFile?.close();
  }
}

async function apiSocketFor(context: CommandContext, flags: Flags, body: CreateBody): Promise<ApiSocket> {
  if (!flags.bool('use-api-socket')) return { body, config: undefined };
  const { withApiSocket } = await import('./api-socket.ts');
  return await withApiSocket(body, context.api.endpoint, context.config.raw);
}

/** Errors: invalid_parameter for what `--pull` does not take. */
export function checkPullPolicy(flags: Flags): void {
  const policy = flags.text('pull');
  if (['always', 'missing', 'never', ''].includes(policy)) return;
  throw invalid(`invalid pull option: '${policy}': must be one of "always", "missing" or "never"`);
}

function platformOf(given: string): string {
  const text = given || (process.env['DOCKER_DEFAULT_PLATFORM'] ?? '');
  if (text === '' || /^[A-Za-z0-9_.()-]+(?:\/[A-Za-z0-9_.-]+){0,2}$/.test(text)) return text;
  throw invalid(
    `error parsing specified platform: ${JSON.stringify(text)}: cannot parse platform specifier: invalid argument`,
  );
}

function warnOfLocalDns(context: CommandContext, { HostConfig: host }: CreateBody): void {
  const local = host.Dns.find((address) => /^(?:127\.[0-9.]*|::1)$/.test(address));
  if (local !== undefined) context.err(`WARNING: Localhost DNS (${local}) may fail in containers.\n`);
}

/** Made before the container, so that an id is never lost; gone again when there is no container. */
function openCidFile(path: string): { write: (id: string) => void; close: () => void } {
  let fd: number;
  try {
    fd = openSync(path, 'wx', 0o644);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') {
      throw invalid(`container ID file found, make sure the other container isn't running or delete ${path}`);
    }
    throw invalid(`failed to create the container ID file: ${messageOf(error)}`);
  }
  let written = false;
  return {
    write: (id) => {
      writeFileSync(fd, id);
      written = true;
    },
    close: () => {
      closeSync(fd);
      if (!written) rmSync(path, { force: true });
    },
  };
}
